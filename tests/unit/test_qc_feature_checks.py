"""Few grey levels are said once per image type, for the image with the fewest."""

from radfeat.core.grey_levels import GreyLevels
from radfeat.core.vocabulary import Severity, Unit
from radfeat.qc.check_names import Check
from radfeat.qc.feature_checks import check_grey_levels
from radfeat.qc.settings import QcSettings


def spoken(*found, unit=Unit.SUVBW, settings=None):
    return list(check_grey_levels(found, unit, "S/1/GTV", settings or QcSettings()))


def original(levels, width=25.0, count=None):
    return GreyLevels("Original", "original", levels, width, count)


def test_a_lesion_in_one_bin_is_told_with_width_and_unit():
    (finding,) = spoken(original(1))
    assert (finding.check, finding.severity, finding.key) == (
        Check.FEATURE_FEW_BINS,
        Severity.WARNING,
        "S/1/GTV",
    )
    assert (finding.measured, finding.limit, finding.unit) == (1.0, 8.0, "grey levels")
    assert finding.sentence == (
        "S/1/GTV: the ROI spans 1 grey level on original at a bin width of 25 SUVbw; its texture says "
        "nothing; choose a bin_width with which ROIs span 16 to 128."
    )


def test_the_limit_itself_passes_and_can_be_set():
    assert not spoken(original(8))
    assert "7 grey levels on original" in spoken(original(7))[0].sentence
    assert not spoken(original(7), settings=QcSettings(few_grey_levels=7))
    assert not spoken(original(1), settings=QcSettings(few_grey_levels=1))


def test_the_worst_image_of_each_type_speaks():
    bands = [GreyLevels("Wavelet", f"wavelet-{b}", n, 25.0, None) for b, n in (("LLL", 40), ("HHH", 2))]
    sigmas = [GreyLevels("LoG", "log-sigma-1-0-mm-3D", n, 25.0, None) for n in (20, 30)]
    (finding,) = spoken(original(40), *bands, *sigmas)
    assert "2 grey levels on wavelet-HHH at a bin width of 25; its texture says little" in finding.sentence


def test_a_unit_that_is_arbitrary_is_not_named():
    assert "a bin width of 25;" in spoken(original(2), unit=Unit.ARBITRARY)[0].sentence


def test_a_bin_count_is_held_to_itself():
    assert not spoken(original(4, None, 4))
    (finding,) = spoken(original(1, None, 4))
    assert finding.limit == 4.0
    assert "all its intensities are equal" in finding.sentence


def test_nothing_is_said_where_nothing_was_discretised():
    assert not spoken()
