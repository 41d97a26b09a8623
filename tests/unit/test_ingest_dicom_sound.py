"""DICOM series that look odd and are sound: they are read, and what is worth knowing becomes a finding."""

from copy import deepcopy

import numpy as np
import pytest
from pydicom.uid import RLELossless

import dicom_faults as faults
import dicom_phantoms as dicom
from radfeat.core.errors import InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality, Severity
from radfeat.ingest.dicom.files import is_dicom_path
from radfeat.ingest.dicom.headers import HeaderError, read_header
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source


def read(folder, datasets, modality=Modality.CT):
    return read_dicom_series(Source(dicom.write_series(folder, datasets), "case"), modality, IngestSettings())


def checks(series):
    return {finding.check for finding in series.findings}


def find(series, check):
    (finding,) = (finding for finding in series.findings if finding.check == check)
    return finding


def put(datasets, keyword, value):
    for k, dataset in enumerate(datasets):
        setattr(dataset, keyword, value(k))
    return datasets


# Copies, and files of other kinds


def test_copies_of_files_are_read_once_with_a_word(tmp_path):
    datasets = dicom.build_series()
    sound = read(tmp_path / "sound", datasets)
    copied = read(tmp_path / "copied", [*datasets, deepcopy(datasets[4]), deepcopy(datasets[5])])
    assert copied.sha256 == sound.sha256
    assert np.array_equal(copied.volume.voxels_zyx, sound.volume.voxels_zyx)
    (finding,) = copied.findings
    assert (finding.check, finding.severity, finding.measured) == ("dicom.copied_files", Severity.WARNING, 2)


def test_pipes_are_never_opened(tmp_path):
    folder = dicom.write_series(tmp_path, dicom.build_series())
    faults.break_pipe(folder)
    (pipe,) = (path for path in folder.iterdir() if path.is_fifo())
    with pytest.raises(HeaderError, match="no regular file"):
        read_header(pipe)
    assert not is_dicom_path(pipe.rename(folder / "pipe"))


def test_files_without_preamble_are_to_be_written_with_one(tmp_path):
    folder = dicom.write_series(tmp_path, dicom.build_series())
    faults.break_without_preamble(folder)
    with pytest.raises(InputError, match=r"with preamble"):
        read_dicom_series(Source(folder, "case"), Modality.CT, IngestSettings())


# Places


def test_the_grid_does_not_depend_on_the_names_of_files(tmp_path):
    datasets = dicom.build_series()
    put(datasets, "ImageOrientationPatient", lambda k: ["1", f"{k * 1e-6:.7g}", "0", "0", "1", "0"])
    put(datasets, "PixelSpacing", lambda k: ["2", f"{1.5 + k * 1e-5:.7g}"])
    grids = []
    for name, order in (("a", datasets), ("b", datasets[::-1]), ("c", datasets[5:] + datasets[:5])):
        for number, dataset in enumerate(order):
            dicom.write_dataset(tmp_path / name / f"{number}.dcm", dataset)
        series = read_dicom_series(Source(tmp_path / name, "case"), Modality.CT, IngestSettings())
        grids.append(series.volume.grid)
    assert grids[0] == grids[1] == grids[2]
    assert grids[0].direction[3] == 0
    assert grids[0].spacing_xyz_mm[0] == 1.5
    finding = find(series, "dicom.pixel_spacing")
    assert (finding.severity, finding.measured) == (Severity.INFO, pytest.approx(6e-5))


@pytest.mark.parametrize(
    ("spacing", "axis", "error"), [(5.0, 2, 0.04), (0.625, 2, 0.03), (20.0, 2, 0.15), (3.0, 0, 0.03)]
)
def test_slices_that_lie_off_their_place_by_rounding_pass_with_a_word(tmp_path, spacing, axis, error):
    datasets = dicom.build_series(grid=Grid((4, 4, 9), (1.0, 1.0, spacing), (0.0, 0.0, 0.0)))
    place = [float(c) for c in datasets[4].ImagePositionPatient]
    place[axis] += error
    datasets[4].ImagePositionPatient = place
    series = read(tmp_path, datasets)
    assert series.volume.grid.spacing_xyz_mm[2] == pytest.approx(spacing)
    assert find(series, "dicom.uneven_slices").measured == pytest.approx(error)


@pytest.mark.parametrize(("axis", "error"), [(2, 0.06), (0, 0.06)])
def test_slices_that_lie_further_off_are_refused(tmp_path, axis, error):
    datasets = dicom.build_series()
    place = [float(c) for c in datasets[4].ImagePositionPatient]
    place[axis] += error
    datasets[4].ImagePositionPatient = place
    with pytest.raises(InputError, match="unevenly"):
        read(tmp_path, datasets)


# Slices that may be lost


@pytest.mark.parametrize(
    ("keyword", "value", "keep", "words"),
    [
        ("InstanceNumber", lambda k: k + 1, slice(None, None, 2), "InstanceNumber goes in steps of 2"),
        ("SpacingBetweenSlices", lambda k: "-3", slice(None, None, 2), "2 times as far apart as Spacing"),
        ("SliceThickness", lambda k: "3", slice(None, None, 3), "3 times as far apart as SliceThickness"),
        ("ImagesInAcquisition", lambda k: 10, slice(0, 6), "ImagesInAcquisition counts 10"),
    ],
)
@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR])
def test_slices_that_seem_lost_have_one_finding(tmp_path, modality, keyword, value, keep, words):
    datasets = put(dicom.build_series(modality), "AcquisitionNumber", lambda k: 1)
    if keyword != "InstanceNumber":
        put(datasets, "InstanceNumber", lambda k: 7)
    if keyword == "InstanceNumber" or keyword == "ImagesInAcquisition":
        put(datasets, "SliceThickness", lambda k: "9")
    series = read(tmp_path, put(datasets, keyword, value)[keep], modality)
    finding = find(series, "dicom.lost_slices")
    assert words in finding.sentence
    assert ";" not in finding.sentence
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("InstanceNumber", lambda k: 10 - k),
        ("InstanceNumber", lambda k: (k % 2) * 5 + k // 2),
        ("SliceThickness", lambda k: "2"),
        ("SliceThickness", lambda k: "6"),
        ("SpacingBetweenSlices", lambda k: "0"),
        ("ImagesInAcquisition", lambda k: 10),
    ],
)
def test_whole_series_seem_to_have_lost_nothing(tmp_path, keyword, value):
    assert not read(tmp_path, put(dicom.build_series(), keyword, value)).findings


def test_acquisitions_one_after_another_make_one_volume(tmp_path):
    datasets = put(dicom.build_series(), "AcquisitionNumber", lambda k: 1 if k < 5 else 2)
    put(datasets, "ImagesInAcquisition", lambda k: 12)
    assert not read(tmp_path, datasets).findings


# Values that need not be one


@pytest.mark.parametrize(
    ("modality", "keyword", "one", "other"),
    [
        (Modality.MR, "EchoTime", "15", "15.0"),
        (Modality.MR, "EchoTime", "8.976", "8.977"),
        (Modality.MR, "FlipAngle", "120", "121"),
        (Modality.CT, "KVP", "120", "120.0"),
        (Modality.CT, "KVP", "120", "120.3"),
    ],
)
def test_numbers_count_as_numbers_and_may_be_rounded(tmp_path, modality, keyword, one, other):
    datasets = put(dicom.build_series(modality), keyword, lambda k: one if k < 5 else other)
    assert "dicom.varying" not in checks(read(tmp_path, datasets, modality))


@pytest.mark.parametrize(("one", "other"), [("15", "15.2"), ("2.3", "4.6")])
def test_echoes_are_told_apart(tmp_path, one, other):
    datasets = put(dicom.build_series(Modality.MR), "EchoTime", lambda k: one if k < 5 else other)
    with pytest.raises(InputError, match="differ in EchoTime") as caught:
        read(tmp_path, datasets, Modality.MR)
    assert "write a series list of their files" in caught.value.sentence


@pytest.mark.parametrize("keyword", ["InversionTime", "FlipAngle"])
def test_a_value_for_each_slice_is_a_sequences_own_with_a_word(tmp_path, keyword):
    datasets = put(dicom.build_series(Modality.MR), keyword, lambda k: str(90 + 20 * k))
    finding = find(read(tmp_path, datasets, Modality.MR), "dicom.varying")
    assert keyword in finding.sentence
    assert finding.severity is Severity.WARNING


def test_only_three_values_of_the_type_need_be_one(tmp_path):
    kind = ["ORIGINAL", "PRIMARY", "M", "ND"]
    datasets = put(dicom.build_series(Modality.MR), "ImageType", lambda k: [*kind, f"X{k % 2}"])
    assert "ImageType" in find(read(tmp_path / "a", datasets, Modality.MR), "dicom.varying").sentence
    put(datasets, "ImageType", lambda k: ["ORIGINAL", "PRIMARY", "M" if k % 2 else "P", "ND"])
    with pytest.raises(InputError, match="differ in ImageType"):
        read(tmp_path / "b", datasets, Modality.MR)


@pytest.mark.parametrize("kind", [["P", "ND"], ["R"], ["PHASE MAP", "P", "FFE"], ["M_FFE", "P", "FFE"]])
def test_images_of_phase_have_a_finding(tmp_path, kind):
    datasets = put(dicom.build_series(Modality.MR), "ImageType", lambda k: ["ORIGINAL", "PRIMARY", *kind])
    finding = find(read(tmp_path, datasets, Modality.MR), "dicom.not_magnitude")
    assert (finding.severity, finding.measured) == (Severity.WARNING, 10)


# Pixels


def test_declared_overlays_in_the_bits_above_are_set_aside(tmp_path):
    series = read(tmp_path, faults.embed_overlay(dicom.build_series()))
    assert np.array_equal(series.volume.voxels_zyx, dicom.build_pixels())
    assert not series.findings


def test_declared_overlays_leave_the_sign_of_extended_numbers(tmp_path):
    datasets = faults.embed_overlay(dicom.build_series())
    for dataset in datasets:
        stored = np.frombuffer(dataset.PixelData, "<u2")
        value = ((stored & 0xFFF).astype("<i2") - 1024).view("<u2")
        dataset.PixelData = ((value & 0xEFFF) | (stored & 0x1000)).tobytes()
        dataset.PixelRepresentation, dataset.RescaleIntercept = 1, "0"
    series = read(tmp_path, datasets)
    assert np.array_equal(series.volume.voxels_zyx, dicom.build_pixels())


def test_a_few_zero_bytes_after_the_pixels_are_left_out_with_a_word(tmp_path):
    datasets = dicom.build_series()
    datasets[3].PixelData = datasets[3].PixelData + bytes(8)
    series = read(tmp_path / "zero", datasets)
    assert np.array_equal(series.volume.voxels_zyx, dicom.build_pixels())
    assert (find(series, "dicom.left_over").severity, series.findings[0].measured) == (Severity.WARNING, 1)
    datasets[3].PixelData = datasets[3].PixelData[:-8] + bytes([0, 0, 0, 1, 0, 0, 0, 0])
    with pytest.raises(InputError, match="more pixels than its header says"):
        read(tmp_path / "other", datasets)


def test_a_later_slice_that_needs_a_wider_type_widens_all(tmp_path):
    datasets = dicom.build_series()
    plane = np.frombuffer(datasets[6].PixelData, "<i2").astype("<u2")
    plane[0] = 60000
    for dataset in datasets:
        dataset.PixelRepresentation = 0
    datasets[6].PixelData = plane.tobytes()
    voxels = read(tmp_path, datasets).volume.voxels_zyx
    assert voxels.dtype == np.int32
    assert voxels[6, 0, 0] == 60000 - 1024
    assert np.array_equal(voxels[7:], dicom.build_pixels()[7:])
    assert np.array_equal(voxels[:6], dicom.build_pixels()[:6])


@pytest.mark.parametrize("place", range(24))
def test_every_damaged_byte_before_compressed_pixels_is_refused_or_harmless(tmp_path, place):
    """The offset table, the item that holds the frame, and the head of the run lengths."""
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.compress(RLELossless, generate_instance_uid=False)
    folder = dicom.write_series(tmp_path, datasets)
    file = sorted(folder.iterdir())[2]
    sound = file.read_bytes()
    start = sound.index(b"\xfe\xff\x00\xe0")
    for wrong in (0x00, 0x7F, 0xFF):
        file.write_bytes(sound[: start + place] + bytes([wrong]) + sound[start + place + 1 :])
        try:
            voxels = read_dicom_series(
                Source(folder, "case"), Modality.CT, IngestSettings()
            ).volume.voxels_zyx
        except InputError:
            continue
        assert np.array_equal(voxels, dicom.build_pixels())


def test_pixels_of_a_damaged_size_are_refused_before_room_is_made(tmp_path):
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.Rows, dataset.Columns = 8000, 8000
    with pytest.raises(InputError, match=r"cannot be decoded|do not fit"):
        read(tmp_path, datasets)
