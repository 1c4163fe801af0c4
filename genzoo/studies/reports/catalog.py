"""The five reports by their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from genzoo.studies.reports import report0, report1, report2, report3, report4
from genzoo.studies.reports.record import Claim, Figure, Report

REPORTS: Mapping[str, Report] = MappingProxyType(
    {module.REPORT.name: module.REPORT for module in (report0, report1, report2, report3, report4)}
)


def claims_on(study: str) -> list[Claim]:
    """The claims that a study answers."""
    return [claim for report in REPORTS.values() for claim in report.claims if study in claim.studies]


def figures_of(study: str) -> list[Figure]:
    """The reports' figures that a study's runs show."""
    return [figure for report in REPORTS.values() for figure in report.figures if study in figure.studies]
