"""What ``radfeat ibsi`` leaves: the table, its description, and a page to read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from radfeat.core.digest import compute_json_digest
from radfeat.core.files import write_text
from radfeat.core.vocabulary import Configuration
from radfeat.ibsi.comparison import ConfigurationResult, build_rows
from radfeat.ibsi.page import PageContext, render_page
from radfeat.pipeline.code import compute_feature_code_digest, describe_installation
from radfeat.pipeline.ct_phantom import WHERE_TO_GET_IT
from radfeat.pipeline.folders import CONFORMANCE_PAGE
from radfeat.pipeline.ibsi import SETUPS
from radfeat.report.style import read_style
from radfeat.tables.codebook import write_codebook
from radfeat.tables.datapackage import write_datapackage
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import CONFORMANCE, INSTALLATION_TABLES


def write_conformance(folder: Path, results: Sequence[ConfigurationResult]) -> None:
    """Write table, codebook, data package and page; the same results give the same bytes."""
    setups = [[s.configuration.value, s.prepare.model_dump(mode="json"), dict(s.bins)] for s in SETUPS]
    write_table(
        folder / f"{CONFORMANCE.name}.parquet",
        build_table(CONFORMANCE, build_rows(results)),
        CONFORMANCE,
        settings_digest=compute_json_digest(setups),
        run_id=compute_feature_code_digest()[:16],
    )
    write_codebook(folder, INSTALLATION_TABLES)
    compared = sum(len(result.comparisons) for result in results)
    agreeing = sum(result.agreeing for result in results)
    write_datapackage(folder, INSTALLATION_TABLES, {"compared": compared, "agreeing": agreeing})
    write_text(folder / CONFORMANCE_PAGE, render_page(results, build_page_context()))


def build_page_context() -> PageContext:
    """What the page says besides the results."""
    return PageContext(
        installation=describe_installation(),
        setups=tuple((s.configuration, s.words) for s in SETUPS),
        where_to_get_it=WHERE_TO_GET_IT,
        style=read_style(),
    )


def list_missing(results: Iterable[ConfigurationResult]) -> tuple[Configuration, ...]:
    """The configurations that were not run."""
    done = {result.configuration for result in results}
    return tuple(c for c in Configuration if c not in done)
