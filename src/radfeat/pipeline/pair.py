"""One pair in memory, for notebooks: the same steps as the workflow, a typed result, nothing written."""

from dataclasses import dataclass
from pathlib import Path

from radfeat.core.findings import Finding
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import PreparedPair, SourcePair
from radfeat.core.vocabulary import Modality
from radfeat.features.catalogue import build_catalogue
from radfeat.features.extract import extract_features
from radfeat.ingest.case_reader import ReadImage, read_image, read_pair
from radfeat.ingest.dicom.modality import read_modality
from radfeat.ingest.formats import is_dicom
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings
from radfeat.pipeline.case import acquisition_of, judge_image
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.qc.conformance import check_conformance, require_conformance
from radfeat.qc.feature_checks import check_grey_levels
from radfeat.qc.image_checks import check_image
from radfeat.qc.mask_checks import check_mask
from radfeat.qc.verdict import require_not_excluded


@dataclass(frozen=True, slots=True)
class PairResult:
    """What one image and mask yield.

    ``features`` maps each feature to its value, None where the feature is undefined; ``source`` and
    ``prepared`` are the voxels as read and as measured; ``findings`` are the checks that spoke; ``settings``
    are those of the image's modality.
    """

    features: dict[str, float | None]
    source: SourcePair
    prepared: PreparedPair
    findings: tuple[Finding, ...]
    settings: CaseSettings

    def catalogue(self) -> list[dict[str, object]]:
        """What each feature is: a row of the feature catalogue per feature, in the features' order."""
        return [dict(row) for row in build_catalogue(list(self.features), self.settings.features)]


@dataclass(frozen=True, eq=False, slots=True)
class ReadRoi:
    """An image and one ROI in it as they were read, with what a row of the image sheet would say of them."""

    row: ImageRow
    image: ReadImage
    pair: SourcePair


def read_roi(
    image: str | Path,
    mask: str | Path,
    *,
    modality: Modality | str | None = None,
    label: int | str | None = None,
    settings: IngestSettings | None = None,
) -> ReadRoi:
    """Read one image and one ROI of it; the parameters are those of `measure_pair`.

    Raises
    ------
    CaseError
        If one of them cannot be read, or they do not lie on one grid.
    """
    settings = settings or IngestSettings()
    row = _build_row(Path(image), Path(mask), _choose_modality(Path(image), modality), label)
    read = read_image(row, settings)
    return ReadRoi(row, read, read_pair(read, row, settings))


def measure_pair(
    image: str | Path,
    mask: str | Path,
    *,
    modality: Modality | str | None = None,
    label: int | str | None = None,
    settings: CaseSettings | None = None,
) -> PairResult:
    """Measure one ROI of one image.

    Parameters
    ----------
    image, mask
        Files (NIfTI, NRRD, MetaImage); or a DICOM folder, file or series list, and a structure set or
        segmentation.
    modality
        DICOM modality; decides the unit of the intensities. DICOM images must say the same. None: what a
        DICOM image says; OT for other files, which do not tell.
    label
        Number or name of the label in the mask; None where the mask holds one label only.
    settings
        The settings of ingest, prepare, features and qc, for images of each modality; None for the defaults.

    Raises
    ------
    CaseError
        Where the workflow would write a row with a reason; ``qc.exclude`` and the protocol exclude here too.
    """
    settings = settings or CaseSettings()
    roi = read_roi(image, mask, modality=modality, label=label, settings=settings.ingest)
    row, read, pair = roi.row, roi.image, roi.pair
    settings = settings.resolve(row.modality)
    judged = judge_image(row, acquisition_of(read), settings.qc)
    require_conformance(row.key.roi_id, judged)
    mask_findings = check_mask(pair, settings.qc)
    require_not_excluded(row.key.roi_id, mask_findings, settings.qc)
    whole = prepare_image(read.volume, settings.prepare)
    prepared = prepare_roi(whole, pair, settings.prepare, near=settings.near)
    vector = extract_features(prepared, settings.features)
    findings = (
        *read.findings,
        *check_image(read.volume, row.key.case.case_id, settings.qc),
        *check_conformance(judged, row.key.case.case_id),
        *pair.findings,
        *mask_findings,
        *vector.findings,
        *check_grey_levels(vector.grey_levels, prepared.image.unit, row.key.roi_id, settings.qc),
    )
    return PairResult(dict(vector.values), pair, prepared, findings, settings)


def _choose_modality(image: Path, modality: Modality | str | None) -> Modality:
    if modality is not None:
        return Modality(modality)
    return (read_modality(image) if is_dicom(image) else None) or Modality.OT


def _build_row(image: Path, mask: Path, modality: Modality, label: int | str | None) -> ImageRow:
    """What a row of the image sheet would say; the keys are those of nobody."""
    return ImageRow(
        key=RoiKey(CaseKey("notebook", "-", "-", "-", "image"), "mask"),
        modality=modality,
        image=image,
        mask=mask,
        label=label,
        role=None,
        scanner=None,
        reader_id=None,
        day=None,
        line=0,
    )
