"""The page of the qualification, with room for signatures."""

import re
from itertools import groupby

from markupsafe import Markup, escape

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
            break_name=break_name,
        )
    )


def break_name(name: str) -> Markup:
    """A long name with places where a line may end; what is copied is the name alone."""
    return Markup(re.sub("([/_]|::)", r"\1<wbr>", str(escape(name))))  # escaped before
