"""How the images were acquired: what the protocol allows, what was found, which sites deviate."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from radfeat.core.acquisition import Parameter, show_text
from radfeat.core.vocabulary import Verdict
from radfeat.report.inputs import Row, Rows
from radfeat.report.summaries.sites import Sites
from radfeat.report.wording import count_of, join_words

JUDGED = (Verdict.CONFORM, Verdict.DEVIATE, Verdict.UNKNOWN)
"""The verdicts on a parameter for which the protocol has a rule, in the order shown."""

TEXTS_SHOWN = 3
"""Of a parameter that is a text, the commonest values are named."""

_FROM_GRID = {Parameter.SLICE_SPACING.value, Parameter.PIXEL_SPACING.value}
_ORDER = {parameter.value: place for place, parameter in enumerate(Parameter)}


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many images conform, deviate, or do not tell."""

    conform: int
    deviate: int
    unknown: int

    @property
    def total(self) -> int:
        """Images with a verdict."""
        return self.conform + self.deviate + self.unknown


@dataclass(frozen=True, slots=True)
class ParameterSummary:
    """One parameter of one modality under one rule; ``allowed`` and ``verdicts`` are None without a rule."""

    name: str
    allowed: str | None
    required: bool
    verdicts: Verdicts | None
    found: str


@dataclass(frozen=True, slots=True)
class SiteVerdicts:
    """One modality by site: verdicts of each site on each parameter, None where it has no image."""

    modality: str
    parameters: tuple[str, ...]
    sites: tuple[tuple[str, tuple[Verdicts | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One parameter of one image that is not as the protocol allows."""

    site: str
    case_id: str
    parameter: str
    found: str
    allowed: str


@dataclass(frozen=True, slots=True)
class ScannerUse:
    """A scanner at a site: its images of one modality, and its software versions with the images of each."""

    site: str
    modality: str
    scanner: str
    software: str
    images: int


@dataclass(frozen=True, slots=True)
class AcquisitionSummary:
    """What is known of acquisition; ``deviations`` and ``scanners`` are the first of those counted.

    ``images`` counts each image once: conform throughout, deviate somewhere, or else unknown somewhere.
    """

    images: Verdicts
    rules: int
    modalities: tuple[tuple[str, tuple[ParameterSummary, ...]], ...]
    by_site: tuple[SiteVerdicts, ...]
    deviations: tuple[Deviation, ...]
    deviation_count: int
    scanners: tuple[ScannerUse, ...]
    scanner_count: int

    @property
    def has_protocol(self) -> bool:
        """Whether any image was held against a rule."""
        return self.images.total > 0

    @property
    def sentence(self) -> str:
        """How many images were acquired as the protocol allows."""
        counts = (
            (self.images.conform, "conforms throughout", "conform throughout"),
            (self.images.deviate, "deviates in at least one parameter", "deviate in at least one parameter"),
            (self.images.unknown, "is unknown in at least one", "are unknown in at least one"),
        )
        parts = [f"{n:,} {one if n == 1 else several}" for n, one, several in counts if n]
        images = count_of(self.images.total, "image")
        return f"Of {images} held against the imaging protocol, {join_words(parts)}."


def build_acquisition(rows: Rows, sites: Sites, limit: int) -> AcquisitionSummary | None:
    """Sum up the table ``acquisition``; None where it holds no verdict, and no more than spacings.

    Parameters
    ----------
    rows
        The table.
    sites
        Sites with a row of their own.
    limit
        Most deviations, and most scanners, listed.
    """
    judged = [row for row in rows if row["verdict"] != Verdict.NOT_SPECIFIED.value]
    if not judged and {row["parameter"] for row in rows} <= _FROM_GRID:
        return None
    modalities = sorted({row["modality"] for row in rows})
    deviations, scanners = _list_deviations(judged), tuple(_list_scanners(rows))
    return AcquisitionSummary(
        images=_count_images(judged),
        rules=len({(row["modality"], row["parameter"], row["allowed"]) for row in judged}),
        modalities=tuple((m, tuple(_summarise(r for r in rows if r["modality"] == m))) for m in modalities),
        by_site=tuple(
            _by_site(m, judged, sites) for m in modalities if any(r["modality"] == m for r in judged)
        ),
        deviations=tuple(_word_deviation(row) for row in deviations[:limit]),
        deviation_count=len(deviations),
        scanners=scanners[:limit],
        scanner_count=len(scanners),
    )


def name_parameter(parameter: str) -> str:
    """A parameter in words."""
    return "kVp" if parameter == Parameter.KVP.value else parameter.replace("_", " ")


def _count(rows: Iterable[Row]) -> Verdicts:
    counts = Counter(row["verdict"] for row in rows)
    return Verdicts(*(counts[verdict.value] for verdict in JUDGED))


def _count_images(judged: Sequence[Row]) -> Verdicts:
    """Each image once: by its worst verdict, a deviation before what is unknown."""
    by_image: dict[str, set[str]] = defaultdict(set)
    for row in judged:
        by_image[row["case_id"]].add(row["verdict"])
    worst = Counter(
        next(v for v in (Verdict.DEVIATE, Verdict.UNKNOWN, Verdict.CONFORM) if v.value in found)
        for found in by_image.values()
    )
    return Verdicts(*(worst[verdict] for verdict in JUDGED))


def _summarise(rows: Iterable[Row]) -> Iterator[ParameterSummary]:
    """A row per parameter and rule, in the order of the vocabulary."""
    groups: dict[tuple[int, str, str, bool], list[Row]] = defaultdict(list)
    for row in rows:
        place = _ORDER.get(row["parameter"], len(_ORDER))
        groups[place, row["parameter"], row["allowed"] or "", row["required"]].append(row)
    for (_, parameter, allowed, required), group in sorted(groups.items()):
        verdicts = _count(group)
        yield ParameterSummary(
            name=name_parameter(parameter),
            allowed=allowed or None,
            required=required,
            verdicts=verdicts if verdicts.total else None,
            found=_describe_found(group),
        )


def _describe_found(rows: Sequence[Row]) -> str:
    """The range of numbers with its unit, or the commonest texts with their counts; empty for nothing."""
    numbers = sorted(row["number"] for row in rows if row["number"] is not None)
    if numbers:
        unit = next(row["unit"] for row in rows if row["number"] is not None)
        lo, mid, hi = (_show(n) for n in (numbers[0], median(numbers), numbers[-1]))
        return f"{lo} {unit}" if lo == hi else f"{lo} to {hi} {unit}, median {mid}"
    return _describe_counts(Counter(row["text"] for row in rows if row["text"] is not None))


def _show(number: float) -> str:
    """Four significant digits, or all before the point, without needless zeros."""
    return f"{number:.4g}" if number < 1e4 else f"{number:,.0f}"


def _describe_counts(counts: Counter[str]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{show_text(text)} ({n:,})" for text, n in ranked[:TEXTS_SHOWN]]
    more = len(ranked) - len(shown)
    return ("; " if any("," in text for text in shown) else ", ").join(shown) + (
        f" and {more:,} more" if more else ""
    )


def _by_site(modality: str, judged: Sequence[Row], sites: Sites) -> SiteVerdicts:
    cells: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in judged:
        if row["modality"] == modality:
            cells[sites.label_of[row["site_id"]], row["parameter"]].append(row)
    parameters = sorted({parameter for _, parameter in cells}, key=lambda p: _ORDER.get(p, len(_ORDER)))
    labels = [label for label in sites.labels if any(site == label for site, _ in cells)]
    return SiteVerdicts(
        modality,
        tuple(name_parameter(parameter) for parameter in parameters),
        tuple(
            (label, tuple(_count(cells[label, p]) if (label, p) in cells else None for p in parameters))
            for label in labels
        ),
    )


def _list_deviations(judged: Sequence[Row]) -> list[Row]:
    """By site, image and parameter."""
    rows = [row for row in judged if row["verdict"] == Verdict.DEVIATE.value]
    return sorted(rows, key=lambda r: (r["site_id"], r["case_id"], _ORDER.get(r["parameter"], len(_ORDER))))


def _word_deviation(row: Row) -> Deviation:
    # In full, for a value close to its limit must not be rounded onto it.
    found = show_text(row["text"]) if row["number"] is None else f"{row['number']:.6g} {row['unit']}"
    return Deviation(
        row["site_id"], row["case_id"], name_parameter(row["parameter"]), found, row["allowed"] or ""
    )


def _list_scanners(rows: Rows) -> Iterator[ScannerUse]:
    software = {row["case_id"]: row["text"] for row in rows if row["parameter"] == Parameter.SOFTWARE.value}
    groups: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["scanner"] is not None:
            groups[row["site_id"], row["modality"], row["scanner"]].add(row["case_id"])
    for (site, modality, scanner), cases in sorted(groups.items()):
        versions = Counter(text for case in cases if (text := software.get(case)) is not None)
        yield ScannerUse(site, modality, scanner, _describe_counts(versions), len(cases))
