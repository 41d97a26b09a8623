"""Nothing that a fold's model is may depend on the rows it is to score.

The check: change everything about the held-out rows (values, outcomes, batches) and the model fitted beside
them must stay the same to the last bit, and so must the scores of its training rows. Each step is also moved
out of the fold on purpose, fitted to all rows before they are split: then the check must fail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from radfeat.modelling.batch_effects import ComBat
from radfeat.modelling.cross_validation import Rows, Split, score_splits
from radfeat.modelling.estimators import ElasticNetPath
from radfeat.modelling.fold_model import ElasticNetFit, FitModel, FoldModel, JointNetFit, PlainFit
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.preprocessing import fit_pipeline
from radfeat.modelling.selection import ClusterRepresentatives, NearConstantFilter, RobustAsinh
from radfeat.modelling.settings import UnseenBatch
from studies import binary, continuous, make_settings, survival

N, WIDTH = 72, 9
SETTINGS = make_settings(batch_effects="combat", min_site=5, penalties=8, inner_folds=3)
RNG = np.random.default_rng(17)
HELD_OUT = np.arange(N) % 3 == 0
BATCHES = tuple("ABC"[(i // 3) % 3] for i in range(N))


def draw_values() -> Floats:
    """Skewed columns with batch shifts, a missing value, near-copies, and a column nearly constant."""
    values = np.exp(RNG.normal(size=(N, WIDTH)))
    values[:, 1] = values[:, 0] * np.exp(0.05 * RNG.normal(size=N))
    values += np.array([[{"A": 0.0, "B": 0.7, "C": -0.5}[b]] for b in BATCHES])
    values[1::6, 2] = np.nan
    values[:, 3] = 1.0
    values[1:9:2, 3] = RNG.normal(size=4)
    return values


VALUES = draw_values()
HAZARD = 0.9 * np.log(VALUES[:, 0] + 2) + 0.5 * VALUES[:, 4]
SURVIVAL = survival(RNG.exponential(300 * np.exp(-HAZARD)) + 1, RNG.random(N) < 0.8)
BINARY = binary(RNG.random(N) < 1 / (1 + np.exp(-2 * (HAZARD - HAZARD.mean()))))
CONTINUOUS = continuous((HAZARD + 0.5 * RNG.normal(size=N)).tolist())
STRATIFIED = replace(SURVIVAL, levels=tuple(("ab"[i % 2],) for i in range(N)))
KINDS = pytest.mark.parametrize(
    "outcomes",
    [SURVIVAL, BINARY, CONTINUOUS, STRATIFIED],
    ids=["survival", "binary", "continuous", "stratified"],
)


def make_rows(outcomes: Outcomes) -> Rows:
    return Rows(tuple(f"S{i:02d}" for i in range(N)), ("a",) * N, VALUES, outcomes, BATCHES)


def disturb(rows: Rows) -> Rows:
    """Other values, outcomes and batches for the held-out rows; the training rows as they were."""
    rng = np.random.default_rng(99)
    values = rows.values.copy()
    values[HELD_OUT] = 50 * rng.normal(size=(HELD_OUT.sum(), values.shape[1])) + 1000
    times, events = rows.outcomes.times.copy(), rows.outcomes.events.copy()
    times[HELD_OUT] = times[HELD_OUT][::-1] * 7 + 3
    events[HELD_OUT] = ~events[HELD_OUT] & (not rows.outcomes.is_continuous)
    measured = rows.outcomes.values
    if measured is not None:
        measured = np.where(HELD_OUT, 7 * measured[::-1] + 3, measured)
    levels = rows.outcomes.levels
    if levels is not None:
        levels = tuple(("c",) if out else own for own, out in zip(levels, HELD_OUT, strict=True))
    outcomes = replace(rows.outcomes, times=times, events=events, values=measured, levels=levels)
    batches = tuple(
        "CAB"[i % 3] if out else b for i, (b, out) in enumerate(zip(BATCHES, HELD_OUT, strict=True))
    )
    return replace(rows, values=values, outcomes=outcomes, batches=batches)


@dataclass(frozen=True, eq=False)
class Keep:
    """Fits as told, and keeps the model of the fold that holds the rows out, and its training rows."""

    fit: FitModel
    kept: list[tuple[FoldModel | None, Inputs]]

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        model = self.fit(inputs, outcomes, subjects, seed)
        self.kept.append((model, inputs))
        return model


def learn(rows: Rows, prepare: Callable[[Rows], Rows], fit: FitModel) -> dict[str, Floats]:
    """All that one fold's model is, as arrays: what must not depend on the rows it scores."""
    keep = Keep(fit, [])
    prepared = prepare(rows)
    score_splits(prepared, N, keep, [Split((~HELD_OUT).astype(np.intp), 1)])
    model, inputs = keep.kept[0]
    assert len(inputs) == N - HELD_OUT.sum()
    if model is None:
        return {"none": np.zeros(1)}
    state = {
        "coefficients": model.coefficients,
        "columns": model.columns,
        "standard": np.array([model.mean, model.deviation, model.cut, model.intercept, model.penalty or 0.0]),
        "scores": model.score(inputs),
    }
    for name, step in model.steps.named.items():
        for attribute, value in vars(step).items():
            if attribute.endswith("_") and isinstance(value, np.ndarray):
                state[f"{name}.{attribute}"] = value
    return state


def leaks(rows: Rows, prepare: Callable[[Rows], Rows], fit: FitModel) -> list[str]:
    """What a fold's model learns from the rows it is to score."""
    before, after = learn(rows, prepare, fit), learn(disturb(rows), prepare, fit)
    if before.keys() != after.keys():
        return ["everything"]
    return [name for name in before if not np.array_equal(before[name], after[name], equal_nan=True)]


def as_it_is(rows: Rows) -> Rows:
    return rows


FITS = [ElasticNetFit(SETTINGS), JointNetFit(SETTINGS, 2), PlainFit()]


@pytest.mark.requirement("R-STAT-2")
@KINDS
@pytest.mark.parametrize("fit", FITS, ids=lambda fit: type(fit).__name__)
def test_model_of_a_fold_knows_nothing_of_the_rows_it_scores(outcomes: Outcomes, fit: FitModel) -> None:
    rows = make_rows(outcomes)
    if not isinstance(fit, ElasticNetFit):
        order = [4, 5] if isinstance(fit, PlainFit) else [4, 5, 0, 1, 2, 3, 6, 7, 8]
        rows = replace(rows, values=rows.values[:, order])
    assert learn(rows, as_it_is, fit)["coefficients"].any(), "an empty model could not leak"
    assert leaks(rows, as_it_is, fit) == []


def impute_on_all(rows: Rows) -> Rows:
    medians = np.nanmedian(rows.values, axis=0)
    return replace(rows, values=np.where(np.isnan(rows.values), medians, rows.values))


def filter_on_all(rows: Rows) -> Rows:
    return replace(rows, values=NearConstantFilter(0.8).fit_transform(rows.values))


def transform_on_all(rows: Rows) -> Rows:
    return replace(rows, values=RobustAsinh().fit_transform(impute_on_all(rows).values))


def adjust_on_all(rows: Rows) -> Rows:
    values = impute_on_all(rows).values
    return replace(rows, values=ComBat(5, UnseenBatch.POOLED).fit_transform(values, batches=rows.batches))


def cluster_on_all(rows: Rows) -> Rows:
    return replace(rows, values=ClusterRepresentatives(0.9).fit_transform(impute_on_all(rows).values))


def scale_on_all(rows: Rows) -> Rows:
    deviation = np.nanstd(rows.values, axis=0)
    return replace(rows, values=(rows.values - np.nanmean(rows.values, axis=0)) / deviation)


def select_on_all(rows: Rows) -> Rows:
    """The classic one: the columns that go best with the outcome of all."""
    values = impute_on_all(rows).values
    known = rows.outcomes.measured if rows.outcomes.is_continuous else rows.outcomes.events
    likeness = [abs(np.corrcoef(column, known)[0, 1]) if np.ptp(column) else 0 for column in values.T]
    return replace(rows, values=values[:, np.sort(np.argsort(likeness)[-4:])])


MOVED_OUT = [
    impute_on_all,
    filter_on_all,
    transform_on_all,
    adjust_on_all,
    cluster_on_all,
    scale_on_all,
    select_on_all,
]


@pytest.mark.requirement("R-STAT-2")
@KINDS
@pytest.mark.parametrize("prepare", MOVED_OUT)
def test_step_moved_out_of_the_fold_is_noticed(outcomes: Outcomes, prepare: Callable[[Rows], Rows]) -> None:
    assert leaks(make_rows(outcomes), prepare, ElasticNetFit(SETTINGS)) != []


@dataclass(frozen=True, eq=False)
class OnAllRows:
    """Fits in the fold but for one thing, taken from a model of all rows, those held out among them."""

    rows: Rows
    borrow: Callable[[FoldModel, FoldModel, Inputs], FoldModel]

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        fit = ElasticNetFit(SETTINGS)
        own = fit(inputs, outcomes, subjects, seed)
        everything = self.rows.take_inputs(np.arange(N))
        all_rows = fit(everything, self.rows.outcomes, self.rows.subject_ids, seed)
        assert own is not None
        assert all_rows is not None
        return self.borrow(own, all_rows, everything)


def borrow_standard(own: FoldModel, all_rows: FoldModel, everything: Inputs) -> FoldModel:
    predictor = own.steps.transform(everything) @ own.coefficients
    return replace(own, mean=float(predictor.mean()), deviation=float(predictor.std()))


def borrow_cut(own: FoldModel, all_rows: FoldModel, everything: Inputs) -> FoldModel:
    return replace(own, cut=float(np.median(own.score(everything))))


def borrow_penalty(own: FoldModel, all_rows: FoldModel, everything: Inputs) -> FoldModel:
    return replace(own, penalty=all_rows.penalty)


def borrow_net(own: FoldModel, all_rows: FoldModel, everything: Inputs) -> FoldModel:
    return all_rows


@KINDS
@pytest.mark.parametrize("borrow", [borrow_standard, borrow_cut, borrow_penalty, borrow_net])
def test_standardisation_cut_penalty_and_net_of_all_rows_are_noticed(
    outcomes: Outcomes, borrow: Callable[[FoldModel, FoldModel, Inputs], FoldModel]
) -> None:
    rows = make_rows(outcomes)

    def learn_with(these: Rows) -> dict[str, Floats]:
        return learn(these, as_it_is, OnAllRows(these, borrow))

    before, after = learn_with(rows), learn_with(disturb(rows))
    changed = [
        name
        for name in before
        if before[name].shape != after[name].shape or (before[name] != after[name]).any()
    ]
    assert changed != []


@KINDS
def test_inner_loop_is_as_blind_as_the_outer_one(outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every net of the inner loop, too, is fitted to steps that saw its own training rows alone."""
    fitted: list[tuple[int, int]] = []
    seen: list[int] = []
    whole_fit, whole_net = fit_pipeline, ElasticNetPath.fit

    def watch_steps(pipeline: object, inputs: Inputs) -> object:
        seen.append(len(inputs))
        return whole_fit(pipeline, inputs)

    def watch_net(self: ElasticNetPath, X: Floats, y: Outcomes) -> ElasticNetPath:
        fitted.append((len(X), seen[-1]))
        return whole_net(self, X, y)

    monkeypatch.setattr("radfeat.modelling.preprocessing.fit_pipeline", watch_steps)
    monkeypatch.setattr(ElasticNetPath, "fit", watch_net)
    rows = make_rows(outcomes)
    ElasticNetFit(SETTINGS)(rows.take_inputs(np.arange(N)), outcomes, rows.subject_ids, 1)
    assert len(fitted) == 1 + SETTINGS.inner_folds
    assert all(net == steps for net, steps in fitted)
    assert [net for net, _ in fitted] == [N, *[N - N // 3] * 3]
