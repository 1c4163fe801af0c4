"""A card's numbers: what was measured, beside the training set's own values, and what that says of the limits."""

from __future__ import annotations

from genzoo.checkpoint.folder import Folder
from genzoo.checkpoint.layout import METRICS
from genzoo.checkpoint.manifest import MANIFEST
from genzoo.checkpoint.measurement import Document
from genzoo.errors import UsageError
from genzoo.evaluate.comparison import compare
from genzoo.release.card.facts import Facts, Row, read_measurement, rows_of
from genzoo.release.card.sections import plain_value
from genzoo.release.card.words import HELD_OUT, plain, table, title
from genzoo.zoo.catalog import ENTRIES

_SAID = {
    *("format", "name", "dataset", "features", "reference", "neighbours", "kernel_subsets"),
    *("weights_sha256", "n", "seeds", "step"),
}
_NOTHING = (
    f"Not measured yet: there is no `{METRICS}` beside the weights. `genzoo evaluate` writes it for datasets it knows."
)
_SHORTFALLS = {
    "precision": "of its samples lie outside the real images' manifold",
    "coverage": "of the real images have no sample in their neighbourhood",
    "class_balance": "of its samples would have to be of other classes for the classes' shares to be the real ones",
}
"""What 1 minus a metric's value is the share of."""
_RANKED = "report 3"


def measurements(facts: Facts) -> str:
    """The metrics with their floors, how they were measured, and a VAE's likelihood with what it assumes."""
    if facts.document is None:
        return f"## Measurements\n\n{_NOTHING}"
    parts = ["## Measurements", *_tables(facts.rows, _how(facts.document))]
    for name, rows in facts.more_rows:
        parts += [f"### {plain(name).capitalize()}", *_tables(rows)]
    said = {key: value for key, value in facts.document.items() if not isinstance(value, dict) and key not in _SAID}
    parts.append("; ".join(f"{plain(key.replace('_', ' '))}: {plain_value(value)}" for key, value in said.items()))
    return "\n\n".join(part for part in parts if part)


def _tables(rows: list[Row], how: str = "") -> list[str]:
    """A table of the samples' metrics, measured so, and one of the likelihoods."""
    parts = []
    if samples := [row for row in rows if row.standard_error is None]:
        cells = [(row.metric.label, _value(row, row.spread), _floor(row), str(row.metric.better)) for row in samples]
        parts += [table(("metric", "value", "floor", "better"), cells), how]
    if likelihoods := [row for row in rows if row.standard_error is not None]:
        cells = [(_name(row), _value(row, row.standard_error), plain_value(row.n), row.unit) for row in likelihoods]
        parts += [table(("metric", "value", "test images", "unit"), cells), "± is the standard error over the images."]
        assumed = dict.fromkeys(row.likelihood for row in likelihoods if row.likelihood)
        parts += [f"The likelihood is {plain(words)}." for words in assumed]
    return parts


def _value(row: Row, spread: float | None) -> str:
    return f"{row.mean:.4g}" + ("" if spread is None else f" ± {spread:.2g}")


def _floor(row: Row) -> str:
    return "-" if row.floor is None else f"{row.floor:.4g}"


def _name(row: Row) -> str:
    return row.metric.label + (f", {row.samples:g} posterior samples" if row.samples else "")


def _how(document: Document) -> str:
    seeds = [plain(str(seed)) for seed in document.get("seeds") or []]
    each = f" for each of the seeds {', '.join(seeds)}" if len(seeds) > 1 else ""
    spread = "; ± is the standard deviation over the seeds" if each else ""
    reference, features = document["reference"], document["features"]
    version = f" (version {plain(features['version'])})" if "version" in features else ""
    return (
        f"{plain(document['n'])} samples{each} were held against {plain(reference.get('n'))} images of the "
        f"{plain(reference.get('split'))} set, as the feature net `{plain(features.get('name'))}`{version} sees "
        f"them{spread}. The floor is what as many training images score against the same real ones. Only numbers of "
        "the same net, reference and number of samples can be compared, and no Fréchet distance here with a published "
        "FID; docs/evaluate.md of genzoo says what each metric is."
    )


def limits(facts: Facts) -> str:
    """What the numbers show that it cannot do, and what no number shows."""
    rows = {row.key: row for row in facts.rows}
    lines = [_shortfall(rows[key], words) for key, words in _SHORTFALLS.items() if key in rows]
    if facts.entry.is_vae:
        lines.append("A sample is the mean of the likelihood, without its noise: smoother than the data.")
    if held_out := HELD_OUT.get(facts.entry.dataset.name):
        lines.append(held_out)
    _, height, width = facts.entry.dataset.shape
    lines += [
        f"It knows {title(facts.entry)}, at {height} x {width} pixels, and nothing else; what is rare or missing there "
        "is rare or missing here.",
        "Nothing here was tested for copies of training images.",
    ]
    return "\n".join(["## Limitations", "", *(f"- {line}" for line in lines)])


def _shortfall(row: Row, words: str) -> str:
    beside = "" if row.floor is None else f" (with training images in their place: {1 - row.floor:.0%})"
    return f"{1 - row.mean:.0%} {words}{beside}."


def ranking(facts: Facts) -> str:
    """Report 3's order of its five GANs beside the order that was measured, once all of the zoo's are."""
    home, names = facts.folder.path.parent, report_3_names()
    if facts.entry.name not in names or not (home / MANIFEST).is_file():
        return ""
    documents = [document for name in names if (document := read_measurement(Folder(home / name))) is not None]
    if len(documents) < len(names):
        return ""
    try:
        compare(documents)
    except UsageError:  # measured otherwise, until the last of them is measured anew
        return ""
    return _ranking(names, [{row.key: row for row in rows_of(document)} for document in documents])


def report_3_names() -> list[str]:
    """Report 3's entries in the order in which it ranks them, the best first."""
    return [entry.name for entry in ENTRIES.values() if entry.source == _RANKED]


def _ranking(names: list[str], rows: list[dict[str, Row]]) -> str:
    distances, coverages = ([row[key].mean for row in rows] for key in ("frechet_distance", "coverage"))
    order = sorted(range(len(names)), key=distances.__getitem__)
    cells = [
        (f"`{name}`", str(i + 1), str(order.index(i) + 1), f"{distances[i]:.4g}", f"{coverages[i]:.4g}")
        for i, name in enumerate(names)
    ]
    verdict = "holds" if order == sorted(order) else "does not hold"
    return "\n\n".join(
        [
            "## The report's ranking",
            "Report 3 found the linear nets best, then convolutions of stride 1, of stride 2, with pooling, and the "
            f"LSTM last. By the Fréchet distance measured here, that order {verdict}.",
            table(("entry", "place in the report", "place here", "Fréchet distance", "coverage"), cells),
        ]
    )
