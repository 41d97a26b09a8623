"""Second readers and perturbations in the workflow: a blinded table, a filter, no more work than needed."""

import csv
from pathlib import Path

import pytest
import SimpleITK as sitk
from trial_runs import change_setting, digests_of, jobs_of, read_rows, run_radfeat

from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import FEASIBILITY, FEATURES, PERTURBED_FEATURES, REPEATABILITY

pytestmark = pytest.mark.workflow


def add_second_reader(study: Path) -> str:
    """Draw every ROI again, a voxel wider, under another name and the same role; returns the first name."""
    path = study / "images.csv"
    rows = [{**row, "role": "GTV"} for row in read_rows(path)]
    second = []
    for row in rows:
        mask = study / row["mask"]
        if not mask.is_file():
            continue
        wider = mask.with_name(f"second_{mask.name}")
        try:
            drawn = sitk.ReadImage(str(mask))
        except RuntimeError:
            continue  # one of the broken inputs
        sitk.WriteImage(sitk.GrayscaleDilate(drawn, [1, 1, 0]), str(wider))
        second.append(
            row | {"roi": f"{row['roi']}-2", "reader_id": "second", "mask": str(wider.relative_to(study))}
        )
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows([{**row, "reader_id": "first"} for row in rows] + second)
    return rows[0]["roi"]


def test_readers_and_perturbations_are_measured_filtered_by_and_reported(trial: Path) -> None:
    blinded, unblinded = trial / "results" / "blinded", trial / "results" / "unblinded"
    change_setting(trial, "modelling", "rois", [add_second_reader(trial)])
    change_setting(trial, "perturb", "repeats", 2)
    change_setting(trial, "perturb", "subjects", 3)
    change_setting(trial, "modelling", "repeatability", {"source": "readers", "least": 0.5})
    run_radfeat("run", str(trial), "--cores", "2")
    jobs = jobs_of(trial)
    assert jobs["repeatability"] == 1
    assert 1 <= jobs["perturb"] <= 3
    rows = read_table(blinded / "repeatability.parquet", REPEATABILITY).to_pylist()
    assert {(r["source"], r["region"]) for r in rows} == {("readers", "GTV"), ("perturbation", "GTV")}
    features = read_table(blinded / "features.parquet", FEATURES)
    assert len(rows) == 2 * (features.num_columns - len(FEATURES.columns))
    perturbed = read_table(blinded / "perturbed_features.parquet", PERTURBED_FEATURES)
    assert perturbed.num_rows == 6
    assert len(set(perturbed["subject_id"].to_pylist())) == 3
    assert not any(roi_id.endswith("-2") for roi_id in perturbed["roi_id"].to_pylist())
    verdicts = read_table(unblinded / "feasibility.parquet", FEASIBILITY).to_pylist()
    below = sum(r["source"] == "readers" and (r["icc_2_1_lo"] is None or r["icc_2_1_lo"] < 0.5) for r in rows)
    assert 0 < below < len(rows) / 2
    assert {v["unrepeatable"] for v in verdicts} <= set(range(below + 1))
    assert all("left out as not repeatable" in v["sentence"] for v in verdicts)
    page = (trial / "results" / "report.html").read_text(encoding="utf-8")
    assert "Several readers: GTV on" in page
    assert "Perturbation: GTV on" in page
    assert "Repeatability is unknown" not in page

    before = digests_of(blinded)
    run_radfeat("run", str(trial), "--cores", "2")
    assert jobs_of(trial) == {}
    change_setting(trial, "repeatability", "cv", "log")
    run_radfeat("run", str(trial), "--cores", "2")
    assert not jobs_of(trial).keys() & {"extract", "perturb"}
    assert jobs_of(trial)["repeatability"] == 1
    after = digests_of(blinded)
    assert after["features.parquet"] == before["features.parquet"]
    assert after["repeatability.parquet"] != before["repeatability.parquet"]


def test_perturbing_leaves_the_features_and_switching_it_off_the_rest_as_before(trial: Path) -> None:
    blinded = trial / "results" / "blinded"
    before = digests_of(blinded)
    change_setting(trial, "perturb", "repeats", 2)
    change_setting(trial, "perturb", "subjects", 2)
    run_radfeat("run", str(trial), "--cores", "2")
    assert not jobs_of(trial).keys() & {"extract"}
    assert digests_of(blinded)["features.parquet"] == before["features.parquet"]
    assert "Repeatability by perturbation only" in (blinded / "report.html").read_text(encoding="utf-8")
    change_setting(trial, "perturb", "repeats", 0)
    change_setting(trial, "perturb", "subjects", None)
    run_radfeat("run", str(trial), "--cores", "2")
    assert jobs_of(trial).keys() & {"perturb"} == set()
    assert digests_of(blinded) == before
