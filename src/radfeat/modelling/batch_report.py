"""What the model of a whole arm did about batches: as rows of ``performance``, and for its JSON record."""

from collections.abc import Iterator

from radfeat.modelling.batch_effects import ComBat
from radfeat.modelling.evaluation import Metric
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.fold_model import FoldModel
from radfeat.modelling.kinds import RADIOMICS
from radfeat.modelling.model_files import BatchAdjustment, ModelBatches
from radfeat.modelling.settings import ModellingSettings


def report_batches(fitted: FoldModel, verdict: Feasibility) -> Iterator[Metric]:
    """How many batches have estimates of their own, and how many were pooled because they have few rows."""
    step = find_batch_step(fitted)
    if step is None:
        return
    counts = verdict.n, verdict.events
    own, pooled = step.own_, step.pooled_
    yield Metric(
        *(RADIOMICS, "batches_own", float(len(own)), None, None, *counts),
        f"Batches of at least {step.min_rows} subjects, adjusted by ComBat: {_list(own)}. {_say_scope(step)}",
    )
    fate = "adjusted as one batch" if _adjusts_pool(step) else "left as they are: too few together"
    yield Metric(
        *(RADIOMICS, "batches_pooled", float(len(pooled)), None, None, *counts),
        f"Batches of fewer than {step.min_rows} subjects, {fate}: {_list(pooled)}." if pooled else "None.",
    )


def find_batch_step(fitted: FoldModel) -> ComBat | None:
    """The fitted ComBat step of a model; None if it has none."""
    step: ComBat | None = fitted.steps.named.get("batch")
    return step


def describe_batches(fitted: FoldModel, settings: ModellingSettings) -> ModelBatches | None:
    """What new subjects need for being adjusted as the training subjects were; None without batch effects."""
    step = find_batch_step(fitted)
    if step is None:
        return None
    return ModelBatches(
        batch=settings.batch, own=step.own_, pooled=step.pooled_, unseen=step.unseen, min_rows=step.min_rows
    )


def list_adjustments(step: ComBat | None, column: int) -> tuple[BatchAdjustment, ...]:
    """Factor and offset of each batch for one transformed column."""
    if step is None:
        return ()
    names: tuple[str | None, ...] = (*step.own_, None)[: len(step.factors_)]
    return tuple(
        BatchAdjustment(
            batch=name, factor=float(step.factors_[k, column]), offset=float(step.offsets_[k, column])
        )
        for k, name in enumerate(names)
    )


def _adjusts_pool(step: ComBat) -> bool:
    return step.has_pool_ and len(step.factors_) > 1


def _say_scope(step: ComBat) -> str:
    if len(step.factors_) < 2:
        return "With fewer than two nothing was adjusted."
    return "Estimated from the training rows of each fold; counted here in the model of the whole arm."


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:10]) or "none"
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
