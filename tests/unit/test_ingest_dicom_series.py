"""DICOM series: sound ones give the voxels and the grid they were made of; each fault has its own refusal."""

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

import dicom_faults as faults
import dicom_phantoms as dicom
import phantoms
from radfeat.core.errors import InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality, Reason, Severity, Unit
from radfeat.core.volume import array_of, grid_of
from radfeat.ingest.case_reader import read_image
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import parse_dataset
from radfeat.ingest.dicom.pixels import decode_frame, describe_format
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.dicom.voxels import measure_jumps
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

SETTINGS = IngestSettings()
DIRECTIONS = {
    "axial": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    "oblique": phantoms.OBLIQUE,
    "flipped": phantoms.FLIPPED,
    "sagittal": (0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0),
}
WIDE = Grid((48, 40, 4), (1.0, 1.0, 2.0))
"""Large enough for an encoder of JPEG 2000."""
SOUND_CHECKS = {"dicom.suv_factor"}


def read(path, modality=Modality.CT, settings=SETTINGS):
    return read_dicom_series(Source(path, "case"), modality, settings)


def checks(series):
    return {finding.check for finding in series.findings}


def expect(modality):
    """The voxels that a phantom series must give, to float32 rounding for PET (SUV)."""
    values = dicom.build_pixels()
    return values + 200 if modality is Modality.MR else values


@pytest.mark.requirement("R-IN-4")
@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: f"{fault.name}-{fault.modality}")
def test_each_fault_is_refused_in_its_own_sentence(tmp_path, fault):
    path = fault.write(tmp_path / "series")
    with pytest.raises(InputError) as caught:
        read(path, fault.modality)
    assert fault.words in caught.value.sentence
    assert caught.value.reason is fault.reason
    assert caught.value.sentence.startswith("case: the image series ")
    assert not any(word in caught.value.sentence for word in ("S001", "Name^", "S999", "1.2.", str(tmp_path)))


def test_no_two_faults_share_a_sentence():
    texts = [
        (fault.words, fault.modality) for fault in faults.FAULTS if fault.make.__name__.startswith("spoil_")
    ]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_a_series_gives_its_voxels_and_grid_in_any_direction(tmp_path, direction):
    grid = replace(dicom.GRID, direction=direction)
    series = read(dicom.write_series(tmp_path, dicom.build_series(grid=grid)))
    assert np.array_equal(series.volume.voxels_zyx, dicom.build_pixels())
    assert series.volume.voxels_zyx.dtype == np.int16
    assert series.volume.unit is Unit.HU
    assert series.volume.grid.size_xyz == grid.size_xyz
    for name in ("spacing_xyz_mm", "origin_xyz_mm", "direction"):
        assert np.allclose(getattr(series.volume.grid, name), getattr(grid, name), rtol=0, atol=1e-9)
    assert not series.findings


@pytest.mark.requirement("R-IN-4")
@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
def test_voxels_and_grid_are_those_of_simpleitk(tmp_path, direction):
    grid = replace(dicom.GRID, direction=direction)
    dicom.write_series(tmp_path, dicom.build_series(grid=grid))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image, ours = reader.Execute(), read(tmp_path).volume
    assert np.array_equal(ours.voxels_zyx, array_of(image))
    theirs = grid_of(image)
    for name in ("spacing_xyz_mm", "origin_xyz_mm", "direction"):
        assert np.allclose(getattr(ours.grid, name), getattr(theirs, name), rtol=0, atol=1e-9)


def test_slices_are_sorted_along_the_normal_whatever_the_order_of_positions(tmp_path):
    """A left-handed grid (slices stored from head to foot) comes out right-handed, voxels in step."""
    grid = replace(dicom.GRID, direction=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    series = read(dicom.write_series(tmp_path, dicom.build_series(grid=grid)))
    assert np.array_equal(series.volume.voxels_zyx, dicom.build_pixels()[::-1])
    assert series.volume.grid.direction == DIRECTIONS["axial"]
    assert series.volume.grid.origin_xyz_mm == (-10.0, 20.0, 30.0 - 9 * 3.0)


def test_instances_are_mapped_to_their_slices(tmp_path):
    datasets = dicom.build_series()
    series = read(dicom.write_series(tmp_path, datasets))
    assert series.instances == {str(d.SOPInstanceUID): k for k, d in enumerate(datasets)}
    assert series.frame_of_reference == str(datasets[0].FrameOfReferenceUID)
    assert not any(uid in repr(series) for uid in series.instances)


@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR, Modality.PT])
def test_enhanced_objects_give_what_the_classic_series_gives(tmp_path, modality):
    datasets = dicom.build_series(modality)
    classic = read(dicom.write_series(tmp_path / "classic", datasets), modality)
    path = dicom.write_dataset(tmp_path / "one.dcm", dicom.build_enhanced(datasets, modality))
    enhanced = read(path, modality)
    assert np.array_equal(enhanced.volume.voxels_zyx, classic.volume.voxels_zyx)
    assert enhanced.volume.voxels_zyx.dtype == classic.volume.voxels_zyx.dtype
    assert (enhanced.volume.grid, enhanced.volume.unit) == (classic.volume.grid, classic.volume.unit)
    assert set(enhanced.instances.values()) == {-1}
    assert checks(enhanced) == checks(classic)


@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR, Modality.PT])
def test_sound_series_have_nothing_to_remark(tmp_path, modality):
    series = read(dicom.write_series(tmp_path, dicom.build_series(modality)), modality)
    assert checks(series) <= SOUND_CHECKS


def test_enhanced_frames_of_two_echoes_are_four_dimensional(tmp_path):
    twice = dicom.build_series(Modality.MR) * 2
    enhanced = dicom.build_enhanced(twice, Modality.MR)
    for k, frame in enumerate(enhanced.PerFrameFunctionalGroupsSequence):
        echo = Dataset()
        echo.EffectiveEchoTime = 10.0 if k < 10 else 90.0
        frame.MREchoSequence = Items([echo])
    path = dicom.write_dataset(tmp_path / "e.dcm", enhanced)
    with pytest.raises(InputError, match="four-dimensional: images differ in EffectiveEchoTime"):
        read(path, Modality.MR)


def test_enhanced_objects_whose_groups_do_not_fit_their_frames_are_refused(tmp_path):
    enhanced = dicom.build_enhanced(dicom.build_series(), Modality.CT)
    del enhanced.PerFrameFunctionalGroupsSequence[-1]
    with pytest.raises(InputError, match="number of frames is not that of its functional groups"):
        read(dicom.write_dataset(tmp_path / "e.dcm", enhanced))


def test_functional_groups_that_cannot_be_decoded_are_refused(tmp_path):
    path = dicom.write_dataset(tmp_path / "e.dcm", dicom.build_enhanced(dicom.build_series(), Modality.CT))
    # The type of the last frame's contents, (0020,9111), turns into one that does not exist.
    before, after = path.read_bytes().rsplit(b"\x20\x00\x11\x91SQ", 1)
    path.write_bytes(before + b"\x20\x00\x11\x91QQ" + after)
    with pytest.raises(InputError, match="functional groups that cannot be decoded"):
        read(path)


# Files and folders


def test_a_series_list_reads_only_the_files_it_names(tmp_path):
    dicom.write_series(tmp_path / "dump" / "one", dicom.build_series())
    dicom.write_series(tmp_path / "dump" / "two", dicom.build_series(series="2"))
    whole = read(tmp_path / "dump" / "one")
    listing = tmp_path / "ct.series.json"
    names = [f"dump/one/{path.name}" for path in (tmp_path / "dump" / "one").iterdir()]
    listing.write_text(
        json.dumps({"format": "radfeat series list 1", "series": "0123456789ab", "files": names})
    )
    assert read(listing).sha256 == whole.sha256
    assert np.array_equal(read(listing).volume.voxels_zyx, whole.volume.voxels_zyx)
    (tmp_path / names[0]).unlink()
    with pytest.raises(InputError, match=r"names files that are not there \(found 1 of 10 missing") as caught:
        read(listing)
    assert caught.value.reason is Reason.NO_IMAGE


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": "radfeat series list 1", "series": "a", "files": []}']
)
def test_what_is_no_series_list_is_refused(tmp_path, text):
    listing = tmp_path / "a.series.json"
    listing.write_text(text)
    with pytest.raises(InputError, match="series list"):
        read(listing)


def test_a_path_that_is_not_there_has_no_image(tmp_path):
    for path in (tmp_path / "gone.dcm", tmp_path / "gone.series.json", tmp_path):
        with pytest.raises(InputError) as caught:
            read(path)
        assert caught.value.reason is Reason.NO_IMAGE


def test_a_path_that_cannot_be_opened_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(InputError, match=r"is not there|cannot be opened"):
        read(tmp_path / "file" / "series.dcm")
    with pytest.raises(InputError, match="cannot be opened"):
        read(tmp_path / ("long" * 100 + ".dcm"))


def test_other_files_beside_the_slices_are_counted_and_change_nothing(tmp_path):
    datasets = dicom.build_series()
    alone = read(dicom.write_series(tmp_path / "alone", datasets))
    folder = dicom.write_series(tmp_path / "with", datasets)
    (folder / "notes.txt").write_text("x")
    (folder / "Thumbs.db").write_bytes(b"")
    (folder / "VERSION").write_text("1")
    (folder / ".hidden").write_text("x")
    dicom.write_dataset(
        folder / "rs.dcm", dicom.build_structure_set(datasets, {"GTV": dicom.build_contours()})
    )
    beside = read(folder)
    assert beside.sha256 == alone.sha256
    assert np.array_equal(beside.volume.voxels_zyx, alone.volume.voxels_zyx)
    (finding,) = beside.findings
    assert (finding.check, finding.severity, finding.measured) == ("dicom.ignored_files", Severity.INFO, 4.0)
    assert "3 that are not DICOM, 1 RT Structure Set Storage" in finding.sentence


def test_slices_in_sub_folders_belong_to_the_series(tmp_path):
    datasets = dicom.build_series()
    whole = read(dicom.write_series(tmp_path / "whole", datasets))
    dicom.write_series(tmp_path / "parts" / "a", datasets[:5])
    dicom.write_series(tmp_path / "parts" / "b", datasets[5:])
    assert read(tmp_path / "parts").sha256 == whole.sha256


def test_the_digest_of_a_series_is_that_of_its_files_not_of_their_names(tmp_path):
    datasets = dicom.build_series()
    one = read(dicom.write_series(tmp_path / "one", datasets))
    for k, dataset in enumerate(datasets):
        dicom.write_dataset(tmp_path / "two" / f"IM{k}", dataset)
    assert read(tmp_path / "two").sha256 == one.sha256
    datasets[0].InstanceNumber = 77
    assert read(dicom.write_series(tmp_path / "three", datasets)).sha256 != one.sha256


def test_another_modality_than_the_sheets_is_refused(tmp_path):
    path = dicom.write_series(tmp_path, dicom.build_series())
    with pytest.raises(InputError, match=r"another modality than the sheet says \(found CT, allowed MR\)"):
        read(path, Modality.MR)


def test_an_image_of_the_sheet_can_be_a_folder(tmp_path):
    path = dicom.write_series(tmp_path / "s", dicom.build_series())
    (path / "notes.txt").write_text("x")
    image = read_image(phantoms.build_row(path, path), SETTINGS)
    assert np.array_equal(image.volume.voxels_zyx, dicom.build_pixels())
    assert [f.check for f in image.findings] == ["dicom.ignored_files"]
    assert image.findings[0].key == "TRIAL/S1/P1/T0/CT"
    assert len(image.instances) == 10
    assert image.acquisition is not None


# Numbers


def test_slice_spacing_comes_from_positions_alone(tmp_path):
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.SliceThickness, dataset.SpacingBetweenSlices = "5", "-7"
    assert read(dicom.write_series(tmp_path, datasets)).volume.grid.spacing_xyz_mm[2] == 3.0


def test_positions_rounded_to_two_decimals_pass_with_a_word(tmp_path):
    grid = Grid((4, 4, 12), (1.0, 1.0, 2.344), (0.0, 0.0, 0.0))
    datasets = dicom.build_series(grid=grid)
    for dataset in datasets:
        dataset.ImagePositionPatient = [f"{float(c):.2f}" for c in dataset.ImagePositionPatient]
    series = read(dicom.write_series(tmp_path, datasets))
    assert series.volume.grid.spacing_xyz_mm[2] == pytest.approx(2.344, abs=1e-3)
    (finding,) = series.findings
    assert (finding.check, finding.severity) == ("dicom.uneven_slices", Severity.INFO)
    assert 0.001 < finding.measured < 0.01


@pytest.mark.parametrize(
    ("values", "dtype"),
    [((-1024, 3071), np.int16), ((-1024, 40000), np.int32), ((0, 65535 - 1024), np.int32)],
)
def test_whole_numbers_stay_whole_in_the_smallest_type_that_holds_them(tmp_path, values, dtype):
    datasets = dicom.build_series()
    for dataset in datasets:
        plane = np.full((14, 16), values[0] + 1024, np.uint16)
        plane[3, 4] = values[1] + 1024
        dataset.PixelRepresentation, dataset.PixelData = 0, plane.tobytes()
    voxels = read(dicom.write_series(tmp_path, datasets)).volume.voxels_zyx
    assert voxels.dtype == dtype
    assert (voxels.min(), voxels.max()) == values


def test_slopes_make_single_precision_numbers_rounded_at_each_step(tmp_path):
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.3", "-1000.7"
    voxels = read(dicom.write_series(tmp_path, datasets)).volume.voxels_zyx
    stored = dicom.build_pixels().astype(np.float32) + np.float32(1024)
    assert voxels.dtype == np.float32
    assert np.array_equal(voxels, stored * np.float32(0.3) + np.float32(-1000.7))


def test_twelve_bits_are_read_with_their_sign_extended_or_not(tmp_path):
    for name, mask in (("extended", 0xFFFF), ("bare", 0x0FFF)):
        datasets = dicom.build_series()
        for dataset, plane in zip(datasets, dicom.build_pixels(), strict=True):
            dataset.BitsStored, dataset.HighBit = 12, 11
            dataset.PixelData = (plane.view(np.uint16) & np.uint16(mask)).tobytes()
        voxels = read(dicom.write_series(tmp_path / name, datasets)).volume.voxels_zyx
        assert np.array_equal(voxels, dicom.build_pixels() - 1024)


def test_an_mr_is_as_stored_and_a_rescaled_one_is_rescaled(tmp_path):
    datasets = dicom.build_series(Modality.MR)
    plain = read(dicom.write_series(tmp_path / "plain", datasets), Modality.MR)
    assert np.array_equal(plain.volume.voxels_zyx, dicom.build_pixels() + 200)
    assert plain.volume.unit is Unit.ARBITRARY
    for dataset in datasets:
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = "2", "0", "US"
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.01)
    scaled = read(dicom.write_series(tmp_path / "scaled", datasets), Modality.MR)
    assert np.array_equal(scaled.volume.voxels_zyx, 2.0 * plain.volume.voxels_zyx)
    assert (scaled.volume.unit, checks(scaled)) == (Unit.ARBITRARY, {"dicom.mr_scale"})


def add_mapping(dataset, unit, slope):
    item, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", unit
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, 0.0
    item.MeasurementUnitsCodeSequence = Items([code])
    dataset.RealWorldValueMappingSequence = Items([item])


def test_a_diffusion_map_has_the_unit_that_its_header_says(tmp_path):
    datasets = dicom.build_series(Modality.MR)
    for dataset in datasets:
        dataset.RescaleType = "10^-6 mm2/s"
    assert read(dicom.write_series(tmp_path / "type", datasets), Modality.MR).volume.unit is Unit.UM2_PER_S
    for dataset in datasets:
        add_mapping(dataset, "mm2/s", 1e-6)
    mapped = read(dicom.write_series(tmp_path / "mapped", datasets), Modality.MR).volume
    assert mapped.unit is Unit.MM2_PER_S
    assert np.array_equal(
        mapped.voxels_zyx, (dicom.build_pixels() + 200).astype(np.float32) * np.float32(1e-6)
    )
    add_mapping(datasets[3], "s", 1.0)
    with pytest.raises(InputError, match="only some slices"):
        read(dicom.write_series(tmp_path / "some", datasets), Modality.MR)


def test_a_ct_not_in_hu_counts_as_arbitrary(tmp_path):
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.RescaleType = "MGML"
    series = read(dicom.write_series(tmp_path, datasets))
    assert (series.volume.unit, checks(series)) == (Unit.ARBITRARY, {"dicom.ct_unit"})


# Findings


def test_remarks_name_what_a_reader_should_know(tmp_path):
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
        dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", ["4", "12.5"]
        dataset.PhotometricInterpretation = "MONOCHROME1"
        dataset.NumberOfSlices = 12
        dataset.PixelPaddingValue = int(dicom.build_pixels().min()) + 1024
    series = read(dicom.write_series(tmp_path, datasets))
    found = {finding.check: finding for finding in series.findings}
    assert set(found) == {
        "dicom.derived",
        "dicom.lossy",
        "dicom.inverted_display",
        "dicom.fewer_slices",
        "dicom.padding",
    }
    assert "up to 12.5 : 1" in found["dicom.lossy"].sentence
    assert (found["dicom.fewer_slices"].measured, found["dicom.fewer_slices"].limit) == (10, 12)
    share = np.mean(dicom.build_pixels() == dicom.build_pixels().min())
    assert found["dicom.padding"].measured == pytest.approx(share)


@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR, Modality.PT])
def test_a_slice_with_a_damaged_slope_stands_out(tmp_path, modality):
    datasets = dicom.build_series(modality)
    if modality is Modality.MR:
        for dataset in datasets:
            dataset.RescaleSlope, dataset.RescaleIntercept = "1", "0"
    datasets[5].RescaleSlope = str(2 * float(datasets[5].RescaleSlope))
    series = read(dicom.write_series(tmp_path, datasets), modality)
    found = {finding.check: finding for finding in series.findings}
    assert "dicom.slice_jump" in found
    assert "slice 6 of 10" in found["dicom.slice_jump"].sentence
    assert ("dicom.changing_rescale" in found) == (modality is not Modality.PT)


def test_jumps_are_measured_against_both_neighbours():
    assert measure_jumps(np.array([1.0, 2.0, 4.0, 8.0])) == pytest.approx([1, 1])
    assert measure_jumps(np.array([1.0, 3.0, 2.0])) == pytest.approx([1.5])
    assert measure_jumps(np.array([4.0, 1.0, 2.0])) == pytest.approx([2])
    assert measure_jumps(np.array([10.0, 10.0, 10.0, 1e-3, 1e-2, 1e-3])) == pytest.approx([1, 1, 1, 1])


# Transfer syntaxes


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEG2000Lossless,
        JPEGLSLossless,
    ],
    ids=lambda uid: uid.name,
)
def test_every_lossless_transfer_syntax_gives_the_same_voxels(tmp_path, syntax):
    datasets = dicom.build_series(grid=WIDE)
    for dataset in datasets:
        if syntax.is_compressed and syntax.is_encapsulated:
            dataset.compress(syntax, generate_instance_uid=False)
        else:
            dataset.file_meta.TransferSyntaxUID = syntax
    assert np.array_equal(
        read(dicom.write_series(tmp_path, datasets)).volume.voxels_zyx, dicom.build_pixels(WIDE)
    )


def test_lossless_jpeg_gives_the_same_voxels(tmp_path):
    datasets = dicom.build_series(grid=WIDE)
    for dataset in datasets:
        plane = np.frombuffer(dataset.PixelData, "<u2").reshape(40, 48)
        dataset.PixelData = encapsulate([dicom.encode_jpeg_lossless(plane)])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    voxels = read(dicom.write_series(tmp_path, datasets)).volume.voxels_zyx
    assert np.array_equal(voxels, dicom.build_pixels(WIDE))


def test_big_endian_gives_the_same_voxels(tmp_path):
    datasets = dicom.build_series()
    for k, dataset in enumerate(datasets):
        fresh = Dataset()
        fresh.update(dataset)
        fresh.file_meta = dataset.file_meta
        fresh.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        fresh.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
        fresh.save_as(tmp_path / f"{k}.dcm", enforce_file_format=True)
    assert np.array_equal(read(tmp_path).volume.voxels_zyx, dicom.build_pixels())


@pytest.mark.parametrize(
    "name", ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"]
)
def test_compressed_images_of_other_writers_decode_to_their_originals(name):
    planes = []
    for each in ("MR_small.dcm", name):
        with open(get_testdata_file(each), "rb") as stream:  # noqa: PTH123 (pydicom gives a text path)
            header = parse_dataset(stream.read())
        source = Source(phantoms.SHARED, "case")
        frame = Frame(header, 0, "1", (header,), (0.0,) * 3, (0.0,) * 6, (1.0, 1.0))
        planes.append(decode_frame(source, frame, describe_format(source, header)))
    assert planes[0].shape == (64, 64)
    assert np.array_equal(planes[0], planes[1])


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_compressed_pixels_that_were_cut_short_are_refused(tmp_path, keep):
    datasets = dicom.build_series(grid=WIDE)
    for dataset in datasets:
        dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    folder = dicom.write_series(tmp_path, datasets)
    path = sorted(folder.iterdir())[2]
    data = path.read_bytes()
    pixels = data.index(b"\xff\x4f\xff\x51")
    path.write_bytes(data[: pixels + int(keep * (len(data) - pixels))])
    with pytest.raises(InputError, match=r"cut short|cannot be decoded"):
        read(folder)


def test_compressed_pixels_of_another_size_are_refused(tmp_path):
    datasets = dicom.build_series()
    for dataset in datasets:
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.Rows -= 2
    with pytest.raises(InputError, match=r"cannot be decoded|do not fit"):
        read(dicom.write_series(tmp_path, datasets))
