from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import genzoo
from genzoo.accel.devices import find_device, full_float32
from genzoo.checkpoint.manifest import is_here, weights_home
from genzoo.checkpoint.tensors import read_tensors
from genzoo.errors import GenzooError, UsageError
from genzoo.sampling.elbo import binarized
from genzoo.sampling.golden import changed_nets
from genzoo.sampling.model import Model
from genzoo.train import train
from genzoo.train.phases import build_phases
from genzoo.zoo.catalog import ENTRIES

from .conftest import noise_images, plan

pytestmark = pytest.mark.numeric

ROOT = Path(__file__).parents[1]
SHIPPED = [name for name in ENTRIES if is_here(name)]
GREY_LEVEL = 1 / 255


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> Model:
    return genzoo.load(request.param)


def test_the_zoo_is_not_empty() -> None:
    assert {"vae-mnist-z20-l3", "dcgan-mnist-z100-l3", "mlpvae-mnist-z2-l1", "mlpgan-mnist-z100-l3"} <= set(SHIPPED)


def test_shape_range_and_kind(shipped: Model) -> None:
    images = shipped.sample(64, seed=0)
    assert images.shape == (64, *shipped.entry.dataset.shape)
    assert images.dtype == torch.float32
    assert images.device.type == "cpu"
    assert 0 <= images.min() <= images.max() <= 1
    assert images.max() - images.min() > 0.5, "no picture has darks and lights"
    assert len({image.numpy().tobytes() for image in images}) == 64


def test_golden_images(shipped: Model) -> None:
    golden = read_tensors(weights_home() / shipped.name / "golden.safetensors")
    torch.testing.assert_close(shipped.latents(len(golden["latents"]), 0), golden["latents"], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(shipped.decode(golden["latents"]), golden["images"], rtol=0, atol=GREY_LEVEL)


def test_an_image_depends_on_model_seed_and_place_alone(shipped: Model) -> None:
    images = shipped.sample(40, seed=3)
    assert torch.equal(images, shipped.sample(40, seed=3))
    for other in (shipped.sample(40, seed=3, batch_size=7), shipped.sample(100, seed=3)[:40]):
        torch.testing.assert_close(other, images, rtol=0, atol=GREY_LEVEL)
    torch.testing.assert_close(shipped.sample(5, seed=3, start=30), images[30:35], rtol=0, atol=GREY_LEVEL)
    assert (shipped.sample(40, seed=4) - images).abs().max() > 0.1


def test_two_processes_share_a_range(tmp_path: Path) -> None:
    program = (
        "import sys, genzoo, numpy as np; start, n, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3];"
        "np.save(out, genzoo.load('mlpvae-mnist').sample(n, seed=5, start=start).numpy())"
    )
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", program, start, n, str(tmp_path / f"{start}.npy")], env=dict(os.environ)
        )
        for start, n in (("0", "33"), ("33", "67"))
    ]
    assert [job.wait(120) for job in jobs] == [0, 0]
    import numpy as np

    shared = torch.cat([torch.from_numpy(np.load(tmp_path / f"{start}.npy")) for start in (0, 33)])
    torch.testing.assert_close(shared, genzoo.load("mlpvae-mnist").sample(100, seed=5), rtol=0, atol=GREY_LEVEL)


def test_image_ten_million(checkpoint: Path) -> None:
    model = genzoo.load(checkpoint)
    far = model.sample(3, seed=0, start=10_000_000)
    torch.testing.assert_close(model.sample(1, seed=0, start=10_000_002), far[2:], rtol=0, atol=GREY_LEVEL)


def test_no_seed_is_another_seed_each_time(checkpoint: Path) -> None:
    model = genzoo.load(checkpoint)
    assert not torch.equal(model.sample(2), model.sample(2))


def test_iter_samples(checkpoint: Path) -> None:
    model = genzoo.load(checkpoint)
    batches = list(model.iter_samples(25, seed=1, batch_size=10))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    torch.testing.assert_close(torch.cat(batches), model.sample(25, seed=1), rtol=0, atol=GREY_LEVEL)


def test_decode_is_differentiable(shipped: Model) -> None:
    z = shipped.latents(2, seed=0).requires_grad_()
    shipped.decode(z).mean().backward()
    assert z.grad is not None
    assert z.grad.abs().sum() > 0
    torch.testing.assert_close(shipped.decode(z).detach(), shipped.sample(2, seed=0), rtol=0, atol=GREY_LEVEL)


def test_interpolation_ends_at_its_ends(shipped: Model) -> None:
    z = shipped.latents(2, seed=0)
    path = shipped.interpolate(z[0], z[1], 5)
    assert path.shape == (5, *shipped.entry.dataset.shape)
    torch.testing.assert_close(path[[0, -1]], shipped.decode(z), rtol=0, atol=GREY_LEVEL)
    same = shipped.interpolate(z[0], z[0], 3)
    torch.testing.assert_close(same, shipped.decode(z[[0, 0, 0]]), rtol=0, atol=GREY_LEVEL)


def test_what_the_discriminator_or_encoder_gives(shipped: Model) -> None:
    images = shipped.sample(6, seed=0)
    if shipped.entry.is_vae:
        mean, log_variance = shipped.encode(images)
        assert mean.shape == log_variance.shape == (6, shipped.entry.latent_size)
        assert (shipped.reconstruct(images) - images).square().mean() < 0.05
        noise = torch.rand(6, *images.shape[1:])
        assert (shipped.elbo(images) > shipped.elbo(noise)).all()
        with pytest.raises(UsageError, match="has no discriminator"):
            shipped.score(images)
    else:
        assert shipped.score(images).shape == (6,)
        for method in (shipped.encode, shipped.reconstruct, shipped.elbo):
            with pytest.raises(UsageError, match="has no encoder"):
                method(images)


def test_elbo_is_what_training_maximises(checkpoint: Path) -> None:
    model = genzoo.load(checkpoint)
    images = model.sample(5, seed=0)
    z = model.latents(5, seed=9)

    class Draw:
        def images(self) -> torch.Tensor:
            return images

        def normal(self, *shape: int) -> torch.Tensor:
            assert shape == (2,)
            return z

        def uniform(self, *shape: int) -> torch.Tensor:
            raise AssertionError(shape)

    nets = torch.nn.ModuleDict({"generator": model.generator, "encoder": model.encoder})
    (phase,) = build_phases(nets, model.entry, torch.no_grad)
    torch.testing.assert_close(-model.elbo(images, seed=9).mean(), phase.losses(Draw())["negative_elbo"])


def test_elbo_of_binarised_images_is_that_of_its_card() -> None:
    model = genzoo.load(ROOT / "weights" / "vae-mnist-z20-l3-binary")
    with Image.open(ROOT / "tests" / "data" / "digits.png") as picture:
        sheet = torch.from_numpy(np.array(picture.convert("L"))).float() / 255
    images = sheet[:280, :280].view(10, 28, 10, 28).permute(0, 2, 1, 3).reshape(100, 1, 28, 28)
    found = model.elbo(images, seed=3)
    assert torch.equal(found, model.elbo(binarized(images, 3, 0), seed=3))
    measured = json.loads((model.folder.path / "metrics.json").read_text())["elbo"]["mean"]
    assert float(found.mean()) == pytest.approx(measured, abs=6)


def test_float32_is_whole_on_a_gpu_and_nothing_is_touched_elsewhere() -> None:
    settings: Any = torch.backends.cudnn
    before = (settings.enabled, settings.allow_tf32, settings.benchmark)
    with full_float32(torch.device("cpu")):
        assert (settings.enabled, settings.allow_tf32, settings.benchmark) == before
    with full_float32(torch.device("cuda")), full_float32(torch.device("cuda"), cudnn=False):
        assert (settings.enabled, settings.allow_tf32) == (False, False)
    with full_float32(torch.device("cuda")):
        assert (settings.enabled, settings.allow_tf32) == (before[0], False)
    assert (settings.enabled, settings.allow_tf32, settings.benchmark) == before


@pytest.mark.parametrize("name", ["lstmgan-mnist-z100-l2", "convgan-mnist-z100-l2-pool", "wgan-cifar10-z10-l3"])
def test_save_and_load_of_other_architectures(name: str, tmp_path: Path) -> None:
    folder = train(plan(name, tmp_path / "run", steps=1), noise_images(ENTRIES[name].dataset, 512))
    model = genzoo.load(folder)
    golden = read_tensors(folder / "golden.safetensors")
    torch.testing.assert_close(model.decode(golden["latents"]), golden["images"], rtol=0, atol=GREY_LEVEL)
    assert model.score(golden["images"]).isfinite().all()
    assert json.loads((folder / "config.json").read_text())["training"]["steps"] == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_other_dtypes(checkpoint: Path, dtype: torch.dtype) -> None:
    images = genzoo.load(checkpoint, dtype=dtype).sample(4, seed=0)
    assert images.dtype == torch.float32
    torch.testing.assert_close(images, genzoo.load(checkpoint).sample(4, seed=0), rtol=0, atol=0.05)


def test_info_is_of_whatever_load_takes(checkpoint: Path) -> None:
    assert genzoo.info(checkpoint) == genzoo.info(str(checkpoint)) == genzoo.load(checkpoint).entry
    assert genzoo.info("vae-mnist") is ENTRIES["vae-mnist-z20-l5"]


def test_info_of_a_catalogs_name_is_the_catalogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wgan-mnist-z10-l3").mkdir()  # a run of one's own beside which genzoo is asked
    monkeypatch.chdir(tmp_path)
    assert genzoo.info("wgan-mnist-z10-l3") is ENTRIES["wgan-mnist-z10-l3"]


def test_a_model_knows_its_measurement(shipped: Model, checkpoint: Path) -> None:
    assert shipped.metrics is not None
    assert shipped.metrics.to_json() == json.loads((shipped.folder.path / "metrics.json").read_text())
    assert genzoo.load(checkpoint).metrics is None


def test_a_model_that_was_changed_is_not_saved_as_it_was(checkpoint: Path, tmp_path: Path) -> None:
    model = genzoo.load(checkpoint).to("cpu")
    model.save_pretrained(tmp_path / "saved")
    assert torch.equal(genzoo.load(tmp_path / "saved").sample(2, seed=0), model.sample(2, seed=0))
    with torch.no_grad():
        next(model.encoder.parameters()).zero_()
    with pytest.raises(UsageError, match=r"The encoder of mlpvae-mnist-z2-l1 changed since loading"):
        model.save_pretrained(tmp_path / "again")
    with pytest.raises(UsageError, match=r"The encoder of mlpvae-mnist-z2-l1 changed since loading"):
        model.push_to_hub("user/again")
    assert not (tmp_path / "again").exists()


def test_whole_numbers_of_numpys_and_torchs(checkpoint: Path) -> None:
    model = genzoo.load(checkpoint)
    for prior in ("normal", "mixture"):
        expected = model.sample(300, seed=3, start=100, batch_size=100, prior=prior)
        for kind in (np.int8, np.uint8, np.int64, lambda value: torch.tensor(value, dtype=torch.int8)):
            some: Any = kind(100)
            found = model.sample(300, seed=kind(3), start=some, batch_size=some, prior=prior)  # type: ignore[arg-type]
            assert torch.equal(found, expected)
            assert torch.equal(model.sample(some, seed=3, start=some, prior=prior), expected[:100])
    z = model.latents(2, seed=0)
    steps: Any = np.int8(100)
    assert torch.equal(model.interpolate(z[0], z[1], steps), model.interpolate(z[0], z[1], 100))
    assert torch.equal(model.elbo(expected[:4], seed=steps), model.elbo(expected[:4], seed=100))


@pytest.fixture(params=["float64", "meta", "with meta", "autocast"])
def settings_of_torch(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a program may have set for the tensors it makes itself."""
    try:
        match request.param:
            case "float64":
                torch.set_default_dtype(torch.float64)
                yield
            case "meta":
                torch.set_default_device("meta")
                yield
            case "with meta":
                with torch.device("meta"):
                    yield
            case "autocast":
                with torch.autocast("cpu", torch.bfloat16):
                    yield
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)


@pytest.mark.parametrize("name", ["mlpvae-mnist-z2-l1", "lstmgan-mnist-z100-l2", "dcgan-cifar10-z100-l4-r1"])
def test_a_programs_settings_change_nothing(name: str, settings_of_torch: None) -> None:  # noqa: ARG001
    golden = read_tensors(weights_home() / name / "golden.safetensors")
    model = genzoo.load(name)
    images = model.sample(8, seed=0, batch_size=5)
    assert (images.dtype, images.device) == (torch.float32, torch.device("cpu"))
    torch.testing.assert_close(images, golden["images"].float(), rtol=0, atol=GREY_LEVEL)
    z = model.latents(2, seed=0)
    torch.testing.assert_close(model.interpolate(z[0], z[1], 3)[[0, 2]], images[:2], rtol=0, atol=GREY_LEVEL)
    if model.entry.is_vae:
        assert model.sample(2, seed=0, prior="mixture").dtype == torch.float32
        assert model.elbo(images, seed=0).isfinite().all()
    else:
        assert model.score(images).dtype == torch.float32
    model.check()
    assert not changed_nets(model)


def test_bad_arguments(checkpoint: Path) -> None:
    model = genzoo.load(checkpoint)
    for call, words in (
        (lambda: model.sample(0), "1 is the least"),
        (lambda: model.sample(-3), "1 is the least"),
        (lambda: model.iter_samples(4, batch_size=0), "batch size is 0"),
        (lambda: model.sample(1, seed=-1), "seed -1"),
        (lambda: model.sample(1, start=-1), "first image"),
        (lambda: model.decode(torch.zeros(2, 3)), "shape \\(n, 2\\)"),
        (lambda: model.encode(torch.zeros(2, 3, 28, 28)), "shape \\(n, 1, 28, 28\\)"),
        (lambda: model.interpolate(torch.zeros(2), torch.zeros(2), 1), "2 is the least"),
        (lambda: model.encode(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)), "divide uint8 by 255"),
        (lambda: model.elbo(torch.full((2, 1, 28, 28), -1.0)), r"pixels in \[0, 1\], not in \[-1, -1\]"),
        (lambda: model.encode(np.zeros((2, 1, 28, 28))), "not ndarray: torch.from_numpy"),  # type: ignore[arg-type]
        (lambda: model.decode([[0.0, 0.0]]), r"not list: torch\.tensor"),  # type: ignore[arg-type]
        (lambda: model.interpolate(np.zeros(2), np.zeros(2), 3), "torch.from_numpy"),  # type: ignore[arg-type]
        (lambda: model.sample(2.5), r"n must be a whole number, not 2\.5"),  # type: ignore[arg-type]
        (lambda: model.sample(2, seed=1.5), "seed must be a whole number"),  # type: ignore[arg-type]
        (lambda: model.sample(2, seed=torch.Generator()), "seed must be a whole number"),  # type: ignore[arg-type]
        (lambda: model.interpolate(torch.zeros(2), torch.zeros(2), 2.5), "steps must be"),  # type: ignore[arg-type]
        (lambda: model.sample(10**12), "more than there is: draw them in batches"),
        (lambda: genzoo.load(checkpoint, dtype="float16"), "no type of torch's"),  # type: ignore[call-overload]
        (lambda: genzoo.load(checkpoint, dtype=torch.int32), r"do not compute in torch\.int32"),
        (lambda: model.to("tpu9"), "not on this machine"),
        (lambda: model.interpolate(model.latents(1), model.latents(1), 4), r"shape \(2,\), not \(1, 2\)"),
        (lambda: genzoo.load(checkpoint, device="tpu9"), "not on this machine"),
        (lambda: genzoo.load(checkpoint, device=f"cuda:{torch.cuda.device_count()}"), "not on this machine"),
        (lambda: find_device(torch.cuda.device_count()), "not on this machine"),
        (lambda: find_device(True), "not on this machine"),
        (lambda: find_device("hpu"), "not on this machine"),
        (lambda: find_device("mkldnn"), "not on this machine"),
        (lambda: model.to("meta"), "The device 'meta' is not on this machine"),
        (lambda: model.to(torch.float16), "not on this machine"),  # type: ignore[arg-type]
        (lambda: genzoo.load(checkpoint, dtype=torch.float8_e4m3fn), r"do not compute in torch\.float8_e4m3fn"),
        (lambda: genzoo.load(None), "None is no name or path"),  # type: ignore[call-overload]
        (lambda: genzoo.info(5), "5 is no name or path"),  # type: ignore[arg-type]
        (lambda: genzoo.load("a\0b"), "neither a model's name nor a folder"),
        (lambda: genzoo.load("x" * 5000), r"^.{100,250}$"),
        (lambda: genzoo.info("x" * 5000), r"^.{100,250}$"),
        (lambda: model.save_pretrained("a\0b"), "is no name or path"),
        (lambda: genzoo.Model.from_pretrained("user/repo", revision=5), "5 cannot be a revision"),  # type: ignore[call-overload]
        (lambda: model.push_to_hub(None), "None cannot be a repository's name"),  # type: ignore[arg-type]
        (lambda: model.push_to_hub("user/repo", revision=5), "5 cannot be"),  # type: ignore[arg-type]
        (lambda: genzoo.list_models(5), "A pattern is text, such as 'dcgan-\\*', not 5"),  # type: ignore[arg-type]
        (lambda: genzoo.list_models([None]), "A pattern is text"),  # type: ignore[list-item]
        (lambda: model.sample(True), "n must be a whole number, not True"),
        (lambda: model.sample(1, seed=True), "seed must be a whole number, not True"),
        (lambda: model.sample(1, start=False), "start must be a whole number"),
        (lambda: model.sample(1, batch_size=True), "batch_size must be a whole number"),
        (lambda: model.interpolate(torch.zeros(2), torch.ones(2), True), "steps must be a whole number"),
        (lambda: model.sample(1, seed=torch.tensor(3.0)), r"seed must be a whole number, not tensor\(3\.\)"),  # type: ignore[arg-type]
        (lambda: model.sample(1, seed=torch.tensor([3])), "seed must be a whole number"),  # type: ignore[arg-type]
        (lambda: model.sample(2**63 - 1), "more than there is: draw them in batches"),
        (lambda: model.sample(2**63), r"up to number 2\*\*63 - 2"),
        (lambda: model.iter_samples(1, start=2**63 - 1), r"up to number 2\*\*63 - 2"),
        (lambda: next(model.iter_samples(10**12, batch_size=10**12)), "more than there is: give a smaller batch_size"),
        (lambda: model.latents(10**12), "latents take more than there is: ask for fewer at a time"),
        (lambda: model.latents(2**62), "latents take more than there is: ask for fewer at a time"),
        (lambda: model.latents(10**12, prior="mixture"), "latents take more than there is: ask for fewer at a time"),
        (lambda: model.interpolate(torch.zeros(2), torch.ones(2), 10**12), "more than there is: ask for fewer steps"),
        (lambda: model.interpolate(torch.zeros(2), torch.ones(2), 2**70), "more than there is: ask for fewer steps"),
        (lambda: model.decode(torch.zeros(2, 2, device="meta")), "takes dense tensors"),
        (lambda: model.decode(torch.zeros(2, 2) * 1j), "latents of real numbers"),
        (lambda: model.interpolate(torch.zeros(2) * 1j, torch.zeros(2), 3), "latents of real numbers"),
        (lambda: model.encode(torch.zeros(2, 1, 28, 28).to_sparse()), "takes dense tensors"),
    ):
        with pytest.raises(UsageError, match=words):
            call()
    with pytest.raises(GenzooError, match="file name too long"):
        model.save_pretrained("x" * 3000)
