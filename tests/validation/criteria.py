"""What is asked of the trials of each scenario, and within which bounds; from the records alone."""

from collections.abc import Iterator, Mapping, Sequence

from radfeat.core.vocabulary import EndpointKind
from validation.leaks import LeakRecord
from validation.limits import Limit
from validation.measures import (
    Bound,
    Check,
    Measured,
    assess_uniformity,
    average,
    bound_least,
    bound_level,
    bound_mean,
    bound_most,
    bound_share,
    break_ties,
    divide,
    share,
)
from validation.procedure import TrialRecord
from validation.scenarios import PERMUTATIONS, Record

Trials = Sequence[TrialRecord]
Leaks = Sequence[LeakRecord]

ALPHA = 0.05
"""Level of every test, and of the claims."""

TOP = 3
"""A planted feature must be among so many clusters of 22 that the folds select most often."""

_STABLE = f"the {TOP} clusters selected most often"

_Found = Iterator[tuple[str, Measured, Bound | None]]
"""What is measured, the number, and its bound; None: it is shown and not asserted."""


def check_scenario(name: str, records: Sequence[Record], limits: Mapping[EndpointKind, Limit]) -> list[Check]:
    """All checks of one scenario, one kind of endpoint after the other."""
    checks: list[Check] = []
    for kind in EndpointKind:
        own = [record for record in records if record.kind == kind.value]
        if own:
            found = _check(name, kind, own, limits)
            checks += [Check(name, kind.value, what, measured, bound) for what, measured, bound in found]
    return checks


def _check(
    name: str, kind: EndpointKind, records: Sequence[Record], limits: Mapping[EndpointKind, Limit]
) -> _Found:
    trials = [record for record in records if isinstance(record, TrialRecord)]
    leaks = [record for record in records if isinstance(record, LeakRecord)]
    if name == "predictive":
        return check_predictive(trials, limits[kind])
    if name.startswith("leak"):
        return {"leak_cut": check_cuts, "leak_combat": check_combat}.get(name, check_selection)(leaks)
    return {"null": check_null, "gate": check_gate, "prognostic": check_prognostic}[name](trials)


def check_null(trials: Trials) -> _Found:
    """Nothing is found more often than the level allows, and C is at chance."""
    n = len(trials)
    found = share(trials, lambda r: rejects(r.p_predictive), lambda r: rejects(r.p_prognostic))
    yield "interaction of a candidate: p < 0.05", found, bound_level(n)
    yield from _check_scores(trials)
    yield "a candidate is claimed", share(trials, lambda r: r.candidates_claimed > 0), bound_most(n)
    for arm, c in (("control", "c_control"), ("experimental", "c_experimental")):
        mean = average([getattr(r, c) for r in trials])
        yield f"C out of fold, {arm} arm: mean", mean, bound_mean(0.5, mean)
    yield from _check_permutation(trials)
    known = [r for r in trials if r.logrank_p is not None]
    if known:
        what = "log-rank test of the strata of the score: p < 0.05, where there are strata"
        yield what, share(known, lambda r: rejects(r.logrank_p)), None


def check_gate(trials: Trials) -> _Found:
    """Nothing is fitted, tested or claimed."""
    nothing = Bound(0.0, 0.0)
    yield "arms with a model", average([r.fitted for r in trials]), nothing
    yield "an interaction is tested", share(trials, _is_tested), nothing
    yield "anything is claimed", share(trials, lambda r: _count_claims(r) > 0), nothing


def check_prognostic(trials: Trials) -> _Found:
    """The prognosis is found, and never taken for an effect on treatment."""
    n = len(trials)
    found = share(trials, lambda r: rejects(r.p_prognostic))
    yield "interaction of the prognostic feature: p < 0.05", found, bound_level(n)
    yield from _check_scores(trials)
    yield "a candidate is claimed", share(trials, lambda r: r.candidates_claimed > 0), bound_most(n)
    yield "C out of fold, control arm: mean", average([r.c_control for r in trials]), Bound(lo=0.55)
    permuted = [r for r in trials if r.permutation_p is not None]
    if permuted:
        power = share(permuted, lambda r: is_least(r.permutation_p))
        yield "permutation p of C <= 0.05 (power)", power, bound_least(0.5, len(permuted))
    stable = share(trials, lambda r: is_top(r.rank_prognostic))
    yield f"the prognostic feature is among {_STABLE}", stable, bound_least(0.8, n)


def check_predictive(trials: Trials, limit: Limit) -> _Found:
    """What was planted is found with its sign, its size and the precision that is said."""
    n, aim = len(trials), limit.limit
    sign = share(trials, lambda r: r.estimate is not None and r.estimate * limit.planted > 0)
    yield "the interaction has the planted sign", sign, bound_least(0.97, n)
    ratio = divide(average([r.estimate for r in trials]), aim)
    slack = max(0.1, bound_mean(1.0, ratio).hi - 1.0)
    yield f"mean estimate / {aim:.3g}, what it aims at", ratio, Bound(1 - slack, 1 + slack)
    yield f"95 % interval covers {aim:.3g}", share(trials, lambda r: covers(r, aim)), bound_share(0.95, n)
    planted = share(trials, lambda r: covers(r, limit.planted))
    yield f"95 % interval covers {limit.planted:.3g}, as planted in the lesions", planted, None
    power = share(trials, lambda r: r.predictive_claimed)
    yield "the predictive feature is claimed (power)", power, bound_least(0.3, n)
    wrong = share(trials, lambda r: r.candidates_claimed > r.predictive_claimed)
    yield "the feature that is only prognostic is claimed", wrong, bound_most(n)
    permuted = [r for r in trials if r.arm_permutations]
    if permuted:
        power = share(permuted, lambda r: r.scores_claimed > 0)
        yield (
            "a score is claimed, 39 permutations of the arms (power)",
            power,
            bound_least(0.3, len(permuted)),
        )
    stable = share(trials, lambda r: is_top(r.rank_predictive))
    yield f"the predictive feature is among {_STABLE}", stable, bound_least(0.8, n)


def check_limit(kind: EndpointKind, limit: Limit) -> Iterator[Check]:
    """Where the arithmetic is exact, the large trial must agree with it."""
    measured = Measured(limit.limit, limit.error, 1)
    what = f"one large trial; {limit.planted:.3g} planted, {limit.attenuated:.3g} by correlation"
    bound = bound_mean(limit.attenuated, measured) if kind is EndpointKind.CONTINUOUS else None
    yield Check("predictive", kind.value, f"interaction, {what}", measured, bound)


def check_selection(leaks: Leaks) -> _Found:
    """Features chosen on all rows: C and its permutation p must be far from honest ones."""
    honest = average([r.c_honest for r in leaks])
    yield "C of all 150 features: mean", honest, bound_mean(0.5, honest)
    leaking = average([r.c_leaking for r in leaks])
    kept = bound_mean(0.5, leaking)
    yield "C of 20 features chosen on all rows: mean", leaking, kept.above
    level = bound_level(len(leaks)).above
    yield "its permutation p <= 0.05", share(leaks, lambda r: is_least(r.p_leaking)), level


def check_cuts(leaks: Leaks) -> _Found:
    """The best of many cuts: its log-rank test rejects far too often, that of the median does not."""
    n = len(leaks)
    yield "log-rank test at the median: p < 0.05", share(leaks, lambda r: rejects(r.p_honest)), bound_level(n)
    best = share(leaks, lambda r: rejects(r.p_leaking))
    yield "log-rank test at the best of 33 cuts: p < 0.05", best, bound_level(n).above


def check_combat(leaks: Leaks) -> _Found:
    """ComBat on all rows with the outcome protected plants the outcome in the features."""
    honest = average([r.c_honest for r in leaks])
    yield "C with ComBat inside the fold: mean", honest, bound_mean(0.5, honest)
    leaking = average([r.c_leaking for r in leaks])
    kept = bound_mean(0.5, leaking)
    yield "C with ComBat on all rows, outcome protected: mean", leaking, kept.above


def _check_scores(trials: Trials) -> _Found:
    """Interactions of both arms' scores: by permutation of the arms, and as the descriptive test has it."""
    what = "interaction of a score: p < 0.05 of the descriptive test"
    found = share(trials, lambda r: rejects(r.score_control_p), lambda r: rejects(r.score_experimental_p))
    yield what, found, None
    permuted = [r for r in trials if r.arm_permutations]
    if not permuted:
        return
    by_permutation = share(
        permuted,
        lambda r: is_least(r.score_control_permutation_p),
        lambda r: is_least(r.score_experimental_permutation_p),
    )
    yield "interaction of a score: permutation p <= 0.05", by_permutation, bound_level(len(permuted))
    if max(r.arm_permutations for r in permuted) > PERMUTATIONS:
        claimed = share(permuted, lambda r: r.scores_claimed > 0)
        yield "a score is claimed, 39 permutations of the arms", claimed, bound_most(len(permuted))


def _check_permutation(trials: Trials) -> _Found:
    """The permutation p of C: at most 0.05 as often as it says, and uniform but for its ties."""
    known = [r for r in trials if r.permutation_p is not None]
    if not known:
        return
    yield (
        "permutation p of C <= 0.05",
        share(known, lambda r: is_least(r.permutation_p)),
        bound_level(len(known)),
    )
    ps = [break_ties(r.permutation_p or 0.0, r.permutation_ties or 0.0, PERMUTATIONS, r.seed) for r in known]
    what = "permutation p of C, ties broken at random, is uniform: p of a Kolmogorov-Smirnov test"
    yield what, assess_uniformity(ps), Bound(lo=0.001)


def rejects(p: float | None) -> bool:
    """Whether a test rejects; one that could not be made does not."""
    return p is not None and p < ALPHA


def is_least(p: float | None) -> bool:
    """Whether a permutation p, a multiple of one over permutations and one, is at most the level."""
    return p is not None and p <= ALPHA + 1e-9


def covers(record: TrialRecord, value: float) -> bool:
    """Whether the interval of the interaction holds a value."""
    return record.lo is not None and record.hi is not None and record.lo <= value <= record.hi


def is_top(rank: int | None) -> bool:
    """Whether a cluster is among those selected most often."""
    return rank is not None and rank <= TOP


def _is_tested(record: TrialRecord) -> bool:
    tests = (record.p_predictive, record.p_prognostic, record.score_control_p, record.score_experimental_p)
    return any(p is not None for p in tests)


def _count_claims(record: TrialRecord) -> int:
    return record.candidates_claimed + record.scores_claimed
