"""A study of several modalities measures each as a study of that modality alone would."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import phantoms
from radfeat.config.model import StudySettings
from radfeat.core.vocabulary import Modality
from radfeat.pipeline.case import process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.collect import collect
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.pair import measure_pair
from radfeat.pipeline.plan import read_plan
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.records import CaseRecord
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES

Settings = dict[str, Any]

HEAD = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"
CLASSES = {"shape": ["MeshVolume"], "firstorder": [], "glcm": [], "ngtdm": []}
PREPARE: Settings = {"resampled_spacing_xyz_mm": [1, 1, 2], "resegment_range": [10, 100]}
FEATURES_HERE: Settings = {
    "classes": CLASSES,
    "bin_width": 25,
    "image_types": {"Original": {}, "Square": {"bin_width": 20}},
}
OWN: dict[str, tuple[Settings, Settings]] = {
    "MR": ({"normalise": True, "normalise_scale": 100, "resegment_range": None}, {"bin_count": 8}),
    "PT": (
        {"resampled_spacing_xyz_mm": None, "resegment_range": [1, 11]},
        {"bin_width": 0.5, "image_types": {"Square": {"bin_width": 0.25}}},
    ),
}
"""Per modality: what it has otherwise, in prepare and in features."""


def build_study(recipe: str) -> Settings:
    prepare = {m: own for m, (own, _) in OWN.items()}
    features = {m: own for m, (_, own) in OWN.items()}
    return {
        "prepare": {"recipe": recipe, **PREPARE, "by_modality": prepare},
        "features": {**FEATURES_HERE, "by_modality": features},
    }


def build_plain(recipe: str, modality: str) -> Settings:
    """The settings of a study of one modality alone: its own in the sections themselves."""
    prepare, features = OWN.get(modality, ({}, {}))
    own = features.get("image_types", {})
    types = {name: given | own.get(name, {}) for name, given in FEATURES_HERE["image_types"].items()}
    return {
        "prepare": {"recipe": recipe, **PREPARE, **prepare},
        "features": {
            "classes": CLASSES,
            **({} if "bin_count" in features else {"bin_width": 25}),
            **features,
            "image_types": types,
        },
    }


def write_images(folder: Path) -> None:
    """A CT and an MR with intensities from 0 to 120, a PET with a tenth of them; one mask."""
    folder.mkdir()
    phantoms.write(folder / "mask.nii.gz", np.uint8(1) * (phantoms.build_labels() == 1))
    for seed, name in enumerate(("CT", "MR", "PT"), start=1):
        voxels = phantoms.build_voxels(seed=seed).astype("f4")
        phantoms.write(folder / f"{name}.nii.gz", voxels / 10 if name == "PT" else voxels)


def plan(folder: Path, settings: Settings, *modalities: str) -> ResultsFolder:
    rows = [f"T,A,P1,T0,{m.lower()},{m},{m}.nii.gz,mask.nii.gz,GTV" for m in modalities]
    (folder / "images.csv").write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    results = ResultsFolder(folder / f"results-{'-'.join(modalities)}")
    build_plan(StudySettings.model_validate(settings), folder, results)
    return results


def measure(folder: Path, settings: Settings, *modalities: str) -> dict[Modality, CaseRecord]:
    """As the workflow does it, from its plan, in this process."""
    results = plan(folder, settings, *modalities)
    ready = CaseSettings.from_json(json.loads(results.extraction_settings.read_text(encoding="utf-8")))
    rows = [row for bucket in read_plan(results).buckets for row in read_manifest(results, bucket, folder)]
    return {row.modality: process_case([row], ready, CaseFolders()) for row in rows}


def values_of(record: CaseRecord) -> dict[str, float | None]:
    (roi,) = record.rois
    assert roi.roi["status"] == "OK", roi.roi["sentence"]
    return dict(roi.values)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modalities") / "study"
    write_images(folder)
    return folder


@pytest.mark.parametrize("recipe", ["pyradiomics", "ibsi"])
def test_several_modalities_give_the_values_of_studies_of_one(images: Path, recipe: str) -> None:
    together = measure(images, build_study(recipe), "CT", "MR", "PT")
    for modality in ("CT", "MR", "PT"):
        (alone,) = measure(images, build_plain(recipe, modality), modality).values()
        assert values_of(together[Modality(modality)]) == values_of(alone)
        assert together[Modality(modality)].rois[0].roi["steps"] == alone.rois[0].roi["steps"]


def test_without_its_own_settings_a_modality_has_other_values(images: Path) -> None:
    together = measure(images, build_study("pyradiomics"), "CT", "PT")
    unlike = build_study("pyradiomics")
    for section in ("prepare", "features"):
        unlike[section] = {n: v for n, v in unlike[section].items() if n != "by_modality"}
    unlike["prepare"]["resegment_range"] = [1, 100]
    plain = measure(images, unlike, "CT", "PT")
    entropy = "original_firstorder_Entropy"
    assert values_of(plain[Modality.PT])[entropy] == pytest.approx(0, abs=1e-9)  # bins of 25 for SUV
    assert (values_of(together[Modality.PT])[entropy] or 0) > 2


def test_few_grey_levels_go_by_the_modality(images: Path) -> None:
    study = build_study("pyradiomics")
    records = measure(images, study, "CT", "PT")
    told = {
        m: [f for f in r.rois[0].findings if f["check"] == "feature.few_bins"] for m, r in records.items()
    }
    assert told[Modality.PT] == []
    (said,) = [f for f in told[Modality.CT] if "on original" in f["sentence"]]
    assert "at a bin width of 25 HU" in said["sentence"]


def test_a_pair_in_memory_has_the_settings_of_its_modality(images: Path) -> None:
    study = StudySettings.model_validate(build_study("pyradiomics"))
    settings = CaseSettings(study.ingest, study.prepare, study.features, study.qc)
    result = measure_pair(images / "PT.nii.gz", images / "mask.nii.gz", modality="PT", settings=settings)
    assert result.settings.features.bin_width == 0.5
    (row,) = [r for r in result.catalogue() if r["feature"] == "square_firstorder_Entropy"]
    assert json.loads(str(row["image_parameters"])) == {"bin_width": 0.25}


def test_the_catalogue_of_a_run_says_what_differs(images: Path) -> None:
    results = plan(images, build_study("pyradiomics"), "CT", "PT")
    for bucket in read_plan(results).buckets:
        run_chunk(results, bucket)
    collect(results)
    catalogue = read_table(results.blinded / "feature_catalogue.parquet", FEATURE_CATALOGUE).to_pylist()
    said = {row["feature"]: json.loads(row["image_parameters"]) for row in catalogue}
    assert said["original_ngtdm_Busyness"] == {
        "distances": [1],
        "by_modality": {"CT": {"bin_width": 25.0}, "PT": {"bin_width": 0.5}},
    }
    assert said["original_firstorder_Mean"] == {}
    table = read_table(results.blinded / "features.parquet", FEATURES)
    assert set(table.column_names[len(FEATURES.columns) :]) == set(said)
