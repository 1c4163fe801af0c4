from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import Adam, Optimizer, RMSprop

from genzoo.accel.eager import EagerAdam, EagerRMSprop

REAL = Path(os.environ.get("GENZOO_DATA", "/nowhere"))

pytestmark = pytest.mark.numeric


def trained(kind: type[Optimizer], **options: Any) -> tuple[list[torch.Tensor], dict[str, Any]]:
    """The weights of a small net after some steps, in the midst of which the optimizer is loaded anew; its state."""
    torch.manual_seed(0)
    net, x = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)), torch.randn(7, 5)
    optimizer = kind(net.parameters(), **options)
    for step in range(6):
        if step == 3:
            state = optimizer.state_dict()
            optimizer = kind(net.parameters(), **options)
            optimizer.load_state_dict(state)
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
    return [*net.parameters()], optimizer.state_dict()


@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (EagerAdam, Adam, {"lr": 0.01, "betas": (0.5, 0.9), "fused": True}),
        (EagerAdam, Adam, {"lr": 0.01}),
        (EagerRMSprop, RMSprop, {"lr": 0.01, "alpha": 0.9}),
    ],
)
def test_they_are_those_of_torch(ours: type[Optimizer], theirs: type[Optimizer], options: dict[str, Any]) -> None:
    (weights, state), (wanted, saved) = trained(ours, **options), trained(theirs, **options)
    assert all(torch.equal(one, other) for one, other in zip(weights, wanted, strict=True))
    assert all(weight.requires_grad for weight in weights)
    assert state["param_groups"] == saved["param_groups"]
    assert all(
        torch.equal(state["state"][key][name], value)
        for key, values in saved["state"].items()
        for name, value in values.items()
    )


@pytest.mark.data
def test_training_imports_no_compiler_and_where_files_are_published_no_torchvision(tmp_path: Path) -> None:
    folders = f"'--data-dir', {str(REAL)!r}, '--out', {str(tmp_path / 'run')!r}"
    train = (
        "import sys\n"
        "from genzoo.cli import main\n"
        f"try: main(['train', 'wgan-mnist-z10-l3', '--steps', '1', {folders}])\n"
        "finally: print(*{'torch', 'torch._dynamo', 'torchvision'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", train], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "torch", done.stderr
