"""Results as DICOM, from sheet to objects: what is exported is what was measured, or says why not."""

import csv
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from pydicom.dataset import Dataset

from dicom_phantoms import (
    GRID,
    build_block,
    build_contours,
    build_enhanced,
    build_segmentation,
    build_series,
    build_structure_set,
    read_back,
    write_dataset,
    write_series,
)
from radfeat.cli.main import run_command_line
from radfeat.config.model import StudySettings
from radfeat.core.errors import ExportError, TableError
from radfeat.core.keys import CaseKey
from radfeat.core.vocabulary import ExitCode, Modality
from radfeat.core.volume import to_sitk
from radfeat.export.feature_report import read_feature_report
from radfeat.export.segmentation import read_segmentation
from radfeat.export.sources import lay_sources
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.collect import collect
from radfeat.pipeline.export import (
    CaseExport,
    Outcome,
    export_cases,
    make_export_folder,
    write_list,
)
from radfeat.pipeline.export_tasks import plan_export
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import read_plan
from radfeat.pipeline.planning import build_plan
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES

HEAD = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi,lesion_id,role,label"
ROWS = (
    "T,A,trial-0001,base,ct,CT,ct,rs/rs.dcm,GTV,L1,GTV,block",
    "T,A,trial-0001,base,ct,CT,ct,rs/rs.dcm,rim,,,rim",
    "T,A,trial-0002,base,mr,MR,mr/mr.dcm,seg/seg.dcm,GTV,,GTV,",
    "T,A,trial-0003,base,ct,CT,plain.nii.gz,mask.nii.gz,GTV,,GTV,",
    "T,A,trial-0004,base,ct,CT,none,mask.nii.gz,GTV,,GTV,",
)
SETTINGS = {
    "features": {
        "bin_width": 40,
        "by_modality": {"MR": {"bin_count": 16}},
        "image_types": {"Original": {}, "Square": {}},
        "classes": {"shape": ["MeshVolume", "Flatness"], "firstorder": [], "ngtdm": []},
    }
}
CT = CaseKey("T", "A", "trial-0001", "base", "ct")
MR = CaseKey("T", "A", "trial-0002", "base", "mr")


def write_study(folder: Path, rows: Sequence[str] = ROWS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "images.csv").write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")


def write_dicom(folder: Path) -> None:
    ct, mr = build_series(subject="P-17"), build_series(Modality.MR, subject="P-18")
    write_series(folder / "ct", ct)
    slices = build_contours()
    structures = build_structure_set(ct, {"block": slices, "rim": slices[:2]})
    structures.StructureSetROISequence[1].ROIGenerationAlgorithm = "AUTOMATIC"
    write_dataset(folder / "rs" / "rs.dcm", structures)
    write_dataset(folder / "mr" / "mr.dcm", build_enhanced(mr, Modality.MR))
    write_dataset(folder / "seg" / "seg.dcm", build_segmentation(mr, {"tumour": build_block()}))


def write_nifti(folder: Path) -> None:
    voxels = np.where(build_block(), 300, 0).astype(np.int16)
    voxels += np.random.default_rng(1).integers(0, 90, GRID.shape_zyx).astype(np.int16)
    sitk.WriteImage(to_sitk(voxels, GRID), str(folder / "plain.nii.gz"))
    sitk.WriteImage(to_sitk(build_block(), GRID), str(folder / "mask.nii.gz"))


def run(folder: Path, **settings: object) -> ResultsFolder:
    results = ResultsFolder(folder / "results")
    build_plan(StudySettings.model_validate(SETTINGS | settings), folder, results)
    for bucket in read_plan(results).buckets:
        run_chunk(results, bucket)
    collect(results)
    return results


def export(results: ResultsFolder, to: Path, *, features: bool) -> dict[str, CaseExport]:
    plan = plan_export(results, features=features)
    make_export_folder(to, results.root)
    return {case.case_id: case for case in export_cases(plan, to)}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "study"
    write_study(folder)
    write_dicom(folder)
    write_nifti(folder)
    run(folder)
    return folder


@pytest.fixture
def study(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "study", copy_function=shutil.copy2))


def results_of(study: Path) -> ResultsFolder:
    return ResultsFolder(study / "results")


def table_values(results: ResultsFolder, roi_id: str) -> dict[str, float]:
    """What a report should hold of an ROI: by IBSI code, from the tables."""
    catalogue = read_table(results.blinded / "feature_catalogue.parquet", FEATURE_CATALOGUE).to_pylist()
    table = read_table(results.blinded / "features.parquet", FEATURES).to_pylist()
    (row,) = (row for row in table if row["roi_id"] == roi_id)
    coded = [r for r in catalogue if r["ibsi_code"] and r["image_type"] == "original"]
    return {
        r["ibsi_code"]: row[r["feature"]]
        for r in coded
        if r["ibsi_code"] != "IPH6" and row[r["feature"]] is not None
    }


def test_masks_of_classic_and_enhanced_images_read_back_equal(measured: Path, tmp_path: Path) -> None:
    cases = export(results_of(measured), tmp_path, features=False)
    assert (cases[CT.case_id].outcome, cases[CT.case_id].segments) == (Outcome.WRITTEN, 2)
    assert cases[CT.case_id].files == (f"private/{CT.stem}.seg.dcm",)
    source = lay_sources([read_back(p) for p in sorted((measured / "ct").iterdir())], GRID, "ct")
    back = read_segmentation(tmp_path / cases[CT.case_id].files[0], source)
    rim = build_block().copy()
    rim[GRID.size_xyz[2] // 4 + 2 :] = False
    np.testing.assert_array_equal(back[1], build_block())
    np.testing.assert_array_equal(back[2], rim)
    source = lay_sources([read_back(measured / "mr" / "mr.dcm")], GRID, "mr")
    back = read_segmentation(tmp_path / cases[MR.case_id].files[0], source)
    np.testing.assert_array_equal(back[1], build_block())


def test_exported_segmentation_is_a_mask_that_gives_the_same_features(measured: Path, tmp_path: Path) -> None:
    cases = export(results_of(measured), tmp_path, features=False)
    study = tmp_path / "again"
    masks = [tmp_path / cases[case.case_id].files[0] for case in (CT, MR)]
    write_study(
        study,
        (
            f"T,A,trial-0001,base,ct,CT,{measured / 'ct'},{masks[0]},GTV,L1,GTV,GTV / L1",
            f"T,A,trial-0001,base,ct,CT,{measured / 'ct'},{masks[0]},rim,,,rim",
            f"T,A,trial-0002,base,mr,MR,{measured / 'mr' / 'mr.dcm'},{masks[1]},GTV,,GTV,",
        ),
    )
    again = run(study)
    for roi in (f"{CT.case_id}/GTV/L1", f"{CT.case_id}/rim", f"{MR.case_id}/GTV"):
        assert table_values(again, roi) == table_values(results_of(measured), roi)


def test_segments_are_named_and_drawn_as_sheet_and_source_say(measured: Path, tmp_path: Path) -> None:
    cases = export(results_of(measured), tmp_path, features=False)
    first, second = read_back(tmp_path / cases[CT.case_id].files[0]).SegmentSequence
    assert (first.SegmentLabel, first.SegmentAlgorithmType) == ("GTV / L1", "MANUAL")
    assert (second.SegmentLabel, second.SegmentAlgorithmType) == ("rim", "AUTOMATIC")
    assert "SegmentDescription" not in first


def test_values_read_back_equal_to_the_tables(measured: Path, tmp_path: Path) -> None:
    results = results_of(measured)
    cases = export(results, tmp_path, features=True)
    for case, rois in ((CT, ("GTV/L1", "rim")), (MR, ("GTV",))):
        seg, report = (tmp_path / file for file in cases[case.case_id].files)
        read = read_feature_report(report)
        expected = {
            (number, code): value
            for number, roi in enumerate(rois, start=1)
            for code, value in table_values(results, f"{case.case_id}/{roi}").items()
        }
        assert len(expected) > 15 * len(rois)
        assert read == expected
        assert cases[case.case_id].values == len(expected)
        assert not any(math.isnan(value) for value in read.values())
        assert refers_to(read_back(report)) == {str(read_back(seg).SOPInstanceUID)}


def test_a_report_says_how_images_of_its_own_modality_were_measured(measured: Path, tmp_path: Path) -> None:
    cases = export(results_of(measured), tmp_path, features=True)
    ct, mr = (read_back(tmp_path / cases[case.case_id].files[1]).to_json() for case in (CT, MR))
    assert "ngtdm.bin_width = 40.0" in ct
    assert "ngtdm.bin_count = 16" in mr
    assert "Bins start at multiples" in ct
    assert not any(word in ct for word in ("bin_count", "by_modality"))
    assert not any(word in mr for word in ("bin_width", "by_modality", "Bins start at multiples"))


def refers_to(report: Dataset) -> set[str]:
    """UIDs of the images that the content of a report refers to."""
    found: set[str] = set()
    for item in report.get("ContentSequence", []):
        found |= {str(r.ReferencedSOPInstanceUID) for r in item.get("ReferencedSOPSequence", [])}
        found |= refers_to(item)
    return found


def numbers_of(item: Dataset) -> list[Dataset]:
    children = item.get("ContentSequence", [])
    return [c for c in children if c.ValueType == "NUM"] + [n for c in children for n in numbers_of(c)]


def test_units_are_those_of_the_intensities_that_were_measured(measured: Path, tmp_path: Path) -> None:
    cases = export(results_of(measured), tmp_path, features=True)
    units = {}
    for case in (CT, MR):
        numbers = numbers_of(read_back(tmp_path / cases[case.case_id].files[1]))
        units[case] = {
            n.ConceptNameCodeSequence[0].CodeValue: n.MeasuredValueSequence[0]
            .MeasurementUnitsCodeSequence[0]
            .CodeValue
            for n in numbers
        }
    assert (units[CT]["Q4LE"], units[CT]["ECT3"], units[CT]["RNU0"]) == ("[hnsf'U]", "[hnsf'U]2", "mm3")
    assert (units[MR]["Q4LE"], units[MR]["N17B"]) == ("[arb'U]", "1")


def test_normalised_intensities_are_in_no_unit_of_the_image(study: Path, tmp_path: Path) -> None:
    results = run(study, prepare={"normalise": True})
    cases = export(results, tmp_path / "out", features=True)
    numbers = numbers_of(read_back(tmp_path / "out" / cases[CT.case_id].files[1]))
    mean = next(n for n in numbers if n.ConceptNameCodeSequence[0].CodeValue == "Q4LE")
    assert mean.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "[arb'U]"


def test_second_export_changes_nothing_and_workers_alter_nothing(measured: Path, tmp_path: Path) -> None:
    results = results_of(measured)
    first = export(results, tmp_path / "one", features=True)
    again = export(results, tmp_path / "one", features=True)
    assert first[CT.case_id].outcome is Outcome.WRITTEN
    assert again[CT.case_id].outcome is again[MR.case_id].outcome is Outcome.UNCHANGED
    plan = plan_export(results, features=True)
    make_export_folder(tmp_path / "two", results.root)
    export_cases(plan, tmp_path / "two", workers=2)
    for file in (tmp_path / "one" / "private").iterdir():
        assert (tmp_path / "two" / "private" / file.name).read_bytes() == file.read_bytes()


def test_masks_and_features_share_their_segmentations(measured: Path, tmp_path: Path) -> None:
    masks = export(results_of(measured), tmp_path, features=False)
    both = export(results_of(measured), tmp_path, features=True)
    assert both[CT.case_id].files[0] == masks[CT.case_id].files[0]
    assert both[CT.case_id].outcome is Outcome.WRITTEN


def test_image_that_is_not_dicom_and_one_without_features_are_left_out(
    measured: Path, tmp_path: Path
) -> None:
    cases = export(results_of(measured), tmp_path, features=False)
    plain = cases["T/A/trial-0003/base/ct"]
    assert (plain.outcome, plain.files) == (Outcome.NOT_DICOM, ())
    assert plain.sentence == "T/A/trial-0003/base/ct: the image is not DICOM."
    absent = cases["T/A/trial-0004/base/ct"]
    assert absent.outcome is Outcome.NOT_MEASURED
    assert absent.sentence == "T/A/trial-0004/base/ct: no ROI of the image was measured (1 NO_IMAGE)."


def test_export_says_why_rois_were_left_out(study: Path, tmp_path: Path) -> None:
    write_study(study, (*ROWS[:2], ROWS[1].replace("rim,,,rim", "gone,,,gone"), *ROWS[2:]))
    case = export(run(study), tmp_path / "out", features=False)[CT.case_id]
    assert (case.outcome, case.segments) == (Outcome.WRITTEN, 2)
    assert case.sentence == f"{CT.case_id}: 1 ROI was not measured and left out (1 ROI_NOT_FOUND)."


def test_changed_mask_is_refused(study: Path, tmp_path: Path) -> None:
    ct = build_series(subject="P-17")
    other = {"block": build_contours()[1:], "rim": build_contours()[:2]}
    write_dataset(study / "rs" / "rs.dcm", build_structure_set(ct, other))
    cases = export(results_of(study), tmp_path / "out", features=False)
    refused = cases[CT.case_id]
    assert refused.outcome is Outcome.REFUSED
    assert refused.sentence.startswith(f"{CT.case_id}/GTV/L1: the mask is not the one that was measured")
    assert cases[MR.case_id].outcome is Outcome.WRITTEN
    assert not (tmp_path / "out" / "private" / f"{CT.stem}.seg.dcm").exists()


def test_changed_image_is_refused(study: Path, tmp_path: Path) -> None:
    shutil.rmtree(study / "ct")
    write_series(study / "ct", build_series(subject="P-17", pixels=build_block().astype(np.int16)))
    refused = export(results_of(study), tmp_path / "out", features=False)[CT.case_id]
    assert refused.outcome is Outcome.REFUSED
    assert refused.sentence.startswith(f"{CT.case_id}: the image is not the one that was measured")


def test_lost_image_is_refused(study: Path, tmp_path: Path) -> None:
    shutil.rmtree(study / "ct")
    refused = export(results_of(study), tmp_path / "out", features=False)[CT.case_id]
    assert refused.outcome is Outcome.REFUSED
    assert refused.sentence.startswith(f"{CT.case_id}: ")


def test_other_object_is_not_overwritten(study: Path, tmp_path: Path) -> None:
    to = tmp_path / "out"
    export(results_of(study), to, features=True)
    report = to / "private" / f"{CT.stem}.sr.dcm"
    before = report.read_bytes()
    results = run(study, features=SETTINGS["features"] | {"bin_width": 20})
    refused = export(results, to, features=True)[CT.case_id]
    assert refused.outcome is Outcome.REFUSED
    assert "not overwritten" in refused.sentence
    assert report.read_bytes() == before


def test_tables_of_another_plan_are_refused(study: Path) -> None:
    results = results_of(study)
    build_plan(StudySettings.model_validate(SETTINGS | {"prepare": {"normalise": True}}), study, results)
    with pytest.raises(TableError, match="not of the present plan"):
        plan_export(results, features=False)


def test_export_among_the_results_is_refused(study: Path) -> None:
    with pytest.raises(ExportError, match="must not lie among the results"):
        make_export_folder(study / "results" / "dicom", study / "results")
    assert not (study / "results" / "dicom").exists()


def test_objects_lie_in_a_folder_that_says_what_they_hold(study: Path, tmp_path: Path) -> None:
    export(results_of(study), tmp_path / "out", features=True)
    private = tmp_path / "out" / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert "identity" in (private / "README.txt").read_text(encoding="utf-8")
    for file in private.glob("*.dcm"):
        assert b"trial-000" not in file.read_bytes()
        assert "P-1" not in file.name


def test_list_says_what_became_of_each_image(tmp_path: Path) -> None:
    cases = [
        CaseExport("T/1", Outcome.WRITTEN, ("private/a.seg.dcm", "private/a.sr.dcm"), 2, 30),
        CaseExport("T/2", Outcome.NOT_DICOM, sentence="T/2: the image is not DICOM."),
    ]
    write_list(tmp_path / "features.csv", cases)
    rows = list(csv.DictReader((tmp_path / "features.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["outcome"] for row in rows] == ["WRITTEN", "NOT_DICOM"]
    assert rows[0]["files"].split() == ["private/a.seg.dcm", "private/a.sr.dcm"]
    assert rows[1]["sentence"] == "T/2: the image is not DICOM."


def test_command_exports_and_lists(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = tmp_path / "out"
    code = run_command_line(["export", "features", str(study), "--to", str(to)])
    out, err = capsys.readouterr()
    assert code == ExitCode.DONE
    assert "2 of 4 images exported (2 WRITTEN, 1 NOT_DICOM, 1 NOT_MEASURED)" in out
    assert "T/A/trial-0003/base/ct: the image is not DICOM." in err
    for planted in ("P-17", "Name^", "1.2.826"):
        assert planted not in out + err + (to / "features.csv").read_text(encoding="utf-8")


def test_command_without_one_dicom_image_exits_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "study"
    write_study(folder, ROWS[3:4])
    write_nifti(folder)
    run(folder)
    code = run_command_line(["export", "masks", str(folder), "--to", str(tmp_path / "out")])
    err = capsys.readouterr().err
    assert code == ExitCode.DATA
    assert err.splitlines()[-1].startswith(
        "radfeat: error: not one image could be exported (found 1 NOT_DICOM)"
    )


def remove_row(study: Path) -> None:
    write_study(study, ROWS[1:])


def rename_roi(study: Path) -> None:
    write_study(study, (ROWS[0].replace("GTV,L1", "tumour,L1"), *ROWS[1:]))


def change_bin_width(study: Path) -> None:
    config = study / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("40", "41"), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove_row, "the image sheet has changed"),
        (rename_roi, "the image sheet has changed"),
        (change_bin_width, "the settings have changed"),
    ],
)
def test_command_refuses_where_sheet_or_settings_have_changed_since_the_run(
    study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    says: str,
) -> None:
    change(study)
    code = run_command_line(["export", "masks", str(study), "--to", str(tmp_path / "out")])
    assert code == ExitCode.DATA
    assert f"plan.json: the plan is not that of the present study: {says}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_rows_in_another_order_are_the_same_study(study: Path, tmp_path: Path) -> None:
    write_study(study, ROWS[::-1])
    assert run_command_line(["export", "masks", str(study), "--to", str(tmp_path / "out")]) == ExitCode.DONE


def test_command_without_results_exits_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_study(tmp_path / "study")
    code = run_command_line(["export", "masks", str(tmp_path / "study"), "--to", str(tmp_path / "out")])
    assert code == ExitCode.DATA
    assert "there is no plan here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
