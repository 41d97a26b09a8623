"""Two results folders, or packages, laid side by side: which tables, models and decisions belong together."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from radfeat.core.errors import SubmissionError
from radfeat.pipeline.folders import ResultsFolder
from radfeat.submission.bag import is_bag
from radfeat.submission.comparison import FilePair
from radfeat.submission.table_pairs import TablePair
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import TABLES

PACKAGED_OUTPUTS = "data/outputs"
"""Where the results lie in a package."""


def find_results(path: Path) -> ResultsFolder:
    """The results folder that a path means: itself, or what a package holds.

    Raises
    ------
    SubmissionError
        There are no tables.
    """
    folder = ResultsFolder(path / PACKAGED_OUTPUTS if is_bag(path) else path)
    if not folder.blinded.is_dir():
        raise SubmissionError(
            "there are no results here",
            key=str(path),
            remedy="Name a results folder, or a folder that `radfeat package` wrote",
        )
    return folder


def list_tables(folder: ResultsFolder) -> dict[str, Path]:
    """The tables of a results folder by their place in it, those of single arms included."""
    halves = (folder.blinded, folder.unblinded)
    found = (path for half in halves for path in sorted(half.rglob("*.parquet")))
    return {
        path.relative_to(folder.root).with_suffix("").as_posix(): path
        for path in found
        if path.stem in TABLES and is_table(path)
    }


def list_decisions(folder: ResultsFolder) -> dict[str, Path]:
    """The models, and the verdict of the QC gate, by their place in a results folder."""
    models = sorted(folder.unblinded.rglob("model.json"))
    found = [*models, *([folder.gate] if folder.gate.is_file() else [])]
    return {path.relative_to(folder.root).as_posix(): path for path in found}


def pair_runs(
    first: ResultsFolder, second: ResultsFolder
) -> tuple[tuple[TablePair, ...], tuple[FilePair, ...]]:
    """The tables and the files of two runs, by their places in the results folder."""
    tables = tuple(
        TablePair(name, TABLES[name.rpartition("/")[2]], a, b)
        for name, a, b in _match(list_tables(first), list_tables(second))
    )
    files = tuple(
        FilePair(name, a, b, decides=name.endswith("gate.json"))
        for name, a, b in _match(list_decisions(first), list_decisions(second))
    )
    return tables, files


def _match(
    first: Mapping[str, Path], second: Mapping[str, Path]
) -> Iterator[tuple[str, Path | None, Path | None]]:
    for name in sorted(first.keys() | second.keys()):
        yield name, first.get(name), second.get(name)
