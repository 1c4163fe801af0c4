from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

import genzoo
from genzoo.errors import GenzooError, UsageError
from genzoo.images import make_grid, to_pixels, to_uint8
from genzoo.writers import save_images

from .peak import on_linux, on_posix


@pytest.fixture(scope="module")
def colours() -> torch.Tensor:
    return torch.rand(7, 3, 8, 6, generator=torch.Generator().manual_seed(0))


def test_pixels_round_to_the_nearest_level() -> None:
    levels = torch.arange(256) / 255
    assert to_uint8(levels.view(1, 1, 16, 16)).flatten().tolist() == list(range(256))
    assert to_uint8(torch.tensor([0.499, 0.501]).view(1, 1, 1, 2) / 255).flatten().tolist() == [0, 1]


def test_tensors_of_bytes_are_written_as_they_are(colours: torch.Tensor) -> None:
    levels = torch.from_numpy(to_uint8(colours)).permute(0, 3, 1, 2)
    np.testing.assert_array_equal(to_uint8(levels), to_uint8(colours))


def test_both_outputs_give_pixels_in_range() -> None:
    raw = torch.tensor([-100.0, 0.0, 100.0])
    for output in ("sigmoid", "tanh"):
        assert to_pixels(raw, output).tolist() == [0.0, 0.5, 1.0]
    torch.testing.assert_close(to_pixels(torch.tensor([0.3]), "tanh"), torch.tensor([0.6]).sigmoid())


def test_grid_places_every_image(colours: torch.Tensor) -> None:
    grid = np.asarray(make_grid(colours, nrow=3, padding=2))
    assert grid.shape == (3 * 8 + 2 * 2, 3 * 6 + 2 * 2, 3)
    array = to_uint8(colours)
    for i in range(7):
        row, column = divmod(i, 3)
        np.testing.assert_array_equal(grid[row * 10 : row * 10 + 8, column * 8 : column * 8 + 6], array[i])
    assert (grid[8:10] == 255).all()
    assert (grid[20:, 8:] == 255).all()  # no image there


def test_grid_is_square_unless_told() -> None:
    assert make_grid(torch.zeros(64, 1, 28, 28)).size == (8 * 30 - 2, 8 * 30 - 2)
    assert make_grid(torch.zeros(3, 1, 28, 28), nrow=100).size == (3 * 30 - 2, 28)
    assert make_grid(torch.zeros(1, 1, 28, 28)).mode == "L"


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg", ".PNG", ".jpeg"])
def test_grid_files(colours: torch.Tensor, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    save_images(colours, path)
    with Image.open(path) as picture:
        assert picture.size == make_grid(colours).size
        if suffix.lower() == ".png":
            np.testing.assert_array_equal(np.asarray(picture), np.asarray(make_grid(colours)))


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".safetensors"])
def test_arrays_hold_every_image_in_order(colours: torch.Tensor, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    save_images(iter(colours.split(3)), path, n=7)
    read = {".npz": lambda: np.load(path)["images"], ".npy": lambda: np.load(path)}
    array = read.get(suffix, lambda: load_file(path)["images"])()
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, to_uint8(colours))


@pytest.mark.parametrize("form", ["out.png", "out.npz", "out.npy", "out.safetensors", "out/"])
@pytest.mark.parametrize("n", [5, 8])
def test_another_number_of_images_than_was_said_writes_nothing(
    colours: torch.Tensor, tmp_path: Path, form: str, n: int
) -> None:
    with pytest.raises(UsageError, match=f"{n} images were to be written, and there were"):
        save_images(colours.split(3), f"{tmp_path}/{form}", n=n)
    assert list(tmp_path.iterdir()) == []


def test_the_current_folder_is_not_replaced(
    colours: torch.Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for place in ("./", "../", f"{here}/"):
        with pytest.raises(GenzooError, match="is the folder this command runs in, or one around it"):
            save_images(colours, place, overwrite=True)
    with pytest.raises(GenzooError, match="could not be written"):
        save_images(colours, f"{'n' * 300}/")
    assert list(tmp_path.rglob("*")) == [here]


def test_folder_of_numbered_pictures(colours: torch.Tensor, tmp_path: Path) -> None:
    save_images(iter(colours.split(3)), f"{tmp_path}/out/", n=7)
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"{i:05d}.png" for i in range(7)]
    np.testing.assert_array_equal(np.stack([np.asarray(Image.open(file)) for file in files]), to_uint8(colours))


def test_what_names_a_folder(colours: torch.Tensor, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for path in (tmp_path / "new", str(tmp_path / "there"), f"{tmp_path}/slash/"):
        save_images(colours, path)
        assert len(list(Path(path).iterdir())) == len(colours)


def test_arrays_are_written_as_tensors_are(colours: torch.Tensor, tmp_path: Path) -> None:
    save_images(to_uint8(colours), tmp_path / "array.npy")
    save_images(colours, tmp_path / "tensor.npy")
    assert (tmp_path / "array.npy").read_bytes() == (tmp_path / "tensor.npy").read_bytes()


def test_a_full_folder_is_refused_unless_overwritten(colours: torch.Tensor, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(GenzooError, match=r"not empty.*--overwrite"):
        save_images(colours, f"{out}/")
    assert [file.name for file in out.iterdir()] == ["mine.txt"]
    save_images(colours, f"{out}/", overwrite=True)
    assert len(list(out.iterdir())) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_interrupted_folder_leaves_the_old_one(colours: torch.Tensor, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")

    def broken() -> object:
        yield colours
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_images(broken(), f"{out}/", n=14, overwrite=True)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_names_and_sizes_that_say_nothing(colours: torch.Tensor, tmp_path: Path) -> None:
    for name, n, words in (("out", 7, "does not say"), ("out.gif", 7, "does not say"), ("out.png", 10_001, "10,000")):
        with pytest.raises(UsageError, match=words):
            save_images(iter([colours]), f"{tmp_path}/{name}", n=n)
    with pytest.raises(UsageError, match="has no rows: leave out nrow"):
        save_images(colours, tmp_path / "out.npy", nrow=2)
    with pytest.raises(UsageError, match=r"a tensor \(n, c, h, w\) or an array \(n, h, w, c\), not list"):
        make_grid([colours[0]])  # type: ignore[arg-type]
    for wrong, words in (
        (colours * 255, r"not in .*255\]"),
        (colours * 2 - 1, r"not in \[-"),
        (colours * float("nan"), "nan"),
    ):
        for name in ("out.png", "out.npy"):
            with pytest.raises(UsageError, match=rf"Pixels lie in \[0, 1\].*{words}"):
                save_images(wrong, tmp_path / name)
    with pytest.raises(UsageError, match="0 images a row"):
        make_grid(colours, nrow=0)
    for one in (colours[0], to_uint8(colours)[0]):
        with pytest.raises(UsageError, match=r"give one image as images\[:1\]"):
            make_grid(one)
    with pytest.raises(UsageError, match=r"give one image as images\[:1\]"):
        save_images(colours[0], tmp_path / "out.npy")
    with pytest.raises(UsageError, match="1 or 3 channels"):
        save_images(colours.permute(0, 2, 3, 1), tmp_path / "out.png")
    with pytest.raises(UsageError, match="Arrays of images are uint8, not float32"):
        make_grid(colours.permute(0, 2, 3, 1).numpy())
    with pytest.raises(UsageError, match=r"not torch\.int64"):
        make_grid(colours.long())
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(GenzooError, match="is a folder"):
        save_images(colours, tmp_path / "folder.png")
    with pytest.raises(GenzooError, match="no such file or directory"):
        save_images(colours, tmp_path / "none" / "out.png")
    with pytest.raises(GenzooError, match=r"write \.png"):
        save_images(torch.zeros(700, 1, 28, 28), tmp_path / "wide.webp", nrow=700)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


PROGRAM = """
import sys, genzoo
from genzoo.cli import main
from tests.peak import peak_memory
main(["generate", "-m", sys.argv[1], "-n", sys.argv[2], sys.argv[3]], standalone_mode=False)
print(peak_memory())
"""


@on_linux
def test_memory_does_not_grow_with_the_number_of_images(checkpoint: Path, tmp_path: Path) -> None:
    root = Path(__file__).parents[1]

    def peak(n: int) -> int:
        args = [sys.executable, "-c", PROGRAM, str(checkpoint), str(n), str(tmp_path / "out.npz")]
        return int(subprocess.run(args, cwd=root, capture_output=True, text=True, check=True).stdout)

    few, many = peak(1_000), peak(60_000)  # 60,000 images are 47 MB, in float32 188 MB
    assert many - few < 25_000_000


@on_posix
@pytest.mark.parametrize(
    ("form", "stop"), [("out.npy", signal.SIGINT), ("out/", signal.SIGINT), ("out.npz", signal.SIGTERM)]
)
def test_a_stopped_run_leaves_nothing(checkpoint: Path, tmp_path: Path, form: str, stop: signal.Signals) -> None:
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from genzoo.cli import main; main()"
    )
    args = [sys.executable, "-c", program, "generate", "-m", str(checkpoint), "-n", "50000000", f"{tmp_path}/{form}"]
    process = subprocess.Popen(args, stderr=subprocess.PIPE, text=True)
    while not (parts := list(tmp_path.glob(".out*"))):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(stop)
    _, talk = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "Traceback" not in talk
    assert not (tmp_path / form).exists()
    assert not parts[0].exists()


@on_posix
def test_a_file_that_cannot_grow(checkpoint: Path, tmp_path: Path) -> None:
    import resource

    path = tmp_path / "out.npy"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(GenzooError, match="file too large"):
            save_images(genzoo.load(checkpoint).iter_samples(1000, seed=0), path, n=1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.npy"]
