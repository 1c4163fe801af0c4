"""Feature nets and measurements, on real digits."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.manifest import PinnedFile
from genzoo.checkpoint.measurement import Features, Reference, measurement_of
from genzoo.data import ImageData
from genzoo.errors import BadCheckpointError, DataError, GenzooError, UsageError, WeightsNotFoundError
from genzoo.evaluate import Drawn, Settings, evaluate, evaluate_images
from genzoo.evaluate import measure as measuring
from genzoo.evaluate.extractors import (
    POOL_IMAGES,
    REFERENCE_IMAGES,
    FeatureName,
    ZooFeatures,
    draw,
    find_extractor,
    reference_file,
)
from genzoo.evaluate.features import FeatureNet, extract, load_net, save_net, shipped_folder
from genzoo.evaluate.image_files import list_images, read_array, read_images
from genzoo.evaluate.reference import FLOORS, SEEDS, floor_values, read_floors, reference_sample
from genzoo.evaluate.scores import Sample, score
from genzoo.evaluate.training import augment, train_features, triangle
from genzoo.images.writers import save_images
from genzoo.sampling.model import Model, load
from genzoo.train import train
from genzoo.zoo.catalog import CIFAR10, DATASETS, MNIST, OLIVETTI
from genzoo.zoo.datasets import FeatureRecipe, FeatureSpec
from genzoo.zoo.metrics import metrics_of

from .conftest import noise_images, plan

pytestmark = pytest.mark.numeric

HERE = Path(__file__).parent / "data"
LABELS = "504192131435361728694091124327386905607618793985933074980941446045610017163021179026783904674680"
N = 200
SMALL = Settings(n=N, seeds=(0, 1))


@pytest.fixture(scope="module")
def digits() -> Tensor:
    """The first 600 training images of MNIST: uint8 (600, 1, 28, 28)."""
    sheet = np.asarray(Image.open(HERE / "training-digits.png"))
    return torch.from_numpy(sheet.reshape(20, 28, 30, 28).swapaxes(1, 2).reshape(600, 1, 28, 28).copy())


def features_of(dataset: str) -> FeatureSpec:
    spec = DATASETS[dataset].features
    assert spec is not None
    return spec


@pytest.fixture(scope="module")
def eyes() -> ZooFeatures:
    return ZooFeatures(shipped_folder(features_of("mnist")))


@pytest.fixture(scope="module")
def some(eyes: ZooFeatures) -> Sample:
    """Features of 1,000 test digits."""
    return reference_sample(eyes, "test")[:1000]


@pytest.fixture(scope="module")
def gan(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A GAN after two steps."""
    entry_plan = plan("mlpgan-mnist-z100-l2", tmp_path_factory.mktemp("runs") / "gan")
    return load(train(entry_plan, noise_images(MNIST, 600)))


@pytest.mark.parametrize(("dataset", "least"), [("mnist", 0.995), ("cifar10", 0.93)])
def test_shipped_nets_are_accurate_and_small(dataset: str, least: float) -> None:
    folder = shipped_folder(features_of(dataset))
    config = json.loads(folder.file("config.json").read_text())
    assert config["training"]["accuracy"]["test"] >= least
    assert config["training"]["recipe"] == dataclasses.asdict(DATASETS[dataset].feature_recipe)  # type: ignore[arg-type]
    assert load_net(folder).spec == features_of(dataset)
    assert all(path.stat().st_size <= 8_000_000 for path in folder.path.iterdir())
    extractor = ZooFeatures(folder)
    assert len(extractor.real("test")) == REFERENCE_IMAGES
    assert len(extractor.real("train")) == POOL_IMAGES
    assert {(floor.reference, floor.n) for floor in read_floors(folder)} == {("test", 10_000), ("train", 10_000)}


def test_the_net_reads_digits(eyes: ZooFeatures, digits: Tensor) -> None:
    guesses = eyes.extract(digits[: len(LABELS)]).logits.argmax(1)
    assert sum(int(guess) == int(label) for guess, label in zip(guesses, LABELS, strict=True)) >= len(LABELS) - 1


@torch.no_grad()
def test_label_smoothing_is_undone() -> None:
    torch.manual_seed(0)
    net = FeatureNet(features_of("mnist"), label_smoothing=0.1).eval()
    meant = torch.softmax(4 * torch.randn(5, 10), 1)
    net.head.weight.zero_()
    for row in meant:
        net.head.bias.copy_((0.9 * row + 0.01).log())
        torch.testing.assert_close(net.log_probabilities(torch.zeros(1, 128)).exp()[0].float(), row)
    net.head.bias.copy_(torch.tensor([0.0] + [-100.0] * 9))  # surer than smoothed labels allow
    assert net.log_probabilities(torch.zeros(1, 128)).exp()[0, 0] == pytest.approx(1.0)


def test_features_do_not_depend_on_the_batch_size(eyes: ZooFeatures, digits: Tensor, some: Sample) -> None:
    scores = []
    for batch_size in (7, 64, 200):
        features = extract(eyes.net, digits[:N], batch_size)
        scores.append(score(Sample(features, eyes.net.log_probabilities(features)), some))
    assert scores[0] == pytest.approx(scores[1], rel=1e-4, abs=1e-7)
    assert scores[0] == pytest.approx(scores[2], rel=1e-4, abs=1e-7)


def test_shipped_features_are_those_of_the_images(eyes: ZooFeatures) -> None:
    sheet = np.asarray(Image.open(HERE / "digits.png")).reshape(10, 28, 10, 28).swapaxes(1, 2)
    seen = eyes.extract(torch.from_numpy(sheet.reshape(100, 1, 28, 28).copy()))
    torch.testing.assert_close(seen.features, eyes.real("test").features[:100], rtol=2e-3, atol=2e-3)


@pytest.mark.usefixtures("small_reference")
def test_measurements_of_a_model_share_its_samples(gan: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, drawn = Settings(n=150, seeds=(0, 1)), Drawn()
    training = dataclasses.replace(settings, reference="train")
    alone = evaluate(gan, training)
    first = evaluate(gan, settings, drawn=drawn)
    assert list(drawn) == [("normal", seed, 150, "genzoo-mnist") for seed in settings.seeds]
    monkeypatch.setattr(Model, "iter_samples", None)
    assert evaluate(gan, settings, drawn=drawn) == first
    some = ["recall", "frechet_distance"]
    shared = evaluate(gan, training, metrics=some, drawn=drawn)
    assert shared == dataclasses.replace(alone, rows={key: alone.rows[key] for key in some})
    with pytest.raises(TypeError):  # those of another seed are drawn
        evaluate(gan, dataclasses.replace(settings, seeds=(2,)), drawn=drawn)


def test_real_images_give_the_floor(eyes: ZooFeatures, digits: Tensor, some: Sample) -> None:
    found = score(eyes.extract(digits), some)
    floor = floor_values(eyes, "test", some, len(digits), SEEDS)
    assert floor is not None
    for key in (
        "frechet_distance",
        "precision",
        "recall",
        "density",
        "coverage",
        "class_balance",
        "confidence",
        "classifier_score",
    ):
        assert found[key] == pytest.approx(np.mean(floor[key]), rel=0.3), key
    assert abs(found["kernel_distance"]) < 0.02


def noise(digits: Tensor) -> Tensor:
    return noise_images(MNIST, len(digits)).pixels


def repeated(digits: Tensor) -> Tensor:
    return digits[:1].expand(len(digits), -1, -1, -1)


def blurred(digits: Tensor) -> Tensor:
    return F.avg_pool2d(digits.float(), 5, stride=1, padding=2).round().byte()


def overlaid(digits: Tensor) -> Tensor:
    return torch.maximum(digits, digits.flip(0))


def one_class(digits: Tensor) -> Tensor:
    ones = [i for i, label in enumerate(LABELS) if label == "1"]
    return digits[ones].repeat(20, 1, 1, 1)[:N]


MOVES: list[tuple[Callable[[Tensor], Tensor], dict[str, tuple[float, float]]]] = [
    (noise, {"frechet_distance": (50, np.inf), "kernel_distance": (0.5, np.inf), "precision": (0, 0.05)}),
    (
        repeated,
        {"recall": (0, 0.01), "coverage": (0, 0.02), "class_balance": (0, 0.2), "classifier_score": (0.99, 1.01)},
    ),
    (blurred, {"frechet_distance": (5, np.inf), "precision": (0, 0.6), "coverage": (0, 0.5)}),
    (overlaid, {"frechet_distance": (5, np.inf), "confidence": (0, 0.9)}),
    (one_class, {"class_balance": (0, 0.2), "recall": (0, 0.2), "coverage": (0, 0.2)}),
]


@pytest.mark.parametrize(("spoil", "bounds"), MOVES, ids=[spoil.__name__ for spoil, _ in MOVES])
def test_bad_images_move_the_metrics_that_should_move(
    eyes: ZooFeatures,
    digits: Tensor,
    some: Sample,
    spoil: Callable[[Tensor], Tensor],
    bounds: dict[str, tuple[float, float]],
) -> None:
    good, bad = (score(eyes.extract(images), some) for images in (digits[:N], spoil(digits[:N])))
    for key, (low, high) in bounds.items():
        assert low <= bad[key] <= high, (key, bad[key])
        assert not low <= good[key] <= high, f"{key} does not tell {spoil.__name__} from real images"
    assert bad["frechet_distance"] > 2 * good["frechet_distance"]


def test_the_floor_comes_from_images_outside_the_reference(eyes: ZooFeatures, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Sample] = []

    def record(sample: Sample, _: Sample, seed: int, __: object) -> dict[str, float]:
        drawn.append(sample)
        return dict.fromkeys(metrics_of("samples"), float(seed))

    monkeypatch.setattr("genzoo.evaluate.reference.score", record)
    reference = reference_sample(eyes, "train")
    assert floor_values(eyes, "train", reference, 20_000, (3,)) == {key: [3.0] for key in metrics_of("samples")}
    rows = {tuple(row) for row in drawn[0].features[:50].tolist()}
    assert not rows & {tuple(row) for row in reference.features.tolist()}
    assert floor_values(eyes, "train", reference, 20_001, (3,)) is None


def test_without_training_images_there_is_no_floor_but_the_shipped_one(
    eyes: ZooFeatures, some: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> Sample:
        raise DataError("MNIST is not here.")

    monkeypatch.setattr(eyes, "real", missing)
    assert floor_values(eyes, "test", some, N, (0,)) is None
    shipped = floor_values(eyes, "test", some, 10_000, (2, 0))
    assert shipped is not None
    (floor,) = (floor for floor in read_floors(eyes.folder) if floor.reference == "test")
    assert shipped["recall"] == [floor.values["recall"][2], floor.values["recall"][0]]


def test_a_floor_is_kept_for_the_next_time(
    eyes: ZooFeatures, some: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    computed: list[int] = []

    def floor(n: int = N, seeds: Sequence[int] = (0, 1), reference: Sample = some) -> object:
        return floor_values(eyes, "test", reference, n, seeds, report=computed.append)

    first = floor()
    assert computed == [0, 1]
    assert floor() == first
    assert computed == [0, 1]
    for path in (tmp_path / "cache").rglob("floor-*"):
        path.write_bytes(path.read_bytes()[:-10])
    assert floor() == first
    assert computed == [0, 1] * 2
    # Of other numbers, seeds or real images it is another.
    assert len({str(found) for found in (first, floor(n=N + 1), floor(seeds=(1, 2)), floor(reference=some[1:]))}) == 4
    assert computed == [0, 1, 0, 1, 0, 1, 1, 2, 0, 1]


def test_it_is_said_what_a_floor_is(gan: Model, small_reference: None) -> None:  # noqa: ARG001
    words: list[str] = []
    evaluate(gan, Settings(n=N, seeds=(7,)), report=lambda _, __, what: words.append(what))
    assert f"floor: the metrics of {N} training images, which are kept for the next time" in words


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_shipped_floors_can_be_derived_anew(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = find_extractor(DATASETS[dataset])
    assert isinstance(extractor, ZooFeatures)
    reference = reference_sample(extractor, "test")
    shipped = floor_values(extractor, "test", reference, 10_000, (1,))
    monkeypatch.setattr("genzoo.evaluate.reference.read_floors", lambda _: ())
    derived = floor_values(extractor, "test", reference, 10_000, (1,))
    assert shipped is not None
    assert derived is not None
    for key in metrics_of("samples"):
        assert derived[key] == pytest.approx(shipped[key], rel=1e-6), key


@pytest.mark.usefixtures("small_reference")
def test_the_same_seeds_give_the_same_file(gan: Model) -> None:
    seen: list[tuple[int, int]] = []
    first = evaluate(gan, SMALL, report=lambda done, total, _: seen.append((done, total)))
    assert first.to_text() == evaluate(gan, SMALL).to_text()
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    assert (first.n, first.seeds) == (N, (0, 1))
    assert first.reference == Reference("test", 10_000)
    assert first.features == Features("genzoo-mnist", 1, 128)
    assert measurement_of(json.loads(first.to_text())) == first
    for key in metrics_of("samples"):
        row = first.rows[key]
        assert row.mean == pytest.approx(np.mean(row.values), rel=1e-4, abs=1e-12)
        assert row.std == pytest.approx(np.std(row.values, ddof=1), rel=1e-3, abs=1e-12)
        assert row.floor is not None
        assert row.interval is not None
        assert np.mean(row.interval) == pytest.approx(row.mean, rel=1e-4, abs=1e-9)
        assert np.mean(row.drawn) == pytest.approx(row.mean, rel=1e-4, abs=1e-9)


@pytest.mark.usefixtures("small_reference")
def test_results_do_not_depend_on_the_batch_size(gan: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(n=N, seeds=(0,))
    whole = evaluate(gan, settings)
    monkeypatch.setattr(measuring, "_BATCH", 33)
    parts = evaluate(gan, settings)
    for key in metrics_of("samples"):
        assert parts.rows[key].mean == pytest.approx(whole.rows[key].mean, rel=1e-3, abs=1e-6)
    assert whole.rows["frechet_distance"].std is None


@pytest.mark.usefixtures("small_reference")
def test_a_folder_of_a_models_images_is_worth_what_the_model_is(gan: Model, tmp_path: Path) -> None:
    save_images(gan.sample(N, seed=0), f"{tmp_path}/out/")
    folder, model = evaluate_images(tmp_path / "out", MNIST, SMALL), evaluate(gan, Settings(n=N, seeds=(0,)))
    assert (folder.name, folder.n, folder.seeds) == ("out", N, (0,))
    for key in metrics_of("samples"):
        assert folder.rows[key].mean == pytest.approx(model.rows[key].mean, rel=1e-3, abs=1e-6)


@pytest.mark.usefixtures("small_reference")
def test_of_many_images_each_seed_draws_some(tmp_path: Path, digits: Tensor) -> None:
    save_images(digits[:150].float() / 255, f"{tmp_path}/out/")
    measurement = evaluate_images(tmp_path / "out", MNIST, Settings(n=140, seeds=(0, 1)))
    assert (measurement.n, measurement.seeds) == (140, (0, 1))
    first, second = measurement.rows["frechet_distance"].values
    assert first != second
    assert torch.equal(draw(10, 4, 1), draw(10, 4, 1))
    assert sorted(draw(10, 10, 1).tolist()) == list(range(10))


def test_images_come_back_from_files_as_they_were(tmp_path: Path, digits: Tensor) -> None:
    save_images(digits[:9].float() / 255, f"{tmp_path}/a/")
    assert torch.equal(read_images(list_images(tmp_path / "a"), MNIST), digits[:9])
    colour = noise_images(CIFAR10, 5)
    save_images(colour.batch(torch.arange(5)), f"{tmp_path}/b/")
    assert torch.equal(read_images(list_images(tmp_path / "b"), CIFAR10), colour.pixels)


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".safetensors"])
def test_images_come_back_from_arrays_as_they_were(suffix: str, tmp_path: Path) -> None:
    colour = noise_images(CIFAR10, 5)
    save_images(colour.batch(torch.arange(5)), tmp_path / f"a{suffix}")
    assert torch.equal(read_array(tmp_path / f"a{suffix}", CIFAR10), colour.pixels)


@pytest.mark.usefixtures("small_reference")
def test_an_array_is_worth_what_the_folder_of_its_images_is(tmp_path: Path, digits: Tensor) -> None:
    for name in ("a/", "a.npz"):
        save_images(digits[:150].float() / 255, f"{tmp_path}/{name}")
    folder, array = (evaluate_images(tmp_path / name, MNIST, Settings(n=140, seeds=(0, 1))) for name in ("a", "a.npz"))
    assert (array.name, folder.name) == ("a.npz", "a")
    assert dataclasses.replace(array, name="a") == folder


def test_of_an_archive_the_images_or_the_first_array_are_taken(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)
    labels = np.arange(3)
    np.savez(tmp_path / "named.npz", labels=labels, images=images)
    np.savez(tmp_path / "numbered.npz", images, labels)
    for name in ("named", "numbered"):
        assert np.array_equal(read_array(tmp_path / f"{name}.npz", MNIST).permute(0, 2, 3, 1), images)


def test_arrays_that_cannot_be_measured(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no array")
    with pytest.raises(UsageError, match=r"is no array of images: name a \.npz"):
        read_array(tmp_path / "a.txt", MNIST)
    for array in (np.zeros((2, 28, 28), np.uint8), np.zeros((2, 1, 28, 28), np.uint8), np.zeros((2, 28, 28, 1))):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(DataError, match=r"but mnist's images are uint8 of \(n, 28, 28, 1\): write them so"):
            read_array(tmp_path / "a.npy", MNIST)
    np.savez(tmp_path / "none.npz")
    np.save(tmp_path / "pickled.npy", np.array([{}]))
    save_images(torch.zeros(3, 1, 28, 28), tmp_path / "whole.npz")
    save_images(torch.zeros(3, 1, 28, 28), tmp_path / "whole.safetensors")
    for whole in (tmp_path / "whole.npz", tmp_path / "whole.safetensors", tmp_path / "a.npy"):
        (tmp_path / f"truncated{whole.suffix}").write_bytes(whole.read_bytes()[:-100])
    for path in ("none.npz", "pickled.npy", "truncated.npz", "truncated.npy", "truncated.safetensors"):
        with pytest.raises(DataError, match="cannot be read as an array: write it anew"):
            read_array(tmp_path / path, MNIST)


def picture(path: Path, size: Sequence[int]) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("L", (size[0], size[1])).save(path)


def test_folders_that_cannot_be_measured(tmp_path: Path) -> None:
    for name in ("nowhere", "x" * 5000):
        with pytest.raises(UsageError, match="is neither a folder nor a file: name one"):
            evaluate_images(tmp_path / name, MNIST)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images: put"):
        evaluate_images(tmp_path / "empty", MNIST)
    picture(tmp_path / "mixed" / "a.png", (28, 28))
    picture(tmp_path / "mixed" / "b.png", (30, 28))
    with pytest.raises(DataError, match=r"images of mixed sizes \(a.png is 28 x 28, b.png is 30 x 28\): make them"):
        read_images(list_images(tmp_path / "mixed"), MNIST)
    picture(tmp_path / "large" / "a.png", (32, 32))
    with pytest.raises(DataError, match="is 32 x 32, but mnist's images are 28 x 28: resize"):
        read_images(list_images(tmp_path / "large"), MNIST)
    (tmp_path / "large" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be read as an image"):
        read_images(list_images(tmp_path / "large"), MNIST)
    picture(tmp_path / "few" / "a.png", (28, 28))
    with pytest.raises(UsageError, match=r"1 images are too few .* 128 features, which needs 129 or more"):
        evaluate_images(tmp_path / "few", MNIST)


def test_bad_settings_are_refused_before_any_work(gan: Model) -> None:
    with pytest.raises(UsageError, match=r"^128 images are too few to measure: .* needs 129 or more"):
        evaluate(gan, Settings(n=128))
    with pytest.raises(UsageError, match="must be one or more different numbers"):
        Settings(seeds=(1, 1))
    with pytest.raises(
        UsageError, match=r"No feature net knows olivetti \(64 x 64, grey\).*genzoo-mnist \(mnist, 28 x"
    ):
        find_extractor(OLIVETTI)


@pytest.mark.parametrize("name", ["vae-mnist", "dcgan-mnist"])
@pytest.mark.parametrize("features", ["genzoo", "inception"])
def test_what_nothing_is_held_against_is_refused_with_a_way_out(
    name: str, features: FeatureName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genzoo.evaluate.extractors.InceptionFeatures", None)  # which would be fetched
    own = load(name)
    own.entry = dataclasses.replace(own.entry, dataset=dataclasses.replace(MNIST, name="doodles"))
    words = r"^There are no images of doodles to measure against.*`genzoo generate`.*`genzoo evaluate --images FOLDER"
    with pytest.raises(UsageError, match=words):
        evaluate(own, Settings(features=features))


def test_nets_survive_a_save_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FeatureNet(features_of("mnist")).eval()
    save_net(tmp_path / "net", net, {"recipe": {"label_smoothing": 0.1}})
    x = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(load_net(Folder(tmp_path / "net"))(x), net(x), rtol=2e-2, atol=2e-2)
    with pytest.raises(WeightsNotFoundError, match="train it with `genzoo train-features`"):
        load_net(Folder(tmp_path / "other"))
    config = json.loads((tmp_path / "net" / "config.json").read_text())
    for change, words in (
        ({"channels": [32, 64, 100_000]}, "sizes up to"),
        ({"dataset": "nothing"}, "no dataset"),
        ({"version": "1"}, "must be of type int"),
        ({"training": {"recipe": {"label_smoothing": 1.5}}}, "label smoothing is 1.5"),
        ({"training": {"recipe": {}}}, "label_smoothing"),
    ):
        training = change.pop("training", config["training"])
        spoiled = {**config, "net": {**config["net"], **change}, "training": training}
        (tmp_path / "net" / "config.json").write_text(json.dumps(spoiled))
        with pytest.raises(BadCheckpointError, match=words):
            load_net(Folder(tmp_path / "net"))
    (tmp_path / "net" / "config.json").write_text("{")
    with pytest.raises(BadCheckpointError, match="not JSON"):
        load_net(Folder(tmp_path / "net"))


def test_a_pinned_net_is_held_against_the_manifest(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_net(tmp_path / "net", FeatureNet(features_of("mnist")).eval(), {"recipe": {"label_smoothing": 0.1}})
    pins = {file: PinnedFile(1, sha256(tmp_path / "net" / file)) for file in ("config.json", "model.safetensors")}
    load_net(Folder(tmp_path / "net", pins))
    pins["model.safetensors"] = PinnedFile(1, "0" * 64)
    with pytest.raises(BadCheckpointError, match="is damaged or altered"):
        load_net(Folder(tmp_path / "net", pins))


def test_a_damaged_table_of_floors_is_refused(tmp_path: Path) -> None:
    assert read_floors(Folder(tmp_path)) == ()
    for values in ("{}", '{"recall": []}', '{"recall": [true]}', '{"recall": 5}'):
        row = f'{{"reference": "test", "n": 1, "seeds": [0], "values": {values}}}'
        (tmp_path / FLOORS).write_text(f'{{"format": 1, "floors": [{row}]}}')
        with pytest.raises(BadCheckpointError, match="damaged"):
            read_floors(Folder(tmp_path))


def test_augmented_images_are_moved_by_whole_pixels(digits: Tensor) -> None:
    data = ImageData(MNIST, digits[:20])
    recipe = FeatureRecipe(epochs=1, shift=2)
    moved = augment(data, torch.arange(20), recipe, np.random.default_rng(0))
    places = [(top, left) for top in range(5) for left in range(5)]
    padded = F.pad(data.batch(torch.arange(20)), [2] * 4)
    chosen = set()
    for i in range(20):
        fits = [p for p in places if torch.equal(moved[i], padded[i, :, p[0] : p[0] + 28, p[1] : p[1] + 28])]
        assert fits
        chosen.add(fits[0])
    assert len(chosen) > 3
    cut = augment(data, torch.arange(20), FeatureRecipe(epochs=1, shift=0, cutout=6), np.random.default_rng(0))
    assert ((cut != data.batch(torch.arange(20))).flatten(1).sum(1) <= 36).all()
    assert (cut == 0.5).flatten(1).sum(1).ge(36).all()


def test_the_learning_rate_rises_and_falls() -> None:
    assert [triangle(share, 0.2) for share in (0, 0.1, 0.2, 0.6, 1.0)] == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_training_learns_and_is_repeatable(tmp_path: Path, digits: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.tensor([int(label) for label in LABELS]).repeat(4)
    data = ImageData(MNIST, digits[: len(LABELS)].repeat(4, 1, 1, 1))
    monkeypatch.setattr("genzoo.evaluate.training.load_images", lambda *_, **__: data)
    monkeypatch.setattr("genzoo.evaluate.training.load_labels", lambda *_, **__: labels)
    steps: list[int] = []
    recipe = FeatureRecipe(epochs=4, batch_size=48, lr=0.05)
    for name in ("a", "b"):
        found = train_features(
            "mnist", tmp_path / name, recipe=recipe, seed=3, report=lambda step, *_: steps.append(step)
        )
    assert found["test"] > 0.7
    assert steps == [*range(1, 33)] * 2
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_references_are_written_beside_a_net(tmp_path: Path, digits: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    save_net(tmp_path / "net", FeatureNet(features_of("mnist")).eval(), {"recipe": {"label_smoothing": 0.1}})
    monkeypatch.setattr("genzoo.evaluate.extractors.real_pixels", lambda *_: digits[:300])
    extractor = ZooFeatures(Folder(tmp_path / "net"))
    computed = extractor.real("test")
    extractor.write_real("test")
    monkeypatch.setattr("genzoo.evaluate.extractors.REFERENCE_IMAGES", 300)
    torch.testing.assert_close(extractor.real("test").features, computed.features, rtol=2e-3, atol=2e-3)
    assert (tmp_path / "net" / reference_file("test")).stat().st_size < 300 * 128 * 2 + 1000


def test_inception_sees_grey_images_as_colour(tmp_path: Path, digits: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_fidelity import feature_extractor_inceptionv3 as inception

    monkeypatch.setattr(inception, "load_state_dict_from_url", lambda *_, **__: {})
    monkeypatch.setattr(inception.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
    monkeypatch.setattr("genzoo.evaluate.extractors.real_pixels", lambda *_: digits[:2])
    monkeypatch.setenv("GENZOO_DATA", str(tmp_path))
    extractor = find_extractor(MNIST, "inception")
    assert extractor.identity == Features("inception", 1, 2048)
    seen = extractor.extract(digits[:2])
    assert seen.features.shape == (2, 2048)
    assert seen.logits.shape == (2, 1008)
    assert not torch.equal(seen.features[0], seen.features[1])
    # The second time the features come from the file beside the datasets.
    first, second = (extractor.real("test") for _ in range(2))
    assert torch.equal(first.features, second.features)
    assert (tmp_path / "features" / "inception-mnist-test.safetensors").is_file()


def test_inception_without_a_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_fidelity import feature_extractor_inceptionv3 as inception

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(inception, "load_state_dict_from_url", unreachable)
    with pytest.raises(
        GenzooError, match=r"could not be downloaded \(no route to host\): measure with --features genzoo"
    ):
        find_extractor(MNIST, "inception")


def test_inception_without_its_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(UsageError, match=r"needs torch-fidelity: pip install torch-fidelity, or measure with"):
        find_extractor(MNIST, "inception")


@pytest.mark.usefixtures("small_reference")
def test_genzoos_own_features_are_measured_without_torch_fidelity(gan: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torch_fidelity"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    assert evaluate(gan, Settings(n=N, seeds=(0,))).rows["frechet_distance"].mean > 0
