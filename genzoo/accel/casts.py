"""Casting a net's weights to bfloat16 all at once, on a GPU.

Autocast casts each weight by itself, which is a tenth of a small net's kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.func import functional_call


class Run:
    """A net that is called in a context such as autocast, which sets the precision."""

    def __init__(self, net: nn.Module, context: Callable[[], AbstractContextManager[object]]) -> None:
        self.net, self._context = net, context

    def refresh(self) -> None:
        """Take in changed weights; here there is nothing to do, since autocast reads them at each call."""

    def __call__(self, x: Tensor) -> Tensor:
        """The net's output for a batch, in the context."""
        with self._context():
            result: Tensor = self.net(x)
        return result


class _Cast(Function):
    """Copies of weights in another type, and their gradients in float32, by one kernel each way."""

    @staticmethod
    def forward(ctx: Any, copies: list[Tensor], *weights: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        torch._foreach_copy_(copies, weights)
        return tuple(copy.detach() for copy in copies)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ARG004
        known = [grad for grad in grads if grad is not None]
        wide = [torch.empty_like(grad, dtype=torch.float32) for grad in known]
        if wide:
            torch._foreach_copy_(wide, known)
        rest = iter(wide)
        return None, *(None if grad is None else next(rest) for grad in grads)


class Cast(Run):
    """A net under autocast to bfloat16, whose layers' weights are cast all at once, by `refresh`."""

    def __init__(self, net: nn.Module, context: Callable[[], AbstractContextManager[object]]) -> None:
        super().__init__(net, context)
        layers = {
            name: module
            for name, module in net.named_modules()
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
        }
        self._weights = {
            f"{path}.{name}": weight for path, layer in layers.items() for name, weight in layer.named_parameters()
        }
        # Always the same memory: passes on several streams use it.
        self._copies = [torch.empty_like(weight, dtype=torch.bfloat16) for weight in self._weights.values()]
        self._cast: dict[str, Tensor] = {}

    def refresh(self) -> None:
        """Cast the weights as they are now, for all calls until the next `refresh`."""
        with torch.enable_grad():
            cast = _Cast.apply(self._copies, *self._weights.values())
        self._cast = dict(zip(self._weights, cast, strict=True))

    def __call__(self, x: Tensor) -> Tensor:
        """The net's output for a batch, in the context."""
        with self._context():
            result: Tensor = functional_call(self.net, self._cast, x)
        return result
