"""Report 1: a GAN and a VAE of fully connected nets on MNIST, and what epochs bring."""

from __future__ import annotations

from genzoo.studies.claims.comparisons import Monotone, better
from genzoo.studies.claims.entries import HasParameters
from genzoo.studies.claims.evidence import places
from genzoo.studies.claims.runs import Reaches
from genzoo.studies.reports.record import Figure, Report, claim

_GAN, _VAE = "mlpgan-mnist-z100-l3", "mlpvae-mnist-z2-l1"
_BESIDE, _GAN_EPOCHS, _VAE_EPOCHS = "report1-gan-beside-vae", f"{_GAN}-epochs", f"{_VAE}-epochs"
_READABLE = 0.8
_LAYERS = "The layers and their parameters stand in the card of [`{0}`](../../cards/{0}.md#nets){1}"
_RECONSTRUCTED = "thirty test digits beside their reconstructions after {} epochs"
_ABOVE = "[That picture](#epoch-5) has a row for each number of epochs that has been trained."
_METHOD = "A drawing of the method in general, which the papers that the cards name have, too."

REPORT = Report(
    "report 1",
    "What epochs bring",
    "It trains a GAN (200 epochs in batches of 128) and a VAE with a latent of two numbers, of fully connected nets in "
    "Keras, and shows digits of the GAN and reconstructions of the VAE as epochs go by. Its figures and tables have no "
    "numbers.",
    sections={"Introduction": "what both are for", "GAN": "its output by epoch", "VAE": "its output by epoch"},
    figures=(
        Figure("GAN drawing", "generator and discriminator", answer=_METHOD),
        Figure("GAN pictures", "digits of the GAN from the first epoch on", (_GAN_EPOCHS,), "progress", (_GAN,)),
        Figure("Generator table", "the generator's layers, 1,486,352 parameters", answer=_LAYERS.format(_GAN, ".")),
        Figure(
            "Discriminator table",
            "meant to be the discriminator's layers: the generator's table once more",
            answer=_LAYERS.format(_GAN, ", of the discriminator that its code has."),
        ),
        Figure("VAE drawing", "encoder, latent and decoder", answer=_METHOD),
        Figure("Encoder table", "the encoder's layers, 403,972 parameters", answer=_LAYERS.format(_VAE, ".")),
        Figure("Decoder table", "the decoder's layers, 403,728 parameters", answer=_LAYERS.format(_VAE, ".")),
        Figure("VAE table", "encoder and decoder together, 807,700 parameters", answer=_LAYERS.format(_VAE, ".")),
        Figure("Epoch 5", _RECONSTRUCTED.format(5), (_VAE_EPOCHS,), "reconstructions"),
        *(
            Figure(
                f"Epoch {n}",
                _RECONSTRUCTED.format(n),
                answer=_ABOVE,
            )
            for n in (25, 50, 100)
        ),
    ),
    claims=(
        claim(
            "both-learn",
            "Introduction",
            "Both learn to make data like what they were given: digits.",
            Reaches(places(_BESIDE), "confidence", _READABLE),
        ),
        claim(
            "gan-first-epoch",
            "GAN",
            "After the first epoch the GAN's images are dots, of which no digit can be told.",
            Reaches(places(_GAN_EPOCHS, "1"), "confidence", _READABLE, "at most"),
        ),
        claim(
            "gan-epoch-20",
            "GAN",
            "From epoch 20 on most of its digits can be read.",
            Reaches(places(_GAN_EPOCHS, "20", "40"), "confidence", _READABLE),
        ),
        claim(
            "gan-shapes", "GAN", "Their shapes get better with every step in epochs.", Monotone(_GAN_EPOCHS, "better")
        ),
        claim(
            "gan-noise",
            "GAN",
            "Noise in them falls from one epoch to another.",
            Monotone(_GAN_EPOCHS, "worse", "sharpness"),
        ),
        claim(
            "vae-improves",
            "VAE",
            "The VAE's reconstructions go on improving in shape and lose noise with the epochs.",
            Monotone(_VAE_EPOCHS, "better", "reconstruction_error"),
        ),
        claim(
            "vae-first-epoch",
            "VAE",
            "After the first epoch more of them are wrong than after later ones.",
            better(_VAE_EPOCHS, ("5", "25", "50", "100"), "1", "reconstruction_error"),
        ),
        claim(
            "gan-parameters",
            "GAN",
            "The generator has 1,486,352 parameters.",
            HasParameters(_GAN, "generator", 1_486_352),
        ),
        claim(
            "vae-parameters",
            "VAE",
            "The encoder has 403,972 parameters, the decoder 403,728.",
            HasParameters(_VAE, "encoder", 403_972),
            HasParameters(_VAE, "generator", 403_728),
        ),
    ),
)
