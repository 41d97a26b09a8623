"""The words that tables, settings and messages share. A text choice is an enum, never a bare string."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a value is missing. A missing value is NULL with one of these beside it, never NaN."""

    NOT_DONE = "NOT_DONE"
    NO_IMAGE = "NO_IMAGE"
    UNREADABLE = "UNREADABLE"
    GEOMETRY = "GEOMETRY"
    ROI_NOT_FOUND = "ROI_NOT_FOUND"
    ROI_EMPTY = "ROI_EMPTY"
    ROI_TOO_SMALL = "ROI_TOO_SMALL"
    QC_EXCLUDED = "QC_EXCLUDED"
    FEATURE_UNDEFINED = "FEATURE_UNDEFINED"
    COMPUTE_ERROR = "COMPUTE_ERROR"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"


class Status(StrEnum):
    """Whether an ROI has features."""

    OK = "OK"
    FAILED = "FAILED"


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    """The ROI or image named by the finding's key has no features because of it."""


class Verdict(StrEnum):
    """Whether an acquisition parameter is what the protocol allows."""

    CONFORM = "conform"
    DEVIATE = "deviate"
    UNKNOWN = "unknown"
    """The protocol has a rule, and the headers do not tell or contradict; never taken for conform."""
    NOT_SPECIFIED = "not_specified"


class Modality(StrEnum):
    """DICOM (0008,0060) values that can enter."""

    CT = "CT"
    MR = "MR"
    PT = "PT"
    US = "US"
    OT = "OT"


class Unit(StrEnum):
    """Unit of the intensities of a volume."""

    HU = "HU"
    SUVBW = "SUVbw"
    SUVLBM = "SUVlbm"
    SUVBSA = "SUVbsa"
    MM2_PER_S = "mm2/s"
    """Diffusion coefficient, of a map whose header says so."""
    UM2_PER_S = "10^-6 mm2/s"
    """The same, in the numbers that most scanners write."""
    ARBITRARY = "arbitrary"


class Suv(StrEnum):
    """What the standardised uptake value of a PET in Bq/ml is normalised to."""

    BODY_WEIGHT = "SUVbw"
    """Body weight; g/ml."""
    LEAN_BODY_MASS = "SUVlbm"
    """Lean body mass after Janmahasatian (2005); g/ml."""
    LEAN_BODY_MASS_JAMES = "SUVlbm-james"
    """Lean body mass after James (1976), which falls again in the very obese; g/ml."""
    BODY_SURFACE_AREA = "SUVbsa"
    """Body surface area after Du Bois (1916); cm2/ml."""


class SpacingPrecision(StrEnum):
    """To how many digits the voxel spacing of a DICOM series is kept."""

    DOUBLE = "double"
    """As the headers give it, and as SimpleITK reads it."""
    FLOAT32 = "float32"
    """As NIfTI holds it."""


class Recipe(StrEnum):
    """By whose definitions images are prepared and features computed."""

    PYRADIOMICS = "pyradiomics"
    """Exactly what PyRadiomics alone would do: for published signatures."""
    IBSI = "ibsi"
    """What the Image Biomarker Standardisation Initiative defines: for standardised work."""


class Configuration(StrEnum):
    """How IBSI-1 prepares its phantoms for the reference values; the letters are IBSI's."""

    DIGITAL = "digital"
    """The digital phantom: 80 voxels with few grey levels, nothing to prepare."""
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class PhantomSource(StrEnum):
    """From what a phantom of IBSI was read."""

    CODE = "code"
    """Written from the package itself, as NIfTI, and read again."""
    NIFTI = "nifti"
    DICOM = "dicom"
    """A series and its structure set."""


class Agreement(StrEnum):
    """Whether a measured value is IBSI's reference value."""

    AGREES = "agrees"
    OUT_OF_TOLERANCE = "out_of_tolerance"
    NO_VALUE = "no_value"
    """The feature came out undefined, or the installation does not offer it."""


class Engine(StrEnum):
    """Which code computes the features."""

    PYRADIOMICS = "pyradiomics"
    """PyRadiomics itself: the reference."""
    NATIVE = "native"
    """radfeat's compiled engine: the same names and values in a small part of the time."""


class EndpointKind(StrEnum):
    """What is measured on a subject at the end."""

    TIME_TO_EVENT = "time_to_event"
    BINARY = "binary"
    CONTINUOUS = "continuous"


class Standing(StrEnum):
    """Whether an analysis was decided on before the arms were read."""

    CONFIRMATORY = "confirmatory"
    EXPLORATORY = "exploratory"
    """Settings or code were changed after a reading of the arms, or no record says which came first."""


class RepeatSource(StrEnum):
    """Where repeated measurements of one region come from."""

    TEST_RETEST = "test_retest"
    """The image was acquired again, and the region drawn again."""
    READERS = "readers"
    """Several readers drew the region on one image."""
    PERTURBATION = "perturbation"
    """Image and mask were altered at random, and the region measured again."""


class IccForm(StrEnum):
    """Which intraclass correlation of a single measurement; also the name of its column."""

    ONE_WAY = "icc_1_1"
    """Repeats are exchangeable, as perturbations are: one-way random, absolute agreement."""
    AGREEMENT = "icc_2_1"
    """Two-way random, absolute agreement: a shift of one reader or scan counts as error."""
    CONSISTENCY = "icc_3_1"
    """Two-way, consistency: a shift that is the same for all subjects does not count."""


class ExitCode:
    """Exit codes of every command; documented in the README."""

    DONE = 0
    BUG = 1
    SETTINGS = 2
    DATA = 3
    QC_GATE = 4
