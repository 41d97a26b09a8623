"""The QC gate: what passes is locked, what does not can be overridden for one verdict only."""

import json
from pathlib import Path

import pytest

from radfeat.config.model import StudySettings
from radfeat.core.errors import SettingsError, TableError
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.gate import judge_gate, override_gate, read_gated
from radfeat.pipeline.planning import build_plan
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, REPEATABILITY, ROIS, SERIES, TableSchema

HEADER = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"
CASE = {"study_id": "T", "site_id": "S1", "timepoint": "w0", "image_id": "CT"}


def write(folder: ResultsFolder, schema: TableSchema, rows: list[dict[str, object]]) -> None:
    table = build_table(schema, rows)
    write_table(folder.blinded / f"{schema.name}.parquet", table, schema, settings_digest="s", run_id="r")


def write_rois(folder: ResultsFolder, failed: int) -> None:
    """Four ROIs of four subjects, some of them failed."""
    rois = []
    for number in range(4):
        case = {"case_id": f"T/S1/{number}/w0/CT", "subject_id": str(number), **CASE}
        fate = {"reason": "GEOMETRY", "sentence": "grid"} if number < failed else {}
        status = "FAILED" if fate else "OK"
        rois.append({**case, "roi_id": f"{case['case_id']}/gtv", "roi": "gtv", "status": status, **fate})
    write(folder, ROIS, rois)


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    lines = [f"T,S1,{n},w0,CT,CT,{n}.nii,{n}-m.nii,gtv" for n in range(4)]
    (tmp_path / "images.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    results = ResultsFolder(tmp_path / "results")
    settings = StudySettings.model_validate({"qc": {"max_failed_rois": 1}})
    build_plan(settings, tmp_path, results)
    for schema in (FEATURES, SERIES, FEATURE_CATALOGUE, REPEATABILITY):
        write(results, schema, [])
    write_rois(results, failed=1)
    return results


@pytest.mark.requirement("R-LOCK-2")
def test_tables_that_pass_are_locked_and_another_is_refused_by_name(folder: ResultsFolder) -> None:
    assert judge_gate(folder).sentence == "1 of 4 ROIs failed: 1 GEOMETRY."
    assert read_gated(folder, ROIS).num_rows == 4
    assert json.loads(folder.gate.read_text(encoding="utf-8"))["table_digests"].keys() == {
        "features",
        "rois",
        "series",
        "feature_catalogue",
        "repeatability",
    }
    write_rois(folder, failed=0)
    with pytest.raises(TableError, match=r"rois\.parquet: the table is not the one that passed the QC gate"):
        read_gated(folder, ROIS)
    assert read_gated(folder, FEATURES).num_rows == 0


@pytest.mark.requirement("R-LOCK-2")
def test_nothing_is_read_before_the_gate_has_opened(folder: ResultsFolder) -> None:
    with pytest.raises(TableError, match="the features are not locked"):
        read_gated(folder, FEATURES)
    write_rois(folder, failed=2)
    assert not judge_gate(folder).is_open
    with pytest.raises(TableError, match="the features are not locked"):
        read_gated(folder, FEATURES)


@pytest.mark.requirement("R-LOCK-2")
def test_override_opens_the_gate_for_these_failures_and_no_others(folder: ResultsFolder) -> None:
    write_rois(folder, failed=2)
    override_gate(folder, "Site S1 sent no scans.")
    verdict = judge_gate(folder)
    assert verdict.is_open
    assert verdict.overridden == "Site S1 sent no scans."
    assert json.loads(folder.gate.read_text(encoding="utf-8"))["overridden"] == "Site S1 sent no scans."
    write_rois(folder, failed=3)
    assert not judge_gate(folder).is_open


@pytest.mark.requirement("R-LOCK-2")
def test_override_holds_for_the_limits_that_it_was_given_under(folder: ResultsFolder) -> None:
    write_rois(folder, failed=2)
    override_gate(folder, "reason")
    settings = json.loads(folder.extraction_settings.read_text(encoding="utf-8"))
    settings["qc"]["max_failed_rois"] = 0
    folder.extraction_settings.write_text(json.dumps(settings), encoding="utf-8")
    assert not judge_gate(folder).is_open


def test_gate_that_is_open_has_nothing_to_override(folder: ResultsFolder) -> None:
    with pytest.raises(SettingsError, match="nothing to override"):
        override_gate(folder, "reason")
    assert not folder.override.exists()
