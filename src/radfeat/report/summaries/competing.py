"""What competing events mean for the models of an endpoint."""

from collections.abc import Iterator

from radfeat.report.summaries.caution import Caution
from radfeat.report.summaries.models import EndpointModels
from radfeat.report.wording import count_of, join_words


def caution_competing(models: tuple[EndpointModels, ...]) -> Iterator[Caution]:
    """That scores are of hazards, not of risks, with how many competing events were taken for censorings."""
    told = [
        f"{count_of(sum(arm.competing or 0 for arm in endpoint.arms), 'competing event')} of "
        f"{endpoint.endpoint}"
        for endpoint in models
        if any(arm.competing is not None for arm in endpoint.arms)
    ]
    if told:
        yield Caution(
            "Competing events",
            f"Models, C and interactions take {join_words(told)} for censorings: they are cause-specific, of "
            "the rate of the event among those who have had neither. What goes with a higher rate need not "
            "go with a higher risk, which depends on the competing event too; the cumulative incidences show "
            "the risk. Risks of single subjects are not given.",
        )
