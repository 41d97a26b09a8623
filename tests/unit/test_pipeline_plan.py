"""The plan: cases dealt into buckets by their identity, digests that follow what they stand for."""

import csv
from pathlib import Path

import pytest

from radfeat.config.model import StudySettings
from radfeat.core.errors import TableError
from radfeat.pipeline.buckets import choose_bucket_count
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import Plan, read_analysis_plan, read_plan
from radfeat.pipeline.planning import build_plan, require_present_plan

COLUMNS = ("study_id", "site_id", "subject_id", "timepoint", "image_id", "modality", "image", "mask", "roi")


def write_sheet(folder: Path, subjects: int, *, shuffled: bool = False) -> None:
    rows = []
    for number in range(subjects):
        image, mask = folder / f"{number}.nii.gz", folder / f"{number}_mask.nii.gz"
        for path in (image, mask):
            if not path.exists():
                path.write_bytes(b"voxels")
        key = ("ST", "S01", f"P{number:03d}", "T0", "CT", "CT", image.name, mask.name)
        rows += [(*key, "GTV"), (*key, "node")]
    with (folder / "images.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(reversed(rows) if shuffled else rows)


def plan_study(folder: Path, **settings: object) -> Plan:
    return build_plan(StudySettings.model_validate(settings), folder, ResultsFolder(folder / "results"))


def test_plan_that_names_the_sites_files_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_sheet(tmp_path, 1)
    plan = tmp_path / "results" / "plan"
    plan.mkdir(parents=True)
    plan.chmod(0o755)
    plan_study(tmp_path)
    (manifest,) = plan.glob("bucket-*.json")
    assert (plan.stat().st_mode & 0o777, manifest.stat().st_mode & 0o777) == (0o700, 0o600)


def test_plan_of_another_version_is_not_the_present_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sheet(tmp_path, 1)
    plan_study(tmp_path)
    folder = ResultsFolder(tmp_path / "results")
    require_present_plan(folder, StudySettings(), tmp_path)
    monkeypatch.setattr("radfeat.pipeline.planning.VERSION", "9.9.9")
    with pytest.raises(TableError, match=r"this is 9\.9\.9"):
        require_present_plan(folder, StudySettings(), tmp_path)


@pytest.mark.parametrize(("cases", "buckets"), [(1, 1), (8, 1), (9, 2), (60, 8), (2048, 256), (100_000, 256)])
def test_bucket_counts_are_powers_of_two_and_bounded(cases: int, buckets: int) -> None:
    assert choose_bucket_count(cases) == buckets


def test_every_row_is_dealt_once_and_rois_of_a_case_stay_together(tmp_path: Path) -> None:
    write_sheet(tmp_path, 20)
    plan = plan_study(tmp_path)
    folder = ResultsFolder(tmp_path / "results")
    dealt = {bucket: read_manifest(folder, bucket, tmp_path) for bucket in plan.buckets}
    rows = [row for bucket in dealt.values() for row in bucket]
    homes: dict[str, set[str]] = {}
    for bucket, members in dealt.items():
        for row in members:
            homes.setdefault(row.key.case.case_id, set()).add(bucket)
    assert (plan.cases, plan.rois) == (20, 40)
    assert len({row.key.roi_id for row in rows}) == len(rows) == 40
    assert all(len(buckets) == 1 for buckets in homes.values())
    assert rows[0].image.resolve().is_file()


def test_order_of_the_sheet_does_not_matter(tmp_path: Path) -> None:
    write_sheet(tmp_path, 12)
    plan = plan_study(tmp_path)
    write_sheet(tmp_path, 12, shuffled=True)
    assert plan_study(tmp_path) == plan


def test_changed_file_changes_the_digest_of_its_bucket_only(tmp_path: Path) -> None:
    write_sheet(tmp_path, 20)
    before = plan_study(tmp_path)
    (tmp_path / "7.nii.gz").write_bytes(b"other voxels")
    after = plan_study(tmp_path)
    changed = [b for b in before.buckets if before.row_digests[b] != after.row_digests[b]]
    assert len(changed) == 1
    assert after.run_id == before.run_id


def test_plan_files_are_rewritten_only_where_their_content_changes(tmp_path: Path) -> None:
    write_sheet(tmp_path, 20)
    plan_study(tmp_path)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*") if path.is_file()}
    plan_study(tmp_path, modelling={"seed": 5})
    changed = {p.name for p, time in files.items() if p.stat().st_mtime_ns != time}
    assert changed == {"run_config.yaml"}


def test_plan_survives_its_file(tmp_path: Path) -> None:
    write_sheet(tmp_path, 3)
    plan = plan_study(tmp_path)
    assert read_plan(ResultsFolder(tmp_path / "results")) == plan
    assert read_analysis_plan(ResultsFolder(tmp_path / "results")) is None


def test_arms_named_like_paths_get_plain_folders(tmp_path: Path) -> None:
    write_sheet(tmp_path, 3)
    endpoints = [{"name": "OS / all", "time": "t", "event": "e"}]
    names = ["A/B", "../../etc", "CON", "Arm β — µ", "β"]
    plan_study(tmp_path, clinical="clinical.csv", modelling={"arms": names, "endpoints": endpoints})
    analysis = read_analysis_plan(ResultsFolder(tmp_path / "results"))
    assert analysis is not None
    assert [arm.slug for arm in analysis.arms] == ["01-A-B", "02-etc", "03-CON", "04-Arm", "05"]
    assert [arm.name for arm in analysis.arms] == names
    assert analysis.endpoints[0].slug == "01-OS-all"


def test_sheet_with_faults_is_refused_with_all_of_them(tmp_path: Path) -> None:
    write_sheet(tmp_path, 2)
    sheet = tmp_path / "images.csv"
    sheet.write_text(sheet.read_text().replace(",CT,CT,", ",CT,XX,"), encoding="utf-8")
    with pytest.raises(TableError) as caught:
        plan_study(tmp_path)
    assert len(caught.value.sentence.splitlines()) == 4


def test_results_folder_without_a_plan_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no plan here"):
        read_plan(ResultsFolder(tmp_path))
