"""The acquisition of a series, read from its headers."""

import copy
from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_phantoms import GRID, build_enhanced, build_series
from radfeat.core.acquisition import Acquisition, Parameter, describe_grid
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.acquisition import read_acquisition
from radfeat.ingest.identity import identity_words

SQUARE = Grid((4, 4, 3), (1.5, 1.5, 3.0))


def read(
    modality: Modality, change: Callable[[Dataset, int], None] | None = None, grid: Grid = SQUARE
) -> dict[Parameter, float | str]:
    """The acquisition of a phantom series whose every slice was changed."""
    return dict(read_whole(modality, change, grid).values)


def read_whole(
    modality: Modality, change: Callable[[Dataset, int], None] | None = None, grid: Grid = SQUARE
) -> Acquisition:
    headers = build_series(modality, grid)
    for k, header in enumerate(headers):
        if change is not None:
            change(header, k)
    return read_acquisition(headers, grid, frozenset().union(*map(identity_words, headers)))


def drug(header: Dataset) -> Dataset:
    return header.RadiopharmaceuticalInformationSequence[0]


def test_a_ct_gives_its_parameters_in_capitals_and_units() -> None:
    assert read(Modality.CT) == {
        Parameter.MANUFACTURER: "PHANTOM WORKS",
        Parameter.MODEL: "MODEL 1",
        Parameter.SOFTWARE: "1.0",
        Parameter.SLICE_SPACING: 3.0,
        Parameter.PIXEL_SPACING: 1.5,
        Parameter.SLICE_THICKNESS: 3.0,
        Parameter.KVP: 120.0,
        Parameter.TUBE_CURRENT: 200.0,
        Parameter.EXPOSURE: 100.0,
        Parameter.KERNEL: "B30F",
    }


def test_an_mr_gives_field_strength_and_timing() -> None:
    values = read(Modality.MR)
    assert values[Parameter.FIELD_STRENGTH] == 1.5
    assert values[Parameter.REPETITION_TIME] == 500
    assert values[Parameter.ECHO_TIME] == 15
    assert values[Parameter.FLIP_ANGLE] == 90
    assert values[Parameter.SCANNING_SEQUENCE] == "SE"
    assert Parameter.INVERSION_TIME not in values


def test_a_pet_gives_tracer_dose_and_uptake_time() -> None:
    values = read(Modality.PT)
    assert values[Parameter.TRACER] == "FLUORODEOXYGLUCOSE"
    assert values[Parameter.INJECTED_DOSE] == pytest.approx(350)
    assert values[Parameter.DOSE_PER_WEIGHT] == pytest.approx(5)
    assert values[Parameter.UPTAKE_TIME] == pytest.approx(60)
    assert values[Parameter.RECONSTRUCTION] == "OSEM 3I24S"
    assert values[Parameter.CORRECTIONS] == "ATTN\\DECY\\NORM\\RAN\\SCAT"


def test_pixels_that_are_not_square_have_no_one_spacing() -> None:
    assert describe_grid(GRID) == {Parameter.SLICE_SPACING: 3.0}


def test_a_varying_tube_current_is_its_median() -> None:
    def vary(header: Dataset, k: int) -> None:
        header.XRayTubeCurrent = (100, 250, 180)[k]

    assert read(Modality.CT, vary)[Parameter.TUBE_CURRENT] == 180


def test_a_value_that_differs_between_slices_is_absent() -> None:
    def vary(header: Dataset, k: int) -> None:
        header.KVP = str(120 + 20 * (k == 1))
        header.ConvolutionKernel = "B30f" if k else "B70f"

    whole = read_whole(Modality.CT, vary)
    assert not {Parameter.KVP, Parameter.KERNEL} & whole.values.keys()
    assert whole.contradicted == {Parameter.KVP, Parameter.KERNEL}


def test_a_value_that_one_slice_lacks_is_absent() -> None:
    def vary(header: Dataset, k: int) -> None:
        if k == 2:
            del header.KVP, header.XRayTubeCurrent, header.ManufacturerModelName

    whole = read_whole(Modality.CT, vary)
    assert not {Parameter.KVP, Parameter.TUBE_CURRENT, Parameter.MODEL} & whole.values.keys()
    assert not whole.contradicted


@pytest.mark.parametrize("text", ["0", "-120", "nan", "1e400"])
def test_a_number_that_cannot_be_is_absent(text: str) -> None:
    def spoil(header: Dataset, k: int) -> None:
        header.KVP = None
        header["KVP"]._value = text

    assert Parameter.KVP not in read(Modality.CT, spoil)


@pytest.mark.parametrize("keyword", ["ConvolutionKernel", "ManufacturerModelName", "SoftwareVersions"])
def test_a_text_that_names_the_subject_is_absent(keyword: str) -> None:
    def plant(header: Dataset, k: int) -> None:
        header.PatientName = "Szczepanska^Anna"
        setattr(header, keyword, "B30 szczepanska")

    values = read(Modality.CT, plant)
    assert "SZCZEPANSKA" not in "".join(map(str, values.values()))
    assert len(values) == len(read(Modality.CT)) - 1


def test_a_station_called_after_the_maker_does_not_hide_the_maker() -> None:
    def name(header: Dataset, k: int) -> None:
        header.Manufacturer, header.StationName = "Philips Medical Systems", "PHILIPS-4711"

    assert read(Modality.MR, name)[Parameter.MANUFACTURER] == "PHILIPS MEDICAL SYSTEMS"


def test_a_text_too_long_or_unprintable_is_absent() -> None:
    def spoil(header: Dataset, k: int) -> None:
        header["ManufacturerModelName"]._value = "x" * 65
        header["SoftwareVersions"]._value = "1\x07"

    assert not {Parameter.MODEL, Parameter.SOFTWARE} & read(Modality.CT, spoil).keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Omnipaque 300", "PRESENT"),
        ("none", "ABSENT"),
        ("NO CONTRAST", "ABSENT"),
        ("unknown", None),
        ("", None),
    ],
)
def test_only_a_header_that_says_so_tells_of_a_contrast_agent(text: str, expected: str | None) -> None:
    def give(header: Dataset, k: int) -> None:
        header.ContrastBolusAgent = text

    assert read(Modality.CT, give).get(Parameter.CONTRAST_AGENT) == expected
    assert Parameter.CONTRAST_AGENT not in read(Modality.CT)


def test_the_order_of_codes_does_not_matter() -> None:
    def reorder(header: Dataset, k: int) -> None:
        header.ScanningSequence = ["SE", "IR"] if k else ["IR", "SE"]

    assert read(Modality.MR, reorder)[Parameter.SCANNING_SEQUENCE] == "IR\\SE"


# -- PET: dose and times -------------------------------------------------------------------------------------


def test_the_uptake_ends_with_the_first_slice() -> None:
    def delay(header: Dataset, k: int) -> None:
        header.AcquisitionTime = ("101000", "100500.5", "102000")[k]

    assert read(Modality.PT, delay)[Parameter.UPTAKE_TIME] == pytest.approx(65 + 0.5 / 60)


def test_an_uptake_over_midnight_needs_the_date_of_injection() -> None:
    def late(header: Dataset, k: int) -> None:
        drug(header).RadiopharmaceuticalStartTime = "233000"
        header.AcquisitionTime = "003000"

    def dated(header: Dataset, k: int) -> None:
        late(header, k)
        drug(header).RadiopharmaceuticalStartDateTime = "20200101233000.00"

    assert Parameter.UPTAKE_TIME not in read(Modality.PT, late)
    assert not read_whole(Modality.PT, late).contradicted
    assert read(Modality.PT, dated)[Parameter.UPTAKE_TIME] == pytest.approx(60)


def test_fractions_of_a_second_that_one_element_lacks_are_no_contradiction() -> None:
    def add_fraction(header: Dataset, k: int) -> None:
        drug(header).RadiopharmaceuticalStartDateTime = "20200102090000.50"

    whole = read_whole(Modality.PT, add_fraction)
    assert not whole.contradicted
    assert whole.values[Parameter.UPTAKE_TIME] == pytest.approx(60, abs=0.02)


@pytest.mark.parametrize("moment", ["20200103090000", "20191231090000", "20200102085500"])
def test_times_that_contradict_each_other_give_no_uptake(moment: str) -> None:
    def contradict(header: Dataset, k: int) -> None:
        drug(header).RadiopharmaceuticalStartDateTime = moment

    whole = read_whole(Modality.PT, contradict)
    assert Parameter.UPTAKE_TIME not in whole.values
    assert whole.contradicted == {Parameter.UPTAKE_TIME}


def test_slices_with_two_doses_or_injections_contradict_each_other() -> None:
    def two(header: Dataset, k: int) -> None:
        drug(header).RadiopharmaceuticalStartTime = "090000" if k else "091500"
        drug(header).RadionuclideTotalDose = "350000000" if k else "300000000"

    expected = {Parameter.INJECTED_DOSE, Parameter.DOSE_PER_WEIGHT, Parameter.UPTAKE_TIME}
    assert read_whole(Modality.PT, two).contradicted == expected


def test_an_injection_that_one_slice_does_not_tell_is_no_contradiction() -> None:
    def forget(header: Dataset, k: int) -> None:
        if k == 1:
            del header.RadiopharmaceuticalInformationSequence

    whole = read_whole(Modality.PT, forget)
    assert not {Parameter.UPTAKE_TIME, Parameter.INJECTED_DOSE, Parameter.TRACER} & whole.values.keys()
    assert not whole.contradicted


@pytest.mark.parametrize("time", ["", "2500", "09", "late"])
def test_a_malformed_time_gives_no_uptake(time: str) -> None:
    def spoil(header: Dataset, k: int) -> None:
        drug(header)["RadiopharmaceuticalStartTime"]._value = time

    whole = read_whole(Modality.PT, spoil)
    assert Parameter.UPTAKE_TIME not in whole.values
    assert not whole.contradicted


def test_a_dose_or_weight_in_the_wrong_unit_is_absent() -> None:
    def megabecquerel(header: Dataset, k: int) -> None:
        drug(header).RadionuclideTotalDose = "350"

    def grams(header: Dataset, k: int) -> None:
        header.PatientWeight = "70000"

    values = read(Modality.PT, megabecquerel)
    assert not {Parameter.INJECTED_DOSE, Parameter.DOSE_PER_WEIGHT} & values.keys()
    values = read(Modality.PT, grams)
    assert values[Parameter.INJECTED_DOSE] == pytest.approx(350)
    assert Parameter.DOSE_PER_WEIGHT not in values


def test_the_meaning_of_the_code_names_the_tracer() -> None:
    def code(header: Dataset, k: int) -> None:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = "35321007", "SCT"
        item.CodeMeaning = "Fluorodeoxyglucose F^18^"
        drug(header).RadiopharmaceuticalCodeSequence = Items([item])
        drug(header).Radiopharmaceutical = "Solution"

    assert read(Modality.PT, code)[Parameter.TRACER] == "FLUORODEOXYGLUCOSE F^18^"


def test_two_tracers_in_one_series_are_none() -> None:
    def second(header: Dataset, k: int) -> None:
        header.RadiopharmaceuticalInformationSequence.append(copy.deepcopy(drug(header)))

    gone = {Parameter.TRACER, Parameter.INJECTED_DOSE, Parameter.DOSE_PER_WEIGHT, Parameter.UPTAKE_TIME}
    assert not gone & read(Modality.PT, second).keys()


# -- enhanced objects ----------------------------------------------------------------------------------------


def enhanced(modality: Modality, shared: Dataset, per_frame: list[Dataset]) -> Acquisition:
    """The acquisition of an enhanced object; further macros go to the shared and to each frame's groups."""
    header = build_enhanced(build_series(modality, SQUARE), modality)
    header.SharedFunctionalGroupsSequence[0].update(shared)
    for frame, more in zip(header.PerFrameFunctionalGroupsSequence, per_frame, strict=False):
        frame.update(more)
    return read_acquisition([header], SQUARE, identity_words(header))


def macro(name: str, **values: object) -> Dataset:
    item, group = Dataset(), Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    setattr(group, name, Items([item]))
    return group


def test_an_enhanced_ct_gives_what_its_groups_hold() -> None:
    shared = macro("CTXRayDetailsSequence", KVP="100")
    shared.update(
        macro("CTReconstructionSequence", ConvolutionKernel="Br40", ReconstructionAlgorithm="ITERATIVE")
    )
    agent = {"ContrastBolusAgentAdministered": "YES", "ContrastBolusAgentPhase": "PORTAL_VENOUS"}
    shared.update(macro("ContrastBolusUsageSequence", **agent))
    frames = [
        macro("CTExposureSequence", XRayTubeCurrentInmA=current, ExposureInmAs=50.0)
        for current in (90.0, 300.0, 110.0)
    ]
    values = enhanced(Modality.CT, shared, frames).values
    assert values[Parameter.KVP] == 100
    assert values[Parameter.TUBE_CURRENT] == 110
    assert values[Parameter.EXPOSURE] == 50
    assert values[Parameter.KERNEL] == "BR40"
    assert values[Parameter.RECONSTRUCTION] == "ITERATIVE"
    assert values[Parameter.CONTRAST_AGENT] == "PRESENT"
    assert values[Parameter.PHASE] == "PORTAL_VENOUS"
    assert values[Parameter.SLICE_THICKNESS] == 3


def test_an_enhanced_value_that_differs_between_frames_is_absent() -> None:
    frames = [macro("MREchoSequence", EffectiveEchoTime=time) for time in (10.0, 80.0, 10.0)]
    values = enhanced(Modality.MR, Dataset(), frames).values
    assert Parameter.ECHO_TIME not in values
    frames = [macro("MREchoSequence", EffectiveEchoTime=80.0)] * 2
    assert Parameter.ECHO_TIME not in enhanced(Modality.MR, Dataset(), frames).values


def test_an_enhanced_mr_speaks_of_its_sequence_in_the_classic_words() -> None:
    header = build_enhanced(build_series(Modality.MR, SQUARE), Modality.MR)
    header.EchoPulseSequence, header.EchoPlanarPulseSequence = "GRADIENT", "YES"
    values = read_acquisition([header], SQUARE, identity_words(header)).values
    assert values[Parameter.SCANNING_SEQUENCE] == "EP\\GR"


def test_an_enhanced_pet_holds_its_dose_in_megabecquerel() -> None:
    header = build_enhanced(build_series(Modality.PT, SQUARE), Modality.PT)
    drug(header).RadionuclideTotalDose = "350"
    drug(header).RadiopharmaceuticalStartDateTime = "20200102090000"
    header.AttenuationCorrected, header.ScatterCorrected, header.RandomsCorrected = "YES", "NO", "YES"
    for k, frame in enumerate(header.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].FrameAcquisitionDateTime = f"2020010210{k:02d}00.0"
    values = read_acquisition([header], SQUARE, identity_words(header)).values
    assert values[Parameter.INJECTED_DOSE] == pytest.approx(350)
    assert values[Parameter.DOSE_PER_WEIGHT] == pytest.approx(5)
    assert values[Parameter.UPTAKE_TIME] == pytest.approx(60)
    assert values[Parameter.CORRECTIONS] == "ATTN\\DECY\\RAN"


def test_maker_and_model_name_the_scanner() -> None:
    assert Acquisition({Parameter.MANUFACTURER: "A", Parameter.MODEL: "B"}).scanner == "A B"
    assert Acquisition({Parameter.MODEL: "B"}).scanner is None
