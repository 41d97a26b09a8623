"""Whether images are one series of one subject, scanned once: what must be one for all of them, is."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import groupby

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Modality, Reason
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import read_number, read_text
from radfeat.ingest.dicom.instances import CLASSIC, ENHANCED, USE_INVENTORY, Instance
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.source import Source

_Value = str | tuple[float, ...] | None

_ONE_TEXT = (
    ("PatientID", "subjects", Reason.UNREADABLE),
    ("StudyInstanceUID", "studies", Reason.UNREADABLE),
    ("SOPClassUID", "kinds of object", Reason.UNREADABLE),
    ("FrameOfReferenceUID", "frames of reference", Reason.GEOMETRY),
    ("PhotometricInterpretation", "photometric interpretations", Reason.UNREADABLE),
)
_ONE_NUMBER = (
    ("Rows", "numbers of rows", Reason.GEOMETRY),
    ("Columns", "numbers of columns", Reason.GEOMETRY),
    ("SamplesPerPixel", "numbers of samples per pixel", Reason.UNREADABLE),
    ("PixelRepresentation", "kinds of sign", Reason.UNREADABLE),
)

_PICTURES = {
    "MOSAIC": "mosaics of many slices",
    "LOCALIZER": "localisers",
    "SCOUT": "localisers",
    "TOPOGRAM": "localisers",
    "PROJECTION": "projections",
    "PROJECTION IMAGE": "projections",
    "MIP": "projections",
    "MAX_IP": "projections",
    "MIN_IP": "projections",
    "MINIP": "projections",
    "MAXIMUM_PROJECTION": "projections",
    "REPORT": "reports",
    "SCREEN SAVE": "screen shots",
    "SCREENSHOT": "screen shots",
}
"""Values of ImageType, FrameType and VolumeBasedCalculationTechnique that stand for no slices of a volume."""

_ROUNDING = {
    "EchoTime": (0.005, 0.1),
    "EffectiveEchoTime": (0.005, 0.1),
    "InversionTime": (0.005, 0.1),
    "InversionTimes": (0.005, 0.1),
    "FlipAngle": (0.01, 0.0),
    "KVP": (0.005, 0.0),
}
"""By which share, or by how much (ms), numbers of one series may differ: scanners round them."""

_MAY_VARY = frozenset({"InversionTime", "InversionTimes", "FlipAngle"})
"""A sequence may give each slice a value of its own (interleaved FLAIR, SAR limits): no groups of slices."""

_TYPES = frozenset({"ImageType", "FrameType"})
_TYPE_VALUES = 3
"""Values of ImageType and FrameType that say what an image is; those that follow are the makers' own."""

DIMENSIONS = {
    "TemporalPositionIdentifier": True,
    "TemporalPositionIndex": True,
    "EchoNumbers": True,
    "EchoTime": True,
    "EffectiveEchoTime": True,
    "DiffusionBValue": True,
    "DiffusionGradientOrientation": True,
    "InversionTime": True,
    "InversionTimes": True,
    "FlipAngle": True,
    "ComplexImageComponent": True,
    "ImageType": True,
    "FrameType": True,
    "StackID": True,
    "ConvolutionKernel": True,
    "KVP": True,
    "NominalPercentageOfCardiacPhase": True,
    "TriggerTime": False,
    "AcquisitionNumber": False,
    "FrameReferenceTime": False,
    "AcquisitionDateTime": False,
    "AcquisitionTime": False,
}
"""What can tell apart images of one place; True: a volume has one value of it, False: slices may differ."""


def require_one_series(source: Source, instances: Sequence[Instance], modality: Modality) -> None:
    """Refuse images of several subjects, series, frames, sizes, or of another modality than the sheet's.

    Raises
    ------
    InputError
        Naming the first that is not one, with how many there are.
    """
    headers = [instance.header for instance in instances]
    _require_one(source, instances, "PatientID", "subjects", Reason.UNREADABLE)
    sizes = Counter(read_text(header, "SeriesInstanceUID") for header in headers)
    if len(sizes) > 1:
        counts = ", ".join(str(n) for n in sorted(sizes.values(), reverse=True))
        raise source.refuse(
            "holds several series", measured=f"{counts} images", allowed="one series", remedy=USE_INVENTORY
        )
    if None in sizes:
        raise source.refuse("has images without SeriesInstanceUID")
    _require_modality(source, instances, modality)
    for keyword, words, reason in _ONE_TEXT:
        _require_one(source, instances, keyword, words, reason)
    for keyword, words, reason in _ONE_NUMBER:
        _require_one(source, instances, keyword, words, reason, read_number)


def require_slices(source: Source, frames: Sequence[Frame]) -> None:
    """Refuse pictures that are no slices of a volume: localisers, projections, burned-in text.

    Raises
    ------
    InputError
        Naming how many frames are such pictures.
    """
    found = Counter(kind for frame in frames if (kind := _picture(frame)) is not None)
    if found:
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(found.items()))
        raise source.refuse(
            "holds pictures that are no slices of a volume",
            measured=f"{counts} of {len(frames)} images",
            remedy=USE_INVENTORY,
        )
    burned = sum(frame.text("BurnedInAnnotation") == "YES" for frame in frames)
    if burned:
        raise source.refuse(
            "has text burned into its pixels (BurnedInAnnotation)",
            measured=f"{burned} of {len(frames)} images",
            remedy="Take the original series",
        )


def require_one_kind(source: Source, frames: Sequence[Frame]) -> tuple[Finding, ...]:
    """Refuse slices of several echoes, b-values, phases and so on; remark on what may vary, and does.

    Frames come in the order of slices.

    Raises
    ------
    InputError
        Naming the element in which they differ, or of which parts were interleaved.
    """
    _require_blocks(source, [frame.text("AcquisitionNumber") for frame in frames])
    varying = []
    for keyword in (keyword for keyword, is_one in DIMENSIONS.items() if is_one):
        texts = [frame.text(keyword) for frame in frames]
        values = {_read_kind(keyword, text) for text in texts}
        if not _are_one(keyword, values):
            if keyword not in _MAY_VARY or len(values) < len(frames):
                raise _refuse_kinds(source, keyword, len(values))
            varying.append(keyword)
        elif keyword in _TYPES and len(set(texts)) > 1:
            varying.append(keyword)
    if not varying:
        return ()
    what = f"slices differ in {', '.join(varying)}; they were taken as one volume"
    return (remark(SeriesCheck.VARYING, source.key, what, len(varying), 0, "elements"),)


def list_differences(frames: Sequence[Frame]) -> tuple[str, ...]:
    """The elements, of those that can tell apart images of one place, in which some frames differ."""
    return tuple(
        keyword for keyword in DIMENSIONS if len({_read_value(frame.text(keyword)) for frame in frames}) > 1
    )


def _refuse_kinds(source: Source, keyword: str, count: int) -> Exception:
    return source.refuse(
        f"mixes images that differ in {keyword}",
        measured=f"{count} values",
        allowed="1",
        remedy="Take the images of one kind: write a series list of their files",
    )


def _require_blocks(source: Source, numbers: Sequence[str | None]) -> None:
    """Refuse acquisitions whose slices alternate: two scans of one body, a step apart, are no volume."""
    runs = Counter(number for number, _ in groupby(numbers))
    broken = sum(count > 1 for count in runs.values())
    if broken > 1:
        raise source.refuse(
            "interleaves the slices of several acquisitions (AcquisitionNumber)",
            reason=Reason.GEOMETRY,
            measured=f"{broken} acquisitions in {sum(runs.values())} runs of slices",
            allowed="each acquisition in one run",
            remedy="Take one acquisition: write a series list of its files",
        )


def _read_kind(keyword: str, text: str | None) -> _Value:
    """What of an element's text must be one: a number however written, the first values of a type."""
    if text is not None and keyword in _TYPES:
        return "\\".join(text.split("\\")[:_TYPE_VALUES])
    return _read_value(text)


def _read_value(text: str | None) -> _Value:
    try:
        return text if text is None else tuple(float(part) for part in text.split("\\"))
    except ValueError:
        return text


def _are_one(keyword: str, values: set[_Value]) -> bool:
    """Whether values are one: equal, or single numbers that rounding and calibration explain."""
    if len(values) == 1:
        return True
    numbers = [value[0] for value in values if isinstance(value, tuple) and len(value) == 1]
    if keyword not in _ROUNDING or len(numbers) < len(values):
        return False
    share, least = _ROUNDING[keyword]
    return max(numbers) - min(numbers) <= max(share * abs(max(numbers)), least) + 1e-9


def _picture(frame: Frame) -> str | None:
    texts = (frame.text(k) for k in ("ImageType", "FrameType", "VolumeBasedCalculationTechnique"))
    words = [word.strip().upper() for text in texts if text for word in text.split("\\")]
    return next((_PICTURES[word] for word in words if word in _PICTURES), None)


def _require_modality(source: Source, instances: Sequence[Instance], modality: Modality) -> None:
    _require_one(source, instances, "Modality", "modalities", Reason.UNREADABLE)
    stated = read_text(instances[0].header, "Modality")
    kind = (CLASSIC | ENHANCED)[instances[0].sop_class]
    if stated != kind.value:
        raise source.refuse(
            "contradicts itself: its modality is not that of its kind of object",
            measured=stated if stated in set(Modality) else "another",
            allowed=kind.value,
        )
    if stated != modality.value:
        raise source.refuse(
            "is of another modality than the sheet says",
            measured=stated,
            allowed=modality.value,
            remedy="Mend the column modality, or the path",
        )


def _require_one(
    source: Source,
    instances: Sequence[Instance],
    keyword: str,
    words: str,
    reason: Reason,
    read: Callable[..., Hashable] = read_text,
) -> None:
    count = len({read(instance.header, keyword) for instance in instances})
    if count > 1:
        raise source.refuse(
            f"mixes images of several {words} ({keyword})",
            reason=reason,
            measured=str(count),
            allowed="1",
            remedy=USE_INVENTORY,
        )
