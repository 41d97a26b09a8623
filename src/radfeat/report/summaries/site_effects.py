"""How much of the features site explains, blind to every outcome, and which of them are drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import rankdata

from radfeat.core.vocabulary import Status
from radfeat.report.inputs import BlindedTables, Row
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.sites import Sites
from radfeat.tables.schemas import FEATURES

LEAST_PER_SITE = 3
"""ROIs with a value that a site must have to enter the comparison of sites."""

LOG_RATIO = 100.0
"""A positive feature whose values span more than this ratio is drawn on a logarithmic axis."""

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SiteValues:
    """Values of one feature at one site, sorted; ``quantiles`` at 5, 25, 50, 75 and 95 %."""

    label: str
    n: int
    values: tuple[float, ...]
    quantiles: tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Distribution:
    """One feature by site; ``effect`` is the share of rank variance that site explains."""

    feature: str
    family: str
    unit: str
    description: str
    effect: float | None
    sites: tuple[SiteValues, ...]
    logarithmic: bool


@dataclass(frozen=True, slots=True)
class FamilyEffect:
    """The features of one image type and family: how many, the median effect, the share above the limit."""

    features: int
    median: float
    above: float
    shade: int


@dataclass(frozen=True, slots=True)
class SiteEffects:
    """Effects of site over all features; ``table`` by image type (rows) and family (columns)."""

    measured: int
    features: int
    undefined: int
    compared_sites: int
    tested: int
    above: int
    image_types: tuple[str, ...]
    families: tuple[str, ...]
    table: tuple[tuple[FamilyEffect | None, ...], ...]
    distributions: tuple[Distribution, ...]

    @property
    def share_above(self) -> float | None:
        """Share of the tested features above the limit; None where none was tested."""
        return self.above / self.tested if self.tested else None


@dataclass(frozen=True, eq=False, slots=True)
class _Measured:
    """Feature columns of the ROIs with features, and the site of each."""

    columns: Mapping[str, Floats]
    sites: Labels


def compute_site_effect(values: Floats, sites: Labels | Codes) -> float | None:
    """Share of the variance of the ranks that site explains, adjusted for the number of sites.

    Eta squared of Kruskal and Wallis' test, ``(H - k + 1) / (n - k)`` with H corrected for ties: 0 is what
    chance gives on average, near 1 that the sites do not overlap; what falls below 0 is given as 0. Sites
    with fewer than ``LEAST_PER_SITE`` values do not enter. None with fewer than two sites, or with one
    value throughout.

    Reference: Tomczak and Tomczak, Trends Sport Sci 2014; 21:19.
    """
    known = ~np.isnan(values)
    _, codes, counts = np.unique(sites[known], return_inverse=True, return_counts=True)
    enough = counts >= LEAST_PER_SITE
    if enough.sum() < 2:
        return None
    entering = enough[codes]
    groups = (np.cumsum(enough) - 1)[codes[entering]]
    ranks = rankdata(values[known][entering])
    n, k = len(ranks), int(enough.sum())
    centred = ranks - ranks.mean()
    total = float((centred**2).sum())
    if total == 0:
        return None
    sums = np.bincount(groups, weights=centred, minlength=k)
    between = float((sums**2 / np.bincount(groups, minlength=k)).sum())
    return max(0.0, ((n - 1) * between / total - (k - 1)) / (n - k))


def build_site_effects(tables: BlindedTables, sites: Sites, settings: ReportSettings) -> SiteEffects:
    """The effect of site on every feature, and the features to draw."""
    measured = _select_measured(tables.features)
    # Numbers for names: they are sorted once here, and not again for every feature.
    _, codes, counts = np.unique(measured.sites, return_inverse=True, return_counts=True)
    effects = {name: compute_site_effect(v, codes) for name, v in measured.columns.items()}
    tested = {name: e for name, e in effects.items() if e is not None}
    catalogue = {row["feature"]: row for row in tables.catalogue}
    image_types = _in_order(catalogue[n]["image_type"] for n in measured.columns if n in catalogue)
    families = _in_order(catalogue[n]["family"] for n in measured.columns if n in catalogue)
    limit = settings.site_effect_limit
    return SiteEffects(
        measured=len(measured.sites),
        features=len(measured.columns),
        undefined=int(sum(np.isnan(v).sum() for v in measured.columns.values())),
        compared_sites=int((counts >= LEAST_PER_SITE).sum()),
        tested=len(tested),
        above=sum(e > limit for e in tested.values()),
        image_types=image_types,
        families=families,
        table=tuple(
            tuple(_summarise(_members(tested, catalogue, image, family), limit) for family in families)
            for image in image_types
        ),
        distributions=_choose_distributions(measured, effects, catalogue, sites, settings),
    )


def _select_measured(features: pa.Table) -> _Measured:
    ready = features.filter(pc.equal(features["status"], Status.OK.value))
    names = [name for name in ready.column_names if name not in FEATURES.column_names]
    columns = {name: np.asarray(ready[name].to_numpy(), dtype=np.float64) for name in names}
    return _Measured(columns, np.array(ready["site_id"].to_pylist(), dtype=object))


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _members(
    effects: Mapping[str, float], catalogue: Mapping[str, Row], image_type: str, family: str
) -> list[float]:
    return [
        effect
        for name, effect in effects.items()
        if name in catalogue
        and catalogue[name]["image_type"] == image_type
        and catalogue[name]["family"] == family
    ]


def _summarise(effects: Sequence[float], limit: float) -> FamilyEffect | None:
    if not effects:
        return None
    above = sum(e > limit for e in effects) / len(effects)
    shade = sum(above > edge for edge in (0.0, 0.25, 0.5, 0.75))
    return FamilyEffect(len(effects), float(np.median(effects)), above, shade)


def _choose_distributions(
    measured: _Measured,
    effects: Mapping[str, float | None],
    catalogue: Mapping[str, Row],
    sites: Sites,
    settings: ReportSettings,
) -> tuple[Distribution, ...]:
    """Of each family, on the first image type that has it, the features that site explains most."""
    families: dict[str, list[str]] = {}
    first_image: dict[str, str] = {}
    for name, values in measured.columns.items():
        row = catalogue.get(name)
        if row is None or np.isnan(values).all():
            continue
        if first_image.setdefault(row["family"], row["image_type"]) == row["image_type"]:
            families.setdefault(row["family"], []).append(name)
    chosen = []
    for names in families.values():
        # A stable sort: with one site every effect is None, and the first features of the family stay first.
        ranked = sorted(names, key=lambda n: -(effects[n] or 0.0))
        chosen += ranked[: settings.features_per_family]
    return tuple(_describe(n, measured, effects[n], catalogue[n], sites, settings) for n in chosen)


def _describe(
    name: str,
    measured: _Measured,
    effect: float | None,
    row: Row,
    sites: Sites,
    settings: ReportSettings,
) -> Distribution:
    values = measured.columns[name]
    labels = np.array([sites.label_of[s] for s in measured.sites], dtype=object)
    known = values[~np.isnan(values)]
    by_site = (_summarise_site(label, values[labels == label], settings) for label in sites.labels)
    return Distribution(
        feature=name,
        family=row["family"],
        unit=row["unit"],
        description=row["description"],
        effect=effect,
        sites=tuple(s for s in by_site if s is not None),
        logarithmic=bool(known.min() > 0 and known.max() / known.min() > LOG_RATIO),
    )


def _summarise_site(label: str, values: Floats, settings: ReportSettings) -> SiteValues | None:
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return None
    q05, q25, q50, q75, q95 = (float(q) for q in np.quantile(known, [0.05, 0.25, 0.5, 0.75, 0.95]))
    points = tuple(known.tolist()) if len(known) <= settings.points_shown else ()
    return SiteValues(label, len(known), points, (q05, q25, q50, q75, q95))
