"""Treatment-by-biomarker interactions: rows of the forest plot, and what is claimed."""

from dataclasses import dataclass

from radfeat.core.vocabulary import EndpointKind
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, UnblindedTables
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.flow import order_endpoints
from radfeat.report.wording import count_of, format_count, join_words

CANDIDATE = "candidate"
SCORE = "score"
SCREEN = "screen"
_KINDS = (CANDIDATE, SCORE, SCREEN)
"""Kinds of biomarker in the order of the page: what is screened is never claimed."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio, or a difference, with its limits; None where it was not estimated."""

    estimate: float | None
    lo: float | None
    hi: float | None

    @property
    def interval(self) -> tuple[float | None, float | None, float | None]:
        """Estimate, lower and upper limit."""
        return self.estimate, self.lo, self.hi


@dataclass(frozen=True, slots=True)
class Contrast:
    """One biomarker in one pair of arms; ``tested`` is false where ``sentence`` says why not.

    ``name`` is the biomarker as the table has it, ``biomarker`` as the page writes it. ``p`` is that to
    quote: of a score the one by permuting the arms, None where they were not permuted. ``can_be_claimed`` is
    false of a score where the permutations are too few for a p as small as a claim asks.
    """

    name: str
    biomarker: str
    kind: str
    experimental: str
    reference: str
    n: int
    events: int
    ratio: Ratio
    in_experimental: Ratio
    in_reference: Ratio
    p: float | None
    p_adjusted: float | None
    adjustment: str
    claim: bool
    sentence: str
    permutations: int = 0
    can_be_claimed: bool = False

    @property
    def tested(self) -> bool:
        """Whether there is an estimate."""
        return self.ratio.estimate is not None

    @property
    def obstacle(self) -> str:
        """Why it was not tested, of one that was not: its sentence without what it names."""
        return self.sentence.removeprefix(f"Not tested for {self.name}: ").removesuffix(".")


@dataclass(frozen=True, slots=True)
class EndpointContrasts:
    """The contrasts of one endpoint that are shown; ``hidden`` screened features are not."""

    endpoint: str
    kind: EndpointKind
    level: float
    shown: tuple[Contrast, ...]
    total: int
    hidden: int

    @property
    def has_screen(self) -> bool:
        """Whether features were screened."""
        return self.hidden > 0 or any(c.kind == SCREEN for c in self.shown)

    @property
    def ratio_word(self) -> str:
        """What is given for each arm."""
        return {
            EndpointKind.TIME_TO_EVENT: "hazard ratio",
            EndpointKind.BINARY: "odds ratio",
            EndpointKind.CONTINUOUS: "difference of the endpoint",
        }[self.kind]

    @property
    def is_difference(self) -> bool:
        """Whether effects are differences, in the unit of the endpoint, and not ratios."""
        return self.kind is EndpointKind.CONTINUOUS

    @property
    def compared_word(self) -> str:
        """What compares the two arms."""
        return "difference" if self.is_difference else "ratio"

    def count(self, contrast: Contrast) -> str:
        """``60 subjects, 40 events``: how many entered a test."""
        subjects = count_of(contrast.n, "subject")
        if self.kind is EndpointKind.CONTINUOUS:
            return subjects
        what = "events" if self.kind is EndpointKind.TIME_TO_EVENT else "in the positive class"
        return f"{subjects}, {format_count(contrast.events)} {what}"

    @property
    def intervals(self) -> tuple[tuple[float | None, float | None, float | None], ...]:
        """All intervals of the plot, for their common scale."""
        return tuple(r.interval for c in self.shown for r in (c.in_experimental, c.in_reference, c.ratio))

    @property
    def told(self) -> tuple[str, ...]:
        """The sentences of candidates and scores; one that several contrasts share stands once."""
        groups: dict[str, list[Contrast]] = {}
        for contrast in self.shown:
            if contrast.kind != SCREEN:
                groups.setdefault(contrast.sentence, []).append(contrast)
        return tuple(_tell(sentence, members) for sentence, members in groups.items())

    @property
    def claims(self) -> tuple[Contrast, ...]:
        """Those that the prespecified rule claims."""
        return tuple(c for c in self.shown if c.claim)

    @property
    def prespecified(self) -> int:
        """How many can be claimed: those of named features, and of scores with enough permutations."""
        return sum(c.can_be_claimed for c in self.shown)

    @property
    def of_scores(self) -> int:
        """How many are of scores and were tested."""
        return sum(c.kind == SCORE and c.tested for c in self.shown)

    @property
    def permutations(self) -> int:
        """How often the arms were permuted for the p of scores."""
        return max((c.permutations for c in self.shown), default=0)


def build_contrasts(
    tables: UnblindedTables, facts: AnalysisFacts, settings: ReportSettings
) -> tuple[EndpointContrasts, ...]:
    """The contrasts of each endpoint: candidates, scores, then the screened features of least p."""
    endpoints = order_endpoints((row["endpoint"] for row in tables.interactions), facts)
    return tuple(
        _build_endpoint(e, [r for r in tables.interactions if r["endpoint"] == e], facts, settings)
        for e in endpoints
    )


def _build_endpoint(
    endpoint: str, rows: list[Row], facts: AnalysisFacts, settings: ReportSettings
) -> EndpointContrasts:
    always = [row for row in rows if row["kind"] != SCREEN]
    screened = [row for row in rows if row["kind"] == SCREEN]
    arms = list(facts.arms)
    always.sort(key=lambda r: (_KINDS.index(r["kind"]), _place(arms, r), r["biomarker"]))
    screened.sort(key=lambda r: (r["p"] is None, r["p"] or 0.0, r["biomarker"]))
    levels = [row["level"] for row in rows if row["level"] is not None]
    shown = [*always, *screened[: settings.screened_shown]]
    scores = sum(row["kind"] == SCORE for row in always)
    return EndpointContrasts(
        endpoint=endpoint,
        kind=facts.kind(endpoint),
        level=levels[0] if levels else facts.level,
        shown=tuple(_build_contrast(row, scores, facts.alpha) for row in shown),
        total=len(rows),
        hidden=len(rows) - len(shown),
    )


def _place(arms: list[str], row: Row) -> tuple[int, int]:
    """Order of a row: by experimental arm, then by the arm of the score's model."""
    places = {arm: place for place, arm in enumerate(arms)}
    own = row["biomarker"].removeprefix("score:")
    return places.get(row["experimental_arm"], len(arms)), places.get(own, len(arms))


def _build_contrast(row: Row, scores: int, alpha: float) -> Contrast:
    is_score = row["kind"] == SCORE
    permutations = row["permutations"] or 0
    # Holm's least p of a family of scores; the factor is for rounding: two fortieths are a twentieth.
    is_fine_enough = scores <= alpha * (permutations + 1) * (1 + 1e-12)
    return Contrast(
        name=row["biomarker"],
        biomarker=_word_biomarker(row),
        kind=row["kind"],
        experimental=row["experimental_arm"],
        reference=row["reference_arm"],
        n=row["n"],
        events=row["events"],
        ratio=_ratio(row, "ratio"),
        in_experimental=_ratio(row, "hr_experimental"),
        in_reference=_ratio(row, "hr_reference"),
        p=row["permutation_p"] if is_score else row["p"],
        p_adjusted=row["p_adjusted"],
        adjustment=row["adjustment"],
        claim=row["claim"],
        sentence=row["sentence"],
        permutations=permutations,
        can_be_claimed=row["kind"] == CANDIDATE or (is_score and is_fine_enough),
    )


def _tell(sentence: str, members: list[Contrast]) -> str:
    """A sentence with the arms of its contrasts where there are several: it may not name them."""
    if len(members) == 1:
        return sentence
    arms = join_words(dict.fromkeys(c.experimental for c in members))
    return f"{sentence.removesuffix('.')} ({arms} against {members[0].reference})."


def _ratio(row: Row, name: str) -> Ratio:
    return Ratio(row[name], row[f"{name}_lo"], row[f"{name}_hi"])


def _word_biomarker(row: Row) -> str:
    name: str = row["biomarker"]
    if row["kind"] == SCORE:
        return f"Score of the model of {name.removeprefix('score:')}"
    return name
