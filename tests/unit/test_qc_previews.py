import numpy as np
import pytest
from PIL import Image

import phantoms
from radfeat.core.box import bound_voxels
from radfeat.core.grid import IDENTITY_DIRECTION, Grid
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume, to_sitk
from radfeat.qc.orientation import find_orientation, turn_spacing, turn_voxels
from radfeat.qc.previews import GAP, PANEL, write_preview
from radfeat.qc.windows import LUNG, SOFT_TISSUE, choose_window

SHAPE = (20, 40, 60)
SPACING = (1.0, 1.5, 3.0)
DIRECTIONS = {
    "identity": IDENTITY_DIRECTION,
    "flipped": phantoms.FLIPPED,
    "sagittal": phantoms.SAGITTAL,
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0),
}


def build(direction=IDENTITY_DIRECTION, modality=Modality.CT, background=-200.0, shape=SHAPE):
    """A bright box of 12 x 12 x 12 mm in the middle, with a much brighter spot on its left, front and top."""
    voxels = np.full(shape, background, np.float32)
    mask = np.zeros(shape, np.bool_)
    mask[8:12, 16:24, 24:36] = True
    voxels[mask] = 40.0
    z, y, x = shape
    grid = Grid((x, y, z), SPACING, direction=direction)
    unit = Unit.HU if modality is Modality.CT else Unit.ARBITRARY
    return Volume(voxels, grid, modality, unit), Mask(mask, grid, phantoms.build_key())


def picture(tmp_path, image, mask):
    path = tmp_path / "p.png"
    write_preview(path, image, mask)
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def panels(pixels):
    return [pixels[:, i * (PANEL + GAP) : i * (PANEL + GAP) + PANEL] for i in range(3)]


def outline(pixels):
    """Where the picture is clearly orange."""
    return (pixels[..., 0] > 150) & (pixels[..., 0] - pixels[..., 2] > 100)


def test_picture_is_three_squares_and_holds_no_text_chunks(tmp_path):
    pixels = picture(tmp_path, *build())
    assert pixels.shape == (PANEL, 3 * PANEL + 2 * GAP, 3)
    data = (tmp_path / "p.png").read_bytes()
    assert not any(chunk in data for chunk in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME"))
    assert len(data) < 30_000


def test_same_input_gives_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        write_preview(tmp_path / name, *build())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_outline_has_the_true_proportions_in_every_plane(tmp_path):
    for panel in panels(picture(tmp_path, *build())):
        rows, columns = np.nonzero(outline(panel))
        height, width = np.ptp(rows), np.ptp(columns)
        # The view is 60 mm wide; the box is 12 mm along each axis, with the outline outside it.
        assert abs(height - width) <= 2
        assert min(height, width) >= 12 / 60 * PANEL - 1
        assert max(height, width) <= 12 / 60 * PANEL + 6


@pytest.mark.parametrize("name", DIRECTIONS)
def test_planes_show_the_same_body_whatever_the_axes_of_the_file(tmp_path, name):
    """A body described in world axes (LPS), stored along other axes, must give the same picture."""
    world = np.zeros((30, 30, 30), np.float32)
    world[10:20, 10:20, 10:20] = 100.0
    world[16:20, 10:13, 15:20] = 200.0
    region = world > 50
    reference = picture(tmp_path, *stored_along(world, region, IDENTITY_DIRECTION))
    turned = picture(tmp_path, *stored_along(world, region, DIRECTIONS[name]))
    assert np.abs(reference - turned).max() <= 8


def stored_along(world, region, direction):
    """Store world arrays (S, P, L) along the axes of a direction matrix of whole cosines."""
    cosines = np.reshape(direction, (3, 3))
    order = [int(np.argmax(np.abs(cosines[:, axis]))) for axis in range(3)]
    signs = [cosines[order[axis], axis] for axis in range(3)]

    def store(array):
        lps = np.transpose(array, (2, 1, 0))
        stored = np.transpose(lps, order)
        stored = stored[tuple(slice(None, None, -1 if sign < 0 else 1) for sign in signs)]
        return np.ascontiguousarray(np.transpose(stored, (2, 1, 0)))

    grid = Grid((30, 30, 30), (2.0, 2.0, 2.0), direction=direction)
    image = Volume(store(world), grid, Modality.MR, Unit.ARBITRARY)
    return image, Mask(store(region), grid, phantoms.build_key())


def test_bright_spot_at_left_front_top_is_seen_where_it_belongs(tmp_path):
    image, mask = build()
    voxels = image.voxels_zyx.copy()
    voxels[10:12, 16:21, 30:36] = 240.0  # superior, anterior, left of the box
    spotted = Volume(voxels, image.grid, image.modality, image.unit)
    axial, coronal, sagittal = panels(picture(tmp_path, spotted, mask))
    # The patient's left is on the right of the picture; front is up, and left in the sagittal plane.
    for panel, up, right in ((axial, True, True), (coronal, True, True), (sagittal, True, False)):
        rows, columns = np.nonzero(inner(panel).min(axis=2) > 200)
        assert rows.size > 50
        assert (rows.mean() < INNER) == up
        assert (columns.mean() > INNER) == right


INNER = 17
"""Half the side of what lies well within the outline, pixels."""


def inner(panel):
    middle = slice(PANEL // 2 - INNER, PANEL // 2 + INNER)
    return panel[middle, middle]


def test_roi_at_the_edge_of_a_small_image_is_shown_whole(tmp_path):
    image, _ = build(shape=(20, 40, 60))
    region = np.zeros((20, 40, 60), np.bool_)
    region[:3, :9, :9] = True
    for panel in panels(picture(tmp_path, image, Mask(region, image.grid, phantoms.build_key()))):
        edge = outline(panel)
        assert edge.any(axis=0).sum() >= 25
        assert edge.any(axis=1).sum() >= 25


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 40, 60), (20, 1, 60)])
def test_flat_images_and_single_voxels_have_pictures(tmp_path, shape):
    z, y, x = shape
    grid = Grid((x, y, z), SPACING)
    voxels, region = np.zeros(shape, np.int16), np.zeros(shape, np.bool_)
    region[z // 2, y // 2, x // 2] = True
    image = Volume(voxels, grid, Modality.PT, Unit.ARBITRARY)
    assert outline(picture(tmp_path, image, Mask(region, grid, phantoms.build_key()))).any()


# -- orientation ---------------------------------------------------------------------------------------------


def test_identity_needs_no_turning_and_has_plain_letters():
    found = find_orientation(Grid((3, 4, 5), SPACING))
    assert (found.axes, found.flips) == ((0, 1, 2), (False, False, False))
    assert found.letters == (("L", "R"), ("P", "A"), ("S", "I"))


def test_tilted_axes_get_a_second_letter():
    found = find_orientation(Grid((3, 4, 5), SPACING, direction=phantoms.OBLIQUE))
    assert found.letters == (("LP", "RA"), ("PR", "AL"), ("S", "I"))


@pytest.mark.parametrize("direction", DIRECTIONS.values())
def test_turned_voxels_run_to_left_posterior_superior(direction):
    grid = Grid((3, 4, 5), SPACING, direction=direction)
    voxels = np.arange(60).reshape(5, 4, 3)
    image = to_sitk(voxels, grid)
    turned = turn_voxels(voxels, find_orientation(grid))
    spacing = turn_spacing(grid, find_orientation(grid))
    step = {axis: turned.shape[2 - axis] - 1 for axis in range(3)}
    places = {}
    for axis in range(3):
        index = [0, 0, 0]
        index[2 - axis] = step[axis]
        ends = [turned[0, 0, 0], turned[tuple(index)]]
        near, far = (
            image.TransformIndexToPhysicalPoint([int(i) for i in np.argwhere(voxels == end)[0][::-1]])
            for end in ends
        )
        places[axis] = np.subtract(far, near)
    for axis, gap in places.items():
        expected = np.zeros(3)
        expected[axis] = step[axis] * spacing[axis]
        assert gap == pytest.approx(expected)


# -- windows -------------------------------------------------------------------------------------------------


def window_of(image, mask):
    box = bound_voxels(mask.voxels_zyx)
    planes = [image.voxels_zyx[10]]
    return choose_window(image, voxels=image.voxels_zyx, inside=mask.voxels_zyx, box=box, planes=planes)


def test_ct_window_follows_the_surroundings():
    assert window_of(*build(background=-100.0)) == SOFT_TISSUE
    assert window_of(*build(background=-850.0)) == LUNG


def test_pet_is_inverse_from_zero_to_the_hottest_of_the_roi():
    window = window_of(*build(modality=Modality.PT))
    assert (window.low, window.high, window.inverse) == (0.0, 40.0, True)
    assert window.apply(np.array([0.0, 40.0, 99.0])).tolist() == [1.0, 0.0, 0.0]


def test_other_modalities_span_what_is_shown():
    window = window_of(*build(modality=Modality.MR))
    assert (window.low, window.high, window.inverse) == (-200.0, 40.0, False)


def test_constant_picture_has_a_brightness():
    assert np.isfinite(SOFT_TISSUE.apply(np.zeros(3))).all()
    assert np.isfinite(type(SOFT_TISSUE)(5.0, 5.0).apply(np.full(3, 5.0))).all()
