"""Cards: what they say is what the files say, and the Hub can read it."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index

from genzoo.checkpoint.checksums import read_sums
from genzoo.checkpoint.config import Config, read_config, write_config
from genzoo.checkpoint.files import sha256
from genzoo.checkpoint.folder import Folder, sign
from genzoo.checkpoint.layout import CONFIG, MODEL
from genzoo.checkpoint.manifest import is_here, read_manifest, write_manifest
from genzoo.checkpoint.measurement import read_metrics
from genzoo.checkpoint.nets import meta_nets
from genzoo.cli import main
from genzoo.errors import BadCheckpointError, GenzooError, UsageError
from genzoo.hub import find_folder
from genzoo.nets import count_parameters
from genzoo.release.card import catalog_card, check_card, read_note, render, write_card, write_note
from genzoo.release.card.ranking import report_3_names
from genzoo.zoo.catalog import ENTRIES, aliases_of
from genzoo.zoo.datasets import Dataset
from genzoo.zoo.registry import ALL_METRICS
from genzoo.zoo.spec import Entry
from genzoo.zoo.variants import with_architecture, with_recipe

ROOT = Path(__file__).parents[1]
CARDS = ROOT / "cards"
SHIPPED = [name for name in ENTRIES if is_here(name)]
FIRST_OF_FAMILY = list({ENTRIES[name].family.name: name for name in reversed(SHIPPED)}.values())
SAMPLES, PROGRESS, METRICS = "samples.png", "progress.png", "metrics.json"


def command(*args: object) -> Result:
    return CliRunner().invoke(main, ["card", *map(str, args)])


def row(mean: float, **rest: Any) -> dict[str, Any]:
    return {"mean": mean, "std": 0.01, "floor": 0.5, "values": [mean], **rest}


def checkpoint_of(entry: Entry, home: Path, measured: Mapping[str, Any] | None = None, **config: Any) -> Folder:
    """What a card reads of a folder: the weights' values do not matter, their hash does."""
    path = home / entry.name
    path.mkdir(parents=True)
    write_config(path, Config(entry, **config))
    (path / MODEL).write_bytes(entry.name.encode())
    if measured is not None:
        document = {
            "format": 1,
            "name": entry.name,
            "dataset": entry.dataset.name,
            "features": {"name": "genzoo-mnist", "version": 1, "size": 128},
            "reference": {"split": "test", "n": 10_000},
            "weights_sha256": sha256(path / MODEL),
            "n": 10_000,
            "seeds": [0, 1, 2],
            **measured,
        }
        (path / METRICS).write_text(json.dumps(document))
    return Folder(path)


def section(card: str, title: str) -> str:
    return card.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def blocks(card: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", card, re.DOTALL)


def test_the_committed_cards_are_what_the_command_writes() -> None:
    assert {path.stem for path in CARDS.glob("*.md")} == set(SHIPPED)
    stale = [name for name in SHIPPED if catalog_card(name, CARDS) != (CARDS / f"{name}.md").read_text()]
    assert not stale, "renew them with `genzoo card --all --out cards`"


@pytest.mark.parametrize("name", SHIPPED)
def test_somebody_has_looked_at_the_samples(name: str) -> None:
    note = read_note(name, Folder(ROOT / "weights" / name), CARDS)
    assert note, f"look at weights/{name}/{SAMPLES}, then `genzoo card {name} --note SENTENCE --out cards/{name}.md`"
    assert note in (CARDS / f"{name}.md").read_text()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_link_of_a_committed_card_leads_to_a_file(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (CARDS / f"{name}.md").read_text())
    local = [link for link in links if "://" not in link]
    assert {Path(link).name for link in local} >= {SAMPLES, PROGRESS}
    assert all((CARDS / link).is_file() for link in local)


def test_a_card_has_the_command_of_another_run() -> None:
    text = (CARDS / "dcgan-cifar10-z100-l4.md").read_text()
    # Its rates fell over more steps than the state that ships has.
    assert "Another run like it: `genzoo train dcgan-cifar10-z100-l4 --steps 40000 --seed 0 --evaluations 20`." in text
    for name in SHIPPED:
        ran = json.loads((ROOT / "weights" / name / CONFIG).read_text())["training"]
        options = f"--steps {ran['steps']} --seed {ran['seed']} --evaluations {len(ran.get('evaluations', []))}"
        found = re.search(f"`genzoo train {name} {options}(.*?)`", (CARDS / f"{name}.md").read_text())
        assert found, name
        # Recipes move on; the command gives that of the weights.
        changes = dict(setting.split("=") for setting in re.findall(r" --set (\S+)", found[1]))
        recipe = read_config(Folder(ROOT / "weights" / name)).entry.recipe
        again = with_recipe(ENTRIES[name], changes).recipe
        assert dataclasses.replace(again, epochs=recipe.epochs) == recipe


@pytest.mark.parametrize("name", SHIPPED)
def test_the_hub_finds_every_metric(name: str) -> None:
    text = (CARDS / f"{name}.md").read_text()
    fields = check_card(text)
    data: Any = ModelCard(text).data
    metrics = json.loads((ROOT / "weights" / name / METRICS).read_text())
    results = [(result.metric_type, result.metric_value) for result in data.eval_results or []]
    mixture = metrics.get("mixture_prior", {})
    wanted = [(key, part[key]["mean"]) for part in (metrics, mixture) for key in ALL_METRICS if key in part]
    assert results == wanted
    assert eval_results_to_model_index(data.model_name or "", data.eval_results or []) == fields["model-index"]
    assert (data.library_name, data.license, data.model_name) == ("genzoo", "apache-2.0", name)
    found = read_metrics(ROOT / "weights" / name / METRICS)
    assert all(f" {row.text} " in text for part in (found.rows, found.mixture_prior) for row in part.values())


@pytest.mark.parametrize("name", FIRST_OF_FAMILY)
def test_the_code_of_a_card_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    card = (CARDS / f"{name}.md").read_text()
    (python,), (shell,) = blocks(card, "python"), blocks(card, "sh")
    variables: dict[str, Any] = {}
    exec(python, variables)
    said = re.findall(r"^([\w, ]+?) = .*# \(([\d, ]+)\)", python, re.MULTILINE)
    assert len(said) >= 4
    for names, shape in said:
        wanted = tuple(int(size) for size in shape.split(",") if size.strip())
        assert all(tuple(variables[variable.strip()].shape) == wanted for variable in names.split(","))
    for line in shell.splitlines():
        words = shlex.split(line)
        assert CliRunner().invoke(main, words[1:]).exit_code == 0, line
    assert {path.name for path in tmp_path.iterdir()} == {"grid.png", "images.npz"}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_every_entry_has_a_card(entry: Entry, tmp_path: Path) -> None:
    card = render(checkpoint_of(entry, tmp_path), source=entry.name)
    fields = check_card(card)
    assert ModelCard(card).data.to_dict()["tags"] == fields["tags"]
    assert "model-index" not in fields
    assert "Not measured yet" in section(card, "Measurements")
    for name, net in meta_nets(entry).items():
        assert f"| **{name}** |  |  | **{count_parameters(net):,}** |" in card
    assert all(f"`{alias}`" in card for alias in aliases_of(entry.name))
    assert entry.source in card


def test_a_run_called_as_an_entry_is_loaded_by_its_path(tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES["dcgan-mnist-z100-l3"], tmp_path)
    card = render(folder)
    assert f'genzoo.load("{folder.path}")' in card
    assert "Its alias is" not in card
    assert "Its alias is `dcgan-mnist`" in render(find_folder("dcgan-mnist"))


def test_a_run_of_ones_own_architecture_may_be_called_by_its_name(tmp_path: Path) -> None:
    entry = with_architecture(ENTRIES["mlpgan-mnist-z100-l4-leaky"], width=32)
    card = render(checkpoint_of(entry, tmp_path, training={"steps": 2, "seed": 0}), source=entry.name)
    assert f"# {entry.name}" in card
    assert "Another run like it" not in card, "the catalog has no such name to train"


def test_the_layers_are_those_the_report_counts(tmp_path: Path) -> None:
    card = render(checkpoint_of(ENTRIES["mlpgan-mnist-z100-l3"], tmp_path))
    generator = re.findall(r"^\| generator \| Linear \| [\dx ]+ \| ([\d,]+) \|$", card, re.MULTILINE)
    assert generator == ["25,856", "131,584", "525,312", "803,600"]


def test_a_card_shows_a_metric_beside_its_floor_and_leaves_out_what_is_not_there(tmp_path: Path) -> None:
    measured = {"coverage": row(0.25, floor=0.9), "best_step": 1200, "recall": row(0.125, floor=None)}
    card = render(checkpoint_of(ENTRIES["dcgan-mnist-z100-l3"], tmp_path, measured))
    table = section(card, "Measurements")
    assert "| Coverage | 0.25 ± 0.01 | 0.9 | higher |" in table
    assert "| Recall | 0.125 ± 0.01 | - | higher |" in table
    assert "Precision" not in table
    assert "best step: 1,200" in table
    limits = section(card, "Limitations")
    assert "75% of the real images have no sample in their neighbourhood" in limits
    assert "(with training images in their place: 10%)" in limits


def test_measurements_of_another_prior_have_a_table_of_their_own(tmp_path: Path) -> None:
    measured = {"coverage": row(0.25), "mixture_prior": {"coverage": row(0.75)}}
    card = render(checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path, measured))
    assert "| Coverage | 0.75 ± 0.01 | 0.5 | higher |" in section(card, "Measurements").split("### Mixture prior")[1]
    values = {metric["name"]: metric["value"] for metric in check_card(card)["model-index"][0]["results"][0]["metrics"]}
    assert values == {"Coverage (genzoo-mnist v1)": 0.25, "Coverage (genzoo-mnist v1, mixture prior)": 0.75}


def test_a_measurement_of_other_weights_is_not_shown(tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES["dcgan-mnist-z100-l3"], tmp_path, {"coverage": row(0.25)})
    assert "0.25" in render(folder)
    (folder.path / MODEL).write_bytes(b"trained again")
    with pytest.raises(BadCheckpointError, match=r"other weights.*genzoo evaluate"):
        render(folder)


def test_a_measurement_that_the_hub_would_not_take_is_refused(tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES["dcgan-mnist-z100-l3"], tmp_path, {"coverage": row(0.25), "dataset": ""})
    with pytest.raises(BadCheckpointError, match=r"a dataset in model-index.*genzoo evaluate"):
        render(folder)


@pytest.mark.parametrize("value", [float("nan"), True, "1", [1]])
def test_a_number_that_is_none_is_refused(value: object, tmp_path: Path) -> None:
    measured = {"mixture_prior": {"coverage": {"mean": 0.5, "floor": value}}}
    with pytest.raises(GenzooError, match=r"metrics\.json"):
        render(checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path, measured))


def test_what_a_run_recorded_stays_in_its_cell(tmp_path: Path) -> None:
    training = {
        "seed": 12345,
        "steps": 936,
        "data": {"name": "mnist", "images": 60_000, "sha256": "ab" * 32},
        "note": "one | two\n## <b>three",
        "best": {"step": 500, "frechet_distance": 1.5},
    }
    card = render(checkpoint_of(ENTRIES["dcgan-mnist-z100-l3"], tmp_path, training=training))
    table = section(card, "Training")
    assert "| seed | 12345 |" in table
    assert "| steps | 936, or 2 passes over the data |" in table
    assert "| note | one \\| two ## &lt;b>three |" in table
    assert "| best | step 500, frechet distance 1.5 |" in table


def test_what_a_stranger_wrote_is_text(tmp_path: Path) -> None:
    evil = "one|two\n# <b>three`four\n---\n\n\nseven"
    likelihood = row(-80.5, standard_error=0.5, n=100, unit=evil, likelihood=evil)
    measured = {
        "coverage": row(0.25),
        "elbo": likelihood,
        "features": {"name": evil, "version": 1, "size": 128},
        "reference": {"split": evil, "n": 10_000},
        evil: {"elbo": likelihood},
        "noted": [evil, {evil: evil}],
    }
    training = {
        "steps": 7,
        "step": 7,
        "data": {"name": evil, "images": evil, "sha256": evil},
        "evaluations": [{"step": 7, evil: evil}],
        evil: {evil: evil},
    }
    folder = checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path, measured, training=training)
    card = render(folder)
    result = check_card(card)["model-index"][0]["results"][0]
    assert (result["metrics"][0]["name"], result["dataset"]["split"]) == (f"Coverage ({evil} v1)", evil)
    body = card.split("\n---\n", 1)[1]
    assert body.count("seven") == body.lower().count("one\\|two # &lt;b>three'four --- seven") == 15


def test_a_card_tells_which_state_shipped(tmp_path: Path) -> None:
    evaluations = [{"step": step, "frechet_distance": step / 1000, "coverage": 0.5} for step in (1500, 3000, 4680)]
    training = {"steps": 4680, "step": 1500, "evaluations": evaluations}
    table = section(render(checkpoint_of(ENTRIES["dcgan-mnist-z100-l3"], tmp_path, training=training)), "Training")
    assert (
        "| shipped state | step 1,500, the best of 3 measured on the training set on the way: "
        "Fréchet distance 1.5, Coverage 0.5 |" in table
    )
    assert "4.68" not in table


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mlpgan-mnist-z100-l3", "real images labelled 0.9"),
        ("wgan-mnist-z100-l4", "weights clipped at 0.01; 2 discriminator steps"),
        ("wgangp-mnist-z100-l3", "gradient penalty of weight 10"),
        ("dcgan-cifar10-z100-l4-r1", "R1 gradient penalty of weight 0.1; 5 discriminator steps"),
        ("lstmgan-mnist-z100-l2", "gradient norms clipped at 5"),
        ("vae-cifar10-z100-l3", "Gaussian likelihood of standard deviation 0.1"),
        (
            "wgan-mnist-z100-l4",
            "RMSprop, learning rate 0.002, the discriminator's 0.0001, falling linearly to zero, smoothing 0.99",
        ),
    ],
)
def test_a_card_tells_the_recipe(name: str, words: str, tmp_path: Path) -> None:
    assert words in section(render(checkpoint_of(ENTRIES[name], tmp_path)), "Training")


def test_a_fine_tuned_model_names_its_base_where_that_is_the_catalogs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "dcgan-mnist-z100-l3"
    ours = {MODEL: read_manifest()[name][MODEL].sha256}
    known = checkpoint_of(ENTRIES[name], tmp_path / "a", parent={"name": name, "sha256": ours})
    # Of no repository it is said that it is there, but of those in a namespace that the user has named.
    card = render(known)
    assert f"`{name}` of genzoo's catalog" in section(card, "Training")
    assert "base_model" not in check_card(card)
    assert f"genzoo/{name}" not in card
    monkeypatch.setenv("GENZOO_HUB_NAMESPACE", "zoo")
    fields = check_card(render(known))
    assert (fields["base_model"], fields["base_model_relation"]) == (f"zoo/{name}", "finetune")
    other = checkpoint_of(ENTRIES[name], tmp_path / "b", parent={"name": name, "sha256": {MODEL: "0" * 64}})
    card = render(other)
    assert "base_model" not in check_card(card)
    assert f"a model called `{name}`" in section(card, "Training")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dcgan-mnist-z100-l4", "The weights come with every installation of genzoo.\n"),
        ("dcgan-mnist-z100-l3", "The weights come with an installation of genzoo, unless it is a slim one"),
    ],
)
def test_a_card_says_that_the_weights_are_here(name: str, words: str, tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES[name], tmp_path)
    assert words in section(render(folder, source=name), "Use")
    assert "The weights come" not in render(folder, source="user/repo")


def test_a_catalog_entry_comes_from_where_the_catalog_says(tmp_path: Path) -> None:
    entry = ENTRIES["dcgan-mnist-z100-l3"]
    card = render(checkpoint_of(dataclasses.replace(entry, source="my thesis"), tmp_path))
    assert entry.source in card
    assert "my thesis" not in card


def test_a_model_that_no_report_has_is_said_to_come_from_none(tmp_path: Path) -> None:
    entry = ENTRIES["dcgan-mnist-z100-l3"]
    other = dataclasses.replace(entry, dataset=Dataset("drawings", entry.dataset.shape), tag="ft")
    card = render(checkpoint_of(other, tmp_path), source="user/repo")
    assert entry.source
    assert entry.source not in card
    assert "trained on `drawings` to draw 28 x 28 grey images like its own." in card
    assert "datasets" not in check_card(card)
    assert 'genzoo.load("user/repo")' in card


def test_a_note_holds_for_the_samples_it_was_written_of(tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path)
    name = folder.path.name
    with pytest.raises(UsageError, match=SAMPLES):
        write_note(name, folder, "Grey mush.", tmp_path)
    (folder.path / SAMPLES).write_bytes(b"mush")
    write_note(name, folder, " Grey mush. ", tmp_path)
    assert read_note(name, folder, tmp_path) == "Grey mush."
    assert "\n\nGrey mush.\n\n" in render(folder, note=read_note(name, folder, tmp_path))
    (folder.path / SAMPLES).write_bytes(b"digits")
    assert read_note(name, folder, tmp_path) is None


@pytest.mark.parametrize("note", ["", "no full stop", "Two\nlines.", "Long" * 100 + "."])
def test_a_note_is_a_sentence(note: str, tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path)
    (folder.path / SAMPLES).touch()
    with pytest.raises(UsageError, match="not a sentence"):
        write_note(folder.path.name, folder, note, tmp_path)


@pytest.mark.parametrize("text", ["[", "[]", '{"vae-mnist-z20-l3": {"note": "x"}}', '{"a": 1}'])
def test_damaged_notes_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text(text)
    with pytest.raises(BadCheckpointError, match=r"notes\.json does not hold notes"):
        read_note("vae-mnist-z20-l3", Folder(tmp_path), tmp_path)


def ranked(home: Path, distances: list[float]) -> list[str]:
    """Report 3's entries, measured at these distances."""
    names = report_3_names()
    for name, distance in zip(names, distances, strict=False):
        checkpoint_of(ENTRIES[name], home, {"frechet_distance": row(distance), "coverage": row(0.5)})
    write_manifest(home)
    return names


@pytest.mark.parametrize(
    ("distances", "words"),
    [([1, 2, 3, 4, 5], "that order holds"), ([2, 1, 3, 4, 5], "that order does not hold"), ([1, 2, 3, 4], None)],
)
def test_report_3s_ranking_is_judged_once_all_are_measured(
    distances: list[float], words: str | None, tmp_path: Path
) -> None:
    names = ranked(tmp_path / "weights", distances)
    cards = tmp_path / "cards"
    cards.mkdir()
    text = write_card(names[1], cards, tmp_path / "weights").read_text()
    # The others' cards tell of this entry's numbers too.
    assert {path.stem for path in cards.iterdir()} == set(names[: len(distances)])
    if words is None:
        assert "The report's ranking" not in text
    else:
        assert words in section(text, "The report's ranking")
        place = sorted(distances).index(distances[1]) + 1
        assert f"| `{names[1]}` | 2 | {place} |" in text


def test_a_card_is_written_where_its_links_lead_from(tmp_path: Path) -> None:
    folder = checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path / "runs").path
    (folder / SAMPLES).touch()
    sign(folder)
    shown, inside, beside = command(folder, "--front-matter"), folder / "README.md", tmp_path / "card.md"
    assert shown.exit_code == 0
    for out in (inside, beside):
        assert command(folder, "--out", out).stdout == f"{out}\n"
    assert f"](runs/{folder.name}/{SAMPLES})" in beside.read_text()
    assert inside.read_text() == shown.stdout
    assert read_sums(folder)["README.md"] == sha256(inside)
    assert f"]({SAMPLES})" in shown.stdout
    noted = command(folder, "--note", "Grey mush.").stdout
    assert "Grey mush." in noted


def test_a_wheel_brings_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genzoo.cli.card._SHIPPED", str(CARDS))
    monkeypatch.setattr("genzoo.release.card.render", None)
    name = ENTRIES["vae-mnist-z20-l5"].name
    committed = (CARDS / f"{name}.md").read_text()
    told = command("vae-mnist", "--front-matter").stdout
    assert told == command(name, "--front-matter").stdout == committed.replace(f"../weights/{name}/", "")
    body = command(name).stdout
    assert body.startswith(f"# {name}\n\nA variational autoencoder")
    assert told.endswith(f"\n---\n\n{body}")
    monkeypatch.undo()
    assert command(name).stdout == body
    assert command("vae-mnist", "--front-matter").stdout == catalog_card(name, CARDS).replace(f"../weights/{name}/", "")


@pytest.mark.parametrize("name", ["vae-mnist-z20-l5", "vae-olivetti-z32-l4", "vae-cifar10-z100-l3"])
def test_a_card_says_whose_the_data_are(name: str) -> None:
    dataset = ENTRIES[name].dataset
    training = section(catalog_card(name, CARDS), "Training")
    assert f"\n{dataset.title} comes with {dataset.citation}" in training
    assert str(dataset.citation).startswith("[")
    assert ("; its licence is" in training) == (dataset.licence != "")
    assert dataset.licence in training


def test_all_cards_are_written_into_a_folder(tmp_path: Path) -> None:
    done = command("--all", "--out", tmp_path / "cards")
    assert done.exit_code == 0
    assert {path.stem for path in (tmp_path / "cards").iterdir()} == set(SHIPPED)


@pytest.mark.parametrize(
    "args",
    [(), ("vae-mnist", "--all", "--out", "x"), ("--all",), ("--all", "--out", "x", "--note", "A."), ("nothing",)],
)
def test_wrong_usage_is_one_sentence(args: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = command(*args)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    folder = checkpoint_of(ENTRIES["vae-mnist-z20-l3"], tmp_path_factory.mktemp("valid"), {"coverage": row(0.25)})
    _, front, body = render(folder).split("---\n", 2)
    return yaml.safe_load(front), body


def test_a_readers_own_fields_are_let_be(valid: tuple[dict[str, Any], str]) -> None:
    fields = {**valid[0], "co2_eq_emissions": 1.5, "base_model": ["user/a", "user/b"]}
    assert check_card(f"---\n{yaml.safe_dump(fields)}---\n{valid[1]}") == fields


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"library_name": "timm"}, "library_name"),
        ({"license": None}, "license must not be empty"),
        ({"license": 2}, "license"),
        ({"pipeline_tag": "text-generation"}, "pipeline_tag"),
        ({"tags": "gan"}, "tags"),
        ({"datasets": ["not an id"]}, "datasets"),
        ({"base_model": "a/b/c"}, "base_model"),
        ({"model-index": {}}, "model-index"),
        ({"model-index": [{"name": "x", "results": []}]}, "model-index"),
        ({"model-index": [{"name": "x", "results": [{"task": {"type": "t"}}]}]}, "a dataset in model-index"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], words: str, valid: tuple[dict[str, Any], str]) -> None:
    with pytest.raises(BadCheckpointError, match=f"card is refused: .*{words}"):
        check_card(f"---\n{yaml.safe_dump({**valid[0], **changes})}---\n{valid[1]}")


@pytest.mark.parametrize("value", [None, float("nan"), True, "", [1]])
def test_a_metric_without_a_value_is_refused(value: object, valid: tuple[dict[str, Any], str]) -> None:
    fields = json.loads(json.dumps(valid[0]))
    fields["model-index"][0]["results"][0]["metrics"][0]["value"] = value
    with pytest.raises(BadCheckpointError, match="a metric in model-index"):
        check_card(f"---\n{yaml.safe_dump(fields)}---\n{valid[1]}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# No front matter\n",
        "---\nlicense: apache-2.0\n",
        "---\n- a\n---\nx\n",
        "---\na: [\n---\nx\n",
        "---\na: !!python/object/apply:os.getcwd []\n---\nx\n",
        "---\nlibrary_name: genzoo\n---\n",
        "---\na: " + "[" * 5000 + "\n---\nx\n",
        "---\na: 1\n---\n" + "x" * 1_000_001,
    ],
    ids=["empty", "bare", "unclosed", "list", "yaml", "tag", "no body", "deep", "long"],
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(GenzooError, match=r"The card is refused: .*`genzoo card` writes a valid one"):
        check_card(text)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    done = command(tmp_path)
    assert done.exit_code == 1
    assert f"has no {CONFIG}" in done.stderr
