"""The pictures that the reports' pages show: drawn by genzoo's commands, kept as small files with what they are of."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from genzoo.checkpoint.files import whole_file, write_text
from genzoo.checkpoint.layout import HISTORY, METRICS, PROGRESS, SAMPLES
from genzoo.studies.catalog import STUDIES
from genzoo.studies.claims.evidence import Evidence
from genzoo.studies.reports.catalog import REPORTS
from genzoo.studies.reports.record import Figure

_LEAVES = {"losses": HISTORY, "samples": SAMPLES, "progress": PROGRESS, "reconstructions": METRICS}
"""What a kind of picture is drawn from, of each run's result; reconstructions, from weights, go by the measurement.

Until there are weights of runs, those of the entries that ship under the settings' names stand in for reconstructions.
"""
_MOST_BYTES = 50_000
_WIDTHS, _QUALITIES = (1200, 800, 400), (85, 70, 55, 40, 25)


@dataclass(frozen=True)
class Of:
    """One picture: its file is called `<name>-<kind>.webp`.

    Attributes:
        name: a study's, or what the entries are called together.
        kind: as figures have it.
        entries: whose it is; none for a study's.
    """

    name: str
    kind: str
    entries: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}-{self.kind}.webp"


def losses_of(figure: Figure) -> Of:
    """The loss curves of a figure's entries in one picture."""
    return Of(f"shipped-{figure.studies[0]}", "losses", figure.entries)


def every_picture() -> Iterator[Of]:
    """All pictures that figures show and that are drawn."""
    for figure in (figure for report in REPORTS.values() for figure in report.figures):
        yield from (Of(study, figure.picture) for study in figure.studies)
        if figure.picture == "losses" and figure.entries:
            yield losses_of(figure)


class Pictures:
    """The pictures in a folder, beside drawn.json, which has the digest of what each was drawn from."""

    def __init__(self, folder: Path, evidence: Evidence) -> None:
        self.folder, self._evidence = folder, evidence
        kept = folder / "drawn.json"
        self._drawn: dict[str, str] = json.loads(kept.read_text()) if kept.is_file() else {}

    def _sources(self, of: Of) -> list[Path]:
        """The files that a picture is drawn from, of each entry and of each run so far, left or not."""
        leaf = _LEAVES[of.kind]
        shipped = of.entries
        if of.kind == "reconstructions":
            shipped = tuple(dict.fromkeys(setting.entry.name for setting in STUDIES[of.name].settings))
        found = {} if of.entries else self._evidence.found(of.name)
        folders = [result.folder for results in found.values() for result in results]
        return [folder / leaf for folder in (*(self._evidence.weights / name for name in shipped), *folders)]

    def digest(self, of: Of) -> str:
        """Of what a picture is drawn from; empty while there is nothing."""
        sources = self._sources(of)
        if not any(path.is_file() for path in sources):
            return ""
        # A run that leaves nothing for a picture is counted below it.
        digests = (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none" for path in sources)
        each = (f"{path.parent.name} {digest}" for path, digest in zip(sources, digests, strict=True))
        return hashlib.sha256("\n".join(each).encode()).hexdigest()[:16]

    def is_there(self, of: Of) -> bool:
        """Whether a picture is drawn."""
        return (self.folder / of.file).is_file()

    def stale(self) -> list[Of]:
        """The pictures that are to be drawn anew: what there is to draw them from is not what they were drawn from."""
        each = {of: self.digest(of) for of in dict.fromkeys(every_picture())}
        return [of for of, digest in each.items() if digest and self._drawn.get(of.file) != digest]

    def keep(self, of: Of, drawn: Path) -> None:
        """Keep a picture that was drawn, as a small file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.folder / of.file) as path:
            path.write_bytes(small(drawn))
        self._drawn[of.file] = self.digest(of)
        write_text(self.folder / "drawn.json", json.dumps(self._drawn, indent=1, sort_keys=True) + "\n")


def small(path: Path) -> bytes:
    """A picture as WebP, as good as a page's file may be large."""
    with Image.open(path) as picture:
        image = picture.convert("RGB")
    data = b""
    for width, quality in itertools.product(_WIDTHS, _QUALITIES):
        size = (min(width, image.width), max(1, round(image.height * min(width / image.width, 1))))
        buffer = io.BytesIO()
        image.resize(size, Image.Resampling.LANCZOS).save(buffer, "webp", quality=quality, method=6)
        if len(data := buffer.getvalue()) <= _MOST_BYTES:
            break
    return data
