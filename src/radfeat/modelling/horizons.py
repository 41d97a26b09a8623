"""At which times a time-to-event endpoint is judged: declared, or by a rule that is blind to arms."""

from dataclasses import dataclass

import numpy as np

from radfeat.modelling.cohort import StudyTable
from radfeat.modelling.endpoint_settings import EndpointSettings


@dataclass(frozen=True, slots=True)
class Horizons:
    """Times of judgement, ascending; ``truncation`` is where Uno's C stops; ``origin`` says where from.

    ``times`` is empty for an endpoint without times, or of which no subject has an outcome.
    """

    times: tuple[float, ...]
    truncation: float
    origin: str
    thresholds: tuple[float, float]

    @property
    def last(self) -> float | None:
        """The last horizon; None without any."""
        return self.times[-1] if self.times else None


def resolve_horizons(study: StudyTable, endpoint: EndpointSettings) -> Horizons:
    """The declared horizons; else the median of the observed times of all subjects, whatever their arm.

    At that median half of the subjects are still under observation, so that the weights that undo censoring
    stay small. Arms do not enter, and events only in so far as they end observation. None where events
    compete: what is judged at horizons would be a risk in a world without the competing event.
    """
    outcomes = study.outcomes[endpoint.name]
    known = outcomes.take(np.flatnonzero(study.has_outcome[endpoint.name]))
    if not outcomes.is_survival or outcomes.competing is not None or not len(known):
        return Horizons((), 0.0, "", endpoint.thresholds)
    times, origin = endpoint.horizons, "declared"
    if not times:
        times = (float(np.median(known.times)),)
        origin = f"by rule {endpoint.horizon_rule.value}: {len(known)} subjects of all arms"
    return Horizons(times, endpoint.uno_truncation or times[-1], origin, endpoint.thresholds)
