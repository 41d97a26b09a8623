"""The page on conformance: results in, one HTML text without any outside part out."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from radfeat.core.vocabulary import Agreement, Configuration, PhantomSource
from radfeat.ibsi.comparison import Comparison, ConfigurationResult
from radfeat.ibsi.reference import SOURCE, count_references
from radfeat.ibsi.wording import (
    SOURCE_WORDS,
    format_reference,
    format_value,
    name_aggregation,
    name_configuration,
    name_configurations,
    summarise,
    write_words,
)


@dataclass(frozen=True, slots=True)
class PageContext:
    """What the page says besides the results.

    ``installation`` is name and version; ``setups`` says how each configuration is prepared; ``style`` is the
    style sheet.
    """

    installation: tuple[tuple[str, str], ...]
    setups: tuple[tuple[Configuration, str], ...]
    where_to_get_it: str
    style: str


@dataclass(frozen=True, slots=True)
class Line:
    """One reference value, with what was measured from each source."""

    comparisons: tuple[Comparison, ...]

    @property
    def failing(self) -> bool:
        """Whether any source does not agree."""
        return any(c.agreement is not Agreement.AGREES for c in self.comparisons)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One configuration: failing lines first, else in IBSI's order; ``references`` counts IBSI's values."""

    configuration: Configuration
    words: str
    sources: tuple[PhantomSource, ...]
    results: tuple[ConfigurationResult, ...]
    lines: tuple[Line, ...]
    references: int

    @property
    def failing(self) -> int:
        """Lines on which at least one source does not agree."""
        return sum(line.failing for line in self.lines)


def render_page(results: Sequence[ConfigurationResult], context: PageContext) -> str:
    """One self-contained page; the same results and context give the same bytes.

    Parameters
    ----------
    results
        One per configuration and source, at least one.
    context
        The installation, and how the configurations are prepared.
    """
    chapters = [_build_chapter(c, words, results) for c, words in context.setups]
    return (
        _build_environment()
        .get_template("conformance.html")
        .render(
            context=context,
            style=Markup(context.style),  # our own file
            chapters=[chapter for chapter in chapters if chapter.results],
            missing=tuple(c.configuration for c in chapters if not c.results),
            summary=summarise(results),
            source=SOURCE,
        )
    )


def _build_chapter(
    configuration: Configuration, words: str, results: Sequence[ConfigurationResult]
) -> Chapter:
    own = tuple(r for r in results if r.configuration is configuration)
    lines = [Line(comparisons) for comparisons in zip(*(r.comparisons for r in own), strict=True)]
    lines.sort(key=lambda line: not line.failing)  # stable: IBSI's order within each
    return Chapter(
        configuration, words, tuple(r.source for r in own), own, tuple(lines), count_references(configuration)
    )


def _build_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("radfeat.ibsi"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (
        *(format_reference, format_value, name_aggregation, name_configuration, name_configurations),
        write_words,
    ):
        environment.globals[function.__name__] = function
    environment.globals["source_words"] = SOURCE_WORDS
    return environment
