"""A run packaged, moved, tampered with, laid out again: what is checked, and what is named."""

import gzip
import json
import random
import re
import shutil
import socket
from pathlib import Path

import pyarrow as pa
import pytest
import SimpleITK as sitk
import yaml
from click.testing import CliRunner

from finished_runs import make_run
from radfeat.cli.main import cli, run_command_line
from radfeat.config.model import StudySettings
from radfeat.core.audit import append_event, read_trail
from radfeat.core.errors import SubmissionError
from radfeat.ingest.settings import IngestSettings
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.gate import judge_gate, override_gate
from radfeat.pipeline.package import write_package
from radfeat.pipeline.package_check import check_package
from radfeat.pipeline.package_source import check_inputs, find_source
from radfeat.pipeline.plan import read_plan
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.qualify_performance import check_packed
from radfeat.pipeline.rerun import lay_out, read_packaged_settings
from radfeat.pipeline.verifying import list_other_versions
from radfeat.submission.bag import compute_seal
from radfeat.submission.levels import Outcome
from radfeat.submission.requirements import Result
from radfeat.tables.parquet import read_identity, read_table, write_table
from radfeat.tables.schemas import FEATURES

SUBJECTS = 6


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "study"
    make_run(folder, SUBJECTS)
    return folder


@pytest.fixture(scope="module")
def made(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "package"
    write_package(ResultsFolder(study / "results"), out, {"OMP_NUM_THREADS": "1"}, copy_inputs=True)
    return out


@pytest.fixture
def package(made: Path, tmp_path: Path) -> Path:
    """A package that was moved, and may be changed."""
    return Path(shutil.copytree(made, tmp_path / "moved" / "package"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def read(package: Path, name: str) -> object:
    return json.loads((package / "data" / name).read_text(encoding="utf-8"))


@pytest.mark.usefixtures("no_network")
def test_a_moved_package_verifies_without_a_network(package: Path) -> None:
    result = CliRunner().invoke(cli, ["verify", str(package)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "The package is as it was written" in result.output
    assert compute_seal(package) in result.output.replace("\n", "").replace(" ", "")


def test_the_same_run_gives_the_same_package(study: Path, made: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    write_package(ResultsFolder(study / "results"), out, {"OMP_NUM_THREADS": "1"}, copy_inputs=True)
    assert compute_seal(out) == compute_seal(made)


@pytest.mark.requirement("R-PACK-1")
def test_one_byte_flipped_in_each_of_fifty_files_is_named_for_each(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(7)
    files = sorted(p for p in (package / "data").rglob("*") if p.is_file() and p.stat().st_size)
    chosen = rng.sample(files, 50)
    for path in chosen:
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(content))
    assert run_command_line(["verify", str(package)]) == 3
    told = capsys.readouterr().out
    for path in chosen:
        assert f"files: {path.relative_to(package).as_posix()}: changed" in told
    assert told.count(": changed\n") == 50


def test_a_library_in_another_version_than_the_packaged_one_is_named(package: Path) -> None:
    path = package / "data/env/sbom.cdx.json"
    bill = json.loads(path.read_text(encoding="utf-8"))
    numpy = next(c for c in bill["components"] if c["name"] == "numpy")
    here, numpy["version"] = numpy["version"], "1.0"
    path.write_text(json.dumps(bill), encoding="utf-8")
    assert list_other_versions(package) == f"numpy {here} (package 1.0)"


def test_a_qualification_passes_a_whole_package_and_fails_an_altered_one(package: Path) -> None:
    passed = check_packed(package)
    assert (passed.result, passed.requirements) == (Result.PASSED, ("R-PACK-1",))
    assert passed.found.endswith("named data/outputs/blinded/features.parquet.")
    assert check_packed(package).result is Result.FAILED  # the first check left it altered


@pytest.mark.requirement("R-PACK-2")
def test_a_rerun_made_elsewhere_is_judged_and_each_side_is_called_by_its_name(
    study: Path, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Path(shutil.copytree(study, tmp_path / "study"))
    words = ["verify", str(package), "--against", str(home / "results"), "--level", "V1"]
    assert run_command_line(words) == 0
    path = home / "results/blinded/features.parquet"
    table, identity = read_table(path, FEATURES), read_identity(path)
    names, key = table.column_names, table["roi_id"][0].as_py()
    values = table["original_firstorder_Mean"].to_pylist()
    before, values[0] = values[0], values[0] * (1 + 1e-6)
    place = names.index("original_firstorder_Mean")
    changed = table.set_column(place, names[place], pa.array(values, table.schema.field(place).type))
    write_table(path, changed, FEATURES, settings_digest=identity.settings_digest, run_id=identity.run_id)
    capsys.readouterr()
    assert run_command_line([*words[:-2], "--out", str(tmp_path / "out")]) == 13
    told = capsys.readouterr().out
    assert "V3 values (package | rerun):" in told
    assert re.search(r"versions here that differ +none\n", told)
    assert f"{key}, original_firstorder_Mean: {before!r} | {values[0]!r}" in told
    page = (tmp_path / "out/verdict.html").read_text(encoding="utf-8")
    assert '<th scope="col">Package</th><th scope="col">Rerun</th>' in page


def test_the_manifest_lists_each_image_with_its_voxels_and_what_was_not_there(made: Path) -> None:
    manifest = read(made, "inputs/manifest.json")
    assert isinstance(manifest, dict)
    roles = [item["role"] for item in manifest["objects"]]
    assert (roles.count("image"), roles.count("mask"), roles.count("image sheet")) == (SUBJECTS, SUBJECTS, 1)
    images = [item for item in manifest["objects"] if item["role"] == "image"]
    assert sum(item["voxel_digest"] is None for item in images) == 1  # the broken one
    assert all(file["path"] == item["path"] for item in images for file in item["files"])


def test_by_reference_only_the_sheets_are_copied(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "package"
    write_package(ResultsFolder(study / "results"), out, {}, copy_inputs=False)
    copied = [p for p in (out / "data/inputs/files").rglob("*") if p.is_file()]
    assert [p.name for p in copied] == ["images.csv"]
    checks = check_package(out)
    assert {c.outcome for c in checks} == {Outcome.HOLDS, Outcome.NOT_CHECKED}
    settings = read_packaged_settings(out).ingest
    assert check_inputs(find_source(out, None), settings).outcome is Outcome.NOT_CHECKED
    assert check_inputs(find_source(out, study), settings).outcome is Outcome.HOLDS


def test_an_image_saved_anew_holds_and_is_listed_and_another_voxel_fails(study: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(study, tmp_path / "study"))
    out = tmp_path / "package"
    write_package(ResultsFolder(home / "results"), out, {}, copy_inputs=False)
    manifest = read(out, "inputs/manifest.json")
    assert isinstance(manifest, dict)
    item = next(i for i in manifest["objects"] if i["role"] == "image" and i["voxel_digest"])
    path = home / item["path"]
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[148:158] = b"saved anew"  # the header's field for a description
    path.write_bytes(gzip.compress(content))
    verdict = check_inputs(find_source(out, home), IngestSettings())
    assert verdict.outcome is Outcome.HOLDS
    assert [(r.table, r.key) for r in verdict.remarks] == [("image", item["key"])]
    image = sitk.ReadImage(str(path))
    image[0, 0, 0] = image[0, 0, 0] + 1
    sitk.WriteImage(image, str(path))
    verdict = check_inputs(find_source(out, home), IngestSettings())
    assert verdict.outcome is Outcome.FAILS
    assert [(d.key, d.column) for d in verdict.differences] == [(item["key"], "voxel digest")]


def test_an_input_that_changed_since_the_run_is_refused_by_its_key(study: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(study, tmp_path / "study"))
    rows = json.loads((home / "results/plan/bucket-0.json").read_text(encoding="utf-8"))
    path = next(home / row["mask"] for row in rows if (home / row["mask"]).is_file())
    mask = sitk.ReadImage(str(path))
    mask[0, 0, 0] = 1 - min(1, mask[0, 0, 0])
    sitk.WriteImage(mask, str(path))
    with pytest.raises(SubmissionError, match="is not the file that the run read"):
        write_package(ResultsFolder(home / "results"), tmp_path / "package", {}, copy_inputs=False)
    assert not (tmp_path / "package").exists()


def test_an_unfinished_run_and_a_taken_path_are_refused(study: Path, made: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(study, tmp_path / "study"))
    (home / "results/report.html").unlink()
    with pytest.raises(SubmissionError, match=r"no report\.html"):
        write_package(ResultsFolder(home / "results"), tmp_path / "package", {}, copy_inputs=False)
    with pytest.raises(SubmissionError, match="something at this path"):
        write_package(ResultsFolder(study / "results"), made, {}, copy_inputs=False)


def test_results_of_another_installation_are_refused(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radfeat.pipeline.package.compute_feature_code_digest", lambda: "other")
    with pytest.raises(SubmissionError, match="another installation"):
        write_package(ResultsFolder(study / "results"), tmp_path / "package", {}, copy_inputs=False)


def test_a_folder_laid_out_again_has_the_identity_of_the_run(
    study: Path, package: Path, tmp_path: Path
) -> None:
    source = find_source(package, None)
    assert source is not None
    config = lay_out(package, source, tmp_path / "rerun")
    settings = read_packaged_settings(package)
    results = ResultsFolder(config.parent / "results")
    again = build_plan(settings, config.parent, results)
    first = read_plan(ResultsFolder(study / "results"))
    assert (again.run_id, again.case_digest) == (first.run_id, first.case_digest)
    with pytest.raises(SubmissionError, match="not empty"):
        lay_out(package, source, tmp_path / "rerun")


def test_paths_that_climb_out_of_the_study_keep_their_distances(study: Path, tmp_path: Path) -> None:
    home = tmp_path / "a" / "b" / "study"
    shutil.copytree(study, home)
    scans = tmp_path / "a" / "scans"
    sheet = home / "images.csv"
    rows = json.loads((home / "results/plan/bucket-0.json").read_text(encoding="utf-8"))
    folder = Path(rows[0]["image"]).parts[0]
    shutil.move(home / folder, scans)
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace(f"{folder}/", f"{scans}/"), encoding="utf-8")  # absolute
    settings = read_settings_of(home)
    results = ResultsFolder(home / "results")
    build_plan(settings, home, results)
    run_id = read_plan(results).run_id
    out = tmp_path / "package"
    write_package(results, out, {}, copy_inputs=True)
    assert read(out, "package.json")["study_place"] == "above/above/study"  # type: ignore[index]
    source = find_source(out, None)
    assert source is not None
    config = lay_out(out, source, tmp_path / "elsewhere")
    assert build_plan(settings, config.parent, ResultsFolder(config.parent / "results")).run_id == run_id
    assert str(tmp_path) not in (config.parent / "images.csv").read_text(encoding="utf-8")


def read_settings_of(home: Path) -> StudySettings:
    text = (home / "results/run_config.yaml").read_text(encoding="utf-8")
    return StudySettings.model_validate(yaml.safe_load(text))


@pytest.mark.requirement("R-AUD-1")
def test_an_audit_trail_is_packaged_and_one_that_was_altered_before_is_told_with_its_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Path(shutil.copytree(study, tmp_path / "study"))
    trail = home / "results/audit.jsonl"
    for number, action in enumerate(("run_started", "run_ended", "signature"), start=1):
        when = f"2026-03-0{number}T04:05:06Z"
        append_event(trail, action=action, subject="run 1", actor="anna", host="node", when=when)
    whole, altered = tmp_path / "whole", tmp_path / "altered"
    assert run_command_line(["package", str(home / "results"), "--out", str(whole)]) == 0
    capsys.readouterr()
    assert run_command_line(["verify", str(whole)]) == 0
    assert "3 lines, each vouching for the one before" in " ".join(capsys.readouterr().out.split())
    facts = read(whole, "package.json")
    assert isinstance(facts, dict)
    assert (facts["ended"], facts["audit"]["last_hash"]) == (
        "2026-03-02T04:05:06Z",
        read_trail(trail)[-1].hash,
    )
    trail.write_text(trail.read_text(encoding="utf-8").replace("-02T04", "-02T05"), encoding="utf-8")
    assert run_command_line(["package", str(home / "results"), "--out", str(altered)]) == 0
    assert "audit.jsonl, line 2: edited" in capsys.readouterr().err
    assert run_command_line(["verify", str(altered)]) == 3
    assert "audit.jsonl, line 2: edited" in capsys.readouterr().out


def test_an_override_of_the_gate_opens_it_in_the_rerun_as_well(study: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(study, tmp_path / "study"))
    results, settings = ResultsFolder(home / "results"), read_settings_of(home)
    strict = settings.model_copy(update={"qc": settings.qc.model_copy(update={"max_failed_rois": 0})})
    build_plan(strict, home, results)
    assert not judge_gate(results).is_open
    override_gate(results, "The one was broken on purpose")
    assert judge_gate(results).is_open
    out = tmp_path / "package"
    write_package(results, out, {}, copy_inputs=True)
    source = find_source(out, None)
    assert source is not None
    again = ResultsFolder(lay_out(out, source, tmp_path / "rerun").parent / "results")
    build_plan(strict, again.root.parent, again)
    shutil.copytree(results.blinded, again.blinded)
    verdict = judge_gate(again)
    assert (verdict.is_open, verdict.overridden) == (True, "The one was broken on purpose")
    assert again.gate.read_bytes() == results.gate.read_bytes()


def test_seeds_code_and_environment_are_told(made: Path) -> None:
    code, environment = read(made, "code/code.json"), read(made, "env/environment.json")
    seeds, bill = read(made, "config/seeds.json"), read(made, "env/sbom.cdx.json")
    assert isinstance(code, dict)
    assert isinstance(environment, dict)
    assert isinstance(seeds, dict)
    assert isinstance(bill, dict)
    assert len(code["source_sha256"]) == 64
    assert environment["threads"] == {"OMP_NUM_THREADS": "1"}
    assert set(seeds["masters"]) == {"modelling.seed", "perturb.seed"}
    numpy = next(c for c in bill["components"] if c["name"] == "numpy")
    assert {p["name"]: p["value"] for p in numpy["properties"]}["radfeat:lock"] in ("same", "other version")
    assert (made / "data/env/requirements.lock").is_file()


def test_no_absolute_path_of_the_machine_is_in_the_package(study: Path, made: Path) -> None:
    here = str(study.parent).encode()
    found = [p for p in made.rglob("*") if p.is_file() and here in p.read_bytes()]
    assert found == []
