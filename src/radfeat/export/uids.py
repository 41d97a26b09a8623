"""UIDs that depend on content alone: the same source and results give the same object on every machine."""

import hashlib
import json
import uuid
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID

_NAMESPACE = uuid.UUID("6f0bb5b0-6c0e-5d8e-9d3c-2d0f5b1f7a11")
"""Fixed for ever: another namespace would give every exported object another name."""

UNSETTLED_UID = UID("2.25.0")
"""Stands in an object until its own UID is made of its content."""


def derive_uid(*parts: str) -> UID:
    """A UID under ``2.25`` (a version 5 UUID, DICOM PS3.5 B.2) that depends on the parts alone."""
    name = json.dumps(parts, ensure_ascii=False)
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, name).int}")


def settle_uid(dataset: Dataset) -> None:
    """Give a finished object its SOP Instance UID, made of all that it holds.

    Equal objects share their UID, and an object that differs in anything has another: what a PACS keeps
    under a UID is never two things.
    """
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UNSETTLED_UID
    stream = BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    uid = derive_uid("instance", hashlib.sha256(stream.getvalue()).hexdigest())
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
