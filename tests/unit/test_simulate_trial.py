import csv
import gzip
import json

import numpy as np
import pytest
import SimpleITK as sitk

from radfeat.core.errors import SettingsError
from radfeat.core.provenance import compute_voxel_digest
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import array_of, grid_of
from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.trial import write_trial

SMALL = SimulationSettings(subjects=6, field_z_mm=60.0)


def read_files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_truth(folder):
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial") / "sound"
    return write_trial(folder, SMALL)


def test_same_settings_give_the_same_bytes(trial, tmp_path):
    write_trial(tmp_path / "again", SMALL)
    assert read_files(tmp_path / "again") == read_files(trial.folder)


def test_another_seed_gives_other_scans_and_outcomes(trial, tmp_path):
    write_trial(tmp_path / "other", SMALL.model_copy(update={"seed": 1}))
    ours, theirs = read_files(trial.folder), read_files(tmp_path / "other")
    assert set(ours) == set(theirs)
    assert all(ours[name] != theirs[name] for name in ours if name != "config.yaml")


def test_first_subjects_do_not_change_when_more_follow(trial, tmp_path):
    write_trial(tmp_path / "more", SMALL.model_copy(update={"subjects": 9}))
    ours, theirs = read_files(trial.folder), read_files(tmp_path / "more")
    scans = [name for name in ours if name.endswith(".nii.gz")]
    assert len(scans) == 12
    assert all(ours[name] == theirs[name] for name in scans)
    assert theirs["images.csv"].startswith(ours["images.csv"])
    assert read_rows(trial.folder / "clinical.csv") == [
        row for row in read_rows(tmp_path / "more" / "clinical.csv") if int(row["subject_id"][-4:]) <= 6
    ]


def test_truth_alters_outcomes_and_nothing_that_is_blinded(trial, tmp_path):
    write_trial(tmp_path / "null", SMALL.model_copy(update={"truth": Truth.NULL}))
    ours, theirs = read_files(trial.folder), read_files(tmp_path / "null")
    changed = {name for name in ours if ours[name] != theirs[name]}
    assert changed - {"config.yaml"} == {"clinical.csv", "truth.json"}
    mine, null = read_rows(trial.folder / "clinical.csv"), read_rows(tmp_path / "null" / "clinical.csv")
    kept = ("subject_id", "arm", "age", "sex", "ecog")
    assert [[row[c] for c in kept] for row in mine] == [[row[c] for c in kept] for row in null]


def test_image_sheet_names_files_that_exist_and_no_arm(trial):
    rows = read_rows(trial.folder / "images.csv")
    assert list(rows[0]) == [
        *("study_id", "site_id", "subject_id", "timepoint", "image_id", "modality", "image", "mask", "roi"),
        *("lesion_id", "role", "label", "scanner", "reader_id", "day"),
    ]
    assert all((trial.folder / row[c]).is_file() for row in rows for c in ("image", "mask"))
    text = (trial.folder / "images.csv").read_text(encoding="utf-8")
    assert "control" not in text
    assert "experimental" not in text


def test_both_sheets_hold_the_same_subjects_in_different_orders(trial):
    images = [row["subject_id"] for row in read_rows(trial.folder / "images.csv")]
    clinical = [row["subject_id"] for row in read_rows(trial.folder / "clinical.csv")]
    assert sorted(images) == sorted(clinical)
    assert images != clinical


def test_scans_are_integers_of_a_body_in_air_with_the_mask_on_their_grid(trial):
    for row in read_rows(trial.folder / "images.csv"):
        image = sitk.ReadImage(str(trial.folder / row["image"]))
        mask = sitk.ReadImage(str(trial.folder / row["mask"]))
        voxels, labels = array_of(image), array_of(mask)
        assert (voxels.dtype, labels.dtype) == (np.int16, np.uint8)
        assert grid_of(image) == grid_of(mask)
        assert set(np.unique(labels)) == {0, 1}
        assert voxels[:, :2, :2].mean() == pytest.approx(-1000, abs=15)
        inside = voxels[labels == 1]
        assert 300 < len(inside) < 8000
        assert inside.mean() == pytest.approx(65, abs=50)


def test_sites_differ_in_spacing_scanner_and_direction(trial):
    rows = {row["site_id"]: row for row in read_rows(trial.folder / "images.csv")}
    assert len({row["scanner"] for row in rows.values()}) == 3
    grids = {site: grid_of(sitk.ReadImage(str(trial.folder / row["image"]))) for site, row in rows.items()}
    assert grids["S01"].spacing_xyz_mm == (1.0, 1.0, 2.5)
    assert grids["S02"].spacing_xyz_mm == pytest.approx((0.8, 0.8, 3.0), abs=1e-6)
    assert grids["S03"].direction[0] == -1.0
    assert grids["S01"].size_xyz == (48, 48, 24)
    assert grids["S02"].size_xyz == (60, 60, 20)


def test_truth_names_the_voxels_that_a_reader_finds_in_the_files(trial):
    digests = read_truth(trial.folder)["voxel_digests"]
    rows = read_rows(trial.folder / "images.csv")
    assert len(digests) == len(rows) == 6
    for row in rows:
        case = "/".join(row[c] for c in ("study_id", "site_id", "subject_id", "timepoint", "image_id"))
        image = sitk.ReadImage(str(trial.folder / row["image"]))
        assert digests[case] == compute_voxel_digest(array_of(image), grid_of(image))


def test_gzip_headers_hold_neither_time_nor_name(trial):
    for name, content in read_files(trial.folder).items():
        if name.endswith(".gz"):
            assert content[:3] == b"\x1f\x8b\x08"
            assert content[3:8] == b"\0\0\0\0\0"
            assert len(gzip.decompress(content)) > 352


def test_truth_holds_settings_latents_and_carriers(trial):
    truth = read_truth(trial.folder)
    assert SimulationSettings.model_validate(truth["settings"]) == SMALL
    clinical = {row["subject_id"]: row["arm"] for row in read_rows(trial.folder / "clinical.csv")}
    assert {s["subject_id"]: s["arm"] for s in truth["subjects"]} == clinical
    for subject in truth["subjects"]:
        expected = -0.3 - 2.0 * subject["latents"]["fine_texture"]
        assert subject["treatment_log_hr"] == {"control": 0.0, "experimental": pytest.approx(expected)}
        assert set(subject["latents"]) == set(truth["carriers"])


def test_summary_counts_what_the_sheets_hold(trial):
    clinical = read_rows(trial.folder / "clinical.csv")
    assert trial.subjects == trial.images == trial.rois == len(clinical) == 6
    assert trial.deaths == sum(row["os_event"] == "1" for row in clinical)
    assert trial.responders == sum(row["response"] == "1" for row in clinical)
    assert sum(trial.arms.values()) == sum(trial.sites.values()) == 6
    assert "6 subjects (control 4, experimental 2) at 3 sites" in trial.sentence


def test_several_lesions_and_visits_are_rows_with_labels_and_days(tmp_path):
    settings = SimulationSettings(subjects=2, sites=1, lesions=2, timepoints=2, modality=Modality.MR)
    summary = write_trial(tmp_path / "t", settings)
    rows = read_rows(tmp_path / "t" / "images.csv")
    assert (summary.images, summary.rois, len(rows)) == (4, 8, 8)
    first = [(r["timepoint"], r["day"], r["lesion_id"], r["label"], r["image_id"]) for r in rows[:4]]
    assert first == [
        *(("T0", "0", "L1", "1", "MR"), ("T0", "0", "L2", "2", "MR")),
        *(("T1", "42", "L1", "1", "MR"), ("T1", "42", "L2", "2", "MR")),
    ]
    labels = array_of(sitk.ReadImage(str(tmp_path / "t" / rows[0]["mask"])))
    sizes = np.bincount(labels.ravel())
    assert sizes[1] > sizes[2] > 100
    voxels = array_of(sitk.ReadImage(str(tmp_path / "t" / rows[0]["image"])))
    assert voxels.min() >= 0
    later = array_of(sitk.ReadImage(str(tmp_path / "t" / rows[2]["image"])))
    assert not np.array_equal(voxels, later)


def test_folder_with_anything_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"not empty.*Name a new folder"):
        write_trial(tmp_path, SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="a file, not a folder"):
        write_trial(tmp_path / "file", SMALL)


def test_nothing_is_written_outside_the_folder_and_progress_is_told(tmp_path):
    told = []
    folder = tmp_path / "deep" / "trial"
    write_trial(
        folder, SMALL.model_copy(update={"subjects": 2}), on_subject=lambda done, of: told.append((done, of))
    )
    assert told == [(1, 2), (2, 2)]
    assert sorted(p.name for p in folder.iterdir()) == [
        *("clinical.csv", "config.yaml", "images", "images.csv", "masks", "truth.json"),
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
    assert [p.name for p in folder.parent.iterdir()] == ["trial"]
