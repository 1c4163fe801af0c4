"""`genzoo train --data` and `genzoo finetune`, on folders of real pictures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

import genzoo
from genzoo.checkpoint.config import read_config
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.manifest import weights_home
from genzoo.checkpoint.nets import load_nets
from genzoo.cli import main
from genzoo.cli.common.plan import duration
from genzoo.hub import find_folder
from genzoo.zoo.catalog import ENTRIES, find_entry
from genzoo.zoo.variants import with_recipe

from .conftest import digit_sheet

pytestmark = pytest.mark.numeric


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    return digit_sheet(tmp_path / "Negative Digits")


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_train_on_a_folder(digits: Path, tmp_path: Path) -> None:
    (digits / "broken.png").write_bytes(b"not a picture")
    out = tmp_path / "run"
    done = run("train", "mlpvae-mnist", "--data", digits, "--steps", 3, "--batch-size", 25, "--latent-size", 4,
               "--out", out, "--device", "cpu")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{out}\n"
    assert done.stderr.splitlines()[-1] == f"Wrote {out}"
    assert "broken.png" in done.stderr
    model = genzoo.load(out)
    assert model.name == "mlpvae-negativedigits-z4-l2"
    config = json.loads((out / "config.json").read_text())
    assert config["parent"] is None
    assert config["entry"]["recipe"]["batch_size"] == 25
    assert config["training"]["data"]["images"] == 100


@pytest.mark.parametrize("command", ["train", "finetune"])
def test_every_thread_flushes_the_smallest_numbers(command: str, digits: Path, tmp_path: Path) -> None:
    given = [command, "mlpvae-mnist", "--data", str(digits), "--steps", "1", "--batch-size", "25", "--evaluations", "0"]
    # Loading a large dataset begins torch's threads, as a sum of many numbers does here. The rest does not count.
    script = f"""
import torch
import genzoo.data
from genzoo.cli import main
class Loaded(Exception): pass
def load(*given):
    torch.ones(10**7).sum()
    raise Loaded
torch.set_num_threads(2)
genzoo.data.load_folder = load
try:
    main({[*given, "--device", "cpu", "--out", str(tmp_path / "out")]}, standalone_mode=False)
except Loaded:
    smallest = torch.ones(10**7, dtype=torch.int32).view(torch.float32)
    print("left", int((smallest * 1).view(torch.int32).count_nonzero()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("left 0\n"), done.stderr


@pytest.mark.parametrize("name", ["dcgan-mnist", "mlpvae-mnist"])
def test_finetune_begins_with_the_parent(name: str, digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    args = (
        "finetune",
        name,
        "--data",
        digits,
        "--batch-size",
        50,
        "--out",
        out,
        "--device",
        "cpu",
        "--precision",
        "fp32",
    )
    done = run(*args, "--steps", 1, "--lr", 1e-9)
    assert done.exit_code == 0, done.output
    model, parent = genzoo.load(out), genzoo.load(name)
    assert model.name == find_entry(name).name.replace("mnist", "negativedigits") + "-ft"
    for key, value in parent.generator.named_parameters():
        torch.testing.assert_close(dict(model.generator.named_parameters())[key], value, rtol=0, atol=1e-6)
    config = json.loads((out / "config.json").read_text())
    assert config["parent"]["name"] == parent.name
    files = {"model.safetensors"} if parent.entry.is_vae else {"model.safetensors", "discriminator.safetensors"}
    assert config["parent"]["sha256"] == {file: sha256(weights_home() / parent.name / file) for file in files}
    refused = run(*args, "--steps", 2, "--lr", 1e-3, "--resume")
    assert refused.exit_code == 1
    assert "entry.recipe.lr" in refused.stderr
    assert run(*args, "--steps", 2, "--lr", 1e-9, "--resume").exit_code == 0


def test_finetune_takes_the_discriminator_along(digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = run(
        "finetune", "dcgan-mnist", "--data", digits, "--batch-size", 50, "--steps", 1, "--lr", 1e-9, "--out", out
    )
    assert done.exit_code == 0, done.output
    x = genzoo.load("dcgan-mnist").sample(8, seed=0)
    cpu = torch.device("cpu")
    parent = load_nets(find_entry("dcgan-mnist"), find_folder("dcgan-mnist"), torch.float32, cpu)["discriminator"]
    weights = dict(genzoo.load(out).discriminator.named_parameters())
    for key, value in parent.named_parameters():
        torch.testing.assert_close(weights[key], value, rtol=0, atol=1e-6)
    assert genzoo.load(out).score(x).shape == (8,)


def test_finetuning_is_slower_than_training(digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert (
        run("finetune", "mlpvae-mnist", "--data", digits, "--steps", 1, "--batch-size", 50, "--out", out).exit_code == 0
    )
    assert genzoo.load(out).entry.recipe.lr == find_entry("mlpvae-mnist").recipe.lr / 2


def test_a_folder_called_mnist_is_not_mnist(digits: Path, tmp_path: Path) -> None:
    folder = digits.rename(tmp_path / "mnist")
    out = tmp_path / "run"
    args = ("train", "mlpvae-mnist", "--data", folder, "--steps", 1, "--batch-size", 50, "--out", out)
    assert run(*args).exit_code == 0
    assert genzoo.load(out).name == "mlpvae-mnistfolder-z2-l2"


def test_dry_run_prints_the_plan_and_writes_nothing(digits: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = run("train", "mlpgan-mnist-z100-l3", "--data", digits, "--epochs", 50, "--batch-size", 50, "--dry-run",
               "--out", tmp_path / "run")  # fmt: skip
    assert done.exit_code == 0, done.output
    lines = {line.split(maxsplit=1)[0]: line for line in done.stdout.splitlines()}
    assert "generator 1,486,352, discriminator 1,460,225" in lines["parameters"]
    assert "100 images of negativedigits" in lines["data"]
    assert lines["steps"].split()[1] == "100"
    assert "minutes" in lines["time"]
    assert [duration(seconds) for seconds in (90, 5990, 6000, 304_896)] == [
        "1.5 minutes", "99.8 minutes", "1.7 hours", "84.7 hours"
    ]  # fmt: skip
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_needs_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genzoo.data.named.load_torchvision", None)  # which would download them
    done = run("train", "mlpvae-mnist", "--data-dir", tmp_path / "none", "--dry-run", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert re.search(r"^data +60,000 images of mnist, \[1, 28, 28\]$", done.stdout, re.MULTILINE)
    assert [*tmp_path.iterdir()] == []


def test_datasets_have_the_size_that_their_entries_were_trained_on() -> None:
    for name, entry in ENTRIES.items():
        data = read_config(find_folder(name)).training["data"]
        assert data["images"] == entry.dataset.size, name


def test_a_batch_is_no_larger_than_a_small_folder(digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    given = ("mlpgan-mnist-z100-l3", "--data", digits, "--steps", 1, "--evaluations", 0, "--out", out)
    done = run("train", *given)
    assert done.exit_code == 0, done.output
    assert done.stderr.count("The recipe's batch of 128 is larger than the data: batches have all its 100 images") == 1
    assert read_config(Folder(out)).entry.recipe.batch_size == 100
    assert run("train", *given, "--resume").exit_code == 0


def test_set_help_lists_the_keys_that_set_takes() -> None:
    done = run("train", "dcgan-mnist", "--set", "help")
    assert done.exit_code == 0, done.output
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["KEY", "VALUE", "OF", "dcgan-mnist-z100-l4"]
    told = dict(line.split() for line in lines)
    assert {"lr", "real_label", "r1_gamma"} <= told.keys()
    assert not {"weight_clip", "gp_weight", "likelihood", "objective"} & told.keys()
    entry = find_entry("dcgan-mnist")
    assert with_recipe(entry, told) == entry
    tuned = run("finetune", "dcgan-mnist", "--set", "help").stdout.splitlines()
    assert [line.split()[0] for line in tuned] == ["KEY", *told]


def test_a_dry_run_refuses_what_the_run_would(digits: Path, tmp_path: Path) -> None:
    parent = Path(shutil.copytree(weights_home() / "dcgan-mnist-z100-l3", tmp_path / "parent"))
    (parent / "discriminator.safetensors").unlink()
    done = run("finetune", parent, "--data", digits, "--steps", 2, "--batch-size", 10, "--dry-run")
    assert done.exit_code == 1
    assert "has no discriminator.safetensors" in done.stderr


def test_tensorboard(digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    args = ("train", "mlpvae-mnist", "--data", digits, "--batch-size", 50, "--tensorboard", "--out", out)
    assert run(*args, "--steps", 4).exit_code == 0
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(out / "tensorboard")).Reload()
    logged = [(event.step, event.value) for event in events.Scalars("negative_elbo")]
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert logged == [(row["step"], pytest.approx(row["negative_elbo"], rel=1e-5)) for row in rows]


def test_bad_input(digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_folder = tmp_path / "mine"
    training = ("train", "mlpvae-mnist", "--data", digits, "--steps", 1, "--batch-size", 50)
    assert run(*training, "--out", run_folder).exit_code == 0
    shutil.copytree(weights_home() / "dcgan-mnist-z100-l3", tmp_path / "gan")
    (tmp_path / "gan" / "discriminator.safetensors").unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for args, code, words in (
        (("finetune", "dcgan-mnist"), 2, "either --data"),
        (("finetune", "dcgan-mnist", "--data", digits, "--dataset", "mnist"), 2, "either --data"),
        (("finetune", "nothing", "--data", digits), 2, "neither a model's name nor a folder"),
        (("finetune", tmp_path / "gan", "--data", digits, "--batch-size", 50), 1, "has no discriminator.safetensors"),
        (("finetune", "dcgan-mnist", "--data", tmp_path / "none"), 1, "cannot be found"),
        (("train", "dcgan-mnist", "--data", digits, "--batch-size", 101), 1, "larger than the data"),
        (("train", "dcgan-mnist", "--data", digits, "--set", "batch_size=128"), 1, "larger than the data"),
        ((*training, "--out", run_folder), 1, "holds a run already"),
        ((*training, "--out", "/proc/x"), 1, "could not be written"),
        ((*training, "--out", "n" * 300), 1, "could not be read"),
        (("train", "dcgan-mnist", "--data", digits, "--batch-size", 128, "--out", "new2"), 1, "larger than the data"),
        ((*training, "--set", "epochs=2"), 2, "both say how long to train"),
        (("train", "mlpvae-mnist", "--lr", 1, "--set", "lr=1"), 2, "--lr and --set lr say the same"),
        ((*training, "--out", run_folder, "--resume", "--seed", 9), 1, "seed is 0 there and 9 here"),
    ):
        done = run(*args)
        assert done.exit_code == code, (args, done.output)
        assert words in done.stderr.splitlines()[-1], done.stderr
        assert done.stdout == ""
        assert isinstance(done.exception, SystemExit)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_discriminator_own_rate_changes_with_the_generators(digits: Path, tmp_path: Path) -> None:
    out, recipe = tmp_path / "run", find_entry("wgan-mnist").recipe
    assert recipe.discriminator_lr
    done = run("train", "wgan-mnist", "--data", digits, "--steps", 1, "--lr", recipe.lr / 8, "--out", out)
    assert done.exit_code == 0, done.output
    rates = json.loads((out / "config.json").read_text())["entry"]["recipe"]
    assert (rates["lr"], rates["discriminator_lr"]) == (recipe.lr / 8, recipe.discriminator_lr / 8)


@pytest.mark.slow
def test_several_runs_lie_in_folders_of_their_own_names(digits: Path, tmp_path: Path) -> None:
    common = ("--data", digits, "--batch-size", 50, "--steps", 1, "--evaluations", 0, "--out", tmp_path / "many")
    done = run("train", "mlpvae-mnist-z2-l1", "mlpvae-mnist", "--latent-size", 3, *common)
    assert done.exit_code == 0, done.output
    # A wildcard that matches one entry, and entries that an option makes the same.
    assert run("train", "mlpvae-mnist-z2-l[2]", *common).exit_code == 0
    assert run("train", "vae-mnist-z[15]0-l3", "--latent-size", 4, *common).exit_code == 0
    found = {path.name: genzoo.load(path).name for path in (tmp_path / "many").iterdir()}
    names = ("mlpvae", "z3-l1"), ("mlpvae", "z3-l2"), ("mlpvae", "z2-l2"), ("vae", "z4-l3")
    assert found == {name: name for name in (f"{family}-negativedigits-{sizes}" for family, sizes in names)}
