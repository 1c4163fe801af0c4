"""Report 2: GANs and a VAE on MNIST, and a VAE on faces."""

from __future__ import annotations

from genzoo.studies.claims.comparisons import NoInfluence, better
from genzoo.studies.claims.entries import NotAnswerable, Ships
from genzoo.studies.claims.evidence import places
from genzoo.studies.claims.runs import Faster, Reaches
from genzoo.studies.reports.record import Figure, Report, claim

_GAN, _VAE, _DCGAN, _FACES = (
    "mlpgan-mnist-z100-l4-leaky",
    "mlpvae-mnist-z2-l1-bn",
    "dcgan-mnist-z100-l4-bn4",
    "vae-olivetti-z32-l4",
)
_BESIDE, _GAN_EPOCHS, _VAE_EPOCHS = "report2-gan-beside-vae", f"{_GAN}-epochs", f"{_VAE}-epochs"
_READABLE = 0.8

REPORT = Report(
    "report 2",
    "A GAN that takes time beside a VAE that does not",
    "It trains a GAN and a VAE on MNIST and shows their digits by epoch. Its text describes a GAN of linear layers, "
    "its code trains a DCGAN, and both are in the zoo. A heading promises faces, which it never shows: "
    f"[`{_FACES}`](../../cards/{_FACES}.md) is trained for it.",
    sections={"1": "background", "2": "its GAN", "3": "its VAE", "4": "conclusion"},
    figures=(
        Figure(
            "Figure 1",
            "digits of its GAN after 5, 25, 45, 65, 85 and 100 epochs",
            (_GAN_EPOCHS,),
            "progress",
            (_GAN, _DCGAN),
        ),
        Figure(
            "Figure 2",
            "digits of its VAE as epochs go by (its text says 0 to 50, its caption 5 to 500)",
            (_VAE_EPOCHS,),
            "progress",
            (_VAE,),
        ),
    ),
    claims=(
        claim(
            "gan-good",
            "2",
            "After 100 epochs the GAN's images look like written digits.",
            Ships(_GAN, "confidence", _READABLE),
            Ships(_DCGAN, "confidence", _READABLE),
            Reaches(places(_GAN_EPOCHS, "45"), "confidence", _READABLE),
        ),
        claim(
            "gan-hours",
            "2",
            "100 epochs take more than a day on its laptop.",
            NotAnswerable("that is of one laptop; what a step takes here, docs/studies.md tells of every study"),
        ),
        claim(
            "vae-fast",
            "3",
            "The VAE converges very fast: after the first epochs its images stay as they are.",
            NoInfluence(_VAE_EPOCHS, 1.1, values=("5", "10", "30", "50")),
        ),
        claim(
            "gan-slower", "4", "The GAN takes longer to train than the VAE.", Faster(_BESIDE, "VAE", ("GAN", "DCGAN"))
        ),
        claim(
            "gan-closer",
            "4",
            "The GAN's images are closer to real ones than the VAE's.",
            better(_BESIDE, ("GAN", "DCGAN"), "VAE"),
        ),
        claim(
            "fools-anyone",
            "4",
            "The images of both fool anyone who looks at them.",
            NotAnswerable("nobody was asked to tell them from real ones"),
        ),
        claim(
            "kl-helps",
            "1",
            "Without the KL divergence the latents of a VAE are less well formed, and it over-fits more.",
            NotAnswerable("no study trains a VAE without it, whose samples would have no prior"),
        ),
    ),
)
