"""Enhanced multi-frame objects: where their functional groups keep what a classic slice has at its top."""

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import read_items

SHARED = "SharedFunctionalGroupsSequence"
PER_FRAME = "PerFrameFunctionalGroupsSequence"


def read_macro(header: Dataset, macro: str) -> tuple[Dataset | None, ...]:
    """The item of a functional group macro: once where all frames share it, else once per frame.

    None stands for a frame that lacks it, or holds several items of it; no frame at all for an object
    without functional groups. Reference: DICOM PS3.3, C.7.6.16.
    """
    shared = [item for group in read_items(header, SHARED) for item in read_items(group, macro)]
    if shared:
        return (shared[0],) if len(shared) == 1 else (None,)
    frames = [read_items(frame, macro) for frame in read_items(header, PER_FRAME)]
    return tuple(items[0] if len(items) == 1 else None for items in frames)
