import hashlib
import sys

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
from radfeat.core.errors import InputError
from radfeat.core.vocabulary import Reason
from radfeat.core.volume import array_of, grid_of
from radfeat.ingest.case_reader import read_image
from radfeat.ingest.formats import describe_path, list_files
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source
from radfeat.ingest.volume_files import read_volume_file

SETTINGS = IngestSettings()
ENDINGS = phantoms.FORMATS


def read(path, settings=SETTINGS):
    return read_volume_file(Source(path, "TRIAL/S1/P1/T0/CT"), settings)


def refuse(path, settings=SETTINGS):
    """The error of reading a path as an image; its sentence must be fit for a table."""
    with pytest.raises(InputError) as caught:
        read_image(phantoms.build_row(path, path), settings)
    sentence = caught.value.sentence
    assert sentence.startswith("TRIAL/S1/P1/T0/CT: the image file ")
    assert path.name not in sentence
    assert sentence.endswith(".")
    assert caught.value.remedy
    assert str(path.parent) not in sentence
    assert not any(word in sentence for word in ("itk", "0x", ".cxx", "Traceback", "\n"))
    return caught.value


def require_same(path):
    """Voxels, type and geometry are SimpleITK's, bit for bit."""
    ours, theirs = read(path), sitk.ReadImage(str(path))
    assert np.array_equal(ours.voxels, array_of(theirs))
    assert ours.voxels.dtype == array_of(theirs).dtype
    assert ours.grid == grid_of(theirs)
    assert ours.voxels.flags.aligned


@pytest.mark.requirement("R-IN-3")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", phantoms.NUMBER_TYPES)
def test_every_format_and_number_type_equals_simpleitk(tmp_path, ending, dtype):
    require_same(phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels(dtype=dtype)))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("direction", [phantoms.OBLIQUE, phantoms.FLIPPED, phantoms.SAGITTAL])
def test_oblique_and_negative_directions_are_legal(tmp_path, ending, direction):
    grid = phantoms.turn(phantoms.GRID, direction)
    require_same(phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels(), grid))


@pytest.mark.parametrize("ending", ENDINGS)
def test_chinese_and_blank_paths_are_legal(tmp_path, ending):
    folder = tmp_path / "受试者 一"
    folder.mkdir()
    require_same(phantoms.write(folder / f"扫描 1.{ending}", phantoms.build_voxels()))


def test_upper_case_endings_are_legal(tmp_path):
    path = phantoms.write(tmp_path / "a.nii.gz", phantoms.build_voxels())
    assert np.array_equal(read(path.rename(tmp_path / "A.NII.GZ")).voxels, phantoms.build_voxels())


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_slice_and_one_frame_are_volumes(tmp_path, ending):
    slim = phantoms.write(tmp_path / f"slim.{ending}", phantoms.build_voxels()[:1], grid_of_slice())
    assert read(slim).grid.size_xyz == (8, 7, 1)
    frame = phantoms.write_single_frame(tmp_path / f"frame.{ending}")
    assert np.array_equal(read(frame).voxels, phantoms.build_voxels())
    assert read(frame).grid == phantoms.GRID


def grid_of_slice():
    return type(phantoms.GRID)((8, 7, 1), phantoms.GRID.spacing_xyz_mm)


def test_big_endian_nifti_is_read_in_native_order(tmp_path):
    path = phantoms.write(tmp_path / "a.nii", phantoms.build_voxels())
    phantoms.swap_nifti(path)
    require_same(path)
    assert read(path).voxels.dtype.isnative


@pytest.mark.parametrize(
    ("slope", "intercept"), [(2.0, 5.0), (1.0, -1024.0), (0.0, 0.0), (float("nan"), float("nan")), (0.0, 3.0)]
)
def test_nifti_rescaling_equals_simpleitk(tmp_path, slope, intercept):
    path = phantoms.write(tmp_path / "a.nii.gz", phantoms.build_voxels())
    phantoms.patch_nifti(path, 112, "2f", slope, intercept)
    require_same(path)


def test_nifti_units_of_metres_equal_simpleitk(tmp_path):
    path = phantoms.write(tmp_path / "a.nii", phantoms.build_voxels())
    phantoms.patch_nifti(path, 123, "B", 1)
    require_same(path)
    assert read(path).grid.spacing_xyz_mm[0] == 1500


# -- faults --------------------------------------------------------------------------------------------------

SAYS = {
    "missing": "is not there",
    "empty": "empty (0 bytes)",
    "magic": "is not ",
    "truncated": "cut short",
    "last_byte": "cut short",
    "frames": "four-dimensional (found 2 frames, allowed 1)",
    "colours": "numbers per voxel",
    "flat": "two-dimensional (found 8 x 7)",
    "nan": "NaN or infinity in 2 of 336 voxels, first at x 3, y 2, z 1",
}


@pytest.mark.requirement("R-IN-3")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fault", phantoms.FILE_FAULTS)
def test_each_fault_in_each_format_has_its_reason_and_sentence(tmp_path, ending, fault, capfd):
    path = phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels())
    phantoms.FILE_FAULTS[fault](path)
    error = refuse(path)
    assert error.reason is (Reason.NO_IMAGE if fault == "missing" else Reason.UNREADABLE)
    assert SAYS[fault] in error.sentence
    sys.stderr.flush()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.99])
@pytest.mark.parametrize("ending", ENDINGS)
def test_files_cut_anywhere_are_never_read_as_zeros(tmp_path, ending, keep):
    path = phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels())
    phantoms.break_truncated(path, keep)
    assert refuse(path).reason is Reason.UNREADABLE


@pytest.mark.parametrize("ending", ["nii.gz", "gz.nrrd", "z.mha"])
def test_flipped_bits_in_compressed_voxels_are_found(tmp_path, ending):
    path = phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels())
    phantoms.break_bit(path)
    assert "damaged" in refuse(path).sentence


@pytest.mark.parametrize("ending", ["nii", "nrrd", "mha"])
def test_complex_numbers_are_refused(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    phantoms.break_complex(path)
    assert refuse(path).reason is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (phantoms.break_spacing_zero, "how far its voxels lie apart (found 0 x 2 x 3"),
        (phantoms.break_transforms, "contradicts itself: its qform"),
        (phantoms.break_sform_scale, "contradicts itself: its sform"),
        (phantoms.break_shear, "not at right angles"),
    ],
)
def test_nifti_headers_that_contradict_themselves_are_refused(tmp_path, fault, says, capfd):
    path = phantoms.write(tmp_path / "a.nii.gz", phantoms.build_voxels())
    fault(path)
    error = refuse(path)
    assert error.reason is Reason.GEOMETRY
    assert says in error.sentence
    assert capfd.readouterr().err == ""


def test_contradicting_transforms_are_taken_as_simpleitk_takes_them_on_request(tmp_path):
    path = phantoms.write(tmp_path / "a.nii", phantoms.build_voxels())
    phantoms.break_transforms(path)
    file = read(path, IngestSettings(nifti_transform_tolerance_mm=80))
    assert file.grid == grid_of(sitk.ReadImage(str(path)))


def test_warnings_of_simpleitk_are_shown_again_after_reading(tmp_path):
    read(phantoms.write(tmp_path / "a.nii", phantoms.build_voxels()))
    assert sitk.ProcessObject.GetGlobalWarningDisplay()


@pytest.mark.parametrize(
    ("ending", "old", "new", "says"),
    [
        ("mha", "ElementSpacing = 1.5 2 3\n", "", "no spacing"),
        ("mha", "ElementSpacing = 1.5 2 3", "ElementSpacing = 1.5 -2 3", "1.5 -2 3"),
        ("mha", "Matrix = 1 0 0 0 1", "Matrix = 1 0.3 0 0 1", "right angles"),
        ("nrrd", "space directions: (1.5,0,0) (0,2,0) (0,0,3)\n", "", "no spacing"),
        ("nrrd", "(1.5,0,0)", "none", "none (0,2,0)"),
        ("nrrd", "(1.5,0,0)", "(1.5,0.5,0)", "right angles"),
        ("nrrd", "kinds:", 'space units: "um" "um" "um"\nkinds:', "the unit um"),
    ],
)
def test_text_headers_without_sound_geometry_are_refused(tmp_path, ending, old, new, says):
    path = phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels())
    phantoms.edit_header(path, old, new)
    error = refuse(path)
    assert error.reason is Reason.GEOMETRY
    assert says in error.sentence


@pytest.mark.parametrize(
    ("ending", "old", "new", "says"),
    [
        ("mha", "ElementType", "ElementToIntensityFunctionSlope = 2\nElementType", "rescaled"),
        ("mha", "MET_SHORT", "MET_LONG", "MET_LONG"),
        ("mha", "BinaryData = True", "BinaryData = False", "as text"),
        ("mha", "ElementDataFile = LOCAL", "ElementDataFile = LIST", "list of files"),
        ("mha", "NDims = 3", "HeaderSize = 20\nNDims = 3", "skips bytes"),
        ("nrrd", "encoding: raw", "encoding: hex", "found hex"),
        ("nrrd", "type: short", "type: block", "unknown number type (block)"),
        ("nrrd", "endian: little\n", "", "order of its bytes"),
        ("nrrd", "encoding: raw", "encoding: raw\nbyte skip: -1", "skips"),
        ("nrrd", "encoding: raw", "data file: a.raw\nencoding: raw", "found the ending .nrrd, allowed .nhdr"),
        ("mha", "File = LOCAL", "File = a.raw", "found the ending .mha, allowed .mhd"),
        ("nrrd", "encoding: raw", "data file: a%03d.raw 1 6 1\nencoding: raw", "list of files"),
        ("nrrd", "sizes: 8 7 6", "sizes: 8 x 6", "field sizes"),
    ],
)
def test_rare_ways_of_writing_are_refused_with_what_to_do(tmp_path, ending, old, new, says):
    path = phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels())
    phantoms.edit_header(path, old, new)
    error = refuse(path)
    assert error.reason is Reason.UNREADABLE
    assert says in error.sentence


def test_nifti_2_and_pairs_of_files_are_named(tmp_path):
    path = phantoms.write(tmp_path / "a.nii", phantoms.build_voxels())
    phantoms.patch_nifti(path, 344, "4s", b"ni1\0")
    assert "pair" in refuse(path).sentence
    phantoms.patch_nifti(path, 0, "i", 540)
    phantoms.patch_nifti(path, 344, "4s", b"\0" * 4)
    assert "NIfTI-2" in refuse(path).sentence


def test_missing_data_file_is_said(tmp_path):
    path = phantoms.write(tmp_path / "a.mhd", phantoms.build_voxels())
    phantoms.data_file(path).unlink()
    assert "keeps its voxels in another file, which is not there" in refuse(path).sentence


def test_dicom_is_known_by_its_name_or_its_first_bytes(tmp_path):
    slice_file = tmp_path / "1.dcm"
    slice_file.write_bytes(b"\0" * 128 + b"DICM")
    bare = tmp_path / "IM0001"
    bare.write_bytes(slice_file.read_bytes())
    for path in (slice_file, bare, tmp_path):
        assert describe_path(path) is None
        with pytest.raises(InputError, match=r"the image series is incomplete: of . files . damaged"):
            read_image(phantoms.build_row(path, path), SETTINGS)


def test_other_formats_are_refused_with_a_list_of_those_read(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG" + b"\0" * 200)
    assert "allowed .nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd" in refuse(path).sentence


def test_a_file_without_rights_is_unreadable_not_absent(tmp_path, monkeypatch):
    path = phantoms.write(tmp_path / "a.nii", phantoms.build_voxels())

    def deny(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", deny)
    error = refuse(path)
    assert error.reason is Reason.UNREADABLE
    assert "cannot be opened: Permission denied" in error.sentence


# -- hashes --------------------------------------------------------------------------------------------------


def test_hash_is_that_of_the_file_or_of_header_and_data_in_a_row(tmp_path):
    single = phantoms.write(tmp_path / "a.nii.gz", phantoms.build_voxels())
    assert read(single).sha256 == hashlib.sha256(single.read_bytes()).hexdigest()
    double = phantoms.write(tmp_path / "b.mhd", phantoms.build_voxels())
    both = double.read_bytes() + (tmp_path / "b.raw").read_bytes()
    assert read(double).sha256 == hashlib.sha256(both).hexdigest()


@pytest.mark.parametrize(
    ("ending", "names"),
    [("nii.gz", []), ("nrrd", []), ("mha", []), ("mhd", ["a.raw"]), ("nhdr", ["a.raw"])],
)
def test_all_files_that_hold_a_volume_are_listed(tmp_path, ending, names):
    path = phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels())
    assert [p.name for p in list_files(path)] == [path.name, *names]


def test_a_file_that_is_not_there_is_listed_as_itself(tmp_path):
    assert list_files(tmp_path / "a.mhd") == (tmp_path / "a.mhd",)


@pytest.mark.parametrize("field", ["NDims", "DimSize", "ElementDataFile"])
def test_metaimage_whose_field_has_a_damaged_name_is_refused(tmp_path, field):
    path = phantoms.write(tmp_path / "a.mha", phantoms.build_voxels())
    path.write_bytes(path.read_bytes().replace(f"{field} =".encode(), f"{field}\x01=".encode()))
    with pytest.raises(InputError, match="not a MetaImage file"):
        read_image(phantoms.build_row(path, path), SETTINGS)
