from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from torch import nn

from genzoo.errors import InvalidEntryError, UnknownNameError, UsageError
from genzoo.nets import build, count_parameters
from genzoo.nets.blocks import Dropout
from genzoo.zoo.catalog import ALIASES, ENTRIES, find_entry, list_models
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.families.conv import halvings
from genzoo.zoo.registry import register
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_architecture, with_recipe

pytestmark = pytest.mark.numeric


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_builds_runs_and_learns(name: str) -> None:
    entry = ENTRIES[name]
    torch.manual_seed(0)
    nets = build(entry)
    images = nets["generator"](torch.randn(4, entry.latent_size))
    assert images.shape == (4, *entry.dataset.shape)
    judged = nets["encoder" if entry.is_vae else "discriminator"](images.sigmoid())
    assert judged.shape == ((4, 2 * entry.latent_size) if entry.is_vae else (4,))
    judged.sum().backward()
    without = [key for key, parameter in nets.named_parameters() if parameter.grad is None]
    assert not without
    assert count_parameters(nets["generator"]) <= 4_000_000
    assert 2 * max(map(count_parameters, nets.values())) < 8_000_000  # bytes of a float16 file


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_survives_its_config(name: str) -> None:
    entry = ENTRIES[name]
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
    assert find_entry(name) is entry


def test_names_follow_the_design() -> None:
    named_in_the_design = {
        "mlpgan-mnist-z100-l4", "mlpvae-mnist-z2-l2", "mlpgan-mnist-z100-l3", "mlpvae-mnist-z2-l1",
        "mlpgan-mnist-z100-l4-leaky", "mlpvae-mnist-z2-l1-bn", "vae-olivetti-z32-l4", "dcgan-mnist-z100-l4-bn4",
        "mlpgan-mnist-z100-l2", "convgan-mnist-z100-l2-s1", "convgan-mnist-z100-l2-s2",
        "convgan-mnist-z100-l2-pool", "lstmgan-mnist-z100-l2", "wgangp-mnist-z100-l3",
        "wgangp-mnist-z100-l4", "wgangp-cifar10-z100-l4",
        "wgan-cifar10-z100-l6",
        *(f"{f}-mnist-z{z}-l3" for f in ("vae", "dcgan", "wgan") for z in (10, 20, 50, 100, 200)),
        *(f"{f}-cifar10-z{z}-l3" for f in ("vae", "dcgan", "wgan") for z in (10, 20, 50, 100)),
        *(f"{f}-cifar10-z100-l{k}" for f in ("vae", "dcgan", "wgan") for k in (4, 5)),
        *(f"{f}-mnist-z100-l{k}" for f in ("dcgan", "wgan") for k in (4, 5)), "vae-mnist-z20-l4", "vae-mnist-z20-l5",
        "vae-mnist-z20-l3-binary", "dcgan-cifar10-z100-l4-r1",
    }  # fmt: skip
    assert set(ENTRIES) == named_in_the_design


def sizes(net: nn.Module) -> list[int]:
    return [count_parameters(layer) for layer in net.modules() if isinstance(layer, nn.Linear)]


def test_report_1_generator_table() -> None:
    generator = build(ENTRIES["mlpgan-mnist-z100-l3"])["generator"]
    assert sizes(generator) == [25_856, 131_584, 525_312, 803_600]
    assert count_parameters(generator) == 1_486_352


def test_report_1_vae_table() -> None:
    nets = build(ENTRIES["mlpvae-mnist-z2-l1"])
    assert sizes(nets["encoder"]) == [401_920, 2 * 1_026]  # z_mean and z_log_var are one layer here
    assert sizes(nets["generator"]) == [1_536, 402_192]
    assert count_parameters(nets) == 807_700


def widths(net: nn.Module) -> list[int]:
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    return [layers[0].in_features, *(layer.out_features for layer in layers)]


def test_mlps_are_the_reports() -> None:
    def both(name: str) -> tuple[list[int], list[int]]:
        nets = build(ENTRIES[name])
        return widths(nets["generator"]), widths(nets["encoder" if ENTRIES[name].is_vae else "discriminator"])

    assert both("mlpgan-mnist-z100-l4") == ([100, 128, 256, 512, 1024, 784], [784, 512, 256, 1])
    assert both("mlpvae-mnist-z2-l2") == ([2, 256, 512, 784], [784, 512, 256, 4])
    assert both("mlpgan-mnist-z100-l3")[1] == [784, 1024, 512, 256, 1]
    assert both("mlpvae-mnist-z2-l1-bn") == ([2, 400, 784], [784, 400, 4])


def map_sides(net: nn.Module, x: torch.Tensor) -> list[int]:
    """Sides of the maps before and after every layer of stride 2."""
    sides: list[int] = []

    def look(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.stride == (2, 2):
            sides.extend([output.shape[-1]] if sides else [inputs[0].shape[-1], output.shape[-1]])

    for layer in net.modules():
        layer.register_forward_hook(look)
    net(x)
    return sides


@pytest.mark.parametrize("side", [8, 9, 28, 33])
@pytest.mark.parametrize("tag", ["s1", "s2", "pool"])
@torch.no_grad()
def test_report_3_maps(tag: str, side: int) -> None:
    torch.manual_seed(0)
    entry = ENTRIES[f"convgan-mnist-z100-l2-{tag}"]
    for stride in (1, 2):
        arch = dataclasses.replace(entry.arch, stride=stride)  # type: ignore[call-arg]
        nets = build(dataclasses.replace(entry, arch=arch, dataset=Dataset("custom", (3, side, side))))
        z = torch.randn(200, 100)
        images = nets["generator"](z)
        assert images.shape == (200, 3, side, side)
        # No net begins as one picture for all latents.
        assert images.std(0).mean() > 0.25 * images.std()
        assert nets["discriminator"](images.sigmoid()).shape == (200,)


@torch.no_grad()
def test_report_3_lstm_begins_with_a_picture_for_each_latent() -> None:
    torch.manual_seed(0)
    generator = build(ENTRIES["lstmgan-mnist-z100-l2"])["generator"]
    assert generator(torch.randn(200, 100)).std(0).mean() > 0.25


@pytest.mark.parametrize("name", [n for n, e in ENTRIES.items() if e.source == "report 4"])
def test_report_4_maps(name: str) -> None:
    entry = ENTRIES[name]
    deeper = entry.is_vae or entry.dataset.name == "mnist"
    expected = [28, 14, 7, 4, 2] if entry.dataset.name == "mnist" else [32, 16, 8, 4, 2]
    expected = expected[: None if deeper else -1]
    assert halvings(entry.dataset.shape[1], len(expected) - 1) == expected
    nets = build(entry).eval()
    inwards = nets["encoder" if entry.is_vae else "discriminator"]
    assert map_sides(inwards, torch.zeros(1, *entry.dataset.shape)) == expected
    assert map_sides(nets["generator"], torch.zeros(1, entry.latent_size)) == expected[::-1]
    layers = [m for m in nets["generator"].modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    assert len(layers) == entry.hidden_layers + 1 + deeper
    discriminator_norms = [m for m in inwards.modules() if isinstance(m, nn.BatchNorm2d)]
    assert bool(discriminator_norms) == (entry.recipe.gradient_penalty == 0)


def test_report_2_dcgan_grows_from_one_pixel() -> None:
    nets = build(ENTRIES["dcgan-mnist-z100-l4-bn4"]).eval()
    up = [m for m in nets["generator"].modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.in_channels for m in up] + [up[-1].out_channels] == [100, 512, 256, 128, 64, 1]
    assert {(m.kernel_size, m.stride) for m in up} == {((4, 4), (2, 2))}
    assert map_sides(nets["generator"], torch.zeros(1, 100)) == [1, 2, 4, 7, 14, 28]


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_names_an_entry_of_its_family_and_dataset(alias: str) -> None:
    entry = find_entry(alias)
    assert alias == f"{entry.family}-{entry.dataset.name}"


def test_every_family_and_dataset_has_an_alias() -> None:
    assert set(ALIASES) == {f"{e.family}-{e.dataset.name}" for e in ENTRIES.values()}


def test_list_models() -> None:
    assert list_models("vae-mnist") == ["vae-mnist-z20-l5"]
    assert list_models("dcgan-*-l4", dataset="cifar10") == ["dcgan-cifar10-z100-l4"]
    assert set(list_models(family="lstmgan")) == {"lstmgan-mnist-z100-l2"}
    assert list_models("nothing*") == []
    assert list_models(["lstmgan-*", "vae-olivetti"]) == ["vae-olivetti-z32-l4", "lstmgan-mnist-z100-l2"]
    with pytest.raises(UnknownNameError, match="the catalog has"):
        list_models(family="diffusion")


def test_an_unknown_name_shows_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="dcgan-cifar10"):
        find_entry("dcgan-cifar")
    with pytest.raises(UnknownNameError, match="genzoo list"):
        find_entry("zzzzzzzz")


def test_a_name_registered_twice_raises() -> None:
    entry = ENTRIES["vae-mnist-z20-l3"]
    with pytest.raises(RuntimeError, match="registered twice"):
        register(entry)


def test_other_sizes_make_another_name() -> None:
    entry = with_architecture(find_entry("dcgan-mnist"), latent_size=64, layers=4, width=16)
    assert entry.name == "dcgan-mnist-z64-l4-w16"
    assert entry.arch.channels == (16, 32, 64, 64)  # type: ignore[attr-defined]
    assert with_architecture(ENTRIES["mlpgan-mnist-z100-l3"], layers=5).name == "mlpgan-mnist-z100-l5"
    assert with_architecture(find_entry("vae-mnist")) == find_entry("vae-mnist")
    for name in ENTRIES:
        wider = with_architecture(ENTRIES[name], width=24)
        assert wider.name.endswith("w24")
        build(wider)
    with pytest.raises(UsageError, match="do not fit"):
        with_architecture(find_entry("dcgan-mnist"), layers=9)
    with pytest.raises(UsageError, match="latent size"):
        with_architecture(find_entry("dcgan-mnist"), latent_size=10**9)
    with pytest.raises(UsageError, match="fixed number of layers"):
        with_architecture(find_entry("convgan-mnist"), layers=3)


def test_other_recipes() -> None:
    entry = with_recipe(find_entry("vae-mnist"), {"lr": "3e-4", "batch_size": "64", "binarize": "true"})
    assert (entry.recipe.lr, entry.recipe.batch_size, entry.recipe.binarize) == (3e-4, 64, True)
    for changes, words in (
        ({"learning_rate": "1"}, "no setting 'learning_rate'"),
        ({"zzz": "1"}, "no setting 'zzz': there are objective, epochs"),
        ({"lr": "fast"}, r"recipe\.lr must be of type float; vae-mnist-z20-l5 has lr=0\.0003\."),
        ({"lr": "-1"}, "not above 0"),
        ({"batch_size": "1.5"}, "of type int"),
        ({"objective": "diffusion"}, "must be one of"),
        ({"ema_decay": "nan"}, "finite"),
        ({"objective": "gan"}, "a vae has no nets of kind conv trained as gan"),
        ({"weight_clip": "0.01"}, "weight_clip=0.01 does not go with vae: wgan alone has one"),
        ({"gp_weight": "10"}, r"gp_weight=10\.0 does not go with vae: wgangp alone has one"),
        ({"r1_gamma": "10"}, r"r1_gamma=10\.0 does not go with vae: gan alone may have one"),
    ):
        with pytest.raises(UsageError, match=words):
            with_recipe(entry, changes)
    for name, changes, words in (
        (
            "vae-mnist",
            {"n_critic": "5"},
            "n_critic=5 does not go with vae: gan, wgan and wgangp alone may have one",
        ),
        ("wgan-mnist", {"real_label": "0.9"}, r"real_label=0\.9 does not go with wgan: gan alone may have one"),
        ("dcgan-mnist", {"binarize": "true"}, "binarize=True does not go with gan: vae alone may have one"),
    ):
        with pytest.raises(UsageError, match=words):
            with_recipe(find_entry(name), changes)
    with pytest.raises(UsageError, match=r"weight_clip=0\.0 does not go with wgan"):
        with_recipe(find_entry("wgan-mnist"), {"weight_clip": "0"})
    with pytest.raises(UsageError, match=r"gp_weight=0\.0 does not go with wgangp"):
        with_recipe(find_entry("wgangp-mnist"), {"gp_weight": "0"})
    for name in ("dcgan-mnist", "mlpgan-mnist", "lstmgan-mnist"):
        told = r"convolutional discriminator without batch norm; [\w-]+ has r1_gamma=0\.0"
        with pytest.raises(UsageError, match=told):
            with_recipe(find_entry(name), {"r1_gamma": "0.1"})
    for name in ("vae-mnist", "mlpgan-mnist", "wgangp-mnist"):
        with pytest.raises(UsageError, match="norm_bias is off, but there is no discriminator with batch norm"):
            with_recipe(find_entry(name), {"norm_bias": "false"})


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("latent_size",), 10**9, "latent size"),
        (("latent_size",), "100", "of type int"),
        (("latent_size",), True, "of type int"),
        (("hidden_layers",), 7, "do not have that many"),
        (("arch", "channels"), [32, 64, 10**6, 128], "list of channels"),
        (("arch", "channels"), [], "list of channels"),
        (("arch", "kind"), "transformer", "kind must be one of"),
        (("arch", "extras"), 1, "unknown fields"),
        (("arch",), None, "kind must be one of"),
        (("dataset", "shape"), [3, 100000, 100000], "not supported"),
        (("dataset", "shape"), [1, 28], "list of integers"),
        (("dataset", "name"), "../../etc", "lower-case letters"),
        (("tag",), "../x", "letters and digits"),
        (("recipe", "lr"), 10**400, "of type float"),
        (("recipe", "lr"), float("inf"), "finite"),
        (("name",), "vae-mnist-z20-l4", "its fields make it"),
        (("family",), "gpt", "must be one of"),
    ],
)
def test_a_bad_config_is_refused_by_field(path: tuple[str, ...], value: object, words: str) -> None:
    config = ENTRIES["vae-mnist-z20-l3"].to_json()
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(InvalidEntryError, match=words):
        Entry.from_json(config)


def test_dropout_keeps_the_mean_and_is_off_in_evaluation() -> None:
    torch.manual_seed(0)
    for p in (0.3, 0.5):
        layer = Dropout(p)
        x = torch.ones(1000, 333, requires_grad=True)
        y = layer(x)
        zeros = float((y == 0).float().mean())
        assert zeros == pytest.approx(round(256 * p) / 256, abs=4 * (p * (1 - p) / y.numel()) ** 0.5)
        assert float(y.detach().mean()) == pytest.approx(1, abs=0.01)
        assert len(set(y.detach().flatten().tolist())) == 2
        # Neither rows nor columns go together.
        kept = (y.detach() != 0).float()
        assert float(kept.mean(0).std()) < 2 * (p * (1 - p) / 1000) ** 0.5
        assert float(kept.mean(1).std()) < 2 * (p * (1 - p) / 333) ** 0.5
        y.sum().backward()
        assert x.grad is not None
        assert torch.equal(x.grad, y.detach())
        assert torch.equal(layer.eval()(x), x)
    with pytest.raises(InvalidEntryError, match="dropout"):
        dataclasses.replace(find_entry("mlpgan-mnist").arch, dropout=1.0)  # type: ignore[call-arg]
