"""Who and what went in, what was lost on the way and why: the numbers of the flow diagrams."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from radfeat.core.vocabulary import EndpointKind, Status
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, Rows, UnblindedTables
from radfeat.report.summaries.exclusions import count_left_to_landmark, word_exclusion
from radfeat.report.wording import count_of, explain_reason, format_count


@dataclass(frozen=True, slots=True)
class Loss:
    """So many left the flow here, for one reason."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the flow: how many there are, and who does not go on from here."""

    label: str
    count: str
    losses: tuple[Loss, ...] = ()

    @property
    def lost(self) -> int:
        """How many do not go on."""
        return sum(loss.count for loss in self.losses)


@dataclass(frozen=True, slots=True)
class Ending:
    """What the subjects of an arm enter at the end: one endpoint.

    ``without`` enter a model but not this one, of whom ``left_to_landmark`` by the rule of the landmark.
    """

    endpoint: str
    kind: EndpointKind
    n: int
    events: int
    competing: int | None
    feasible: bool
    sentence: str
    without: int
    left_to_landmark: int

    @property
    def missing(self) -> str:
        """Who enters a model but not this one, in words; empty where there is nobody."""
        rest = self.without - self.left_to_landmark
        parts = [
            *([f"{format_count(rest)} without the outcome"] if rest else []),
            *([f"{format_count(self.left_to_landmark)} by the landmark"] if self.left_to_landmark else []),
        ]
        return f"left out: {', '.join(parts)}" if parts else ""

    @property
    def counted(self) -> str:
        """What became of the subjects, in words; empty where a value was measured."""
        if self.kind is EndpointKind.CONTINUOUS:
            return ""
        if self.kind is EndpointKind.BINARY:
            return f"{format_count(self.events)} in the positive class"
        events = count_of(self.events, "event")
        return events if self.competing is None else f"{events}, {format_count(self.competing)} competing"


@dataclass(frozen=True, slots=True)
class ArmFlow:
    """The flow of one arm, from the clinical sheet to the models of each endpoint."""

    arm: str
    steps: tuple[Step, ...]
    endings: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class SubjectFlow:
    """All subjects of the clinical sheet, then arm by arm."""

    subjects: int
    arms: tuple[ArmFlow, ...]


def build_image_flow(series: Rows, rois: Rows) -> tuple[Step, ...]:
    """From the images of the sheet to the ROIs that have features."""
    failed = [row for row in rois if row["status"] == Status.FAILED.value]
    unread = [row for row in series if row["status"] == Status.FAILED.value]
    unread_cases = {row["case_id"] for row in unread}
    on_unread = sum(row["case_id"] in unread_cases for row in rois)
    subjects = len({(row["study_id"], row["site_id"], row["subject_id"]) for row in series})
    sites = len({(row["study_id"], row["site_id"]) for row in series})
    who = f"of {count_of(subjects, 'subject')} at {count_of(sites, 'site')}"
    late = [row for row in failed if row["case_id"] not in unread_cases]
    lost_with_images = f"on the {count_of(len(unread), 'image')} not read"
    return (
        Step(f"in the image sheet, {who}", count_of(len(series), "image"), _count_losses(unread)),
        Step("read", count_of(len(series) - len(unread), "image")),
        Step(
            "named in the sheet",
            count_of(len(rois), "ROI"),
            (*([Loss(on_unread, lost_with_images)] if on_unread else []), *_count_losses(late)),
        ),
        Step("measured", count_of(len(rois) - len(failed), "ROI")),
    )


def build_subject_flow(tables: UnblindedTables, facts: AnalysisFacts) -> SubjectFlow:
    """From the clinical sheet to the models, arm by arm in the order of the settings."""
    arms = order_arms((row["arm"] for row in tables.subjects), facts)
    return SubjectFlow(len(tables.subjects), tuple(_build_arm_flow(arm, tables, facts) for arm in arms))


def _build_arm_flow(arm: str, tables: UnblindedTables, facts: AnalysisFacts) -> ArmFlow:
    members = [row for row in tables.subjects if row["arm"] == arm]
    imaged = [row for row in members if row["has_image"]]
    measured = [row for row in imaged if row["has_features"]]
    entering = [row for row in measured if row["excluded"] is None]
    steps = (
        Step("in the clinical sheet", count_of(len(members), "subject"), _exclusions(members, imaged)),
        Step("with an image", count_of(len(imaged), "subject"), _exclusions(imaged, measured)),
        Step("with features", count_of(len(measured), "subject"), _exclusions(measured, entering)),
    )
    endings = tuple(
        Ending(
            *(endpoint, facts.kind(endpoint)),
            *(row["n"], row["events"], row["competing"], row["feasible"], row["sentence"]),
            *(len(entering) - row["n"], count_left_to_landmark(tuple(entering), arm, endpoint)),
        )
        for endpoint in order_endpoints((r["endpoint"] for r in tables.feasibility), facts)
        for row in tables.feasibility
        if row["endpoint"] == endpoint and row["arm"] == arm
    )
    return ArmFlow(arm, steps, endings)


def order_arms(found: Iterable[str], facts: AnalysisFacts) -> tuple[str, ...]:
    """All declared arms in their order; what the settings do not name comes last."""
    return (*facts.arms, *sorted(set(found) - set(facts.arms)))


def order_endpoints(found: Iterable[str], facts: AnalysisFacts) -> list[str]:
    """Endpoints in the order of the settings; what the settings do not name comes last."""
    names = set(found)
    declared = [e.name for e in facts.endpoints if e.name in names]
    return [*declared, *sorted(names - set(declared))]


def _count_losses(rows: Iterable[Row]) -> tuple[Loss, ...]:
    counts = Counter(explain_reason(row["reason"]) for row in rows)
    return tuple(
        Loss(n, reason) for reason, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _exclusions(before: list[Row], after: list[Row]) -> tuple[Loss, ...]:
    kept = {row["subject_id"] for row in after}
    gone = [row for row in before if row["subject_id"] not in kept]
    counts = Counter(word_exclusion(row["excluded"]) for row in gone)
    return tuple(
        Loss(n, reason) for reason, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
