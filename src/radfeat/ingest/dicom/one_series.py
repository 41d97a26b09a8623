"""Whether images are one series of one subject, scanned once: what must be one for all of them, is."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from radfeat.core.vocabulary import Modality, Reason
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import read_number, read_text
from radfeat.ingest.dicom.instances import CLASSIC, ENHANCED, USE_INVENTORY, Instance
from radfeat.ingest.source import Source

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


def require_one_kind(source: Source, frames: Sequence[Frame]) -> None:
    """Refuse slices of several echoes, b-values, phases and so on, of which each place has one.

    Raises
    ------
    InputError
        Naming the element in which they differ.
    """
    for keyword, is_one in DIMENSIONS.items():
        values = {frame.text(keyword) for frame in frames} if is_one else {None}
        if len(values) > 1:
            raise source.refuse(
                f"mixes images that differ in {keyword}",
                measured=f"{len(values)} values",
                allowed="1",
                remedy=USE_INVENTORY,
            )


def list_differences(frames: Sequence[Frame]) -> tuple[str, ...]:
    """The elements, of those that can tell apart images of one place, in which some frames differ."""
    return tuple(keyword for keyword in DIMENSIONS if len({frame.text(keyword) for frame in frames}) > 1)


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
