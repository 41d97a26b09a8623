"""A study whose features lie in a folder by site: the same tables, models and reports as from one file."""

from pathlib import Path

from trial_runs import change_setting, jobs_of, run_radfeat

from radfeat.tables.parquet import read_identity
from radfeat.tables.schemas import BLINDED_TABLES, UNBLINDED_TABLES


def digests(results: Path) -> dict[str, str]:
    halves = (("blinded", BLINDED_TABLES), ("unblinded", UNBLINDED_TABLES))
    paths = {s.name: results / half / f"{s.name}.parquet" for half, schemas in halves for s in schemas}
    return {name: read_identity(path).logical_digest for name, path in paths.items() if path.exists()}


def test_features_by_site_alter_no_table_and_the_long_one_is_left_to_the_readers(trial: Path) -> None:
    results = trial / "results"
    before = digests(results)
    change_setting(trial, "tables", "one_file_rois", 10)
    change_setting(trial, "tables", "long_rois", 10)
    run_radfeat("run", str(trial), "--cores", "2")
    assert "extract" not in jobs_of(trial)
    assert (results / "blinded" / "features.parquet").is_dir()
    assert before.pop("features_long")
    assert digests(results) == before
    assert "features.parquet" in (results / "report.html").read_text(encoding="utf-8")
    run_radfeat("run", str(trial), "--cores", "2")
    assert not jobs_of(trial)


def test_features_become_one_file_again(trial: Path) -> None:
    before = digests(trial / "results")
    for rois in (10, 100):
        change_setting(trial, "tables", "one_file_rois", rois)
        run_radfeat("run", str(trial), "--cores", "2")
        assert (trial / "results" / "blinded" / "features.parquet").is_dir() == (rois == 10)
    assert digests(trial / "results") == before
    assert not list((trial / "results" / "blinded").glob(".*.tmp*"))
