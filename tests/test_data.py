from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import os
import pickle
import shutil
import struct
import sys
import threading
import time
import types
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.datasets
from PIL import Image

from genzoo.checkpoint.files import sha256
from genzoo.data import ImageData, data_root, digests, faces, load_folder, load_images
from genzoo.data.folder import folder_dataset_name
from genzoo.data.picture import MOST_PIXELS, read_picture
from genzoo.data.published import read_published
from genzoo.errors import DataError
from genzoo.zoo.catalog import CIFAR10, DATASETS, MNIST, OLIVETTI
from genzoo.zoo.datasets import Dataset

from .peak import on_posix

HERE = Path(__file__).parent / "data"
REAL = Path(os.environ.get("GENZOO_DATA", "/nowhere"))
GREY, COLOUR = Dataset("grey", (1, 8, 8)), Dataset("colour", (3, 8, 8), flips=True)
IDX = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """The first 100 test images of MNIST: (100, 28, 28)."""
    return np.asarray(Image.open(HERE / "digits.png")).reshape(10, 28, 10, 28).swapaxes(1, 2).reshape(100, 28, 28)


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """Test images of CIFAR-10, chosen because they are small as PNG: (25, 32, 32, 3)."""
    sheet = np.asarray(Image.open(HERE / "cifar.png"))
    return sheet.reshape(5, 32, 5, 32, 3).swapaxes(1, 2).reshape(25, 32, 32, 3)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def report() -> list[str]:
    return []


def write_idx(folder: Path, images: np.ndarray, pack: Callable[[bytes], bytes] = bytes, suffix: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    labels = np.zeros(len(images), dtype=np.uint8)
    for name in IDX:
        array = images if "images" in name else labels
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / f"{name}-ubyte{suffix}").write_bytes(pack(header + array.tobytes()))


def own_archives(monkeypatch: pytest.MonkeyPatch, folder: Path, images: np.ndarray) -> None:
    """Let torchvision take the archives written to `folder` for MNIST's."""
    write_idx(folder, images, partial(gzip.compress, mtime=0), ".gz")
    files = [folder / f"{name}-ubyte.gz" for name in IDX]
    resources = [(file.name, hashlib.md5(file.read_bytes()).hexdigest()) for file in files]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)


def save(array: np.ndarray, path: Path, mode: str | None = None, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image if mode is None else image.convert(mode)).save(path, **options)  # type: ignore[arg-type]
    return path


def levels(*shape: int, most: int = 255) -> np.ndarray:
    return np.random.default_rng(0).integers(0, most + 1, shape)


def near(found: np.ndarray, wanted: np.ndarray, tolerance: float = 1.0) -> bool:
    return bool(np.abs(found.astype(float) - wanted).max() <= tolerance)


# The catalog's datasets


def test_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_root() == Path.home() / ".cache" / "genzoo" / "data"
    assert data_root("~/sets") == Path.home() / "sets"
    monkeypatch.setenv("GENZOO_DATA", str(tmp_path))
    assert data_root() == tmp_path
    assert data_root("here") == Path("here")


def publish_files(monkeypatch: pytest.MonkeyPatch, folder: Path, root: Path) -> None:
    """Let the files of a folder be those that were published; `root` is where the datasets would lie."""
    name = "CIFAR10" if folder.name.startswith("cifar") else "MNIST"
    files = {path.relative_to(root).as_posix(): sha256(path) for path in folder.iterdir()}
    monkeypatch.setattr(digests, "PUBLISHED", {name: files})


@pytest.mark.usefixtures("offline")
def test_mnist_from_its_files(tmp_path: Path, digits: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "data"
    write_idx(root / "MNIST" / "raw", digits)
    publish_files(monkeypatch, root / "MNIST" / "raw", root)
    before = sorted(root.rglob("*"))
    for train in (True, False):
        data = load_images(MNIST, root, train=train)
        assert data.dataset == MNIST
        assert data.pixels.dtype == torch.uint8
        assert np.array_equal(data.pixels.numpy()[:, 0], digits)
    assert sorted(root.rglob("*")) == before


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_file_that_was_not_published(
    name: str, tmp_path: Path, digits: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "MNIST" / "raw"
    write_idx(folder, digits)
    publish_files(monkeypatch, folder, tmp_path)
    load_images(MNIST, tmp_path)
    right = sha256(folder / name)
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1  # a grey level, or a label
    (folder / name).write_bytes(data)
    with pytest.raises(DataError) as caught:
        load_images(MNIST, tmp_path)
    assert str(caught.value) == (
        f"{folder / name} is not the published file: its SHA-256 is {sha256(folder / name)}, not {right}; "
        "delete it, so that it is downloaded again."
    )
    assert (folder / name).read_bytes() == data


@pytest.mark.usefixtures("offline")
def test_smaller_files_of_ones_own_are_not_mnist(tmp_path: Path, digits: np.ndarray) -> None:
    write_idx(tmp_path / "MNIST" / "raw", digits)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is not the published file: its .*, not ba8910"):
        load_images(MNIST, tmp_path)
    write_idx(tmp_path / "FashionMNIST" / "raw", digits)  # whose unpacked files have no published digests
    assert len(load_images(DATASETS["fashionmnist"], tmp_path)) == 100


def test_a_file_is_hashed_once(tmp_path: Path, digits: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "MNIST" / "raw"
    write_idx(folder, digits)
    publish_files(monkeypatch, folder, tmp_path)
    hashed: list[str] = []

    def count(path: Path) -> str:
        hashed.append(path.name)
        return sha256(path)

    monkeypatch.setattr(digests, "sha256", count)
    for _ in range(2):
        load_images(MNIST, tmp_path)
    names = [f"{name}-ubyte" for name in IDX]
    assert sorted(hashed) == sorted(names)
    os.utime(folder / names[0], ns=(1, 1))
    load_images(MNIST, tmp_path)
    assert hashed[4:] == [names[0]]
    memory = Path.home() / ".cache" / "genzoo" / "hashed.json"
    for text in ("{", "[]", '{"x": 1}', json.dumps({str(folder / name): [1, 2] for name in names})):
        memory.write_text(text)
        hashed.clear()
        load_images(MNIST, tmp_path)
        assert len(hashed) == 4
    shutil.rmtree(memory.parent)
    memory.parent.parent.joinpath("genzoo").write_text("no folder, so that nothing is remembered")
    assert len(load_images(MNIST, tmp_path)) == 100


def test_what_an_old_torchvision_wrote_is_not_read(tmp_path: Path, digits: np.ndarray) -> None:
    folder = tmp_path / "MNIST" / "processed"
    folder.mkdir(parents=True)
    for name in ("training.pt", "test.pt"):
        torch.save((torch.as_tensor(digits), torch.zeros(100)), folder / name)
    with pytest.raises(DataError, match=r"MNIST/processed holds copies of an old torchvision.*: delete that folder"):
        load_images(MNIST, tmp_path)


@pytest.mark.usefixtures("offline")
def test_cifar_from_its_files(tmp_path: Path, photos: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rows = photos.transpose(0, 3, 1, 2).reshape(25, 3072)
    parts = {"data_batch_1": rows[:10], "data_batch_2": rows[10:20], "test_batch": rows[20:]}
    for name, part in parts.items():
        (folder / name).write_bytes(pickle.dumps({"data": part, "labels": [0] * len(part)}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["a"]}))
    sums = {file.name: hashlib.md5(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    changes = {
        "train_list": [[name, sums[name]] for name in ("data_batch_1", "data_batch_2")],
        "test_list": [["test_batch", sums["test_batch"]]],
        "meta": {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]},
    }
    for name, value in changes.items():
        monkeypatch.setattr(torchvision.datasets.CIFAR10, name, value)
    publish_files(monkeypatch, folder, tmp_path)
    pixels = load_images(CIFAR10, tmp_path).pixels
    assert pixels.shape == (20, 3, 32, 32)
    assert pixels.is_contiguous()
    assert np.array_equal(pixels.permute(0, 2, 3, 1).numpy(), photos[:20])
    assert len(load_images(CIFAR10, tmp_path, train=False)) == 5
    batch = folder / "data_batch_2"
    right = sha256(batch)
    batch.write_bytes(batch.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError) as caught:
        load_images(CIFAR10, tmp_path)
    assert str(caught.value).startswith(
        f"{batch} is not the published file: its SHA-256 is {sha256(batch)}, not {right}; it could not be downloaded"
    )


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["mnist", "fashionmnist", "kmnist", "cifar10"])
def test_no_network_is_one_sentence(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    with pytest.raises(DataError) as caught:
        load_images(DATASETS[name], tmp_path / "new")
    assert time.monotonic() - start < 5
    text = str(caught.value)
    file, folder = ("cifar-10-python.tar.gz", "") if name == "cifar10" else ("t10k-labels-idx1-ubyte.gz", "raw")
    assert "\n" not in text
    assert "connection refused" in text
    assert file in text
    assert str(next((tmp_path / "new").rglob(folder), tmp_path / "new")) in text
    assert capfd.readouterr() == ("", "")
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part") or path.is_file()]


@pytest.mark.usefixtures("offline")
def test_archives_put_there_by_hand_are_unpacked(
    tmp_path: Path, digits: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_idx(tmp_path / "MNIST" / "raw", digits)
    publish_files(monkeypatch, tmp_path / "MNIST" / "raw", tmp_path)
    shutil.rmtree(tmp_path / "MNIST")
    own_archives(monkeypatch, tmp_path / "MNIST" / "raw", digits)
    assert np.array_equal(load_images(MNIST, tmp_path).pixels.numpy()[:, 0], digits)


def test_a_download_is_quiet_and_mends_a_damaged_file(
    tmp_path: Path, digits: np.ndarray, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    own_archives(monkeypatch, tmp_path / "mirror", digits)
    root = tmp_path / "data"
    write_idx(root / "MNIST" / "raw", digits)
    publish_files(monkeypatch, root / "MNIST" / "raw", root)
    write_idx(root / "MNIST" / "raw", digits[:50])
    damaged = root / "MNIST" / "raw" / "train-images-idx3-ubyte"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    monkeypatch.setenv("no_proxy", "*")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "mirror"))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        data = load_images(MNIST, root)
        server.shutdown()
    assert np.array_equal(data.pixels.numpy()[:, 0], digits)
    assert capfd.readouterr().out == ""
    assert {path.name for path in root.rglob("*") if path.is_file()} == {f"{name}-ubyte" for name in IDX}
    assert [path.name for path in root.iterdir()] == ["MNIST"]


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(torchvision.datasets.MNIST, "__init__", refuse)
    with pytest.raises(DataError, match=r"could not be read \(permission denied\)"):
        load_images(MNIST, tmp_path)


@pytest.mark.parametrize("dataset", [Dataset("imagenet", (3, 64, 64)), Dataset("mnist", (1, 32, 32))])
def test_an_unknown_dataset(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mnist, fashionmnist, kmnist, cifar10, olivetti"):
        load_images(dataset, tmp_path)


@pytest.mark.data
def test_the_real_mnist(digits: np.ndarray) -> None:
    train, test = load_images(MNIST, REAL), load_images(MNIST, REAL, train=False)
    # The MD5 of the files as published, and the mean and deviation that every tutorial normalises by.
    published = {"6bbc9ace898e44ae57da46a324031adb": train, "2646ac647ad5339dbf082846283269ea": test}
    for md5, data in published.items():
        header = struct.pack(">4I", 0x803, len(data), 28, 28)
        assert hashlib.md5(header + data.pixels.numpy().tobytes()).hexdigest() == md5
    scaled = train.pixels.double() / 255
    assert [round(scaled.mean().item(), 4), round(scaled.std().item(), 4)] == [0.1307, 0.3081]
    assert np.array_equal(test.pixels.numpy()[:100, 0], digits)


@pytest.mark.data
@pytest.mark.parametrize("dataset", [MNIST, CIFAR10])
@pytest.mark.parametrize("train", [True, False])
def test_published_files_are_read_as_torchvision_reads_them(dataset: Dataset, train: bool) -> None:
    kind = getattr(torchvision.datasets, dataset.name.upper())
    theirs = torch.as_tensor(kind(str(REAL), train=train).data)
    theirs = theirs.unsqueeze(1) if theirs.dim() == 3 else theirs.permute(0, 3, 1, 2)
    ours = read_published(kind.__name__, REAL, train)
    assert ours is not None
    assert torch.equal(ours, theirs)


@pytest.mark.data
def test_the_real_faces() -> None:
    train, test = (load_images(OLIVETTI, REAL, train=train) for train in (True, False))
    assert (len(train), len(test), int(train.pixels.max())) == (360, 40, 242)


@pytest.mark.data
def test_the_real_cifar() -> None:
    pixels = load_images(CIFAR10, REAL).pixels
    assert pixels.shape == (50_000, 3, 32, 32)
    means = [round(pixels[:, c].double().mean().item() / 255, 4) for c in range(3)]
    assert means == [0.4914, 0.4822, 0.4465]


# Faces


def write_faces(root: Path, n: int = 400) -> np.ndarray:
    faces = levels(n, 64, 64, most=242).astype(np.uint8)
    faces[0, 0, :2] = 0, 242
    for i, face in enumerate(faces):
        save(face, root / "olivetti" / f"person{i // 10:02d}" / f"{i % 10}.png")
    return faces


def publish_faces(monkeypatch: pytest.MonkeyPatch, images: np.ndarray) -> None:
    monkeypatch.setattr(faces, "PIXELS", hashlib.sha256(images.tobytes()).hexdigest())


def test_faces_from_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write_faces(tmp_path)
    with pytest.raises(DataError, match=r"holds other images than the Olivetti faces.*is [0-9a-f]{64}, not a3f75007"):
        load_images(OLIVETTI, tmp_path)
    publish_faces(monkeypatch, written)
    data = load_images(OLIVETTI, tmp_path)
    assert data.dataset == OLIVETTI
    held_out = np.arange(400) % 10 == 9
    assert np.array_equal(data.pixels.numpy()[:, 0], written[~held_out])
    assert np.array_equal(load_images(OLIVETTI, tmp_path, train=False).pixels.numpy()[:, 0], written[held_out])
    (tmp_path / "olivetti" / "person39" / "9.png").unlink()
    with pytest.raises(DataError, match="holds 399 images"):
        load_images(OLIVETTI, tmp_path)


def test_faces_of_scikit_learn_get_their_levels_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = levels(400, 64, 64, most=242).astype(np.uint8)
    wanted[0, 0, :2] = 0, 242
    publish_faces(monkeypatch, wanted)

    def fetch(**_: object) -> types.SimpleNamespace:
        sys.stdout.write("downloading\n")
        stretched = np.float32(wanted)
        return types.SimpleNamespace(images=stretched / stretched.max())

    fake = types.ModuleType("sklearn.datasets")
    fake.fetch_olivetti_faces = fetch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sklearn", types.ModuleType("sklearn"))
    monkeypatch.setitem(sys.modules, "sklearn.datasets", fake)
    held_out = load_images(OLIVETTI, tmp_path, train=False).pixels.numpy()[:, 0]
    assert np.array_equal(held_out, wanted[9::10])
    assert capfd.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert np.array_equal(load_images(OLIVETTI, tmp_path, train=False).pixels.numpy()[:, 0], held_out)


@pytest.mark.usefixtures("offline")
def test_faces_without_a_network(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=r"connection refused.*person00/0\.png"):
        load_images(OLIVETTI, tmp_path)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.rglob("*.part"))


# Any folder: the kinds of pictures


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    wanted: np.ndarray = 255 - (255 - colour) * alpha / 255
    return wanted


def grey_of(colour: np.ndarray) -> np.ndarray:
    grey: np.ndarray = colour @ np.array([0.299, 0.587, 0.114])
    return grey


def kinds(folder: Path) -> dict[str, tuple[Path, np.ndarray]]:
    """Pictures of 8 x 8 by kind, with the colours they must have: (8, 8, 3) or (8, 8)."""
    colour, alpha, deep = levels(8, 8, 3), levels(8, 8), levels(8, 8, most=65535)
    eight = colour[:, :, 0].astype(np.uint8)
    palette = levels(256, 3)
    p = Image.fromarray(eight).convert("P")
    p.putdata(eight.ravel().tolist())
    p.putpalette(palette.ravel().tolist())
    clear = eight[3, 3]
    cmyk = levels(8, 8, 4)
    files: dict[str, tuple[Path, np.ndarray]] = {}

    def add(name: str, image: Image.Image, wanted: np.ndarray, suffix: str = "png", **options: object) -> None:
        image.save(folder / f"{name}.{suffix}", **options)  # type: ignore[arg-type]
        files[name] = folder / f"{name}.{suffix}", wanted

    def picture(*parts: np.ndarray, mode: str) -> Image.Image:
        return Image.merge(mode, [Image.fromarray(part.astype(np.uint8)) for part in parts])

    rgb = [colour[:, :, c] for c in range(3)]
    add("bits", Image.fromarray(eight > 127), 255.0 * (eight > 127))
    add("grey", Image.fromarray(eight), eight)
    add("grey-alpha", picture(eight, alpha, mode="LA"), over_white(eight, alpha))
    add("palette", p, palette[eight])
    add("palette-alpha", p, np.where((eight == clear)[:, :, None], 255, palette[eight]), transparency=int(clear))
    add("gif", p, palette[eight], "gif")
    add("colour", picture(*rgb, mode="RGB"), colour)
    add("bmp", picture(*rgb, mode="RGB"), colour, "bmp")
    add("webp", picture(*rgb, mode="RGB"), colour, "webp", lossless=True)
    add("colour-alpha", picture(*rgb, alpha, mode="RGBA"), over_white(colour, alpha[:, :, None]))
    inks = picture(*[cmyk[:, :, c] for c in range(4)], mode="CMYK")
    add("cmyk", inks, (255 - cmyk[:, :, :3]) * (255 - cmyk[:, :, 3:]) / 255, "tif")
    add("deep", Image.fromarray(deep.astype(np.uint16)), deep / 257)
    clear16 = int(deep[2, 2])
    add("deep-clear", Image.fromarray(deep.astype(np.uint16)), np.where(deep == clear16, 255, deep / 257),
        transparency=clear16)  # fmt: skip
    add("deep-big-endian", Image.fromarray(deep.astype(">u2")), deep / 257, "tiff")
    add("deep-in-32-bits", Image.fromarray(deep.astype(np.int32)), deep / 257, "tif")
    add("float", Image.fromarray((deep / 65535).astype(np.float32)), deep / 257, "tif")
    return files


KINDS = [
    "bits", "grey", "grey-alpha", "palette", "palette-alpha", "gif", "colour", "bmp", "webp", "colour-alpha", "cmyk",
    "deep", "deep-clear", "deep-big-endian", "deep-in-32-bits", "float",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture(kind: str, tmp_path: Path) -> None:
    path, wanted = kinds(tmp_path)[kind]
    wanted = wanted.astype(float)
    three = wanted if wanted.ndim == 3 else np.repeat(wanted[:, :, None], 3, axis=2)
    colour, grey = read_picture(path, (3, 8, 8)), read_picture(path, (1, 8, 8))
    assert (str(colour.dtype), colour.shape, grey.shape) == ("uint8", (3, 8, 8), (1, 8, 8))
    # Rounding alone: half a level, and one more where two conversions follow each other.
    assert near(colour.transpose(1, 2, 0), three, 0.5 if wanted.ndim == 2 and "alpha" not in kind else 1.0)
    assert near(grey[0], grey_of(three), 1.5)


def test_all_kinds_are_tested(tmp_path: Path) -> None:
    assert set(kinds(tmp_path)) == set(KINDS)


def test_an_animation_gives_its_first_picture(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read_picture(tmp_path / "a.gif", (1, 8, 8)) == 10).all()


@pytest.mark.parametrize("array", [np.full((8, 8), -1, np.int32), np.full((8, 8), 9.0, np.float32)], ids=["int", "f"])
def test_levels_of_no_known_scale_are_refused(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="its levels are not between 0 and"):
        read_picture(save(array, tmp_path / "a.tif"), (1, 8, 8))


def test_a_photo_in_cmyk_as_jpeg(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    assert near(read_picture(tmp_path / "red.jpg", (3, 8, 8)).mean((1, 2)), np.array([255, 0, 0]), 3)


# Any folder: size and orientation


def test_the_central_square_is_kept(tmp_path: Path) -> None:
    for height, width in ((40, 100), (100, 40)):
        array = np.zeros((height, width, 3), np.uint8)
        top, left = (height - 40) // 2, (width - 40) // 2
        array[top : top + 40, left : left + 40] = (255, 0, 9)
        found = read_picture(save(array, tmp_path / "a.png"), (3, 8, 8))
        assert (found == np.array([255, 0, 9]).reshape(3, 1, 1)).all()


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    fine = (np.indices((128, 128)).sum(0) % 2 * 255).astype(np.uint8)
    assert near(read_picture(save(fine, tmp_path / "a.png"), (1, 8, 8)), np.full((1, 8, 8), 127.5), 2)
    ramp = np.tile(np.linspace(0, 255, 1600).astype(np.uint8), (1600, 1))
    means = ramp.reshape(8, 200, 8, 200).mean((1, 3))
    for name in ("a.png", "a.jpg"):
        found = read_picture(save(ramp, tmp_path / name), (1, 8, 8))
        assert near(found[0][:, 1:-1], means[:, 1:-1], 2)


def test_a_picture_of_the_right_size_is_left_alone(tmp_path: Path, photos: np.ndarray) -> None:
    for i, photo in enumerate(photos):
        save(photo, tmp_path / f"{i:02d}.png")
    data = load_folder(tmp_path, CIFAR10)
    assert np.array_equal(data.pixels.permute(0, 2, 3, 1).numpy(), photos)


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, lambda a: a), (2, np.fliplr), (3, lambda a: np.rot90(a, 2)), (4, np.flipud), (5, np.transpose),
        (6, lambda a: np.rot90(a, -1)), (7, lambda a: np.rot90(a, 2).T), (8, np.rot90), (77, lambda a: a),
    ],
)  # fmt: skip
def test_exif_orientation(orientation: int, turned: Callable[[np.ndarray], np.ndarray], tmp_path: Path) -> None:
    stored = np.kron(np.arange(0, 250, 16)[:15].reshape(3, 5), np.ones((8, 8))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(stored, tmp_path / "a.jpg", exif=exif, quality=100)
    upright = turned(stored)
    top, left = (upright.shape[0] - 24) // 2, (upright.shape[1] - 24) // 2
    assert near(read_picture(tmp_path / "a.jpg", (1, 24, 24))[0], upright[top : top + 24, left : left + 24], 2)


def test_damaged_exif_is_no_damage(tmp_path: Path) -> None:
    save(np.full((8, 8), 70, np.uint8), tmp_path / "a.jpg", exif=b"Exif\0\0MM nonsense")
    assert near(read_picture(tmp_path / "a.jpg", (1, 8, 8)), np.full((1, 8, 8), 70), 1)


# Any folder: what is broken


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def break_files(folder: Path, photo: np.ndarray) -> dict[str, str]:
    """Write broken files; their names, in order, and what is said of them."""
    whole = save(photo, folder / "b-cut.png").read_bytes()
    (folder / "b-cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "b-empty.png").write_bytes(b"")
    (folder / "b-large.png").write_bytes(png_header(10_000, MOST_PIXELS // 10_000 + 1))
    (folder / "b-larger.png").write_bytes(png_header(50_000, 50_000))
    (folder / "b-program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (folder / "b-text.png").write_text("not a picture")
    os.mkfifo(folder / "b-unready.png")
    (folder / "b-void.png").symlink_to("nowhere.png")
    return {
        "b-cut": "", "b-empty": "the file is empty", "b-large": "safe to decode", "b-larger": "safe to decode",
        "b-program": "it is no PNG", "b-text": "it is no PNG", "b-unready": "it is not a file",
        "b-void": "no such file",
    }  # fmt: skip


def test_a_bomb_is_refused_where_pillow_was_told_to_take_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    (tmp_path / "a.png").write_bytes(png_header(10_000, MOST_PIXELS // 10_000 + 1))
    with pytest.raises(DataError, match="safe to decode"):
        read_picture(tmp_path / "a.png", (1, 8, 8))


@on_posix
def test_broken_files_are_named_and_skipped(tmp_path: Path, photos: np.ndarray, report: list[str]) -> None:
    for i, photo in enumerate(photos):
        save(photo, tmp_path / f"a{i:02d}.png")
    said = break_files(tmp_path, photos[0])
    last = save(photos[7], tmp_path / "c0000.png")
    for i in range(1, 800):
        (tmp_path / f"c{i:04d}.png").hardlink_to(last)
    data = load_folder(tmp_path, CIFAR10, report.append)
    assert np.array_equal(data.pixels[:25].permute(0, 2, 3, 1).numpy(), photos)
    assert len(data) == 825
    assert (data.pixels[25:] == data.pixels[7]).all()
    assert len(report) == len(said) + 1
    for text, (name, why) in zip(report, said.items(), strict=False):
        assert text.startswith(f"{tmp_path / name}.png cannot be used: ")
        assert why in text
        assert text.count("\n") == 0
    assert report[-1].startswith("8 of the 833 images")


@pytest.mark.parametrize(("good", "refused"), [(99, False), (98, True)])
def test_more_than_one_in_a_hundred_is_refused(
    good: int, refused: bool, tmp_path: Path, digits: np.ndarray, report: list[str]
) -> None:
    for i in range(good):
        save(digits[i], tmp_path / f"{i:02d}.png")
    (tmp_path / "x\x1b[31m.png").write_text("not a picture")
    if refused:
        with pytest.raises(DataError, match=r"1 of the 99 images in .* are broken, which is more than 1%"):
            load_folder(tmp_path, MNIST, report.append)
    else:
        assert len(load_folder(tmp_path, MNIST, report.append)) == good
    assert "x\\x1b[31m.png cannot be used" in report[0]


def test_broken_files_are_logged_by_default(
    tmp_path: Path, digits: np.ndarray, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for i in range(100):
        save(digits[i], tmp_path / f"{i:02d}.png")
    (tmp_path / "100%s.png").write_text("not a picture")
    load_folder(tmp_path, MNIST)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "100%s.png" in caplog.text
    assert capfd.readouterr().out == ""


# Any folder: its files and its name


@on_posix
def test_order_suffixes_hidden_files_and_links(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "set", tmp_path / "elsewhere"
    names = ["a/1.PNG", "a/2.Jpeg", "a-b/0.bmp", "b.tif", "c/d/e.TIFF", "c/f.webp", "g.gif", "h.jpg"]
    for level, name in enumerate(names):
        save(np.full((9, 9), 20 * level, np.uint8), folder / name)
    save(np.full((9, 9), 200, np.uint8), elsewhere / "z.png")
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(folder)
    for name in (".hidden.png", ".thumbnails/x.png", "a/._1.PNG", "notes.txt", "a/labels.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("not a picture")
    data = load_folder(folder, GREY)
    assert [round(x / 20) for x in data.pixels.float().mean((1, 2, 3)).tolist()] == [0, 1, 2, 3, 4, 5, 6, 7, 10]
    assert torch.equal(load_folder(str(folder), GREY).pixels, data.pixels)
    assert data.pixels.is_contiguous()


@pytest.mark.parametrize("name", ["missing", "file.png", "empty"])
def test_no_folder_of_images(name: str, tmp_path: Path) -> None:
    (tmp_path / "file.png").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing")
    words = {"missing": "cannot be found: ", "file.png": "is not a folder: ", "empty": "holds no images: "}
    with pytest.raises(DataError, match=words[name]):
        load_folder(tmp_path / name, GREY)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("My Cats-2", "mycats2"), ("Лица", "custom"), ("__", "custom"), ("x" * 99, "x" * 40), ("a/..", "custom")],
)
def test_a_folder_names_its_dataset(name: str, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert folder_dataset_name(name) == wanted


def test_the_dataset_of_a_folder(tmp_path: Path) -> None:
    save(levels(20, 20).astype(np.uint8), tmp_path / "Flags" / "1.png")
    assert load_folder(tmp_path / "Flags", COLOUR).dataset == Dataset("flags", (3, 8, 8), flips=True)
    assert load_folder(tmp_path / "Flags", GREY).dataset == Dataset("flags", (1, 8, 8))


def test_too_many_images_for_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    save(levels(8, 8).astype(np.uint8), tmp_path / "1.png")
    monkeypatch.setattr(np, "empty", full)
    with pytest.raises(DataError, match="do not fit in memory"):
        load_folder(tmp_path, GREY)


# In memory


def test_flips_are_for_photos_and_faces_alone() -> None:
    assert {name for name, dataset in DATASETS.items() if dataset.flips} == {"cifar10", "olivetti"}


def test_batches(photos: np.ndarray) -> None:
    data = ImageData(CIFAR10, torch.from_numpy(photos.transpose(0, 3, 1, 2).copy()))
    found = data.batch(torch.tensor([3, 1]), torch.tensor([True, False]))
    assert (len(data), found.dtype, found.shape) == (25, torch.float32, (2, 3, 32, 32))
    wanted = np.stack([photos[3][:, ::-1], photos[1]]).transpose(0, 3, 1, 2) / np.float32(255)
    assert np.array_equal(found.numpy(), wanted)
