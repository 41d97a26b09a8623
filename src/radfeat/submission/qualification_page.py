"""The page of the qualification, with room for signatures."""

from itertools import groupby

from markupsafe import Markup

from radfeat.submission.checklist_page import build_environment
from radfeat.submission.qualification import Qualification, Stage
from radfeat.submission.requirements import Result

SIGNATURES = ("Performed by", "Reviewed by", "Approved by")
STAGE_TITLES = {
    Stage.INSTALLATION: "Installation (IQ)",
    Stage.OPERATION: "Operation (OQ)",
    Stage.PERFORMANCE: "Performance (PQ)",
}


def render_qualification(qualification: Qualification, style: str) -> str:
    """One self-contained page; the same qualification gives the same bytes."""
    return (
        build_environment()
        .get_template("qualification.html")
        .render(
            q=qualification,
            style=Markup(style),
            groups=[(a, list(g)) for a, g in groupby(qualification.traced, lambda t: t.requirement.area)],
            stages=tuple(Stage),
            titles=STAGE_TITLES,
            results=tuple(Result),
            signatures=SIGNATURES,
        )
    )
