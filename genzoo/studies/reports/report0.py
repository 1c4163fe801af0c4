"""Report 0: a GAN and a VAE of fully connected nets beside each other on MNIST."""

from __future__ import annotations

from genzoo.studies.claims.comparisons import better
from genzoo.studies.claims.entries import NotAnswerable
from genzoo.studies.reports.record import Figure, Report, claim

_STUDY = "report0-gan-beside-vae"
_GAN, _VAE, _DCGAN, _CONV_VAE = (
    f"{model}, {nets}" for nets in ("fully connected", "convolutional") for model in ("GAN", "VAE")
)
_NAMES = ("mlpgan-mnist-z100-l4", "mlpvae-mnist-z2-l2")
_LAYERS = "Drawn by hand there. Here the layers stand in the card of [`{0}`](../../cards/{0}.md#nets)."

REPORT = Report(
    "report 0",
    "A GAN beside a VAE",
    "It explains GANs and VAEs, trains one of each on MNIST, both of fully connected nets, shows ten picked digits of "
    "either, and asks why the VAE's are blurrier. It prints no loss and no number.",
    sections={"1.1": "how a GAN learns", "3.3": "analysis"},
    figures=(
        Figure(
            "Figure 1",
            "how a GAN works: generator, discriminator and what they pass on",
            answer="A drawing of the method in general, which the papers that the cards name have, too.",
        ),
        Figure(
            "Figure 2",
            "how a VAE works: encoder, latent and decoder",
            answer="A drawing of the method in general, which the papers that the cards name have, too.",
        ),
        Figure("Figure 3", "the layers of its generator", answer=_LAYERS.format(_NAMES[0])),
        Figure("Figure 4", "the layers of its discriminator", answer=_LAYERS.format(_NAMES[0])),
        Figure("Figure 5", "the layers of its VAE", answer=_LAYERS.format(_NAMES[1])),
        Figure("Figure 6", "digits 0 to 9 of its GAN, picked", (_STUDY,), entries=_NAMES[:1]),
        Figure("Figure 7", "digits 0 to 9 of its VAE, picked", (_STUDY,), entries=_NAMES[1:]),
    ),
    claims=(
        claim(
            "vae-blurrier",
            "3.3",
            "The VAE's images are blurrier than the GAN's.",
            better(_STUDY, _GAN, _VAE, "sharpness"),
        ),
        claim(
            "vae-steadier",
            "3.3",
            "The VAE's images are steadier than the GAN's: fewer of them are no digit.",
            better(_STUDY, _VAE, _GAN, "confidence"),
        ),
        claim(
            "vae-better",
            "3.3",
            "The VAE's images are better than the GAN's, where both are of fully connected nets.",
            better(_STUDY, _VAE, _GAN),
        ),
        claim(
            "gan-convolutional",
            "3.3",
            "A GAN of convolutional nets is better than one of fully connected nets.",
            better(_STUDY, _DCGAN, _GAN),
        ),
        claim(
            "gan-over-vae",
            "3.3",
            "A GAN of convolutional nets is better than a VAE.",
            better(_STUDY, _DCGAN, (_VAE, _CONV_VAE)),
        ),
        claim(
            "vae-representation",
            "3.3",
            "A VAE is good for learning hidden representations, and bad for making data.",
            NotAnswerable("no measure here is of how good a representation is, and it does not say bad beside what"),
        ),
        claim(
            "discriminator-half",
            "1.1",
            "When the generator has learnt well, the discriminator is right half of the time.",
            NotAnswerable("runs keep the discriminator's mean scores, not how often it is right"),
        ),
    ),
)
