"""How a report's page is said: its figures, its claims, and what the runs that answer them have come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genzoo.release.card.text import table
from genzoo.studies.catalog import STUDIES
from genzoo.studies.claims.evidence import OUTCOMES, Evidence, mean_text
from genzoo.studies.claims.judge import Judge
from genzoo.studies.reports.catalog import REPORTS
from genzoo.studies.reports.record import Claim, Figure, Report, counted
from genzoo.studies.results import label_of
from genzoo.studies.summary import describe_budget, measured_metrics, values_of
from genzoo.values import listed
from report_pictures import Of, Pictures, losses_of

SIGNATURE = "*Written by `python tools/reports.py --out docs/reports` from studies/ and the files beside the weights.*"
INDEX = """\
# The five reports

The zoo's models are those of five course reports. Here each has a page: every figure and table of it with ours beside
it, and everything that it claims with a verdict, which is computed from results.

{reports}

## Verdicts

What a report compares, a study trains anew: one recipe and one length for all of its settings, three seeds each
([studies.md](../studies.md)). How a claim's verdict follows from the runs is part of its record in
`genzoo/studies/reports/`, and was settled when all but six of the runs were still to be made:

- **confirmed**: all that it says is told apart, by Welch's interval of the difference at 95%, or lies within the bound
  that the claim names;
- **contradicted**: the opposite is told apart;
- **not shown by three seeds**: neither is;
- **open**: runs are missing, and the page says how many are there and which command makes them;
- **can't be answered**: nothing that is measured here says anything of it, and the page says why.

A claim with several parts is confirmed when all are, and contradicted when one is. Times are of one measurement of all
settings in turns. What a report says of one model its shipped entry answers. Where a claim needs a bound, as for
slight, readable or bad, it is ours, and told with the claim. So many claims are judged that by chance alone one in
forty of those that compare equals comes out confirmed, and as many contradicted.

[evaluate.md](../evaluate.md) says what the metrics are, [studies.md](../studies.md) what sharpness is, and has every
study with its settings and how long it takes. The unrest of a loss is how far it strays, on average, within a hundredth
of a run, over the run's second half: of the generator's loss, or of a VAE's.
"""
_TABLE_NOTE = "Means over seeds, in brackets the interval at 95% where there are two seeds or more."


def index(evidence: Evidence) -> str:
    """The page that leads to the others."""
    rows = []
    for name, report in REPORTS.items():
        outcomes = [claim.judge(evidence)[0] for claim in report.claims]
        link = f"[{name}: {report.title}]({name.replace(' ', '-')}.md)"
        counts = (str(outcomes.count(outcome)) for outcome in OUTCOMES)
        rows.append((link, str(len(report.figures)), str(len(outcomes)), *counts))
    heading = ("report", "figures and tables", "claims", *OUTCOMES)
    return f"{INDEX.format(reports=table(heading, rows))}\n{SIGNATURE}\n"


def page(report: Report, evidence: Evidence, pictures: Pictures, more: str = "") -> str:
    """One report's page.

    Args:
        report: whose.
        evidence: what its claims are judged by.
        pictures: those of the studies.
        more: a section of its own before the last line.
    """
    counts = counted([claim.judge(evidence)[0] for claim in report.claims])
    parts = [
        f"# {report.name.capitalize()}: {report.title}",
        report.about,
        f"{len(report.figures)} figures and tables, {len(report.claims)} claims: {counts}. "
        "[How a verdict follows](README.md#verdicts).",
        "## Claims",
        *_claims(report, evidence),
        "## Figures and tables",
        *(_figure(figure, evidence, pictures) for figure in report.figures),
        "## What the runs have come to",
        *_tables(report.studies, evidence),
        *([more] if more else []),
        SIGNATURE,
    ]
    return "\n\n".join(parts) + "\n"


def _claims(report: Report, evidence: Evidence) -> Iterator[str]:
    """A report's claims, section by section."""
    for number, title in report.sections.items():
        yield f"### {number}: {title}"
        yield "\n".join(_claim(claim, evidence) for claim in report.claims_in(number))


def _claim(claim: Claim, evidence: Evidence) -> str:
    """A claim as an item of a list, with its verdict and what that is taken from."""
    outcome, found = claim.judge(evidence)
    rules = [_rule(judge, claim) for judge in claim.judges]
    needed = [place for judge in claim.judges for place in judge.needs]
    if outcome == "open" and (missing := evidence.missing(needed)):
        words = f"{missing.told[0]} (`genzoo study run {' '.join(claim.studies)}`); judged {listed(rules)}"
    else:
        each = (f"{rule}: {'; '.join(one.told)}" for rule, one in zip(rules, found, strict=True))
        words = "; ".join(each).removeprefix(": ")
    return f'- <a id="{claim.id}"></a>{claim.text}<br>**{outcome}**: {words}.'


def _rule(judge: Judge, claim: Claim) -> str:
    """How a verdict follows, on which axis, and in which study where the claim is answered by several."""
    if len(judge.studies) != 1:
        return judge.rule
    (study,) = judge.studies
    return f"{judge.rule} ({STUDIES[study].axis}{f', in `{study}`' if len(claim.studies) > 1 else ''})"


def _figure(figure: Figure, evidence: Evidence, pictures: Pictures) -> str:
    """A figure or a table, what it shows, and ours."""
    parts = [f"### {figure.number}", f"{figure.caption[0].upper()}{figure.caption[1:]}."]
    parts += [figure.answer] if figure.answer else []
    for study in figure.studies:
        done = sum(map(len, evidence.found(study).values()))
        there = f"{done} of {len(STUDIES[study].runs)} runs are there"
        parts.append(f"`genzoo study show {study} --out pictures` draws `{figure.picture}.png`; {there}.")
        parts += _shown(pictures, Of(study, figure.picture), f"{figure.picture} of {study}")
    if figure.entries:
        parts += _shipped(figure, pictures)
    return "\n\n".join(parts)


def _shipped(figure: Figure, pictures: Pictures) -> list[str]:
    """The pictures of entries: those that lie beside their weights, or their losses in one."""
    if figure.picture == "losses":
        of = losses_of(figure)
        command = f"`genzoo plot {' '.join(figure.entries)} --out losses.png` draws those of what ships"
        return [f"{command}, by a recipe of its own each.", *_shown(pictures, of, "losses of the entries")]
    kind = "progress" if figure.picture == "progress" else "samples"
    cards = [f"[`{name}`](../../cards/{name}.md)" for name in figure.entries]
    shown = [f"![{kind} of {name}](../../weights/{name}/{kind}.png)" for name in figure.entries]
    several = len(figure.entries) > 1
    return [f"As {'they ship, each' if several else 'it ships,'} by a recipe of its own:", table(cards, [shown])]


def _shown(pictures: Pictures, of: Of, words: str) -> list[str]:
    return [f"![{words}](images/{of.file})"] if pictures.is_there(of) else []


def _tables(studies: Iterable[str], evidence: Evidence) -> list[str]:
    """The numbers of each study that any run is there of, and the names of those that none is of."""
    parts, waiting = [_TABLE_NOTE], []
    for name in studies:
        if any(evidence.found(name).values()):
            parts += [f"### `{name}`", f"{describe_budget(STUDIES[name])}.", _table(name, evidence)]
        else:
            waiting.append(f"`{name}`")
    if waiting:
        parts.append(f"No run is there yet of {', '.join(waiting)}.")
    return parts if len(parts) > 1 + bool(waiting) else parts[1:]


def _table(study: str, evidence: Evidence) -> str:
    found, speed = evidence.found(study), evidence.speed(study)
    metrics = measured_metrics(STUDIES[study], found)
    rows = []
    for value, results in found.items():
        broken = sum(result.problem is not None for result in results)
        runs = f"{len(results)}" + (f", {broken} broke down" if broken else "")
        values = (values_of({"": results}, metric)[""] for metric in metrics)
        cells = (mean_text(each) if each else "-" for each in values)
        rows.append((value, runs, f"{1000 * speed[value]:.3g}" if value in speed else "-", *cells))
    return table((STUDIES[study].axis, "runs", "ms a step", *map(label_of, metrics)), rows)
