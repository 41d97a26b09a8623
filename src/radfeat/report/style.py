"""The style sheet of every page that radfeat writes."""

from importlib.resources import files


def read_style() -> str:
    """The style sheet, to be put into a page."""
    return files("radfeat.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
