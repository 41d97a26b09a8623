"""Each site left out in turn: what a score is worth where no subject of the site taught it."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.modelling.concordance import estimate_within
from radfeat.modelling.cross_validation import OutOfFold, Rows, Split, score_splits
from radfeat.modelling.discrimination import compute_discrimination, name_discrimination
from radfeat.modelling.evaluation import Metric
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.fold_model import FitModel
from radfeat.modelling.outcomes import Floats, Indices
from radfeat.modelling.settings import BatchEffects, ModellingSettings, UnseenBatch

SITE_LEFT_OUT = "site_left_out"
"""Name of the radiomic model whose sites are left out in turn; with ``:site`` the rows of one site."""

SMALL_SITES = "(small sites)"
"""Stands for all sites with too few subjects, which are left out together."""


def group_sites(sites: Sequence[str], least: int) -> tuple[str, ...]:
    """The group of each subject: its site, or that of all sites with fewer than ``least`` subjects."""
    counts = Counter(sites)
    return tuple(site if counts[site] >= least else SMALL_SITES for site in sites)


def leave_sites_out(
    rows: Rows, groups: Sequence[str], fit: FitModel, seed: int, workers: int = 1
) -> OutOfFold:
    """Score the rows of each group by a model fitted to all others."""
    names = sorted(set(groups))
    place = {name: number for number, name in enumerate(names)}
    split = Split(np.array([place[g] for g in groups], dtype=np.intp), seed)
    return score_splits(rows, len(groups), fit, [split], workers)


def measure_sites_left_out(
    rows: Rows,
    sites: Sequence[str],
    fit: FitModel,
    verdict: Feasibility,
    settings: ModellingSettings,
    workers: int = 1,
) -> Iterator[Metric]:
    """C, AUC or rho of each group of subjects left out, of all together, and of pairs within a group alone.

    Nothing where the settings do not ask for it or there are too few groups. A rho is none of pairs.
    """
    groups = group_sites(sites, settings.min_site)
    names = sorted(set(groups))
    if settings.leave_site_out_from is None or len(names) < settings.leave_site_out_from:
        return
    seed = derive_seed(settings.seed, "site left out", verdict.endpoint, verdict.arm)
    result = leave_sites_out(rows, groups, fit, seed, workers)
    scores = result.scores[0]
    how = f"Each of {len(names)} groups of sites left out in turn, one model each{_say_policy(settings)}"
    yield _measure(SITE_LEFT_OUT, rows, scores, np.arange(len(scores)), settings, seed, how)
    if not rows.outcomes.is_continuous:
        yield _measure_within(rows, scores, groups, how)
    for name in names:
        members = np.array([i for i, group in enumerate(groups) if group == name], dtype=np.intp)
        what = f"{how}; subjects of {name} alone"
        yield _measure(f"{SITE_LEFT_OUT}:{name}", rows, scores, members, settings, seed, what)


def _say_policy(settings: ModellingSettings) -> str:
    """What becomes of a site that the model has not seen: only where batch effects are taken out."""
    if settings.batch_effects is BatchEffects.NONE:
        return ""
    said = {
        UnseenBatch.POOLED: "adjusted as the pooled batch, or not at all where there is none",
        UnseenBatch.UNADJUSTED: "not adjusted",
        UnseenBatch.REFUSE: "not scored",
    }
    return f"; rows of an unseen {settings.batch} are {said[settings.unseen_batch]}"


def _measure(
    model: str,
    rows: Rows,
    scores: Floats,
    members: Indices,
    settings: ModellingSettings,
    seed: int,
    how: str,
) -> Metric:
    known = members[~np.isnan(scores[members])]
    outcomes = rows.outcomes.take(known)
    name, events = name_discrimination(rows.outcomes), int(outcomes.events.sum())
    if not len(known):
        return Metric(model, name, None, None, None, 0, 0, f"{how}; no subject has a score.")
    c = compute_discrimination(
        scores[known], outcomes, resamples=settings.bootstrap, level=settings.level, seed=seed
    )
    limits = f"percentile limits of {settings.bootstrap} resamples of subjects, the models held fixed"
    ending = limits if c.estimate is not None else "no two subjects can be compared"
    return Metric(model, name, c.estimate, c.lo, c.hi, len(known), events, f"{how}; {ending}.")


def _measure_within(rows: Rows, scores: Floats, groups: Sequence[str], how: str) -> Metric:
    known = np.flatnonzero(~np.isnan(scores))
    outcomes = rows.outcomes.take(known)
    estimate = estimate_within(scores[known], outcomes, [groups[i] for i in known.tolist()])
    return Metric(
        *(SITE_LEFT_OUT, f"{name_discrimination(rows.outcomes)}_within_sites", estimate, None, None),
        *(len(known), int(outcomes.events.sum())),
        f"{how}; only pairs of subjects of one group count, so that differences between sites do not.",
    )
