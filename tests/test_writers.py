from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

import genzoo
from genzoo.errors import GenzooError, UsageError
from genzoo.images.pixels import make_grid, scale_to_see, size_of_grid, to_pixels, to_uint8
from genzoo.images.writers import check_room, save_images

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


def test_a_small_grid_is_enlarged_to_be_seen(colours: torch.Tensor) -> None:
    found = {n: scale_to_see(n, (1, 28, 28)) for n in (1, 4, 16, 64, 100, 144, 400, 10_000)}
    assert found == {1: 4, 4: 4, 16: 4, 64: 2, 100: 2, 144: 1, 400: 1, 10_000: 1}
    assert scale_to_see(4, (3, 32, 32), nrow=1) == 4
    assert make_grid(colours, nrow=3, scale=2).size == size_of_grid(7, (3, 8, 6), 3, scale=2) == (44, 56)
    with pytest.raises(UsageError, match="at a scale of 0 cannot be drawn"):
        make_grid(colours, scale=0)
    with pytest.raises(UsageError, match="scale must be a whole number"):
        make_grid(colours, scale=1.5)  # type: ignore[arg-type]


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


@pytest.mark.parametrize("form", ["out.png", "out.npy", "out.npz", "out.safetensors", "out/"])
def test_batches_that_do_not_fit_together(form: str, tmp_path: Path) -> None:
    def batches(*shapes: tuple[int, ...]) -> Iterator[torch.Tensor]:
        return (torch.zeros(shape) for shape in shapes)

    whole, path = (2, 1, 4, 9), f"{tmp_path}/{form}"
    for other in ((1, 1, 9, 4), (1, 3, 4, 9), (1, 1, 8, 9)):
        with pytest.raises(UsageError, match=r"of one size \(h, w, c\): .* came after \(4, 9, 1\)"):
            save_images(batches(whole, other), path, n=3)
    for n, given, words in (
        (0, (), "no images to write" if form != "out.png" else "1 to 10,000 images, not 0"),
        (3, (), "3 images were to be written, and there were 0"),
        (3, (whole,), "3 images were to be written, and there were 2"),
        (1, (whole,), "1 images were to be written, and there were more"),
        (-1, (whole,), "-1 images cannot be written"),
        (2, ((2, 1, 0, 9),), "with pixels in them"),
        (True, ((1, 1, 4, 9),), "n must be a whole number, not True"),
        ("2", (whole,), "n must be a whole number, not '2'"),
    ):
        with pytest.raises(UsageError, match=words):
            save_images(batches(*given), path, n=n)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not NoneType"):
        save_images(None, path, n=3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="9 images were to be written, and there were 2"):
        save_images(torch.zeros(whole), path, n=9)
    assert list(tmp_path.iterdir()) == []
    save_images(batches((0, 1, 4, 9), whole, (0, 1, 4, 9)), path, n=np.int8(2))  # type: ignore[arg-type]
    assert [each.name for each in tmp_path.iterdir()] == [form.rstrip("/")]


def test_an_array_longer_than_numpys_smallest_integers(tmp_path: Path) -> None:
    for name in ("out.npy", "out.safetensors"):
        save_images(torch.zeros(100, 1, 28, 28), tmp_path / name, n=np.int8(100))  # type: ignore[arg-type]
    assert np.load(tmp_path / "out.npy").shape == load_file(tmp_path / "out.safetensors")["images"].shape


@pytest.mark.parametrize("form", ["out.npy", "out.npz", "out.safetensors", "out/"])
def test_more_than_the_disk_holds_is_said_at_once(form: str, colours: torch.Tensor, tmp_path: Path) -> None:
    def batches() -> Iterator[torch.Tensor]:
        yield colours
        pytest.fail("images were drawn that no disk has room for")

    for place in (tmp_path, tmp_path / "to" / "be" / "made"):
        with pytest.raises(GenzooError, match=r"no space left on device for 1,000,000,000,000,000 images.*are free"):
            save_images(batches(), f"{place}/{form}", n=10**15)
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]
    check_room(f"{tmp_path}/{form}", 7, (3, 8, 6))
    with pytest.raises(GenzooError, match="no space left on device for 7 images"):
        check_room(f"{tmp_path}/{form}", 7, (3, 8, 6), besides=10**18)


def test_grids_larger_than_their_format_holds(tmp_path: Path) -> None:
    for name, nrow, words in (
        ("wide.jpg", 2200, r"65,998 x 28 pixels, and a \.jpg has 65,500 a side at most: write \.png"),
        ("tall.jpeg", 1, r"28 x 65,998 pixels, and a \.jpeg has 65,500"),
        ("wide.webp", 2200, r"65,998 x 28 pixels, and a \.webp has 16,383"),
    ):
        with pytest.raises(UsageError, match=words):
            save_images(torch.zeros(2200, 1, 28, 28), tmp_path / name, nrow=nrow)
    assert list(tmp_path.iterdir()) == []
    save_images(torch.zeros(2183, 1, 28, 28), tmp_path / "widest.jpg", nrow=2183)
    with Image.open(tmp_path / "widest.jpg") as picture:
        assert picture.size == (65_488, 28)


def test_what_a_grid_cannot_be_drawn_with(colours: torch.Tensor) -> None:
    for nrow, padding, words in (
        (2, -1, "A padding of -1 pixels"),
        (2, 2.5, r"padding must be a whole number, not 2\.5"),
        (2, 10**9, "give it less padding"),
        (2.5, 2, r"nrow must be a whole number, not 2\.5"),
        (True, 2, "nrow must be a whole number, not True"),
    ):
        with pytest.raises(UsageError, match=words):
            make_grid(colours, nrow, padding)  # type: ignore[arg-type]
    for wrong in (colours.to("meta"), colours.to_sparse()):
        with pytest.raises(UsageError, match="Images are dense tensors"):
            make_grid(wrong)
    assert make_grid(colours, 10**30).size == make_grid(colours, np.int8(7)).size  # type: ignore[arg-type]
    assert make_grid(colours.to(torch.float8_e4m3fn)).size == make_grid(colours).size


def test_what_is_no_path(colours: torch.Tensor) -> None:
    for path in ("a\0.png", "a\0.npy", "a\0/", None, 5, b"out.png"):
        with pytest.raises(UsageError, match="is no name or path"):
            save_images(colours, path)  # type: ignore[arg-type]


PROGRAM = """
import sys, genzoo
from genzoo.cli import main
from tests.peak import peak_memory
main(["generate", "-m", sys.argv[1], "-n", sys.argv[2], sys.argv[3]], standalone_mode=False)
print(peak_memory())
"""


@pytest.mark.slow
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
