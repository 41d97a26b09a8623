"""The rows that a case leaves behind: of the image, of each ROI, of what failed."""

import json
from collections.abc import Mapping, Sequence

from radfeat.core.acquisition import Acquisition
from radfeat.core.errors import CaseError
from radfeat.core.findings import Finding
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import PreparedPair, SourcePair, StepRecord
from radfeat.core.vocabulary import Severity, Status
from radfeat.ingest.case_reader import ReadImage
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.finding_rows import Row, finding_to_row
from radfeat.pipeline.records import RoiRecord
from radfeat.qc.conformance import Judged
from radfeat.qc.mask_checks import MaskMeasures


def case_columns(case: CaseKey) -> Row:
    """The key columns of a case."""
    return {
        "case_id": case.case_id,
        "study_id": case.study_id,
        "site_id": case.site_id,
        "subject_id": case.subject_id,
        "timepoint": case.timepoint,
        "image_id": case.image_id,
    }


def roi_columns(key: RoiKey) -> Row:
    """The key columns of an ROI."""
    return {
        "roi_id": key.roi_id,
        **case_columns(key.case),
        "roi": key.roi,
        "lesion_id": key.lesion_id or None,
    }


def build_series_row(row: ImageRow, *, image: ReadImage | None = None, error: CaseError | None = None) -> Row:
    """The row of ``series`` of a case that was read, or of one that was not."""
    result: Row = {
        **case_columns(row.key.case),
        "modality": row.modality.value,
        "scanner": name_scanner(row, None if image is None else image.acquisition),
        "day": row.day,
        "status": (Status.FAILED if error else Status.OK).value,
        "reason": error.reason.value if error else None,
    }
    if image is not None:
        volume = image.volume
        result |= {
            "unit": volume.unit.value,
            "voxel_type": str(volume.voxels_zyx.dtype),
            **_per_axis("size_{}", volume.grid.size_xyz),
            **_per_axis("spacing_{}_mm", volume.grid.spacing_xyz_mm),
            "intensity_min": float(volume.voxels_zyx.min()),
            "intensity_max": float(volume.voxels_zyx.max()),
            "image_sha256": image.sha256,
            "voxel_digest": image.voxel_digest,
        }
    return result


def name_scanner(row: ImageRow, acquisition: Acquisition | None) -> str | None:
    """The scanner of an image: as the sheet names it, else maker and model from the headers."""
    return row.scanner or (None if acquisition is None else acquisition.scanner)


def build_acquisition_rows(
    row: ImageRow, judged: Sequence[Judged], acquisition: Acquisition | None
) -> tuple[Row, ...]:
    """The rows of ``acquisition`` of a case; ``acquisition`` is None where the image was not read."""
    case = {
        **case_columns(row.key.case),
        "modality": row.modality.value,
        "scanner": name_scanner(row, acquisition),
    }
    return tuple({**case, **_judged_columns(one)} for one in judged)


def _judged_columns(judged: Judged) -> Row:
    return {
        "parameter": judged.parameter.value,
        "number": judged.value if isinstance(judged.value, float) else None,
        "text": judged.value if isinstance(judged.value, str) else None,
        "unit": judged.unit,
        "allowed": judged.allowed,
        "required": judged.required,
        "verdict": judged.verdict.value,
    }


def _per_axis(pattern: str, values: Sequence[float]) -> Row:
    return {pattern.format(axis): value for axis, value in zip("xyz", values, strict=True)}


def build_roi_record(
    row: ImageRow,
    pair: SourcePair,
    ready: PreparedPair,
    values: Mapping[str, float | None],
    measures: MaskMeasures,
    preview: str | None,
    findings: Sequence[Finding],
) -> RoiRecord:
    """The record of an ROI that was measured."""
    roi = {
        **_sheet_columns(row),
        "status": Status.OK.value,
        "reason": None,
        "sentence": None,
        **_mask_columns(pair, measures),
        "prepared_voxels": int(ready.intensity_mask.voxels_zyx.sum()),
        "steps": steps_to_json(ready.steps),
        "preview": preview,
    }
    return RoiRecord(roi, dict(values), _finding_rows(findings, row))


def build_failed_roi(
    row: ImageRow,
    error: CaseError,
    *,
    pair: SourcePair | None = None,
    measures: MaskMeasures | None = None,
    preview: str | None = None,
    findings: Sequence[Finding] = (),
) -> RoiRecord:
    """The record of an ROI that has no features: a row with a reason, and an ERROR finding."""
    sentence = error.sentence if error.key else f"{row.key.roi_id}: {error.sentence}"
    failure = Finding(
        check=f"failed.{error.reason.value.lower()}",
        severity=Severity.ERROR,
        key=row.key.roi_id,
        sentence=sentence,
    )
    roi = {
        **_sheet_columns(row),
        "status": Status.FAILED.value,
        "reason": error.reason.value,
        "sentence": sentence,
        **(_mask_columns(pair, measures) if pair is not None and measures is not None else {}),
        "preview": preview,
    }
    return RoiRecord(roi, {}, _finding_rows((*findings, failure), row))


def _sheet_columns(row: ImageRow) -> Row:
    return {**roi_columns(row.key), "role": row.role, "reader_id": row.reader_id}


def _mask_columns(pair: SourcePair, measures: MaskMeasures) -> Row:
    return {
        "voxels": measures.voxels,
        "volume_mm3": measures.volume_mm3,
        **_per_axis("bbox_{}", measures.bbox_xyz),
        **_per_axis("bbox_size_{}", measures.bbox_size_xyz),
        "components": measures.components,
        "mask_sha256": pair.provenance.mask_sha256,
        "mask_voxel_digest": pair.provenance.mask_voxel_digest,
    }


def steps_to_json(steps: Sequence[StepRecord]) -> str:
    """The preparation steps as one line of JSON."""
    plain = [{"name": s.name, "parameters": dict(s.parameters), "ibsi_code": s.ibsi_code} for s in steps]
    return json.dumps(plain, ensure_ascii=False)


def _finding_rows(findings: Sequence[Finding], row: ImageRow) -> tuple[Row, ...]:
    return tuple(finding_to_row(f, row.key.case.site_id) for f in findings)
