"""How much of the features site explains, blind to every outcome, and which of them are drawn.

Sites are compared within strata, each of one modality and one ROI name: the effect of a feature is the mean
over them. So a site that sent another mix of images does not differ for that reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from scipy.stats import rankdata

from radfeat.core.vocabulary import Status
from radfeat.report.inputs import BlindedTables, Row
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.sites import Sites
from radfeat.report.summaries.strata import name_strata
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
    """One feature by site, of the ROIs of one stratum; ``effect`` is the share of rank variance explained."""

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
class StratumEffects:
    """The measured ROIs of one modality and name; ``large_sites`` have ``LEAST_PER_SITE`` of them or more."""

    label: str
    rois: int
    sites: int
    large_sites: tuple[str, ...]
    tested: int
    above: int

    @property
    def is_compared(self) -> bool:
        """Whether there are two sites to compare."""
        return len(self.large_sites) > 1

    @property
    def share_above(self) -> float | None:
        """Share of the tested features above the limit; None where none was tested."""
        return self.above / self.tested if self.tested else None


@dataclass(frozen=True, slots=True)
class SiteEffects:
    """Effects of site over all features; ``table`` by image type (rows) and family (columns).

    ``strata`` come with the most ROIs first; ``compared`` counts the ROIs of those that could be compared,
    ``compared_sites`` their sites. ``drawn`` is the stratum of the ``distributions``: the first that could be
    compared, else the first; empty where nothing was measured.
    """

    measured: int
    compared: int
    features: int
    undefined: int
    compared_sites: int
    strata: tuple[StratumEffects, ...]
    drawn: str
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
    """Feature columns of the ROIs with features, and the site and stratum of each."""

    columns: Mapping[str, Floats]
    sites: Labels
    strata: Labels

    def of_stratum(self, label: str) -> "_Measured":
        """The ROIs of one stratum."""
        own = np.flatnonzero(self.strata == label)
        columns = {name: values[own] for name, values in self.columns.items()}
        return _Measured(columns, self.sites[own], self.strata[own])


@dataclass(frozen=True, slots=True)
class _Contrast:
    """Kruskal and Wallis' H of one feature in one stratum, less its mean ``k - 1``; and ``n - k``."""

    excess: float
    freedom: int


_Contrasts = Mapping[str, _Contrast | None]
"""By feature; None where sites cannot be compared."""


def compute_site_effect(values: Floats, sites: Labels | Codes) -> float | None:
    """Share of the variance of the ranks that site explains, adjusted for the number of sites.

    Eta squared of Kruskal and Wallis' test, ``(H - k + 1) / (n - k)`` with H corrected for ties: 0 is what
    chance gives on average, near 1 that the sites do not overlap; what falls below 0 is given as 0. Sites
    with fewer than ``LEAST_PER_SITE`` values do not enter. None with fewer than two sites, or with one
    value throughout.

    Reference: Tomczak and Tomczak, Trends Sport Sci 2014; 21:19.
    """
    return _average_effect([_compare_sites(values, sites)])


def _average_effect(contrasts: Iterable[_Contrast | None]) -> float | None:
    """The mean of a feature's effects in its strata, each weighted by its ``n - k``; None of none."""
    known = [contrast for contrast in contrasts if contrast is not None]
    if not known:
        return None
    return max(0.0, sum(c.excess for c in known) / sum(c.freedom for c in known))


def _compare_sites(values: Floats, sites: Labels | Codes) -> _Contrast | None:
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
    return _Contrast((n - 1) * between / total - (k - 1), n - k)


def build_site_effects(tables: BlindedTables, sites: Sites, settings: ReportSettings) -> SiteEffects:
    """The effect of site on every feature, and the features to draw."""
    measured = _select_measured(tables)
    labels = _rank_strata(measured.strata)
    contrasts = {label: _compare_features(measured.of_stratum(label)) for label in labels}
    limit = settings.site_effect_limit
    strata = tuple(_count_stratum(x, measured.of_stratum(x), contrasts[x], limit) for x in labels)
    effects = {name: _average_effect(contrasts[x][name] for x in labels) for name in measured.columns}
    tested = {name: e for name, e in effects.items() if e is not None}
    catalogue = {row["feature"]: row for row in tables.catalogue}
    known = [catalogue[name] for name in measured.columns if name in catalogue]
    image_types, families = _in_order(r["image_type"] for r in known), _in_order(r["family"] for r in known)
    drawn = next((s.label for s in strata if s.is_compared), labels[0] if labels else "")
    return SiteEffects(
        measured=len(measured.sites),
        compared=sum(s.rois for s in strata if s.is_compared),
        features=len(measured.columns),
        undefined=int(sum(np.isnan(v).sum() for v in measured.columns.values())),
        compared_sites=len({site for s in strata if s.is_compared for site in s.large_sites}),
        strata=strata,
        drawn=drawn,
        tested=len(tested),
        above=sum(e > limit for e in tested.values()),
        image_types=image_types,
        families=families,
        table=tuple(
            tuple(_summarise(_members(tested, catalogue, image, family), limit) for family in families)
            for image in image_types
        ),
        distributions=_choose_distributions(
            measured.of_stratum(drawn), _effects_of(contrasts.get(drawn, {})), catalogue, sites, settings
        ),
    )


def _select_measured(tables: BlindedTables) -> _Measured:
    ready = tables.features.filter(pc.equal(tables.features["status"], Status.OK.value))
    names = [name for name in ready.column_names if name not in FEATURES.column_names]
    columns = {name: np.asarray(ready[name].to_numpy(), dtype=np.float64) for name in names}
    stratum_of = name_strata(tables)
    strata = [stratum_of[roi_id] for roi_id in ready["roi_id"].to_pylist()]
    return _Measured(
        columns, np.array(ready["site_id"].to_pylist(), dtype=object), np.array(strata, dtype=object)
    )


def _rank_strata(strata: Labels) -> tuple[str, ...]:
    """Each stratum once, with the most ROIs first."""
    counts = Counter(strata.tolist())
    return tuple(sorted(counts, key=lambda label: (-counts[label], label)))


def _compare_features(measured: _Measured) -> _Contrasts:
    # Numbers for names: they are sorted once here, and not again for every feature.
    _, codes = np.unique(measured.sites, return_inverse=True)
    return {name: _compare_sites(values, codes) for name, values in measured.columns.items()}


def _effects_of(contrasts: _Contrasts) -> dict[str, float | None]:
    """The effects within one stratum."""
    return {name: _average_effect([contrast]) for name, contrast in contrasts.items()}


def _count_stratum(label: str, measured: _Measured, contrasts: _Contrasts, limit: float) -> StratumEffects:
    counts = Counter(measured.sites.tolist())
    tested = [effect for effect in _effects_of(contrasts).values() if effect is not None]
    return StratumEffects(
        label=label,
        rois=len(measured.sites),
        sites=len(counts),
        large_sites=tuple(sorted(site for site, n in counts.items() if n >= LEAST_PER_SITE)),
        tested=len(tested),
        above=sum(effect > limit for effect in tested),
    )


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
