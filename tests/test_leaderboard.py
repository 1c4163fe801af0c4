"""The site's boards and their CSV files say what the measurements beside the weights say."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shutil
from pathlib import Path

from genzoo.checkpoint.layout import CONFIG, METRICS
from genzoo.zoo.catalog import ENTRIES
from genzoo.zoo.registry import ALL_METRICS
from leaderboard import Board, boards, to_csv

ROOT = Path(__file__).parents[1]


def copied(home: Path, *names: str) -> Path:
    for name in names:
        (home / name).mkdir()
        for file in (CONFIG, METRICS):
            shutil.copy(ROOT / "weights" / name / file, home / name / file)
    return home


def rows(board: Board) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(board))))


def test_every_entry_has_its_rows() -> None:
    all_boards = boards(ROOT / "weights")
    assert len({board.key for board in all_boards}) == len(all_boards)
    assert {row.entry.name for board in all_boards for row in board.rows} == {*ENTRIES}
    for board in all_boards:
        losses = [ALL_METRICS[board.metrics[0]].loss(row.metrics[board.metrics[0]].mean) for row in board.rows]
        assert losses == sorted(losses)
        assert len(rows(board)) == len(board.rows)


def test_a_vae_stands_once_for_each_prior_and_likelihoods_apart(tmp_path: Path) -> None:
    names = ("vae-mnist-z20-l3", "vae-mnist-z20-l3-binary", "dcgan-mnist-z100-l3")
    samples, *likelihoods = boards(copied(tmp_path, *names))
    assert [(row["entry"], row["prior"]) for row in rows(samples)] == [
        ("dcgan-mnist-z100-l3", "normal"),
        ("vae-mnist-z20-l3", "mixture"),
        ("vae-mnist-z20-l3-binary", "mixture"),
        ("vae-mnist-z20-l3", "normal"),
        ("vae-mnist-z20-l3-binary", "normal"),
    ]
    assert [[row["entry"] for row in rows(board)] for board in likelihoods] == [[names[1]], [names[0]]]


def test_csv_has_the_intervals_and_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    path = copied(tmp_path, "dcgan-mnist-z100-l3") / "dcgan-mnist-z100-l3" / METRICS
    document = json.loads(path.read_text())
    document["frechet_distance"] |= {"mean": 2.0, "margin": 0.25}
    document["coverage"].pop("margin", None)
    del document["recall"]
    path.write_text(json.dumps(document))
    (board,) = boards(tmp_path)
    (row,) = rows(board)
    assert (row["frechet_distance"], row["frechet_distance_low"], row["frechet_distance_high"]) == (
        "2.0",
        "1.75",
        "2.25",
    )
    assert (float(row["coverage"]), row["coverage_low"]) == (document["coverage"]["mean"], "")
    assert "recall" not in row
    other = dataclasses.replace(board, metrics=(*board.metrics, "recall"))
    assert rows(other)[0]["recall"] == ""
