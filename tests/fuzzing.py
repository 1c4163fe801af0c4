"""Altered checkpoint folders, thousands of them, and what must hold of each.

As a program, `python -m tests.fuzzing EXAMPLES SEED`, it runs them under a memory limit and prints what came out.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import faulthandler
import json
import math
import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import hypothesis
import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import genzoo
from genzoo.accel.processes import Processes
from genzoo.accel.sessions import Session
from genzoo.checkpoint.checksums import SUMS
from genzoo.checkpoint.config import Config, versions_here, write_config
from genzoo.checkpoint.folder import Folder, LocalFolder, sign
from genzoo.checkpoint.graphs import read_graph
from genzoo.checkpoint.graphs.write import write_graphs
from genzoo.checkpoint.layout import CONFIG, DISCRIMINATOR, GOLDEN, GRAPHS, METRICS, MODEL
from genzoo.checkpoint.nets import meta_nets, mixture_shapes, name_in_file, read_golden
from genzoo.checkpoint.tensors import write_tensors
from genzoo.data import ImageData
from genzoo.errors import GenzooError, InvalidEntryError
from genzoo.evaluate.comparison import compare
from genzoo.evaluate.display import to_table
from genzoo.hub.measurement import find_metrics
from genzoo.sampling.golden import write_golden
from genzoo.sampling.integrity import check_folder
from genzoo.train import Plan
from genzoo.train.history import History
from genzoo.train.state import STATE
from genzoo.train.trainer import Trainer
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_architecture
from tests.alterations import altered_bytes, altered_graph, altered_header, altered_json, altered_sums, large_entries
from tests.peak import peak_memory

MEMORY = 2**30
"""What loading and sampling may take, in bytes."""
PATIENCE = 60.0
"""Seconds after which one folder counts as hanging."""

_AT_ONCE = 1000

Outcomes = collections.Counter[str]


def small_entries() -> list[Entry]:
    """One of each architecture, as narrow as it can be."""
    vae = with_architecture(ENTRIES["mlpvae-mnist-z2-l1-bn"], width=4)
    gan = with_architecture(ENTRIES["dcgan-mnist-z10-l3"], latent_size=3, width=2)
    lstm = with_architecture(ENTRIES["lstmgan-mnist-z100-l2"], latent_size=2, width=3)
    flat = with_architecture(ENTRIES["convgan-mnist-z100-l2-pool"], latent_size=16, width=1)
    return [vae, gan, lstm, flat]


def write_folder(folder: Path, entry: Entry) -> Path:
    """A whole checkpoint folder of an untrained entry, with the state of its training."""
    folder.mkdir()
    trainer = trainer_of(entry, folder)
    for _ in range(2):
        trainer.step()
        trainer.state.record.step += 1
    trainer.state.record.history.append({"step": 1, "loss": 0.5})
    trainer.state.record.progress.append(torch.zeros(2, 28, 28, 1, dtype=torch.uint8))
    trainer.state.save(folder / STATE)
    tensors = trainer.state.nets.state_dict()
    for name, keys in ((MODEL, ("generator", "encoder")), (DISCRIMINATOR, ("discriminator",))):
        mine = {
            name_in_file(key): t.half() if t.is_floating_point() else t
            for key, t in tensors.items()
            if key.startswith(keys)
        }
        if name == MODEL:
            mine |= mixture(entry)
        if mine:
            write_tensors(folder / name, mine)
    parent = {"name": "vae-mnist-z20-l3", "sha256": {MODEL: "0" * 64}}
    training = {"seed": 0, "data": {"name": "mnist", "images": 5}}
    write_config(folder, Config(entry, training, parent, versions_here()))
    write_graphs(folder, entry)
    write_golden(folder, genzoo.Model.of_folder(Folder(folder)))
    row = {"mean": 1.5, "std": 0.1, "floor": 0.5, "values": [1.5, 1.6]}
    measured = {"format": 1, "name": entry.name, "dataset": "mnist", "features": {"name": "x", "version": 1, "size": 8}}
    measured |= {"reference": {"split": "test", "n": 5}, "n": 5, "frechet_distance": row, "precision": row}
    (folder / METRICS).write_text(json.dumps(measured))
    sign(folder)
    return folder


def mixture(entry: Entry) -> dict[str, torch.Tensor]:
    """A VAE's second prior: ten times the standard normal."""
    if not entry.is_vae:
        return {}
    tensors = {name: torch.zeros(shape) for name, shape in mixture_shapes(entry).items()}
    tensors["mixture.weights"] += 0.1
    tensors["mixture.covariances"] += torch.eye(entry.latent_size)
    return tensors


def trainer_of(entry: Entry, folder: Path) -> Trainer:
    device = torch.device("cpu")
    small = dataclasses.replace(entry, recipe=dataclasses.replace(entry.recipe, batch_size=2))
    pixels = torch.arange(4 * 784).view(4, 1, 28, 28).to(torch.uint8)
    plan = Plan(small, folder, steps=4, seed=0, device=device, precision="fp32")
    return Trainer(plan, ImageData(entry.dataset, pixels), Processes(device))


def attempt(read: Callable[[], object]) -> str:
    """`right`, or the kind of error; anything but one sentence of genzoo's is a failure."""
    try:
        read()
    except GenzooError as error:
        text = str(error)
        assert text.isprintable(), repr(text)
        assert 10 < len(text) < 3000, text
        text.encode()
        return type(error).__name__
    return "right"


def sample(folder: Path, same_as: torch.Tensor | None = None, *, has_mixture: bool = True) -> None:
    """Load a folder and use all of its nets."""
    model = genzoo.load(folder)
    images = model.sample(2, seed=0)
    assert images.shape == (2, *model.entry.dataset.shape)
    assert images.min() >= 0
    assert images.max() <= 1
    assert same_as is None or torch.equal(images, same_as)
    if model.entry.is_vae:
        if has_mixture:
            assert model.sample(2, seed=0, prior="mixture").isfinite().all()
        assert all(part.shape == (2, model.entry.latent_size) for part in model.encode(images))
        assert model.reconstruct(images).shape == images.shape
        assert model.elbo(images).shape == (2,)
    else:
        assert model.score(images).shape == (2,)


def run_graph(folder: Path, entry: Entry, net: str) -> None:
    """Read a graph and run it; the weights beside it are finite, the graph may make other numbers of them."""
    session = Session(read_graph(LocalFolder(folder), net))
    shape = (entry.latent_size,) if net == "generator" else entry.dataset.shape
    outputs = session.run(np.full((2, *shape), 0.5, np.float32))
    assert all(len(output) == 2 and output.dtype == np.float32 for output in outputs)


def resume(folder: Path) -> None:
    trainer = trainer_of(genzoo.load(folder).entry, folder)
    trainer.state.load(folder / STATE)
    trainer.step()
    History(trainer.state.record, trainer.plan.log_every).add({})


def side_by_side(folder: Path, other: Path) -> None:
    to_table(compare([find_metrics(str(folder)), find_metrics(str(other))]))


def _link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _starting(data: bytes, size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(data)
        os.truncate(path, size)

    return make


STRANGE: dict[str, Callable[[Path], None]] = {
    "missing": lambda _: None,
    "empty": lambda path: path.touch(),
    "folder": lambda path: path.mkdir(),
    "pipe": lambda path: os.mkfifo(path),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": _link_to("nothing"),
    "link to a device": _link_to("/dev/zero"),
    "link to a folder": _link_to("."),
    "a header of 150 MB": _starting(struct.pack("<Q", 150_000_000), 200_000_000),
    "a header of 90 MB": _starting(struct.pack("<Q", 90_000_000) + b"{}", 90_000_008),
    "a file of 1 TB": _starting(struct.pack("<Q", 2) + b"{}", 10**12),
}
"""What can lie where a file should."""

LONG_HEADERS = ("a header of 150 MB", "a header of 90 MB")
"""What a stranger can list with its hash; nobody waits for the hash of 1 TB."""


class Campaign:
    """Folders that are altered one file at a time, and a count of what came out."""

    def __init__(self, home: Path) -> None:
        self.entries = small_entries()
        self.folders = [write_folder(home / f"base-{i}", entry) for i, entry in enumerate(self.entries)]
        self.images = [genzoo.load(folder).sample(2, seed=0) for folder in self.folders]
        self.work = home / "work"
        self.outcomes: Outcomes = collections.Counter()
        for index in range(len(self.folders)):
            for name in self.files(index):
                found = self.outcome(index, name, (self.folders[index] / name).read_bytes())
                assert found == "right", f"{self.entries[index].name}: {name}: {found}"

    def files(self, index: int) -> list[str]:
        return sorted(path.name for path in self.folders[index].iterdir())

    def outcome(self, index: int, name: str, altered: bytes) -> str:
        """What comes of a folder in which one file is another."""
        base = self.folders[index]
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(base, self.work)
        (self.work / name).write_bytes(altered)
        if name != SUMS:  # so that what is refused is what the signature does not tell
            sign(self.work)
        return self.read(index, name, unchanged=altered == (base / name).read_bytes())

    def read(self, index: int, name: str, *, unchanged: bool = False) -> str:
        """Read one file of the work folder as genzoo does."""
        if name not in (METRICS, STATE):
            attempt(partial(check_folder, LocalFolder(self.work)))  # whose outcome other readers' need not be
        if name == METRICS:
            return attempt(partial(side_by_side, self.work, self.folders[index]))
        if name == GOLDEN:
            return attempt(partial(read_golden, LocalFolder(self.work), self.entries[index]))
        if name in GRAPHS.values():
            return attempt(partial(run_graph, self.work, self.entries[index], name.removesuffix(".onnx")))
        if name == STATE:
            return attempt(partial(resume, self.work))
        return attempt(partial(sample, self.work, self.images[index] if unchanged else None))

    @contextlib.contextmanager
    def counted(self, kind: str) -> Iterator[list[str]]:
        """Count an outcome, and end the process when it takes too long to come."""
        found: list[str] = []
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            yield found
        finally:
            faulthandler.cancel_dump_traceback_later()
        self.outcomes[f"{kind} {found[0]}"] += 1

    def altered_file(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.folders) - 1))
        name = data.draw(st.sampled_from(self.files(index)))
        original = (self.folders[index] / name).read_bytes()
        by_kind = {SUMS: altered_sums, METRICS: altered_json, CONFIG: altered_json}
        by_kind |= dict.fromkeys(GRAPHS.values(), altered_graph)
        alterations = [altered_bytes, by_kind.get(name, altered_header)]
        altered = data.draw(data.draw(st.sampled_from(alterations))(original))
        with self.counted(name) as found:
            found.append(self.outcome(index, name, altered))

    def large_entry(self, data: st.DataObject) -> None:
        entry, kind = data.draw(large_entries()), data.draw(st.sampled_from(["F16", "BF16", "F32"]))
        if entry is None:
            hypothesis.reject()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        write_config(self.work, Config(entry))
        with self.counted("large") as found:
            with contextlib.suppress(InvalidEntryError):
                write_zeros(self.work, entry, kind)
            sign(self.work)
            found.append(attempt(partial(sample, self.work, has_mixture=False)))

    def strange_files(self) -> None:
        """In place of each file: nothing, a folder, a pipe, a device, links, and sizes that are none."""
        for name in self.files(1):
            for kind, make in STRANGE.items():
                shutil.rmtree(self.work, ignore_errors=True)
                shutil.copytree(self.folders[1], self.work)
                (self.work / name).unlink()
                make(self.work / name)
                if (kind == "empty" and name != SUMS) or (kind in LONG_HEADERS and name == MODEL):
                    sign(self.work)
                with self.counted(kind) as found:
                    found.append(self.read(1, name))

    def run(self, check: Callable[[st.DataObject], None], examples: int, seed: int) -> None:
        """Check as many examples, the same ones for the same seed."""
        # Hypothesis remembers all examples of a run, which would count as memory taken.
        for part, first in enumerate(range(0, examples, _AT_ONCE)):

            @hypothesis.seed(1000 * seed + part)
            @settings(
                max_examples=min(_AT_ONCE, examples - first),
                database=None,
                deadline=None,
                print_blob=False,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            )
            @given(st.data())
            def property_of(data: st.DataObject) -> None:
                check(data)

            property_of()


def write_zeros(folder: Path, entry: Entry, kind: str) -> None:
    """An entry's weights, all of them zero, in files that take no space on the disk."""
    shapes = {name: tensor.shape for name, tensor in meta_nets(entry).state_dict().items()} | mixture_shapes(entry)
    for name, keys in ((MODEL, ("generator", "encoder", "mixture")), (DISCRIMINATOR, ("discriminator",))):
        header, end = {}, 0
        for key, shape in shapes.items():
            if key.startswith(keys):
                dtype = "I64" if key.endswith("num_batches_tracked") else kind
                begin, end = end, end + math.prod(shape) * {"F16": 2, "BF16": 2, "F32": 4, "I64": 8}[dtype]
                header[name_in_file(key)] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
        text = json.dumps(header).encode()
        with (folder / name).open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + end)


def main(examples: int, seed: int) -> None:
    """Run under a memory limit, and print the outcomes and the peak as JSON."""
    import resource

    with tempfile.TemporaryDirectory() as home:
        campaign = Campaign(Path(home))
        pages = Path("/proc/self/statm").read_text().split()
        mapped, resident = (int(count) * resource.getpagesize() for count in pages[:2])
        resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
        campaign.strange_files()
        campaign.run(campaign.altered_file, examples, seed)
        campaign.run(campaign.large_entry, max(20, examples // 50), seed)
    json.dump({"outcomes": campaign.outcomes, "peak": peak_memory() - resident}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
