"""What the page must know besides the tables: which run this is, and what its settings prespecified."""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from pydantic import BaseModel, ConfigDict

from radfeat.core.vocabulary import EndpointKind, Standing


@dataclass(frozen=True, slots=True)
class LockFacts:
    """Whether the analysis is the one locked before the arms were read, and under which digest that is.

    ``readings`` is the number of analyses with which the arms were read.
    """

    standing: Standing
    sentence: str
    digest: str
    readings: int

    @property
    def is_exploratory(self) -> bool:
        """Whether nothing on the page can be confirmatory."""
        return self.standing is Standing.EXPLORATORY


@dataclass(frozen=True, slots=True)
class OverriddenGate:
    """A QC gate that a person opened: the sentence with which it had stopped the run, and why."""

    sentence: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """Something that differs between the recipes: a setting, or what a recipe means by itself."""

    what: str
    here: str
    otherwise: str
    is_setting: bool


@dataclass(frozen=True, slots=True)
class ReportContext:
    """Identity of the run; ``tables`` are paths relative to the page, ``settings_yaml`` is shown as it is.

    ``recipes`` says what the other recipe, ``other_recipe``, would have instead; ``conformance_href`` is the
    page on conformance, relative to this page. None of them holds an arm where the page is blinded.
    ``gate`` is None where the QC gate opened by itself, and on a blinded page, which does not wait for it.
    """

    study: str
    version: str
    run_id: str
    settings_digest: str
    recipe: str
    engine: str
    settings_yaml: str
    tables: tuple[str, ...]
    other_recipe: str
    recipes: tuple[RecipeLine, ...]
    conformance_href: str
    lock: LockFacts | None = None
    gate: OverriddenGate | None = None


class EndpointFacts(BaseModel):
    """One endpoint as the settings declare it; ``time_unit`` is only a label."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    kind: EndpointKind = EndpointKind.TIME_TO_EVENT
    time_unit: str = ""
    competing_values: tuple[str, ...] = ()


class CovariateFacts(BaseModel):
    """One clinical covariate, by its column."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    column: str


class DeltaFacts(BaseModel):
    """The two visits whose changes are predictors."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    baseline: str
    followup: str
    kinds: tuple[str, ...] = ("log_ratio",)
    landmark_day: float | None = None


class AnalysisFacts(BaseModel):
    """What the page says of the prespecified analysis; the tables hold everything else."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    endpoints: tuple[EndpointFacts, ...] = ()
    arms: tuple[str, ...] = ()
    stratification: tuple[str, ...] = ()
    covariates: tuple[CovariateFacts, ...] = ()
    candidates: tuple[str, ...] = ()
    timepoint: str | None = None
    lesions: str = "largest"
    delta: DeltaFacts | None = None
    repeatability: Mapping[str, object] | None = None
    batch_effects: str = "none"
    batch: str = "site"
    leave_site_out_from: int | None = None
    min_site: int = 0
    folds: int
    repeats: int
    permutations: int
    level: float
    alpha: float

    def kind(self, endpoint: str) -> EndpointKind:
        """Kind of an endpoint; one that is not declared is taken for a time to an event."""
        kinds = {e.name: e.kind for e in self.endpoints}
        return kinds.get(endpoint, EndpointKind.TIME_TO_EVENT)

    def is_survival(self, endpoint: str) -> bool:
        """Whether an endpoint is a time to an event."""
        return self.kind(endpoint) is EndpointKind.TIME_TO_EVENT

    def competes(self, endpoint: str) -> bool:
        """Whether the endpoint declares competing events."""
        return any(e.competing_values for e in self.endpoints if e.name == endpoint)

    def time_unit(self, endpoint: str) -> str:
        """Unit of an endpoint's times; empty where none is declared."""
        return next((e.time_unit for e in self.endpoints if e.name == endpoint), "")


def read_analysis_facts(context: ReportContext) -> AnalysisFacts:
    """The section ``modelling`` of the run's settings."""
    return AnalysisFacts.model_validate(yaml.safe_load(context.settings_yaml)["modelling"])
