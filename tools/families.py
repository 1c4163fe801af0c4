"""The families and their nets, as tables for README.md and docs/models.md.

What a cell says is read of the catalog's records and of the nets that they build, so that it holds for each dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby

from torch import nn

from genzoo.checkpoint.nets import meta_nets
from genzoo.nets.blocks import PiecewiseLeakyReLU
from genzoo.release.card.text import table
from genzoo.zoo.registry import DATASETS, ENTRIES, FAMILIES
from genzoo.zoo.spec import Entry

Groups = Mapping[tuple[str, str], Sequence[Entry]]
"""Entries by their family's and their dataset's names."""

_WORDS: Mapping[type[nn.Module], str] = {
    nn.LSTM: "stacked LSTMs",
    nn.MaxPool2d: "pooling",
    nn.BatchNorm1d: "batch norm",
    nn.BatchNorm2d: "batch norm",
    nn.ReLU: "ReLU",
    nn.LeakyReLU: "LeakyReLU",
    PiecewiseLeakyReLU: "LeakyReLU",
}
"""What a layer is called, beside those that make a net convolutional."""


def families() -> str:
    """The table of the zoo's own families."""
    groups = _groups()
    rows = []
    for name in dict.fromkeys(family for family, _ in groups):
        of_it = [entry for (one, _), entries in groups.items() if one == name for entry in entries]
        reports = sorted({entry.source.removeprefix("report ") for entry in of_it})
        titles = [DATASETS[dataset].title for one, dataset in groups if one == name]
        rows.append((f"`{name}`", FAMILIES[name].words, _listed(titles), _listed(reports), str(len(of_it))))
    return table(("family", "each is", "on", "from reports", "entries"), rows)


def nets() -> str:
    """The table of the nets of each family on each dataset, with what several share."""
    groups = _groups()
    rows = []
    for (family, dataset), entries in groups.items():
        second = FAMILIES[family].objective.second_net
        own = {net: _merged({_suffix(entry): _parts(entry, net) for entry in entries}) for net in ("generator", second)}
        cells = [_shared(groups, family, dataset, net) or own[net] for net in ("generator", second)]
        (ending,) = {entry.output_activation for entry in entries}
        words = f"{cells[0]}; {ending} at its end", f"{second}: {cells[1]}"
        rows.append((f"`{family}`", DATASETS[dataset].title, *words))
    return table(("family", "dataset", "generator", "second net"), rows)


def _groups() -> Groups:
    """Families in the order in which they are registered, and datasets likewise."""
    places = {name: place for place, name in enumerate([*FAMILIES, *DATASETS])}

    def place(entry: Entry) -> tuple[int, int]:
        return places[entry.family.name], places[entry.dataset.name]

    ordered = sorted(ENTRIES.values(), key=place)
    return {(es[0].family.name, es[0].dataset.name): es for _, each in groupby(ordered, place) if (es := list(each))}


def _suffix(entry: Entry) -> str:
    return entry.name.removeprefix(f"{entry.family.name}-{entry.dataset.name}-")


@cache
def _layers(entry: Entry, net: str) -> tuple[nn.Module, ...]:
    """A net's layers, without memory."""
    return tuple(module for module in meta_nets(entry)[net].modules() if not list(module.children()))


def _parts(entry: Entry, net: str) -> list[str]:
    """The layers of a net in words, each kind once."""
    layers = _layers(entry, net)
    grown = sum(isinstance(layer, nn.ConvTranspose2d) for layer in layers)
    if grown:
        kinds = [f"{grown} transposed convolutions"]
    elif any(isinstance(layer, nn.Conv2d) for layer in layers):
        kinds = ["convolutions"]
    else:
        kinds = [] if any(isinstance(layer, nn.LSTM) for layer in layers) else ["fully connected"]
    named = [_WORDS[type(layer)] for layer in layers if type(layer) in _WORDS]
    dropout = [f"dropout of {entry.dropout}"] if entry.dropout and net == "discriminator" else []
    return list(dict.fromkeys([*kinds, *named, *dropout]))


def _merged(parts: Mapping[str, list[str]]) -> str:
    """The words for several entries' nets, with the entries beside what not all of them have."""
    words = []
    first = [each[0] for each in parts.values()]
    for part in dict.fromkeys([*first, *(part for each in parts.values() for part in each)]):
        having = [f"`{name}`" for name, each in parts.items() if part in each]
        lacking = [f"`{name}`" for name, each in parts.items() if part not in each]
        if not lacking:
            words.append(part)
        elif len(lacking) < len(having):
            words.append(f"{part} (not {_listed(lacking)})")
        else:
            words.append(f"{part} ({_listed(having)})")
    return ", ".join(words)


def _shared(groups: Groups, family: str, dataset: str, net: str) -> str:
    """Whose net it is, where an earlier family's entries of the same sizes have the same, layer by layer."""
    for (other, of), theirs in groups.items():
        if other == family:
            return ""
        pairs = [(one, two) for one in groups[family, dataset] for two in theirs if of == dataset and _alike(one, two)]
        if pairs and all(_same(one, two, net) for one, two in pairs):
            return f"that of `{other}`"
    return ""


def _alike(one: Entry, two: Entry) -> bool:
    """Whether two entries are called alike but for their families."""
    return _suffix(one) == _suffix(two)


def _same(one: Entry, two: Entry, net: str) -> bool:
    if net not in (two.family.objective.second_net, "generator"):
        return False
    return [*map(repr, _layers(one, net))] == [*map(repr, _layers(two, net))]


def _listed(words: Iterable[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last
