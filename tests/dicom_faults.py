"""Every way in which a DICOM series can be wrong: one generator per fault.

A ``spoil_`` function changes datasets in memory, as ``dicom_phantoms.build_series`` gives them, and returns
those to write; a ``break_`` function changes a folder that is written already.
"""

import os
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import JPEG2000Lossless, RLELossless, SecondaryCaptureImageStorage

import dicom_phantoms as dicom
from radfeat.core.vocabulary import Modality, Reason

Series = list[Dataset]


def spoil_missing_slice(series: Series) -> Series:
    return [*series[:4], *series[5:]]


def spoil_missing_slices(series: Series) -> Series:
    return [*series[:3], *series[5:7], *series[8:]]


def spoil_copied_slice(series: Series) -> Series:
    """The same instance in two files that differ, as two exports of it leave them."""
    twin = deepcopy(series[4])
    twin.ContentTime = "235959"
    return [*series, twin]


def spoil_duplicated_slice(series: Series) -> Series:
    """Another instance at the same place, and nothing says why."""
    twin = deepcopy(series[4])
    twin.SOPInstanceUID = dicom.uid_of("twin")
    return [*series, twin]


def spoil_two_series(series: Series) -> Series:
    return [*series, *dicom.build_series(series="2")[:3]]


def spoil_two_subjects(series: Series) -> Series:
    series[3].PatientID = "S999"
    return series


def spoil_two_frames_of_reference(series: Series) -> Series:
    series[3].FrameOfReferenceUID = dicom.uid_of("other frame")
    return series


def spoil_two_studies(series: Series) -> Series:
    series[3].StudyInstanceUID = dicom.uid_of("other study")
    return series


def spoil_two_sizes(series: Series) -> Series:
    series[3].Rows, series[3].Columns = series[3].Columns, series[3].Rows
    return series


def spoil_two_pixel_spacings(series: Series) -> Series:
    series[3].PixelSpacing = [2.5, 1.5]
    return series


def spoil_no_pixel_spacing(series: Series) -> Series:
    del series[3].PixelSpacing
    return series


def spoil_zero_pixel_spacing(series: Series) -> Series:
    for dataset in series:
        dataset.PixelSpacing = [0, 0]
    return series


def spoil_tiny_pixel_spacing(series: Series) -> Series:
    for dataset in series:
        dataset.PixelSpacing = ["1e-300", "1e-300"]
    return series


def spoil_huge_pixel_spacing(series: Series) -> Series:
    for dataset in series:
        dataset.PixelSpacing = ["1e100", "2"]
    return series


def spoil_huge_slice_spacing(series: Series) -> Series:
    for k, dataset in enumerate(series):
        dataset.ImagePositionPatient = [0, 0, 101 * k]
    return series


def spoil_far_positions(series: Series) -> Series:
    for dataset in series:
        x, y, _ = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, "1e300"]
    return series


def spoil_interleaved_acquisitions(series: Series) -> Series:
    """Two scans in one series, the second half a step beside the first."""
    for k, dataset in enumerate(series):
        dataset.AcquisitionNumber = k % 2 + 1
    return series


def spoil_mosaics(series: Series) -> Series:
    for dataset in series:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    return series


def spoil_flip_angles_in_groups(series: Series) -> Series:
    for dataset in series[:5]:
        dataset.FlipAngle = "30"
    return series


def spoil_rows_of_another_kind(series: Series) -> Series:
    """Numbers of rows beyond the sixteen bits that DICOM gives them, as text."""
    for dataset in series:
        dataset[0x0028, 0x0010] = DataElement(0x00280010, "DS", "1e300")
    return series


def spoil_largest_rows(series: Series) -> Series:
    for dataset in series:
        dataset.Rows = dataset.Columns = 65535
    return series


def spoil_undeclared_overlay(series: Series) -> Series:
    return embed_overlay(series, declared=False)


def embed_overlay(series: Series, declared: bool = True) -> Series:
    """Numbers of twelve bits, and a drawing in the bit above them."""
    for dataset in series:
        stored = np.frombuffer(dataset.PixelData, "<i2").astype("<u2")
        drawn = np.where(np.arange(stored.size) % 3 == 0, stored | 1 << 12, stored).astype("<u2")
        dataset.PixelData = drawn.tobytes()
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
        if declared:
            dataset.add_new(0x60000100, "US", 16)
            dataset.add_new(0x60000102, "US", 12)
    return series


def spoil_many_bytes_left_over(series: Series) -> Series:
    series[3].PixelData = series[3].PixelData + bytes(16)
    return series


def spoil_damaged_run_lengths(series: Series) -> Series:
    """RLE pixels, one byte of whose offset table is damaged: its length becomes 2 GB."""
    for dataset in series:
        dataset.compress(RLELossless, generate_instance_uid=False)
    data = bytearray(series[3].PixelData)
    data[7] = 0x7F
    series[3].PixelData = bytes(data)
    return series


def spoil_lost_first_bed(series: Series) -> Series:
    """A PET series written hours after its slices, of which those acquired first are not there."""
    for dataset in series:
        dataset.SeriesTime, dataset.NumberOfSlices = "150000", 14
    return series


def spoil_date_after_midnight(series: Series) -> Series:
    """Beds acquired after midnight under the date of the day before."""
    for k, dataset in enumerate(series):
        dataset.SeriesTime = "235500"
        dataset.AcquisitionTime = "235500" if k < 4 else "000100"
    return series


def spoil_uneven_spacing(series: Series) -> Series:
    x, y, z = series[4].ImagePositionPatient
    series[4].ImagePositionPatient = [x, y, float(z) + 0.4]
    return series


def spoil_gantry_tilt(series: Series) -> Series:
    """Slices that are shifted along y, as by a gantry tilted by 10 degrees."""
    for k, dataset in enumerate(series):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, float(y) + 3 * k * float(np.tan(np.radians(10))), z]
    return series


def spoil_shifted_slice(series: Series) -> Series:
    x, y, z = series[4].ImagePositionPatient
    series[4].ImagePositionPatient = [float(x) + 5, y, z]
    return series


def spoil_mixed_orientations(series: Series) -> Series:
    """Two sagittal planes among axial slices, as in a localiser of three planes."""
    for dataset in series[:2]:
        dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    return series


def spoil_oblique_axes(series: Series) -> Series:
    for dataset in series:
        dataset.ImageOrientationPatient = [1, 0, 0, 0.2, 0.9, 0]
    return series


def spoil_localiser(series: Series) -> Series:
    series[0].ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    return series


def spoil_projection(series: Series) -> Series:
    for dataset in series:
        dataset.ImageType = ["DERIVED", "SECONDARY", "MIP"]
    return series


def spoil_burned_in_text(series: Series) -> Series:
    series[2].BurnedInAnnotation = "YES"
    return series


def spoil_no_position(series: Series) -> Series:
    del series[3].ImagePositionPatient
    return series


def spoil_malformed_position(series: Series) -> Series:
    series[3].ImagePositionPatient = [1.0, 2.0]
    return series


def spoil_one_slice(series: Series) -> Series:
    return series[:1]


def spoil_two_echoes(series: Series) -> Series:
    """Each place twice, once per echo."""
    for dataset in series:
        dataset.EchoNumbers = "1"
    second = deepcopy(series)
    for k, dataset in enumerate(second):
        dataset.EchoNumbers, dataset.EchoTime = "2", "90"
        dataset.SOPInstanceUID = dicom.uid_of("second echo", str(k))
    return [*series, *second]


def spoil_times(series: Series) -> Series:
    """Each place three times, once per temporal position."""
    result = []
    for time in range(3):
        for k, dataset in enumerate(deepcopy(series)):
            dataset.TemporalPositionIdentifier = time + 1
            dataset.SOPInstanceUID = dicom.uid_of("time", str(time), str(k))
            result.append(dataset)
    return result


def spoil_b_values(series: Series) -> Series:
    second = deepcopy(series)
    for k, dataset in enumerate(second):
        dataset.DiffusionBValue = 800.0
        dataset.SOPInstanceUID = dicom.uid_of("b", str(k))
    return [*series, *second]


def spoil_mixed_echoes(series: Series) -> Series:
    """One image at each place, but of two echoes in turn."""
    for dataset in series[::2]:
        dataset.EchoTime = "90"
    return series


def spoil_mixed_kernels(series: Series) -> Series:
    for dataset in series[5:]:
        dataset.ConvolutionKernel = "B60f"
    return series


def spoil_colour(series: Series) -> Series:
    for dataset in series:
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
        dataset.PixelData = dataset.PixelData * 3
    return series


def spoil_no_rescale(series: Series) -> Series:
    for dataset in series:
        del dataset.RescaleSlope
        del dataset.RescaleIntercept
    return series


def spoil_no_slope(series: Series) -> Series:
    del series[3].RescaleSlope
    return series


def spoil_zero_slope(series: Series) -> Series:
    series[3].RescaleSlope = "0"
    return series


def spoil_huge_slope(series: Series) -> Series:
    for dataset in series:
        dataset.RescaleSlope = "1e38"
    return series


def spoil_rescale_of_some(series: Series) -> Series:
    series[3].RescaleSlope, series[3].RescaleIntercept = "2", "0"
    return series


def spoil_table(series: Series) -> Series:
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [4, 0, 16], bytes(8)
    for dataset in series:
        dataset.ModalityLUTSequence = Items([table])
    return series


def spoil_bits(series: Series) -> Series:
    """BitsStored that is less than the numbers need."""
    for dataset in series:
        dataset.BitsStored, dataset.HighBit = 8, 7
    return series


def spoil_high_bit(series: Series) -> Series:
    for dataset in series:
        dataset.BitsStored, dataset.HighBit = 12, 15
    return series


def spoil_rows_of_all(series: Series) -> Series:
    """Fewer rows than there are pixels."""
    for dataset in series:
        dataset.Rows -= 2
    return series


def spoil_short_pixels(series: Series) -> Series:
    series[3].PixelData = series[3].PixelData[:-100]
    return series


def spoil_no_pixels(series: Series) -> Series:
    del series[3].PixelData
    return series


def spoil_frames_in_classic(series: Series) -> Series:
    series[3].NumberOfFrames = 2
    series[3].PixelData = series[3].PixelData * 2
    return series


def spoil_compressed_pixels(series: Series) -> Series:
    """Said to be JPEG 2000, and not."""
    for dataset in series:
        dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
        dataset.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x08\x00\x00\x00nonsense" + END
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return series


END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
"""Sequence delimiter of encapsulated pixels."""


def spoil_modality(series: Series) -> Series:
    for dataset in series:
        dataset.Modality = "MR"
    return series


def spoil_secondary_capture(series: Series) -> Series:
    """One slice became a screen shot of the same series."""
    series[3].SOPClassUID = SecondaryCaptureImageStorage
    return series


def spoil_all_secondary_captures(series: Series) -> Series:
    for dataset in series:
        dataset.SOPClassUID = SecondaryCaptureImageStorage
    return series


def spoil_structure_sets_only(series: Series) -> Series:
    return [dicom.build_structure_set(series, {"GTV": dicom.build_contours()})]


def spoil_no_series_uid(series: Series) -> Series:
    for dataset in series:
        del dataset.SeriesInstanceUID
    return series


def break_truncated_file(folder: Path) -> None:
    path = sorted(folder.iterdir())[2]
    path.write_bytes(path.read_bytes()[:-200])


def break_truncated_header(folder: Path) -> None:
    path = sorted(folder.iterdir())[2]
    path.write_bytes(path.read_bytes()[:600])


def break_truncated_preamble(folder: Path) -> None:
    path = sorted(folder.iterdir())[2]
    path.write_bytes(path.read_bytes()[:140])


def break_empty_file(folder: Path) -> None:
    sorted(folder.iterdir())[2].write_bytes(b"")


def break_wrong_magic(folder: Path) -> None:
    path = sorted(folder.iterdir())[2]
    data = bytearray(path.read_bytes())
    data[128:132] = b"XXXX"
    path.write_bytes(bytes(data))


def break_without_preamble(folder: Path) -> None:
    """A dataset alone, as some archives hand it out."""
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[132:])


def break_pipe(folder: Path) -> None:
    """A named pipe, which nobody writes to, in the place of a slice."""
    path = sorted(folder.iterdir())[2]
    path.unlink()
    os.mkfifo(path)


def break_all_files(folder: Path) -> None:
    """Nothing left but a text file."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "notes.txt").write_text("nothing here")


@dataclass(frozen=True)
class Fault:
    """A fault, and the refusal that must follow: words of its sentence, and the reason."""

    make: Callable[..., object]
    words: str
    reason: Reason
    modality: Modality = Modality.CT

    @property
    def name(self) -> str:
        return self.make.__name__

    def write(self, folder: Path) -> Path:
        """Write a series with the fault."""
        series: Sequence[Dataset] = dicom.build_series(self.modality)
        if self.name.startswith("spoil_"):
            return dicom.write_series(folder, self.make(series))  # type: ignore[arg-type]
        self.make(dicom.write_series(folder, series))
        return folder


BAD, PLACE, LOST = Reason.UNREADABLE, Reason.GEOMETRY, Reason.NO_IMAGE

FAULTS = (
    Fault(
        spoil_missing_slice, "misses slices: after slice 4 of 9 comes a gap of 6 mm (found 1 missing", PLACE
    ),
    Fault(
        spoil_missing_slices, "misses slices: after slice 3 of 7 comes a gap of 9 mm (found 3 missing", PLACE
    ),
    Fault(spoil_copied_slice, "holds images twice: two files with one SOPInstanceUID (found 1 copies", BAD),
    Fault(spoil_duplicated_slice, "places with several images: no element says in what they differ", PLACE),
    Fault(spoil_two_series, "holds several series (found 10, 3 images", BAD),
    Fault(spoil_two_subjects, "mixes images of several subjects (PatientID) (found 2", BAD),
    Fault(spoil_two_frames_of_reference, "several frames of reference", PLACE),
    Fault(spoil_two_studies, "several studies", BAD),
    Fault(spoil_two_sizes, "several numbers of rows", PLACE),
    Fault(
        spoil_two_pixel_spacings, "different PixelSpacing: distances of rows differ (found 2 to 2.5", PLACE
    ),
    Fault(spoil_no_pixel_spacing, "a slice without PixelSpacing", PLACE),
    Fault(spoil_zero_pixel_spacing, "an impossible size (PixelSpacing) (found 0 mm", PLACE),
    Fault(spoil_tiny_pixel_spacing, "an impossible size (PixelSpacing) (found 1e-300 mm", PLACE),
    Fault(spoil_huge_pixel_spacing, "an impossible size (PixelSpacing) (found 1e+100 mm", PLACE),
    Fault(spoil_huge_slice_spacing, "an impossible distance (ImagePositionPatient) (found 101 mm", PLACE),
    Fault(spoil_far_positions, "an impossible place (ImagePositionPatient) (found 1e+300 mm", PLACE),
    Fault(
        spoil_interleaved_acquisitions,
        "several acquisitions (AcquisitionNumber) (found 2 acquisitions in 10 runs",
        PLACE,
    ),
    Fault(spoil_mosaics, "no slices of a volume (found 10 mosaics of many slices", BAD, Modality.MR),
    Fault(spoil_flip_angles_in_groups, "mixes images that differ in FlipAngle (found 2", BAD, Modality.MR),
    Fault(spoil_rows_of_another_kind, "how many rows and columns it has", PLACE),
    Fault(spoil_largest_rows, "an impossible number of pixels (Rows, Columns) (found 65535 x 65535", BAD),
    Fault(spoil_undeclared_overlay, "more bits than BitsStored says (allowed 12 bits", BAD),
    Fault(spoil_many_bytes_left_over, "more pixels than its header says (found 464 bytes", BAD),
    Fault(spoil_damaged_run_lengths, "transfer syntax RLE Lossless, package pydicom", BAD),
    Fault(spoil_lost_first_bed, "may be those acquired first (found 10 slices, allowed 14", BAD, Modality.PT),
    Fault(spoil_date_after_midnight, "half a day apart or more", BAD, Modality.PT),
    Fault(spoil_uneven_spacing, "unevenly spaced (found 2.6 to 3.4 mm", PLACE),
    Fault(spoil_gantry_tilt, "a gantry tilted by 10 degrees", PLACE),
    Fault(spoil_shifted_slice, "shifted sideways, unevenly (found 5 mm", PLACE),
    Fault(
        spoil_mixed_orientations,
        "different orientation, as a localiser among axial slices does (found 2 of",
        PLACE,
    ),
    Fault(spoil_oblique_axes, "rows and columns that are not at right angles", PLACE),
    Fault(spoil_localiser, "no slices of a volume (found 1 localisers of 10", BAD),
    Fault(spoil_projection, "no slices of a volume (found 10 projections", BAD),
    Fault(spoil_burned_in_text, "text burned into its pixels", BAD),
    Fault(spoil_no_position, "a slice without ImagePositionPatient", PLACE),
    Fault(spoil_malformed_position, "a malformed ImagePositionPatient", PLACE),
    Fault(spoil_one_slice, "one slice only", PLACE),
    Fault(spoil_two_echoes, "is four-dimensional: images differ in EchoNumbers, EchoTime", BAD, Modality.MR),
    Fault(
        spoil_times,
        "is four-dimensional: images differ in TemporalPositionIdentifier (found up to 3",
        BAD,
        Modality.MR,
    ),
    Fault(spoil_b_values, "is four-dimensional: images differ in DiffusionBValue", BAD, Modality.MR),
    Fault(spoil_mixed_echoes, "mixes images that differ in EchoTime", BAD, Modality.MR),
    Fault(spoil_mixed_kernels, "mixes images that differ in ConvolutionKernel", BAD),
    Fault(spoil_colour, "one grey value per pixel", BAD),
    Fault(spoil_no_rescale, "without RescaleSlope and RescaleIntercept (found 10 of 10", BAD),
    Fault(spoil_no_rescale, "without RescaleSlope and RescaleIntercept (found 10 of 10", BAD, Modality.PT),
    Fault(spoil_no_slope, "without a sound RescaleSlope", BAD),
    Fault(spoil_zero_slope, "an impossible RescaleSlope", BAD),
    Fault(spoil_huge_slope, "make NaN or infinity", BAD),
    Fault(
        spoil_rescale_of_some, "without RescaleSlope and RescaleIntercept (found 9 of 10", BAD, Modality.MR
    ),
    Fault(spoil_table, "by a table (ModalityLUTSequence)", BAD),
    Fault(spoil_bits, "more bits than BitsStored says", BAD),
    Fault(
        spoil_high_bit,
        "stores its numbers in an odd way (found 16 bits allocated, 12 stored, high bit 15",
        BAD,
    ),
    Fault(spoil_rows_of_all, "more pixels than its header says", BAD),
    Fault(spoil_short_pixels, "is cut short: pixels are missing", BAD),
    Fault(spoil_no_pixels, "is incomplete: of 10 files 1 without pixels", BAD),
    Fault(spoil_frames_in_classic, "several frames in one slice's object", BAD),
    Fault(
        spoil_compressed_pixels,
        "transfer syntax JPEG 2000 Image Compression (Lossless Only), package pylibjpeg",
        BAD,
    ),
    Fault(spoil_modality, "its modality is not that of its kind of object", BAD),
    Fault(
        spoil_secondary_capture, "other objects in one series (found 1 Secondary Capture Image Storage", BAD
    ),
    Fault(spoil_all_secondary_captures, "no DICOM image of CT, MR or PET (found 10 Secondary Capture", BAD),
    Fault(
        spoil_structure_sets_only, "no DICOM image of CT, MR or PET (found 1 RT Structure Set Storage", BAD
    ),
    Fault(spoil_no_series_uid, "without SeriesInstanceUID", BAD),
    Fault(break_truncated_file, "is cut short: pixels are missing", BAD),
    Fault(break_truncated_header, "is incomplete: of 10 files 1 without pixels, or cut short before", BAD),
    Fault(break_truncated_preamble, "is incomplete: of 10 files 1 damaged or cut short", BAD),
    Fault(break_empty_file, "is incomplete: of 10 files 1 empty (0 bytes)", BAD),
    Fault(break_wrong_magic, "is incomplete: of 10 files 1 not DICOM, whatever the name says", BAD),
    Fault(break_without_preamble, "of 10 files 10 without the preamble of a DICOM file", BAD),
    Fault(break_pipe, "is incomplete: of 10 files 1 cannot be opened", BAD),
    Fault(break_all_files, "no DICOM image of CT, MR or PET (found no DICOM file", BAD),
)
"""Every fault of a series."""
