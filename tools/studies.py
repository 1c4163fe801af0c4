"""Write docs/studies.md: how studies work, and each of them with its axis, its budget and how long that takes.

    python tools/studies.py --out docs/studies.md

The times are those that `genzoo study time` wrote to studies/speed/.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from genzoo.studies.catalog import STUDIES
from genzoo.studies.results import read_speed
from genzoo.studies.study import Study, all_runs
from genzoo.studies.summary import describe_budget
from genzoo.zoo.catalog import REPORTS

ROOT = Path(__file__).parents[1]
INTRODUCTION = """\
# Studies

The zoo's entries are each trained by the recipe that suits it best, once, and ship their best state: that makes good
models, and no fair comparison. What a report compares is a study here: a few settings that differ in one thing, trained
by one recipe, for as many steps, in batches of one size, each from the seeds 0, 1 and 2. Where a report's comparison
is between objectives, or of the length of training, the study says which fields differ; a study whose settings differ
in anything else cannot be declared.

    genzoo study list                          # the studies, and how many of their runs are done
    genzoo study run NAME... --jobs 2          # carry out what is missing; wildcards as in 'vae-*'
    genzoo study show NAME...                  # a table, and verdicts with their intervals; --json for programs
    genzoo study show NAME... --out pictures   # the same, and pictures of each in pictures/NAME/
    genzoo study time NAME...                  # the processor time of a step of each setting, in turns

`run` takes all settings of the first seed first, then the second's. It can be killed at any moment: a run that was
begun goes on from its state, and what is done is left alone. `--minutes` stops it in time, `--only '*-s0'` takes some
of the runs. Two processes never work on one run.

## A run

Each run is an ordinary training run of an ordinary entry: one of the zoo's, with another size or another recipe.
Nothing is measured on the way and no state is chosen: the last one counts, so that no run has had more to choose from
than another. It is then measured once, as `genzoo evaluate` measures: 10,000 samples of one seed against the test set.

A setting's name ends in a hash of all that decides what comes of it, e.g. `dcgan-mnist-z100-l3-02ccd6`. Studies that
have a setting in common have its runs in common, and a setting that is changed never takes over another's results.

The weights and the picture files of training stay in `runs/studies/<run>/`, which Git ignores. What a run leaves for
good lies in `studies/<run>/`, without weights:

| file | holds |
| --- | --- |
| `config.json` | its format (1), entry, steps, seed, parameters, versions; how it was trained, and what broke it down |
| `metrics.json` | the measurement, and `sharpness` beside it; missing where training broke down |
| `history.jsonl` | the loss curves, thinned to 100 points, with the spread of each loss within a point |
| `samples.png`, `progress.png` | samples of seed 0; of the first seed alone, fixed latents in the course of training |

A run that breaks down is a result too: of some nets a report says just that.

## Pictures

`study show --out FOLDER` draws what is there so far into `FOLDER/<study>/`; what is not trained yet, or broke down, is
said in the pictures, and what cannot be drawn on stderr. It needs the extra `train`.

| file | shows |
| --- | --- |
| `losses.png` | each loss over the steps: of each setting the mean over seeds, and a band over all |
| `metrics.png` | each metric against the axis: the mean, its interval at 95% (Student's), and every seed |
| `samples.png`, `progress.png` | the settings' pictures beside each other, each of its first seed |
| `reconstructions.png` | of VAEs: a test image of each class, and what each setting makes of it |
| `latents.png` | of VAEs of two dimensions: the posterior means of all test images, coloured by class |
| `manifold.png` | of the last of them: 30 x 30 images, through the inverse of the normal's distribution function |

An axis of losses makes no room for the lowest and the highest 2% of the values where these would make it three times as
long: the first steps dwarf all others. Where the lengths of training differ tenfold the steps are on a logarithmic
axis. The last three pictures need weights, which a result does not hold: those in `--runs`, where the runs were made.
Where it has none of a study's VAEs, the entries that ship under the settings' names stand in, and the pictures say so;
these have recipes of their own, and a study's verdicts are not of them.

On an axis of epochs each row of `reconstructions.png` is a run of that length.

## Sharpness

The reports call images sharp or blurred. Here that is the variance of the Laplacian over an image's pixels, as a mean
over 2,000 samples, divided by that of the test images: 1 is as sharp as these, a blurred image has less. It focuses
microscopes ([Pech-Pacheco et al. 2000](https://doi.org/10.1109/ICPR.2000.903548)), and the Wasserstein auto-encoder's
authors hold samples of VAEs against those of GANs by it ([Tolstikhin et al. 2018](https://arxiv.org/abs/1711.01558)).
It knows no shapes: noise counts as detail. Digits that a GAN has stopped drawing show in the class balance
([evaluate.md](evaluate.md)).

## Verdicts

Of two settings a verdict says `better`, `worse`, or `no difference that the seeds can show`. It goes by the interval of
the difference between their means over seeds, at 95%, after Welch: if 0 lies in it, the seeds show no difference. Each
setting is held against the best and against its neighbour on the axis. A test that asks for no distribution has nothing
to say of three seeds a side: of the 20 ways to share out six values even the most telling comes up once in ten times.
Welch's asks for values that are about normal, and for no equal spreads. Distances, errors and sharpness are compared as
logarithms, so that their difference is a factor. The intervals are of one comparison each: of twenty that are made
where nothing differs, one is to be expected to show a difference. Of a setting some of whose runs broke down the others
are compared, and the table says how many did. Sharpness has no better way: its verdicts are `sharper` and `less sharp`.

On an axis of epochs or steps each length is trained from the same three seeds. Where the rates do not depend on the
length, a run begins as a shorter one of its seed did, and goes on from the state that this one has left: what comes of
it is the same, bit for bit.
"""
BUDGETS = """\
## The studies

{settings} settings make {runs} runs. A step's time is the processor time of one thread, on the machine that wrote
`studies/speed/`, with other work beside it; over all runs it comes to {hours:.0f} hours of training. Measuring comes on
top.

| study | of | its settings | budget | a run, minutes |
| --- | --- | --- | --- | --- |
"""
SAID = """\
## What the reports say

The reports' figures and claims, and the verdicts that these studies come to, stand in [reports/](reports/README.md):
"""
SIGNATURE = "*Written by `python tools/studies.py --out docs/studies.md` from the studies and `studies/speed/`.*"


def minutes_of(study: Study, results: Path) -> dict[str, float]:
    """How long training each of a study's settings takes, by the settings' names; of those that were timed."""
    seconds = read_speed(results, study)
    return {each.name: each.steps * seconds[each.value] / 60 for each in study.settings if each.value in seconds}


def row(study: Study, results: Path) -> str:
    settings = f"{study.axis}: {'; '.join(setting.value for setting in study.settings)}"
    minutes = sorted(minutes_of(study, results).values())
    time = " to ".join(dict.fromkeys(f"{each:.1f}" for each in (minutes[0], minutes[-1]))) if minutes else "-"
    return f"| `{study.name}` | {study.report} | {settings} | {describe_budget(study)} | {time} |"


def text(results: Path) -> str:
    runs = all_runs(STUDIES.values())
    minutes: dict[str, float] = {}
    for study in STUDIES.values():
        minutes = minutes_of(study, results) | minutes
    hours = sum(minutes.get(run.setting.name, 0.0) for run in runs) / 60
    head = BUDGETS.format(settings=len({run.setting.name for run in runs}), runs=len(runs), hours=hours)
    rows = "\n".join(row(study, results) for study in STUDIES.values())
    reports = "\n".join(
        f"- [{report}](reports/{report.replace(' ', '-')}.md), {words}" for report, words in REPORTS.items()
    )
    return f"{INTRODUCTION}\n{head}{rows}\n\n{SAID}\n{reports}\n\n{SIGNATURE}\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=ROOT / "studies", help="the folder of the studies' results")
    options = parser.parse_args()
    options.out.write_text(text(options.results))
