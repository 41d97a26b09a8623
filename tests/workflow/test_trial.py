"""The whole workflow on a small simulated trial: what it leaves, what a rerun does, what the blind keeps."""

import csv
import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest
import SimpleITK as sitk
import yaml
from trial_runs import REPOSITORY, change_setting, digests_of, jobs_of, read_rows, run_radfeat, run_snakemake

from radfeat.pipeline.digest_lines import build_digest_lines
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import (
    APPLIED_SCORES,
    CONFORMANCE,
    FEATURES,
    FEATURES_LONG,
    INSTALLATION_TABLES,
    INTERACTIONS,
    ROIS,
    TABLES,
)

pytestmark = pytest.mark.workflow

DOWNSTREAM_OF_MODELS = {"lock", "subjects", "stratify", "contrast", "assemble", "report"}


@pytest.mark.requirement("R-QC-1")
def test_broken_inputs_are_rows_with_different_reasons_and_the_run_goes_on(finished_trial: Path) -> None:
    rois = read_table(finished_trial / "results" / "blinded" / "rois.parquet", ROIS).to_pylist()
    reasons = [row["reason"] for row in rois if row["status"] == "FAILED"]
    assert len(rois) == 20
    assert sorted(reasons) == ["GEOMETRY", "NO_IMAGE", "ROI_EMPTY", "ROI_NOT_FOUND", "UNREADABLE"]
    assert all(row["sentence"] for row in rois if row["status"] == "FAILED")


def test_every_table_of_the_contract_is_there_and_keeps_its_schema(finished_trial: Path) -> None:
    results = finished_trial / "results"
    assert (
        read_table(results / "blinded" / "conformance" / "conformance.parquet", CONFORMANCE).num_rows == 402
    )
    halves = {n: s for n, s in TABLES.items() if s not in INSTALLATION_TABLES}
    for name, schema in halves.items():
        half = results / ("blinded" if schema.blinded else "unblinded")
        assert read_table(half / f"{name}.parquet", schema).num_columns >= len(schema.columns)
    for half in ("blinded", "unblinded"):
        described = {
            r["name"] for r in json.loads((results / half / "datapackage.json").read_text())["resources"]
        }
        assert described >= {n for n, s in halves.items() if s.blinded is (half == "blinded")}
        assert {"codebook.csv", "read.R", "read.py", "read.sql"} <= {
            p.name for p in (results / half).iterdir()
        }


def test_long_and_wide_features_agree(finished_trial: Path) -> None:
    blinded = finished_trial / "results" / "blinded"
    wide = read_table(blinded / "features.parquet", FEATURES)
    long = read_table(blinded / "features_long.parquet", FEATURES_LONG)
    names = wide.column_names[len(FEATURES.columns) :]
    values = {(r["roi_id"], r["feature"]): r["value"] for r in long.to_pylist()}
    assert len(values) == wide.num_rows * len(names)
    assert all(values[r["roi_id"], n] == r[n] for r in wide.to_pylist() for n in names)


def test_summary_says_how_many_rois_failed_and_why(trial: Path) -> None:
    said = run_radfeat("run", str(trial), "--cores", "2").stdout
    assert "5 of 20 ROIs failed: 1 GEOMETRY, 1 NO_IMAGE, 1 ROI_EMPTY, 1 ROI_NOT_FOUND, 1 UNREADABLE" in said
    assert str(trial / "results" / "report.html") in said


@pytest.mark.requirement("R-DET-3")
def test_second_run_does_nothing(trial: Path) -> None:
    before = digests_of(trial / "results" / "blinded")
    said = run_radfeat("run", str(trial), "--cores", "2").stdout
    assert jobs_of(trial) == {}
    assert "nothing to do" in said
    assert digests_of(trial / "results" / "blinded") == before


@pytest.mark.requirement("R-DET-3")
def test_bin_width_reruns_extraction_and_what_follows(trial: Path) -> None:
    buckets = len(list((trial / "results" / "work").iterdir()))
    change_setting(trial, "features", "bin_width", 20.0)
    run_radfeat("run", str(trial), "--cores", "2")
    jobs = jobs_of(trial)
    assert jobs["extract"] == buckets
    assert jobs.keys() >= {"collect", "blinded_report", *DOWNSTREAM_OF_MODELS}


@pytest.mark.requirement("R-DET-3")
def test_modelling_seed_reruns_only_the_models(trial: Path) -> None:
    blinded = digests_of(trial / "results" / "blinded")
    change_setting(trial, "modelling", "seed", 99)
    run_radfeat("run", str(trial), "--cores", "2")
    assert jobs_of(trial).keys() == DOWNSTREAM_OF_MODELS | {"all"}
    assert digests_of(trial / "results" / "blinded") == blinded


def test_changed_image_recomputes_one_case(trial: Path) -> None:
    rows = read_rows(trial / "images.csv")
    rois = read_table(trial / "results" / "blinded" / "rois.parquet", ROIS).to_pylist()
    good = {row["subject_id"] for row in rois if row["status"] == "OK"}
    first, second = [row for row in rows if row["subject_id"] in good][:2]
    shutil.copyfile(trial / second["image"], trial / first["image"])
    run_radfeat("run", str(trial), "--cores", "2", expect=0)
    done = [json.loads(p.read_text()) for p in (trial / "results" / "progress").iterdir()]
    assert jobs_of(trial)["extract"] == 1
    assert sum(chunk["done"] for chunk in done) == 20
    rerun = [c for c in done if c["cached"]]
    assert [c["done"] - c["cached"] for c in rerun] == [1]


def test_touched_but_equal_image_is_taken_from_the_cache(trial: Path) -> None:
    image = trial / read_rows(trial / "images.csv")[0]["mask"]
    os.utime(image)
    before = digests_of(trial / "results" / "blinded")
    run_radfeat("run", str(trial), "--cores", "2")
    done = [json.loads(p.read_text()) for p in (trial / "results" / "progress").iterdir()]
    assert jobs_of(trial)["extract"] == 1
    assert any(c["cached"] == c["done"] > 0 for c in done)
    assert digests_of(trial / "results" / "blinded") == before


def test_reports_say_the_recipe_and_the_conformance_of_the_installation(finished_trial: Path) -> None:
    for page, link in (
        ("report.html", "./blinded/conformance/conformance.html"),
        ("blinded/report.html", "./conformance/conformance.html"),
    ):
        html = (finished_trial / "results" / page).read_text(encoding="utf-8")
        assert "402 of 402" in html
        assert "features.aggregation" in html
        assert link in html
        assert (finished_trial / "results" / page).parent.joinpath(link).is_file()


def test_data_packages_say_the_recipe_and_the_conformance(finished_trial: Path) -> None:
    blinded = finished_trial / "results" / "blinded"
    assert json.loads((blinded / "datapackage.json").read_text())["radfeat:recipe"] == "pyradiomics"
    own = json.loads((blinded / "conformance" / "datapackage.json").read_text())
    assert (own["radfeat:compared"], own["radfeat:agreeing"]) == (402, 402)
    assert [resource["name"] for resource in own["resources"]] == ["conformance"]


def test_another_phantom_reruns_only_conformance_and_reports(trial: Path) -> None:
    (trial / "phantom" / "dicom" / "image").mkdir(parents=True)
    (trial / "phantom" / "dicom" / "mask").mkdir()
    (trial / "phantom" / "dicom" / "mask" / "rs.dcm").touch()
    settings = yaml.safe_load((trial / "config.yaml").read_text(encoding="utf-8"))
    (trial / "config.yaml").write_text(
        yaml.safe_dump({**settings, "ibsi_phantom": "phantom"}), encoding="utf-8"
    )
    done = run_snakemake(trial / "config.yaml", "-n")
    rules = set(re.findall(r"^(?:local)?rule (\w+):", done.stdout + done.stderr, flags=re.MULTILINE))
    assert rules == {"conformance", "blinded_report", "report", "all"}


def test_setting_of_a_phantom_that_is_not_there_is_refused_before_the_run(trial: Path) -> None:
    settings = yaml.safe_load((trial / "config.yaml").read_text(encoding="utf-8"))
    (trial / "config.yaml").write_text(
        yaml.safe_dump({**settings, "ibsi_phantom": "nowhere"}), encoding="utf-8"
    )
    assert "theibsi/data_sets" in run_radfeat("run", str(trial), "--cores", "2", expect=2).stderr


@pytest.mark.requirement("R-BLIND-1")
def test_shuffled_arms_leave_every_blinded_file_unchanged(trial: Path) -> None:
    before = digests_of(trial / "results" / "blinded")
    path = trial / "clinical.csv"
    rows = read_rows(path)
    arms = [row["arm"] for row in rows]
    random.Random(1).shuffle(arms)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "arm": arm} for row, arm in zip(rows, arms, strict=True))
    run_radfeat("run", str(trial), "--cores", "2")
    assert "stratify" in jobs_of(trial)
    assert "extract" not in jobs_of(trial)
    assert digests_of(trial / "results" / "blinded") == before


@pytest.mark.requirement("R-BLIND-1")
def test_no_path_leads_from_the_clinical_sheet_to_a_blinded_file(finished_trial: Path) -> None:
    graph = _file_graph(finished_trial)
    reached, front = set(), {"clinical.csv"}
    while front:
        reached |= front
        front = {out for inputs, out in graph if inputs & front} - reached
    outputs = {out for _, out in graph}
    assert any(out.startswith("results/blinded/") for out in outputs)
    assert any(out.startswith("results/unblinded/") for out in reached)
    assert not [
        out for out in reached if out.startswith(("results/blinded/", "results/work/", "results/plan/"))
    ]


def _file_graph(study: Path) -> list[tuple[set[str], str]]:
    """(inputs, output) of every output of the workflow, from Snakemake's own account."""
    done = run_snakemake(study / "config.yaml", "--detailed-summary")
    rows = list(csv.DictReader(done.stdout.splitlines(), delimiter="\t"))
    return [(set(row["input-file(s)"].split(",")), row["output_file"]) for row in rows]


@pytest.mark.requirement("R-BLIND-1")
def test_no_arm_is_named_in_the_blinded_half(finished_trial: Path) -> None:
    results = finished_trial / "results"
    arms = {row["arm"] for row in read_rows(finished_trial / "clinical.csv")}
    halves = ("blinded", "work", "cache", "progress", "logs/extract")
    paths = [p for half in halves for p in (results / half).rglob("*")]
    logs = [
        p
        for p in (results / "logs").rglob("*.log")
        if "unblinded" not in p.parts and p.name != "snakemake.log"
    ]
    assert arms
    assert len(paths) > 50
    for arm in arms:
        assert not [p for p in paths if arm in p.name]
        assert not [p for p in logs if re.search(rf"\b{re.escape(arm)}\b", p.read_text(encoding="utf-8"))]
        assert arm not in (results / "blinded" / "report.html").read_text(encoding="utf-8")


def test_plain_snakemake_and_the_command_make_the_same(trial: Path) -> None:
    done = run_snakemake(trial / "config.yaml", cwd=REPOSITORY)
    assert "Nothing to be done" in done.stdout + done.stderr


def test_default_study_can_be_planned(tmp_path: Path) -> None:
    """The study of the repository's own config folder, dry."""
    for name in ("config.yaml", "images.csv"):
        shutil.copyfile(REPOSITORY / "config" / name, tmp_path / name)
    done = run_snakemake(tmp_path / "config.yaml", "-n")
    assert "extract" in done.stdout + done.stderr


def test_kept_crops_can_be_opened(trial: Path) -> None:
    change_setting(trial, "prepare", "keep", True)
    run_radfeat("run", str(trial), "--cores", "2")
    kept = sorted((trial / "results" / "prepared").glob("*/*_image.nii.gz"))
    assert len(kept) == 15
    image = sitk.ReadImage(str(kept[0]))
    mask = sitk.ReadImage(str(kept[0]).replace("_image", "_mask"))
    assert image.GetSize() == mask.GetSize()
    assert sitk.GetArrayViewFromImage(mask).sum() > 100


def test_model_of_a_run_scores_the_subjects_of_that_run(trial: Path, tmp_path: Path) -> None:
    change_setting(trial, "modelling", "folds", 2)
    run_radfeat("run", str(trial), "--cores", "2")
    results = trial / "results"
    models = [p for p in sorted(results.rglob("model.json")) if json.loads(p.read_text())["fitted"]]
    out = tmp_path / "scores.parquet"
    features = results / "blinded" / "features.parquet"
    said = run_radfeat("apply", str(models[0]), str(features), "--out", str(out)).stdout
    rows = read_table(out, APPLIED_SCORES).to_pylist()
    assert "15 of 20 subjects scored" in said
    assert len([row for row in rows if row["excluded"]]) == 5
    assert read_identity(out).marks["standing"] == "exploratory", "folds were changed after a reading"
    marks = read_identity(features).marks
    assert json.loads(models[0].read_text())["origin"]["measurement"] == marks["measurement"]


def test_demonstration_says_what_its_tables_hold(finished_trial: Path) -> None:
    lines = build_digest_lines({"trial": finished_trial / "config.yaml"})
    unblinded = finished_trial / "results" / "unblinded"
    rows = read_table(unblinded / "interactions.parquet", INTERACTIONS).to_pylist()
    candidates = [row for row in rows if row["kind"] == "candidate"]
    claimed = sum(row["claim"] for row in candidates)
    assert len(lines) == 4
    assert lines[0].startswith("trial: 34 features; 5 of 20 ROIs failed: ")
    assert lines[1].startswith("models: ")
    assert candidates
    assert f"{claimed or 'none'} claimed of {len(candidates)} prespecified" in lines[3], "scores need more"
