"""The lock of the analysis: what locks it, what breaks it, and that deleting it does not whitewash."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from radfeat.config.lock import compute_lock_parts
from radfeat.config.model import StudySettings
from radfeat.core.errors import TableError
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import Standing
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.lock import Lock, build_statement, read_lock, record_reading, write_lock
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import SELECTION

BASE: dict[str, dict[str, object]] = {
    "modelling": {
        "endpoints": [{"name": "os", "time": "t", "event": "e"}],
        "arms": ["a", "b"],
        "covariates": [{"column": "age"}],
    }
}


def settings_of(**changes: object) -> StudySettings:
    """Settings with ``section__field`` changed."""
    plain = {"clinical": "clinical.csv"} | {k: dict(v) for k, v in BASE.items()}
    for name, value in changes.items():
        part, _, field = name.partition("__")
        plain.setdefault(part, {})[field] = value
    return StudySettings.model_validate(plain)


def declare(folder: ResultsFolder, **changes: object) -> None:
    folder.root.mkdir(exist_ok=True)
    shown = settings_of(**changes).model_dump(mode="json")
    folder.run_config.write_text(yaml.safe_dump(shown), encoding="utf-8")


def run(folder: ResultsFolder, **changes: object) -> Lock:
    """What a run does: lock, read the arms, write a table, a model and a report that carry the lock."""
    declare(folder, **changes)
    write_lock(folder)
    lock = read_lock(folder)
    record_reading(folder, lock)
    path = folder.unblinded / "selection.parquet"
    table = build_table(SELECTION, [])
    write_table(path, table, SELECTION, settings_digest="s", run_id="r", marks=lock.marks)
    model = folder.model("01-os", "01-a") / "model.json"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(json.dumps({"lock_digest": lock.marks["lock_digest"]}), encoding="utf-8")
    mark = f'<html><meta name="radfeat-lock" content="{lock.marks["lock_digest"]}">'
    folder.report.write_text(mark, encoding="utf-8")
    return lock


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    return ResultsFolder(tmp_path / "results")


def test_settings_can_be_changed_until_the_arms_are_read(folder: ResultsFolder) -> None:
    for seed in (1, 2):
        declare(folder, modelling__seed=seed)
        lock = write_lock(folder)
        assert lock.standing is Standing.CONFIRMATORY
        assert lock.locked == lock.current
    assert "have not been read" in lock.sentence
    assert not folder.readings.exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"modelling__seed": 7}, "modelling.seed"),
        ({"modelling__alpha": 0.1}, "modelling.alpha"),
        ({"modelling__covariates": []}, "modelling.covariates, columns of the clinical sheet"),
        ({"features__bin_width": 10.0}, "ingest, prepare or features"),
        ({"prepare__resampled_spacing_xyz_mm": [1, 1, 1]}, "ingest, prepare or features"),
        ({"qc__few_grey_levels": 3}, "qc"),
    ],
)
def test_change_after_a_reading_is_exploratory_and_named_until_it_is_taken_back(
    folder: ResultsFolder, change: dict[str, object], named: str
) -> None:
    first = run(folder)
    second = run(folder, **change)
    assert second.standing is Standing.EXPLORATORY
    assert second.sentence.endswith(f"different: {named}.")
    assert second.marks["lock_digest"] == first.current.digest != second.current.digest
    back = run(folder)
    assert back.standing is Standing.CONFIRMATORY
    assert back.readings == 2


READERS: dict[str, object] = {"modelling__repeatability": {"source": "readers"}}
PERTURBED: dict[str, object] = {"modelling__repeatability": {"source": "perturbation"}, "perturb__repeats": 3}


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        (READERS, {"repeatability__level": 0.6}),
        (READERS, {"repeatability__readers": ["a", "b"]}),
        (PERTURBED, {"perturb__repeats": 5}),
        (PERTURBED, {"perturb__seed": 7}),
    ],
)
def test_repeats_that_decide_which_features_are_offered_are_locked(
    folder: ResultsFolder, asked: dict[str, object], change: dict[str, object]
) -> None:
    run(folder, **asked)
    second = run(folder, **(asked | change))
    assert second.standing is Standing.EXPLORATORY
    assert second.sentence.endswith("different: repeatability or perturb.")


def test_repeats_that_filter_nothing_break_no_lock(folder: ResultsFolder) -> None:
    run(folder)
    assert run(folder, perturb__repeats=5, repeatability__level=0.6).standing is Standing.CONFIRMATORY
    readers = ResultsFolder(folder.root.with_name("readers"))
    run(readers, **READERS)
    assert run(readers, **READERS, perturb__repeats=5).standing is Standing.CONFIRMATORY


def test_filter_taken_away_after_a_reading_is_named(folder: ResultsFolder) -> None:
    run(folder, **READERS)
    assert run(folder).sentence.endswith("different: modelling.repeatability, repeatability or perturb.")


@pytest.mark.parametrize(
    "change",
    [
        {"prepare__keep": True},
        {"report__sites_shown": 3},
        {"qc__max_failed_share": 0.9},
    ],
)
def test_what_alters_no_result_breaks_no_lock(folder: ResultsFolder, change: dict[str, object]) -> None:
    run(folder)
    assert run(folder, **change).standing is Standing.CONFIRMATORY


def test_another_version_of_the_code_is_another_analysis(
    folder: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder)
    monkeypatch.setattr("radfeat.config.lock.VERSION", f"{VERSION}+later")
    assert run(folder).sentence.endswith("different: the version of radfeat.")


@pytest.mark.requirement("R-LOCK-1")
@pytest.mark.parametrize(
    "deleted",
    [
        ["lock"],
        ["readings"],
        ["lock", "readings"],
        ["lock", "readings", "report"],
        ["lock", "readings", "unblinded"],
        ["unblinded", "report"],
    ],
    ids="+".join,
)
def test_deleting_records_does_not_whitewash(folder: ResultsFolder, deleted: list[str]) -> None:
    first = run(folder)
    for name in deleted:
        path = getattr(folder, name)
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    second = run(folder, modelling__seed=7)
    assert second.standing is Standing.EXPLORATORY
    assert second.marks["lock_digest"] == first.current.digest
    assert run(folder).standing is Standing.CONFIRMATORY


def test_timings_of_models_alone_show_that_arms_were_read(folder: ResultsFolder) -> None:
    timing = folder.root / "benchmarks" / "unblinded" / "stratify" / "01-os" / "01-a.tsv"
    timing.parent.mkdir(parents=True)
    timing.write_text("s\n1.0\n", encoding="utf-8")
    lock = run(folder)
    assert lock.standing is Standing.EXPLORATORY
    assert lock.marks["lock_digest"] == "unknown"
    assert run(folder).standing is Standing.EXPLORATORY, "nor does the next run forget it"


def test_nothing_left_is_a_new_beginning_which_no_program_can_prevent(folder: ResultsFolder) -> None:
    run(folder)
    shutil.rmtree(folder.root)
    assert run(folder, modelling__seed=7).standing is Standing.CONFIRMATORY


def test_output_of_another_lock_leaves_nothing_confirmatory(folder: ResultsFolder) -> None:
    run(folder)
    first = folder.readings / "first.json"
    other = build_statement(settings_of(modelling__seed=7))
    forged = {"digest": other.digest, "parts": other.parts, "modelling": other.modelling}
    first.write_text(json.dumps(forged), encoding="utf-8")
    assert run(folder, modelling__seed=7).sentence.startswith(
        "The arms have been read, and the outputs contradict each other"
    )


def test_stage_without_a_lock_or_with_a_stale_one_is_refused(folder: ResultsFolder) -> None:
    declare(folder)
    with pytest.raises(TableError, match="the analysis is not locked"):
        read_lock(folder)
    write_lock(folder)
    declare(folder, modelling__seed=7)
    with pytest.raises(TableError, match="not that of the present settings"):
        read_lock(folder)


def test_lock_turned_confirmatory_by_hand_is_refused(folder: ResultsFolder) -> None:
    run(folder)
    run(folder, modelling__seed=7)
    text = json.loads(folder.lock.read_text(encoding="utf-8"))
    for forged in ({"standing": "confirmatory"}, {"standing": "confirmatory", "locked": text["current"]}):
        folder.lock.write_text(json.dumps(text | forged), encoding="utf-8")
        with pytest.raises(TableError, match="of the earlier readings"):
            read_lock(folder)


@pytest.mark.parametrize("text", ["", "{}", '{"digest": "x", "parts": {"radfeat": "1"}, "modelling": null}'])
def test_damaged_record_of_the_first_reading_is_one_sentence(folder: ResultsFolder, text: str) -> None:
    run(folder)
    (folder.readings / "first.json").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=r"first\.json: the record"):
        write_lock(folder)


def test_no_plan_is_one_sentence(folder: ResultsFolder) -> None:
    with pytest.raises(TableError, match="there is no plan here"):
        write_lock(folder)


def test_lock_holds_the_columns_that_the_analysis_declares() -> None:
    assert (
        compute_lock_parts(settings_of())["columns"]
        != compute_lock_parts(settings_of(modelling__covariates=[]))["columns"]
    )
