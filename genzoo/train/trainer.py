"""A training step: it knows nets, phases and optimizers, and nothing of the mathematics, of files or of the clock."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genzoo.accel.eager import EagerAdam, EagerRMSprop
from genzoo.accel.graph import CudaGraph
from genzoo.accel.memory import clear_memory_errors
from genzoo.accel.processes import Processes
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.nets import load_nets
from genzoo.data import ImageData
from genzoo.errors import TrainingError
from genzoo.nets import build
from genzoo.train.draws import Source, StepDraw
from genzoo.train.phases import Losses, Phase, build_phases
from genzoo.train.plan import Plan, refuse_batch
from genzoo.train.state import Average, State
from genzoo.zoo.spec import Recipe


class Trainer:
    """A run's nets, optimizers and data, and the step that trains them.

    Attributes:
        plan: what is trained.
        processes: those that train together, or this one alone.
        source: the training images, in the order of the plan's seed.
        draw: a step's images and noise.
        phases: what a step is made of.
        parameters: by phase, those that its optimizer updates.
        precision: gives the context in which the nets run: autocast to bfloat16, where the plan says so.
        state: nets, their average, optimizers and the record; all that is saved.
    """

    def __init__(self, plan: Plan, data: ImageData, processes: Processes) -> None:
        """Build the nets by the plan's seed, which seeds torch's global generators.

        Raises:
            TrainingError: for batches that are larger than the data, or cannot be split among the processes.
        """
        self.plan, self.processes = plan, processes
        entry, recipe, device = plan.entry, plan.entry.recipe, plan.device
        refuse_batch(recipe, len(data), processes.count)
        self.source = Source(data.to(device), recipe.batch_size, plan.seed)
        torch.manual_seed(plan.seed)
        nets = build(entry).to(device)
        if entry.arch.channels_last:
            nets = nets.to(memory_format=torch.channels_last)
        self.precision = functools.partial(
            torch.autocast, device.type, torch.bfloat16, enabled=plan.precision == "bf16"
        )
        self.phases = build_phases(nets, entry, self.precision, device)
        if not recipe.norm_bias:
            _freeze_norm_biases(nets["discriminator"])
        self.parameters = {p.name: _trained(nets[p.net] if p.net else nets) for p in self.phases}
        optimizers = {p.name: _optimizer(recipe, p, self.parameters[p.name], device) for p in self.phases}
        shipped = nets if entry.is_vae else nn.ModuleDict({"generator": nets["generator"]})
        self.state = State(nets, Average(shipped, recipe.ema_decay), optimizers)
        self.draw = StepDraw(self.source, self.phases[0].repeats, processes.rank, processes.count)
        self._run_phases: Callable[[], Losses] = self._run_each_phase
        # Messages between processes cannot be recorded.
        if device.type == "cuda" and processes.count == 1 and entry.arch.cuda_graph:
            self._run_phases = CudaGraph(self._run_each_phase, self.draw.generator)

    @property
    def averaged(self) -> nn.ModuleDict:
        """The nets that are sampled and shipped, with averaged weights."""
        return self.state.average.nets

    def inherit(self, parent: Folder) -> None:
        """Begin with another model's weights, of the same architecture.

        Raises:
            BadCheckpointError: when the parent's folder is not whole.
        """
        nets = load_nets(read_config(parent).entry, parent, torch.float32, self.plan.device)
        for name, net in self.state.nets.items():
            net.load_state_dict(nets[name].state_dict())

    def step(self) -> Losses:
        """One update of the generator (or VAE) and those of the discriminator that go with it; the caller counts it.

        Returns:
            Each loss of the last update of its phase, detached; on an NVIDIA GPU the next step overwrites them.

        Raises:
            TrainingError: when the device's memory is too small for it.
        """
        plan, step = self.plan, self.state.record.step
        if plan.entry.recipe.lr_schedule == "linear":
            for phase in self.phases:
                rate = _rate(plan.entry.recipe, phase) * (1 - step / plan.steps)
                _set_rate(self.state.optimizers[phase.name], rate)
        self.draw.begin(step)
        batches = f"Batches of {plan.entry.recipe.batch_size:,} take"
        smaller, memory = "train with a smaller --batch-size", f"memory than {plan.device} has left"
        with clear_memory_errors(batches, smaller, memory, TrainingError):
            losses = self._run_phases()
        self.state.average.update(step)
        return losses

    def _run_each_phase(self) -> Losses:
        logged: Losses = {}
        for phase in self.phases:
            if "discriminator" in self.state.nets:
                # The generator's turn needs gradients through the discriminator, not of its weights.
                for parameter in self.parameters["discriminator"]:
                    parameter.requires_grad_(phase.net == "discriminator")
            for _ in range(phase.repeats):
                losses = phase.losses(self.draw)
                self._update(phase, losses)
                logged |= {name: value.detach() for name, value in losses.items()}
        return logged

    def _update(self, phase: Phase, losses: Losses) -> None:
        """One optimizer step down the gradient of the first loss."""
        optimizer, parameters = self.state.optimizers[phase.name], self.parameters[phase.name]
        optimizer.zero_grad(set_to_none=True)
        next(iter(losses.values())).backward()  # type: ignore[no-untyped-call]
        self.processes.average_gradients(parameters)
        if norm := self.plan.entry.recipe.max_grad_norm:
            nn.utils.clip_grad_norm_(parameters, norm)
        optimizer.step()
        if phase.weight_clip:
            with torch.no_grad():
                torch._foreach_clamp_min_([*parameters], -phase.weight_clip)
                torch._foreach_clamp_max_([*parameters], phase.weight_clip)


def _freeze_norm_biases(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.bias.requires_grad_(False)


def _trained(net: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in net.parameters() if parameter.requires_grad]


def _optimizer(recipe: Recipe, phase: Phase, parameters: list[nn.Parameter], device: torch.device) -> Optimizer:
    on_cuda = device.type == "cuda"
    lr: float | Tensor = _rate(recipe, phase)
    if on_cuda and recipe.lr_schedule == "linear":
        lr = torch.tensor(lr, device=device)  # a graph holds numbers as they were, and reads tensors anew
    if recipe.optimizer == "rmsprop":
        return EagerRMSprop(parameters, lr, alpha=recipe.beta2, capturable=on_cuda)
    fused = device.type in ("cpu", "cuda", "mps")
    return EagerAdam(parameters, lr, (recipe.beta1, recipe.beta2), fused=fused, capturable=on_cuda)


def _rate(recipe: Recipe, phase: Phase) -> float:
    return recipe.discriminator_lr if phase.net == "discriminator" and recipe.discriminator_lr else recipe.lr


def _set_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
