"""How far repeated measurements agree, by family of features; from the table of repeatability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from radfeat.core.vocabulary import IccForm, RepeatSource
from radfeat.report.figures.intervals import Interval
from radfeat.report.inputs import BlindedTables, Row

GOOD, EXCELLENT = 0.75, 0.9
"""From these lower limits on Koo and Li (2016) call reliability good and excellent."""

SOURCE_WORDS = {
    RepeatSource.TEST_RETEST: "Scans repeated",
    RepeatSource.READERS: "Several readers",
    RepeatSource.PERTURBATION: "Perturbation",
}
FORM_WORDS = {
    IccForm.ONE_WAY: "ICC(1,1)",
    IccForm.AGREEMENT: "ICC(2,1)",
    IccForm.CONSISTENCY: "ICC(3,1)",
}


@dataclass(frozen=True, slots=True)
class FamilyRepeatability:
    """Features of one family and image type.

    ``limits`` are the median, 5th and 95th percentile over features of the lower confidence limit;
    ``good`` and ``excellent`` count features by it. All are None or 0 where no feature has an estimate.
    """

    label: str
    features: int
    estimated: int
    median: float | None
    limits: Interval
    good: int
    excellent: int
    cv: float | None


@dataclass(frozen=True, slots=True)
class RepeatSummary:
    """One source of repeats of one image and region; ``missing`` measurements of targets x repeats."""

    title: str
    form: str
    subjects: int
    targets: int
    complete: int
    repeats: int
    missing: int
    features: int
    level: float
    families: tuple[FamilyRepeatability, ...]
    total: FamilyRepeatability


def build_repeat_summaries(tables: BlindedTables) -> tuple[RepeatSummary, ...]:
    """One summary per source, image and region, in the order of the table."""
    families = {row["feature"]: f"{row['family']}, {row['image_type']}" for row in tables.catalogue}
    groups = groupby(tables.repeatability, key=lambda r: (r["source"], r["image_id"], r["region"]))
    return tuple(_summarise(tuple(rows), families) for _, rows in groups)


def list_sources(tables: BlindedTables) -> frozenset[RepeatSource]:
    """The sources that there are repeats of."""
    return frozenset(RepeatSource(row["source"]) for row in tables.repeatability)


def _summarise(rows: Sequence[Row], families: Mapping[str, str]) -> RepeatSummary:
    first = rows[0]
    source = RepeatSource(first["source"])
    # Perturbed measurements are exchangeable: the first is no other than the second.
    form = IccForm.ONE_WAY if source is RepeatSource.PERTURBATION else IccForm.AGREEMENT
    by_family: dict[str, list[Row]] = {}
    for row in rows:
        by_family.setdefault(families.get(row["feature"], "unknown"), []).append(row)
    return RepeatSummary(
        title=f"{SOURCE_WORDS[source]}: {first['region']} on {first['image_id']}",
        form=FORM_WORDS[form],
        subjects=max(row["subjects"] for row in rows),
        targets=first["targets"],
        complete=max(row["complete"] for row in rows),
        repeats=first["repeats"],
        missing=min(row["missing"] for row in rows),
        features=len(rows),
        level=first["level"],
        families=tuple(_describe(label, by_family[label], form) for label in sorted(by_family)),
        total=_describe("All features", rows, form),
    )


def _describe(label: str, rows: Sequence[Row], form: IccForm) -> FamilyRepeatability:
    name = form.value
    known = [row for row in rows if row[name] is not None and row[f"{name}_lo"] is not None]
    limits = [row[f"{name}_lo"] for row in known]
    cvs = [row["within_cv"] for row in rows if row["within_cv"] is not None]
    return FamilyRepeatability(
        label=label,
        features=len(rows),
        estimated=len(known),
        median=_quantile([row[name] for row in known], 0.5),
        limits=(_quantile(limits, 0.5), _quantile(limits, 0.05), _quantile(limits, 0.95)),
        good=sum(limit >= GOOD for limit in limits),
        excellent=sum(limit >= EXCELLENT for limit in limits),
        cv=_quantile(cvs, 0.5),
    )


def _quantile(values: Sequence[float], share: float) -> float | None:
    return float(np.quantile(values, share)) if values else None
