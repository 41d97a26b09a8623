"""Writers of DICOM: sound series, structure sets and segmentations, small and made here.

A sound object is built in memory by a ``build_`` function (so that a test can spoil it) and written by
``write_series`` or ``write_dataset``. Faults, each in a function ``spoil_...`` of its own, stand in
``dicom_faults.py``.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

import highdicom as hd
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality

GRID = Grid((16, 14, 10), (1.5, 2.0, 3.0), (-10.0, 20.0, 30.0))
"""Size, spacing (mm) and origin (mm) of the phantom series; the direction is that of the world."""

SOP_CLASSES = {
    Modality.CT: UID("1.2.840.10008.5.1.4.1.1.2"),
    Modality.MR: UID("1.2.840.10008.5.1.4.1.1.4"),
    Modality.PT: UID("1.2.840.10008.5.1.4.1.1.128"),
}
ENHANCED = {
    Modality.CT: UID("1.2.840.10008.5.1.4.1.1.2.1"),
    Modality.MR: UID("1.2.840.10008.5.1.4.1.1.4.1"),
    Modality.PT: UID("1.2.840.10008.5.1.4.1.1.130"),
}
STRUCTURE_SET = UID("1.2.840.10008.5.1.4.1.1.481.3")

WEIGHT_KG = 70.0
DOSE_BQ = 3.5e8
HALF_LIFE_S = 6586.2
INJECTED_AT, SCANNED_AT = "090000", "100000"

_SHARED_BY_ENHANCED = (
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)

Pixels = npt.NDArray[np.int16]


def uid_of(*parts: str) -> UID:
    """A UID that depends on the parts alone."""
    return UID(generate_uid(entropy_srcs=list(parts)))


def build_pixels(grid: Grid = GRID, seed: int = 1) -> Pixels:
    """Stored values (z, y, x), as a CT in HU might have them, with a brighter block in the middle."""
    noise = np.random.default_rng(seed).integers(-100, 100, grid.shape_zyx)
    z, y, x = (n // 4 for n in grid.shape_zyx)
    noise[z:-z, y:-y, x:-x] += 300
    return noise.astype(np.int16)


def build_block(grid: Grid = GRID) -> npt.NDArray[np.bool_]:
    """A mask (z, y, x): the brighter block of ``build_pixels``."""
    mask = np.zeros(grid.shape_zyx, dtype=bool)
    z, y, x = (n // 4 for n in grid.shape_zyx)
    mask[z:-z, y:-y, x:-x] = True
    return mask


def build_series(
    modality: Modality = Modality.CT,
    grid: Grid = GRID,
    pixels: Pixels | None = None,
    subject: str = "S001",
    series: str = "1",
    study: str = "1",
    date: str = "20200102",
) -> list[Dataset]:
    """A classic series: one dataset per slice, from the first slice of the grid to the last.

    Parameters
    ----------
    modality
        CT (HU: slope 1, intercept -1024), MR (no rescale) or PT (Bq/ml, a slope for each slice).
    grid
        Where the voxels lie; oblique and negative directions too.
    pixels
        Intensities (z, y, x): HU, arbitrary, or Bq/ml divided by 10.
    subject, series, study
        What UIDs and PatientID are made of.
    date
        Study date, YYYYMMDD.
    """
    values = build_pixels(grid) if pixels is None else pixels
    direction = np.reshape(grid.direction, (3, 3))
    datasets = []
    for k in range(grid.size_xyz[2]):
        dataset = _build_instance(SOP_CLASSES[modality], modality, subject, series, study, date)
        dataset.SOPInstanceUID = uid_of(subject, study, series, str(k))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.FrameOfReferenceUID = uid_of(subject, study, "frame")
        dataset.InstanceNumber = k + 1
        place = direction @ [0.0, 0.0, k * grid.spacing_xyz_mm[2]] + grid.origin_xyz_mm
        dataset.ImagePositionPatient = [_write_number(c, 9) for c in place]
        dataset.ImageOrientationPatient = [_write_number(c, 12) for c in (*direction[:, 0], *direction[:, 1])]
        dataset.PixelSpacing = [f"{grid.spacing_xyz_mm[1]:.10g}", f"{grid.spacing_xyz_mm[0]:.10g}"]
        dataset.SliceThickness = f"{grid.spacing_xyz_mm[2]:.10g}"
        _ADD[modality](dataset, k)
        _add_pixels(dataset, values[k], modality, k)
        datasets.append(dataset)
    return datasets


def _write_number(number: float, decimals: int) -> str:
    """A number in the sixteen characters that DICOM allows."""
    return f"{round(float(number), decimals) + 0.0:.13g}"


def _build_instance(
    sop_class: UID, modality: Modality | str, subject: str, series: str, study: str, date: str
) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.Modality = str(modality)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = f"Name^{subject}"
    dataset.PatientID = subject
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "F"
    dataset.AccessionNumber = ""
    dataset.StudyID = study
    dataset.StudyInstanceUID = uid_of(subject, study)
    dataset.SeriesInstanceUID = uid_of(subject, study, series)
    dataset.SeriesNumber = 1
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = date
    dataset.StudyTime = "095000"
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = SCANNED_AT
    dataset.Manufacturer = "Phantom Works"
    dataset.ManufacturerModelName = "Model 1"
    dataset.SoftwareVersions = "1.0"
    dataset.ReferringPhysicianName = ""
    return dataset


def _add_ct(dataset: Dataset, k: int) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP = "120"
    dataset.XRayTubeCurrent = 200
    dataset.Exposure = 100
    dataset.ConvolutionKernel = "B30f"
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = "1", "-1024", "HU"


def _add_mr(dataset: Dataset, k: int) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "SE"]
    dataset.ScanningSequence = "SE"
    dataset.SequenceVariant = "NONE"
    dataset.MRAcquisitionType = "2D"
    dataset.MagneticFieldStrength = "1.5"
    dataset.RepetitionTime = "500"
    dataset.EchoTime = "15"
    dataset.FlipAngle = "90"


def _add_pt(dataset: Dataset, k: int) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.PatientWeight = str(WEIGHT_KG)
    dataset.PatientSize = "1.75"
    dataset.Units = "BQML"
    dataset.DecayCorrection = "START"
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT", "RAN", "NORM"]
    dataset.SeriesType = ["STATIC", "IMAGE"]
    dataset.ReconstructionMethod = "OSEM 3i24s"
    drug = Dataset()
    drug.Radiopharmaceutical = "Fluorodeoxyglucose"
    drug.RadionuclideTotalDose = f"{DOSE_BQ:.10g}"
    drug.RadionuclideHalfLife = str(HALF_LIFE_S)
    drug.RadiopharmaceuticalStartTime = INJECTED_AT
    dataset.RadiopharmaceuticalInformationSequence = Items([drug])
    dataset.RescaleSlope, dataset.RescaleIntercept = f"{10 + 0.25 * k:.10g}", "0"


_ADD: dict[Modality, Callable[[Dataset, int], None]] = {
    Modality.CT: _add_ct,
    Modality.MR: _add_mr,
    Modality.PT: _add_pt,
}


def _add_pixels(dataset: Dataset, plane: Pixels, modality: Modality, k: int) -> None:
    stored = plane.astype(np.int32)
    if modality is Modality.CT:
        stored = stored + 1024
    elif modality is Modality.MR:
        stored = stored + 200
    else:
        stored = np.round(np.abs(stored) * 10.0 / (10 + 0.25 * k)).astype(np.int32)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = plane.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 1
    dataset.PixelData = stored.astype("<i2").tobytes()
    dataset["PixelData"].VR = "OW"


def write_dataset(path: Path, dataset: Dataset) -> Path:
    """Write a dataset to a file; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, datasets: Sequence[Dataset]) -> Path:
    """Write datasets to ``000001.dcm`` and so on, in an order that is not that of the slices."""
    order = np.random.default_rng(len(datasets)).permutation(len(datasets))
    for number, k in enumerate(order, start=1):
        write_dataset(folder / f"{number:06d}.dcm", datasets[int(k)])
    return folder


def build_rectangle(grid: Grid = GRID, z: int = 4) -> npt.NDArray[np.float64]:
    """Points (n, 3), mm, of a contour on slice ``z`` that encloses the voxel centres of ``build_block``."""
    _, y, x = (n // 4 for n in grid.shape_zyx)
    left, right = x - 0.5, grid.size_xyz[0] - x - 0.5
    top, bottom = y - 0.5, grid.size_xyz[1] - y - 0.5
    corners = np.array([[left, top, z], [right, top, z], [right, bottom, z], [left, bottom, z]], dtype=float)
    points: npt.NDArray[np.float64] = (
        corners * grid.spacing_xyz_mm @ np.reshape(grid.direction, (3, 3)).T + grid.origin_xyz_mm
    )
    return points


def build_contours(grid: Grid = GRID) -> list[npt.NDArray[np.float64]]:
    """The contours, one per slice, that enclose ``build_block``."""
    z = grid.size_xyz[2] // 4
    return [build_rectangle(grid, k) for k in range(z, grid.size_xyz[2] - z)]


def build_structure_set(
    datasets: Sequence[Dataset],
    regions: dict[str, Sequence[npt.NDArray[np.float64]]],
    interpreted: str = "GTV",
) -> Dataset:
    """A structure set of a series: contours (each (n, 3), mm) by the ROI's name."""
    first = datasets[0]
    result = _build_instance(STRUCTURE_SET, "RTSTRUCT", str(first.PatientID), "rs", "1", str(first.StudyDate))
    result.StudyInstanceUID = first.StudyInstanceUID
    result.SeriesInstanceUID = uid_of(str(first.SeriesInstanceUID), "rs")
    result.SOPInstanceUID = uid_of(str(first.SeriesInstanceUID), "rs", "0")
    result.file_meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    result.StructureSetLabel, result.StructureSetDate, result.StructureSetTime = "RS", first.StudyDate, "1100"
    result.ApprovalStatus = "UNAPPROVED"
    result.ReferencedFrameOfReferenceSequence = Items([_refer_frame(datasets)])
    result.StructureSetROISequence = Items()
    result.ROIContourSequence = Items()
    result.RTROIObservationsSequence = Items()
    for number, (name, contours) in enumerate(regions.items(), start=1):
        result.StructureSetROISequence.append(_name_region(number, name, str(first.FrameOfReferenceUID)))
        result.ROIContourSequence.append(_draw_region(number, contours, datasets))
        observed = Dataset()
        observed.ObservationNumber = observed.ReferencedROINumber = number
        observed.RTROIInterpretedType, observed.ROIInterpreter = interpreted, ""
        result.RTROIObservationsSequence.append(observed)
    return result


def _refer_frame(datasets: Sequence[Dataset]) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = datasets[0].SeriesInstanceUID
    series.ContourImageSequence = Items([_refer_image(d) for d in datasets])
    study = Dataset()
    study.ReferencedSOPClassUID = UID("1.2.840.10008.3.1.2.3.1")
    study.ReferencedSOPInstanceUID = datasets[0].StudyInstanceUID
    study.RTReferencedSeriesSequence = Items([series])
    frame = Dataset()
    frame.FrameOfReferenceUID = datasets[0].FrameOfReferenceUID
    frame.RTReferencedStudySequence = Items([study])
    return frame


def _refer_image(dataset: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    return item


def _name_region(number: int, name: str, frame: str) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName, item.ReferencedFrameOfReferenceUID = number, name, frame
    item.ROIGenerationAlgorithm = "MANUAL"
    return item


def _draw_region(
    number: int, contours: Sequence[npt.NDArray[np.float64]], datasets: Sequence[Dataset]
) -> Dataset:
    item = Dataset()
    item.ReferencedROINumber, item.ROIDisplayColor = number, [255, 0, 0]
    item.ContourSequence = Items()
    positions = np.array([d.ImagePositionPatient for d in datasets], dtype=float)
    cosines = np.array(datasets[0].ImageOrientationPatient, dtype=float)
    normal = np.cross(cosines[:3], cosines[3:])
    for points in contours:
        drawn = Dataset()
        nearest = int(np.argmin(np.abs((positions - points[0]) @ normal)))
        drawn.ContourImageSequence = Items([_refer_image(datasets[nearest])])
        drawn.ContourGeometricType = "CLOSED_PLANAR"
        drawn.NumberOfContourPoints = len(points)
        drawn.ContourData = [f"{c:.10g}" for c in points.ravel()]
        item.ContourSequence.append(drawn)
    return item


def build_segmentation(
    datasets: Sequence[Dataset],
    masks: dict[str, npt.NDArray[np.bool_] | npt.NDArray[np.float64]],
    kind: str = "BINARY",
) -> Dataset:
    """A DICOM segmentation of a series: masks (z, y, x), slices as in ``datasets``, by the segment's label.

    ``kind`` is BINARY, FRACTIONAL (probabilities from 0 to 1) or LABELMAP; of the first two empty frames are
    left out, as most writers do.
    """
    described = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=label,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(masks, start=1)
    ]
    return hd.seg.Segmentation(
        source_images=list(datasets),
        pixel_array=np.stack(list(masks.values()), axis=-1).astype(
            np.float32 if kind == "FRACTIONAL" else np.uint8
        ),
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=uid_of(str(datasets[0].SeriesInstanceUID), "seg"),
        series_number=9,
        sop_instance_uid=uid_of(str(datasets[0].SeriesInstanceUID), "seg", "0"),
        instance_number=1,
        manufacturer="Phantom Works",
        manufacturer_model_name="Model 1",
        software_versions="1.0",
        device_serial_number="1",
    )


def build_enhanced(datasets: Sequence[Dataset], modality: Modality) -> Dataset:
    """The same voxels as a classic series in one enhanced multi-frame object."""
    first = datasets[0]
    result = _build_instance(
        ENHANCED[modality], modality, str(first.PatientID), "e", "1", str(first.StudyDate)
    )
    for keyword in _SHARED_BY_ENHANCED:
        setattr(result, keyword, first[keyword].value)
    result.SeriesInstanceUID = uid_of(str(first.SeriesInstanceUID), "enhanced")
    result.SOPInstanceUID = uid_of(str(first.SeriesInstanceUID), "enhanced", "0")
    result.file_meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    result.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    result.NumberOfFrames = len(datasets)
    if modality is Modality.PT:
        _add_enhanced_pt(result, first)
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    orientation.ImageOrientationPatient = first.ImageOrientationPatient
    shared = Dataset()
    shared.PixelMeasuresSequence = Items([measures])
    shared.PlaneOrientationSequence = Items([orientation])
    result.SharedFunctionalGroupsSequence = Items([shared])
    result.PerFrameFunctionalGroupsSequence = Items([_describe_frame(d, k) for k, d in enumerate(datasets)])
    result.PixelData = b"".join(d.PixelData for d in datasets)
    result["PixelData"].VR = "OW"
    return result


def _add_enhanced_pt(result: Dataset, first: Dataset) -> None:
    """What enhanced PET says in other words: corrections, decay by a moment, and the dose in MBq."""
    result.PatientWeight, result.PatientSize = first.PatientWeight, first.PatientSize
    result.AttenuationCorrected = result.ScatterCorrected = result.DecayCorrected = "YES"
    result.DecayCorrectionDateTime = f"{first.SeriesDate}{SCANNED_AT}"
    drug = deepcopy(first.RadiopharmaceuticalInformationSequence[0])
    drug.RadionuclideTotalDose = f"{DOSE_BQ / 1e6:.10g}"
    drug.RadiopharmaceuticalStartDateTime = f"{first.SeriesDate}{INJECTED_AT}"
    result.RadiopharmaceuticalInformationSequence = Items([drug])


def _map_to_activity(slope: str) -> Dataset:
    unit, mapping = Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "Bq/ml", "UCUM", "Becquerels/milliliter"
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = float(slope), 0.0
    mapping.MeasurementUnitsCodeSequence = Items([unit])
    return mapping


def _describe_frame(dataset: Dataset, k: int) -> Dataset:
    content, position = Dataset(), Dataset()
    content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", k + 1, [1, k + 1]
    position.ImagePositionPatient = dataset.ImagePositionPatient
    frame = Dataset()
    frame.FrameContentSequence = Items([content])
    frame.PlanePositionSequence = Items([position])
    if "RescaleSlope" in dataset:
        rescale = Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept = dataset.RescaleSlope, dataset.RescaleIntercept
        rescale.RescaleType = dataset.get("RescaleType", "US")
        frame.PixelValueTransformationSequence = Items([rescale])
    if dataset.Modality == "PT":
        frame.RealWorldValueMappingSequence = Items([_map_to_activity(dataset.RescaleSlope)])
    return frame


def read_back(path: Path) -> FileDataset:
    """A dataset as it stands in a file."""
    return pydicom.dcmread(path)


def encode_jpeg_lossless(plane: npt.NDArray[np.uint16]) -> bytes:
    """A plane (y, x) as lossless JPEG: process 14, selection value 1 (each pixel predicted by its left one).

    Reference: ITU-T T.81, annex H; every difference has a Huffman code of five bits.
    """
    values = plane.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0], predicted[0, 0] = values[:-1, 0], 1 << 15
    bits = "".join(_encode_difference(int(d)) for d in (values - predicted).ravel())
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    rows, columns = plane.shape
    table = bytes([0, 0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    frame = bytes([16, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), 1, 1, 0x11, 0])
    scan = bytes([1, 1, 0, 1, 0, 0])
    parts = [(b"\xff\xc3", frame), (b"\xff\xc4", table), (b"\xff\xda", scan)]
    segments = b"".join(mark + (len(body) + 2).to_bytes(2, "big") + body for mark, body in parts)
    return b"\xff\xd8" + segments + data + b"\xff\xd9"


def _encode_difference(difference: int) -> str:
    """The Huffman code of a difference's size, then its bits; differences count modulo 2^16."""
    difference = (difference + 32767) % 65536 - 32767
    size = abs(difference).bit_length()
    if size in (0, 16):
        return f"{size:05b}"
    return f"{size:05b}{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
