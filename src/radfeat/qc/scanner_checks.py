"""Checks of scanners and their software: several at a site, and a change between a subject's images."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from radfeat.core.acquisition import Acquisition, Parameter
from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Severity
from radfeat.qc.check_names import Check
from radfeat.tables.split import split_table

IMAGE_COLUMNS = ("case_id", "site_id", "subject_id", "timepoint", "image_id", "modality", "scanner", "day")
"""Columns of ``series`` that the checks of scanners look at."""
ACQUISITION_COLUMNS = ("case_id", "parameter", "text")
TOLD = (Parameter.MANUFACTURER, Parameter.MODEL, Parameter.SOFTWARE)
"""Columns of ``acquisition``, and parameters in it, that the checks of scanners look at."""


@dataclass(frozen=True, slots=True)
class _Image:
    """An image: ``named`` is its scanner by the sheet, ``model`` and ``software`` what its headers tell."""

    row: Mapping[str, Any]
    named: str | None
    model: str | None
    software: str | None

    @property
    def visit(self) -> tuple[bool, float, str]:
        """Place in time: by day, then by timepoint."""
        return self.row["day"] is None, self.row["day"] or 0.0, self.row["timepoint"]


def check_scanners(series: pa.Table, acquisition: pa.Table) -> Iterator[Finding]:
    """What is remarkable about the scanners of a study.

    Parameters
    ----------
    series, acquisition
        The tables of these names.

    Yields
    ------
    Finding
        Keyed by ``site_id`` or, for a change between images of a subject, by the later ``case_id``.
    """
    places = pc.index_in(acquisition["case_id"], value_set=series["case_id"].combine_chunks())
    told = acquisition.select(ACQUISITION_COLUMNS).append_column("site_id", series["site_id"].take(places))
    of_site = {site: rows for (site,), rows in split_table(told, "site_id")}
    for (site,), rows in split_table(series, "site_id"):
        at_site = _join(rows, of_site.get(site, told.slice(0, 0)))
        yield from _count_scanners(site, at_site)
        yield from _count_software(site, at_site)
        yield from _compare_names(site, at_site)
        for followed in _group(at_site, lambda i: (i.row["subject_id"], i.row["image_id"])).values():
            yield from _follow_up(followed)


def _join(series: pa.Table, acquisition: pa.Table) -> list[_Image]:
    told: dict[str, dict[Parameter, float | str]] = defaultdict(dict)
    wanted = acquisition.select(list(ACQUISITION_COLUMNS)).to_pylist()
    for row in wanted:
        if row["parameter"] in TOLD and row["text"] is not None:
            told[row["case_id"]][Parameter(row["parameter"])] = row["text"]
    images = []
    for row in series.select(list(IMAGE_COLUMNS)).to_pylist():
        known = Acquisition(told[row["case_id"]])
        # The table's scanner is that of the headers where the sheet names none.
        named = None if row["scanner"] == known.scanner else row["scanner"]
        software = known.values.get(Parameter.SOFTWARE)
        images.append(_Image(row, named, known.scanner, None if software is None else str(software)))
    return images


def _group(images: Iterable[_Image], key: Callable[[_Image], Hashable]) -> dict[Any, list[_Image]]:
    groups: dict[Any, list[_Image]] = defaultdict(list)
    for image in images:
        groups[key(image)].append(image)
    return groups


def _count_scanners(site: str, images: Sequence[_Image]) -> Iterator[Finding]:
    # By one kind of name only: a machine that the sheet names here and not there is not two machines.
    if any(image.named is not None for image in images):
        counted = [("the site used", Counter(i.named for i in images if i.named is not None))]
    else:
        # By headers each kind of machine has a model of its own: CT and MR are always two.
        known = _group((i for i in images if i.model is not None), lambda i: i.row["modality"])
        counted = [
            (f"the site acquired {modality} on", Counter(i.model for i in alike if i.model is not None))
            for modality, alike in sorted(known.items())
        ]
    for what, counts in counted:
        if len(counts) > 1:
            said = f"{what} {len(counts)} scanners (images each): {_show(counts)}"
            number = len(counts)
            yield remark(Check.COHORT_SITE_SCANNERS, site, said, number, 1.0, "scanners", Severity.INFO)


def _count_software(site: str, images: Sequence[_Image]) -> Iterator[Finding]:
    known = [image for image in images if image.model is not None and image.software is not None]
    for (model, modality), alike in sorted(_group(known, lambda i: (i.model, i.row["modality"])).items()):
        counts = Counter(str(image.software) for image in alike)
        if len(counts) > 1:
            what = (
                f"{modality} on {model} was acquired with {len(counts)} software versions "
                f"(images each): {_show(counts)}"
            )
            yield remark(Check.COHORT_SITE_SOFTWARE, site, what, len(counts), 1.0, "versions", Severity.INFO)


def _compare_names(site: str, images: Sequence[_Image]) -> Iterator[Finding]:
    """One name of the sheet for machines that the headers tell apart."""
    known = [image for image in images if image.named is not None and image.model is not None]
    for (named, modality), alike in sorted(_group(known, lambda i: (i.named, i.row["modality"])).items()):
        counts = Counter(str(image.model) for image in alike)
        if len(counts) > 1:
            what = (
                f"the sheet's scanner {named} stands for {len(counts)} {modality} models in the headers "
                f"(images each): {_show(counts)}"
            )
            yield remark(Check.COHORT_SCANNER_NAME, site, what, len(counts), 1.0, "models")


def _show(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))


def _follow_up(images: Sequence[_Image]) -> Iterator[Finding]:
    """A subject's later image of the same kind from another scanner, or other software, than the first."""
    ordered = sorted(images, key=lambda image: image.visit)
    for later in ordered:
        key = str(later.row["case_id"])
        scanner = _say_change(ordered, later, lambda i: i.model) or _say_change(
            ordered, later, lambda i: i.named
        )
        if scanner is not None:
            yield remark(Check.COHORT_SCANNER_CHANGE, key, f"the subject changed from scanner {scanner}")
            continue
        software = _say_change(ordered, later, lambda i: i.software)
        if software is not None:
            yield remark(Check.COHORT_SOFTWARE_CHANGE, key, f"the scanner's software changed from {software}")


def _say_change(
    ordered: Sequence[_Image], later: _Image, value: Callable[[_Image], str | None]
) -> str | None:
    """How a value differs from that of the first image that has one; None where it does not."""
    first = next((image for image in ordered if value(image) is not None), None)
    if first is None or value(later) in (None, value(first)):
        return None
    return (
        f"{value(first)} ({first.row['timepoint']}) to {value(later)}, which mixes with any change over time"
    )
