"""The losses that nets are trained to minimise, as pure functions of scores and images.

Losses are computed in float32, whatever precision the nets run in, and in the stable form: softplus and logits.  A
VAE's is the negative ELBO of `genzoo.sampling.elbo`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genzoo.accel.fastconv import gradients_of_maps_alone


def discriminator_loss(real: Tensor, fake: Tensor, real_label: float = 1.0) -> Tensor:
    """Cross-entropy of real and generated scores (logits), each averaged: Goodfellow et al. 2014.

    `real_label` below 1 is one-sided label smoothing (Salimans et al. 2016).
    """
    on_real = F.softplus(-real)
    if real_label != 1:
        on_real = real_label * on_real + (1 - real_label) * F.softplus(real)
    return on_real.mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """The non-saturating generator loss, -log sigmoid(score), averaged."""
    return F.softplus(-fake).mean()


def wasserstein_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Minus the discriminator's estimate of the Wasserstein distance: Arjovsky et al. 2017."""
    return fake.mean() - real.mean()


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Two-sided penalty on the discriminator's gradient norm between real and fake images.

    Gulrajani et al. 2017.  `share` is uniform in [0, 1), (n,); the norm goes over all of an image's
    values, whatever its number of channels.  Images are taken in [-1, 1] there and in [0, 1] here,
    so the gradient is halved to mean the same.
    """
    share = share.view(-1, *[1] * (real.dim() - 1))
    # The derivative of a norm is not finite at zero.
    norms = _squared_gradients(discriminator, torch.lerp(fake.float(), real.float(), share)).add(1e-12).sqrt()
    return (norms - 1).square().mean()


def real_gradient_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """Half the squared norm of the discriminator's gradient at real images, averaged: R1, Mescheder et al. 2018.

    The norm is that of `gradient_penalty`, for images in [-1, 1]; its weight is what the paper calls gamma.
    """
    return _squared_gradients(discriminator, real.float()).mean() / 2


def _squared_gradients(discriminator: nn.Module, images: Tensor) -> Tensor:
    """Squared norms of a score's gradient by each image, as if in [-1, 1]: (n, c, h, w) in [0, 1] -> (n,)."""
    images = images.detach().requires_grad_()
    scores = discriminator(images).sum()
    with gradients_of_maps_alone():
        (gradients,) = torch.autograd.grad(scores, images, create_graph=True)
    return gradients.square().sum((1, 2, 3)) / 4
