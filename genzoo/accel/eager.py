"""Adam and RMSprop that leave torch's compiler alone, which those of torch import before their first step.

That takes over a second, of the three that a run needs to begin.  Beneath their decorators, which speak to the compiler
alone, the methods are torch's; where a torch has other decorators, these stay.
"""

from __future__ import annotations

import inspect

import torch
from torch.optim import Adam, Optimizer, RMSprop


class _Eager(Optimizer):
    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)


class EagerAdam(_Eager, Adam):
    """`torch.optim.Adam`."""

    step = torch.no_grad()(inspect.unwrap(Adam.step))


class EagerRMSprop(_Eager, RMSprop):
    """`torch.optim.RMSprop`."""

    step = torch.no_grad()(inspect.unwrap(RMSprop.step))
