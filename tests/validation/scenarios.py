"""The scenarios: what is planted in their trials, how many there are, and what one trial is reduced to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from radfeat.core.vocabulary import EndpointKind
from radfeat.simulate.settings import Truth
from validation.leaks import LeakRecord, leak_combat, leak_cut, leak_selection
from validation.procedure import Permutations, TrialRecord, analyse_trial
from validation.trials import Design, assemble_study, build_settings, draw_trial

Record = TrialRecord | LeakRecord

TIME, BINARY, CONTINUOUS = EndpointKind.TIME_TO_EVENT, EndpointKind.BINARY, EndpointKind.CONTINUOUS

PERMUTATIONS = 19
"""The least with which a permutation p can reach 0.05."""

NEEDED = 39
"""The least with which one of two scores can be claimed."""

NULL, GATE, PROGNOSTIC, PREDICTIVE = (
    Design(Truth.NULL),
    Design(Truth.PREDICTIVE, subjects=30),
    Design(Truth.PROGNOSTIC_ONLY),
    Design(Truth.PREDICTIVE),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario: what is planted, its trials (seeds 1, 2, ...) by kind of endpoint, the function of one."""

    title: str
    planted: str
    trials: Mapping[EndpointKind, int]
    run: Callable[[EndpointKind, int], Record]

    def take(self, share: float) -> Mapping[EndpointKind, int]:
        """Trials of each kind when only a share of them is run; at least four."""
        return {kind: max(4, round(share * trials)) for kind, trials in self.trials.items()}


def run_null(kind: EndpointKind, seed: int) -> TrialRecord:
    """No property of a lesion has any effect; treatment and covariates have theirs."""
    permuted = PERMUTATIONS if seed <= {TIME: 500, BINARY: 250, CONTINUOUS: 0}[kind] else 0
    return _run("null", NULL, kind, seed, Permutations(permuted, permuted))


def run_gate(kind: EndpointKind, seed: int) -> TrialRecord:
    """Strong effects, but too few subjects to fit a model."""
    return _run("gate", GATE, kind, seed, Permutations(PERMUTATIONS, PERMUTATIONS))


def run_prognostic(kind: EndpointKind, seed: int) -> TrialRecord:
    """One property is prognostic in both arms, none alters the effect of treatment."""
    outcomes = 0 if kind is CONTINUOUS else PERMUTATIONS
    arms = NEEDED if kind is TIME and seed > 60 else 0
    return _run("prognostic", PROGNOSTIC, kind, seed, Permutations(outcomes, arms))


def run_predictive(kind: EndpointKind, seed: int) -> TrialRecord:
    """One property is prognostic in both arms, another alters the effect of treatment."""
    arms = NEEDED if kind is TIME and seed > 80 else 0
    return _run("predictive", PREDICTIVE, kind, seed, Permutations(0, arms), repeats=3)


def _run(
    name: str, design: Design, kind: EndpointKind, seed: int, permutations: Permutations, repeats: int = 1
) -> TrialRecord:
    settings = build_settings(kind, seed, repeats=repeats)
    study = assemble_study(draw_trial(design, seed), settings)
    return analyse_trial(name, study, kind, settings, permutations)


SCENARIOS: Mapping[str, Scenario] = {
    "null": Scenario(
        "Nothing",
        "No property of a lesion has any effect. Treatment and covariates have theirs.",
        {TIME: 500, BINARY: 500, CONTINUOUS: 500},
        run_null,
    ),
    "gate": Scenario(
        "Too few subjects",
        "Effects as in the predictive scenario, 15 subjects an arm.",
        {TIME: 50, BINARY: 50, CONTINUOUS: 50},
        run_gate,
    ),
    "prognostic": Scenario(
        "Prognosis only",
        "One property is prognostic in both arms: log hazard ratio 0.8 per SD.",
        {TIME: 100, BINARY: 100, CONTINUOUS: 100},
        run_prognostic,
    ),
    "predictive": Scenario(
        "Prediction",
        "Besides, another property alters the log hazard ratio of treatment: by -0.8 per SD.",
        {TIME: 100, BINARY: 100, CONTINUOUS: 100},
        run_predictive,
    ),
    "leak_selection": Scenario(
        "Leak: features chosen on all rows",
        "Nothing; 60 subjects an arm, 150 features.",
        {TIME: 50, BINARY: 50},
        leak_selection,
    ),
    "leak_cut": Scenario(
        "Leak: the best of 33 cuts", "Nothing; 120 subjects, one feature.", {TIME: 1000}, leak_cut
    ),
    "leak_combat": Scenario(
        "Leak: ComBat on all rows",
        "Nothing but shifts of the features by site; 100 subjects an arm, 25 sites, 150 features.",
        {BINARY: 100},
        leak_combat,
    ),
}
"""All scenarios by name, which is also that of the file of their records."""
