"""A PACS that speaks DIMSE: C-FIND says what there is; C-GET or C-MOVE gives it, kept as it comes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import build_context

from radfeat.ingest.dicom.headers import read_text
from radfeat.ingest.pacs.answers import (
    InstanceAnswer,
    Keep,
    Missing,
    PacsError,
    SeriesAnswer,
    StudyAnswer,
    parse_count,
    require_uids,
)
from radfeat.ingest.pacs.association import AeAddress, Line, Method, require_ae_address
from radfeat.ingest.pacs.inbox import Inbox, listening
from radfeat.ingest.pacs.patience import Patience
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.storage_classes import BY_MODALITY, MOST_CLASSES, build_contexts, build_roles

FIND = UID("1.2.840.10008.5.1.4.1.2.2.1")
MOVE = UID("1.2.840.10008.5.1.4.1.2.2.2")
GET = UID("1.2.840.10008.5.1.4.1.2.2.3")
"""The study root model of queries and retrievals: PS3.4, annex C.4."""

INSTANCES_PER_REQUEST = 100
"""A list of UIDs in one request; 65 bytes each, as many as old servers can hold."""

DONE, PENDING = 0x0000, (0xFF00, 0xFF01)
SOME_FAILED, NO_RESOURCES, NOBODY_THERE = 0xB000, (0xA700, 0xA701, 0xA702), 0xA801
"""Statuses of C-FIND, C-GET and C-MOVE: PS3.4, annex C.4."""


@dataclass(slots=True)
class Dimse:
    """A DICOM application entity; ``query`` finds and moves, ``getting`` gets objects of ``classes``."""

    address: AeAddress
    patience: Patience
    inbox: Inbox
    query: Line
    getting: Line | None = None
    classes: frozenset[str] = frozenset()

    def find_studies(self, request: Request) -> Sequence[StudyAnswer]:
        """Studies that match patient, accession number and study UID."""
        asked = build_identifier(
            "STUDY",
            PatientID=request.patient_id,
            AccessionNumber=request.accession,
            StudyInstanceUID=request.study_uid,
        )
        answers = self._find(asked)
        require_uids(read_text(answer, "StudyInstanceUID") for answer in answers)
        return [
            StudyAnswer(
                str(read_text(a, "StudyInstanceUID")),
                read_text(a, "PatientID"),
                read_text(a, "AccessionNumber"),
            )
            for a in answers
        ]

    def find_series(self, study_uid: str, series_uid: str) -> Sequence[SeriesAnswer]:
        """Series of a study; without a study UID as a relational query, which not every PACS answers."""
        asked = build_identifier(
            "SERIES",
            StudyInstanceUID=study_uid,
            SeriesInstanceUID=series_uid,
            Modality="",
            NumberOfSeriesRelatedInstances="",
        )
        found = {}
        for answer in self._find(asked):
            (study,) = require_uids([read_text(answer, "StudyInstanceUID") or study_uid])
            (series,) = require_uids([read_text(answer, "SeriesInstanceUID")])
            stated = parse_count(read_text(answer, "NumberOfSeriesRelatedInstances"))
            found[series] = SeriesAnswer(study, series, read_text(answer, "Modality") or "", stated)
        return tuple(found.values())

    def list_instances(self, series: SeriesAnswer) -> Sequence[InstanceAnswer]:
        """The instances of a series."""
        asked = build_identifier(
            "IMAGE",
            StudyInstanceUID=series.study_uid,
            SeriesInstanceUID=series.series_uid,
            SOPInstanceUID="",
            SOPClassUID="",
        )
        found = {}
        for answer in self._find(asked):
            (sop_uid,) = require_uids([read_text(answer, "SOPInstanceUID")])
            found[sop_uid] = InstanceAnswer(sop_uid, read_text(answer, "SOPClassUID") or "")
        return tuple(found.values())

    def fetch(self, series: SeriesAnswer, missing: Missing, keep: Keep) -> Sequence[PacsError]:
        """Fetch the whole series where nothing of it is here or not all is listed, else what is missing."""
        faults: list[PacsError] = []
        with self.inbox.opened(keep):
            for identifier in _build_retrievals(series, missing):
                try:
                    self._retrieve(series, missing, identifier)
                except PacsError as fault:
                    if fault.ends:
                        raise
                    faults.append(fault)
                faults += self.inbox.take_faults()
        return faults

    def _retrieve(self, series: SeriesAnswer, missing: Missing, identifier: Dataset) -> None:
        if self.address.method is Method.MOVE:
            self.query.call(
                lambda line: _exhaust(
                    _send(self.address, line.send_c_move, identifier, self.address.own_aet, MOVE),
                    self.address,
                )
            )
        else:
            line = self._line_for(_choose_classes(series, missing))
            line.call(
                lambda line: _exhaust(_send(self.address, line.send_c_get, identifier, GET), self.address)
            )

    def _line_for(self, classes: frozenset[str]) -> Line:
        """An association that takes objects of these classes, and of those before where there is room."""
        if self.getting is None or not classes <= self.classes:
            both = classes | self.classes
            self.classes = both if len(both) <= MOST_CLASSES else classes
            if self.getting is not None:
                self.getting.hang_up()
            self.getting = Line(
                self.address,
                self.patience,
                [build_context(GET), *build_contexts(self.classes)],
                build_roles(self.classes),
                self.inbox.handlers,
            )
        return self.getting

    def _find(self, identifier: Dataset) -> list[Dataset]:
        return self.query.call(
            lambda line: _collect(_send(self.address, line.send_c_find, identifier, FIND), self.address)
        )

    def end(self, *, orderly: bool) -> None:
        """Release the associations, or abort them where an answer is still awaited."""
        for line in (self.query, self.getting):
            if line is not None:
                line.hang_up() if orderly else line.abort()


@contextmanager
def connect_dimse(address: AeAddress, patience: Patience) -> Iterator[Dimse]:
    """Associate with an application entity while this lasts; listen on a port of ours where C-MOVE is wanted.

    Raises
    ------
    SettingsError
        If the address cannot be meant or the port cannot be had.
    """
    require_ae_address(address)
    inbox = Inbox()
    models = [FIND, MOVE] if address.method is Method.MOVE else [FIND]
    dimse = Dimse(address, patience, inbox, Line(address, patience, [build_context(m) for m in models]))
    orderly = False
    try:
        if address.method is Method.MOVE:
            with listening(inbox, address, patience):
                yield dimse
        else:
            yield dimse
        orderly = True
    finally:
        dimse.end(orderly=orderly)


def build_identifier(level: str, **elements: str) -> Dataset:
    """What a request asks for, at a level of the study root model; empty texts are to be returned."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    if not all(text.isascii() for text in elements.values()):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    for keyword, text in elements.items():
        setattr(identifier, keyword, text)
    return identifier


def _build_retrievals(series: SeriesAnswer, missing: Missing) -> Iterator[Dataset]:
    place = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
    if missing.none_here or missing.unlisted:
        yield build_identifier("SERIES", **place)
        return
    uids = [instance.sop_uid for instance in missing.instances]
    for start in range(0, len(uids), INSTANCES_PER_REQUEST):
        identifier = build_identifier("IMAGE", **place)
        identifier.SOPInstanceUID = uids[start : start + INSTANCES_PER_REQUEST]
        yield identifier


def _choose_classes(series: SeriesAnswer, missing: Missing) -> frozenset[str]:
    said = frozenset(i.sop_class for i in missing.instances if i.sop_class)
    classes = said or frozenset(str(c) for c in BY_MODALITY.get(series.modality, ()))
    if not classes or len(classes) > MOST_CLASSES:
        raise PacsError(
            "the PACS does not say of which class the objects are, or they are of too many",
            remedy="Use --method move, or DICOMweb",
        )
    return classes


def _send(address: AeAddress, send: Any, *arguments: Any) -> Iterator[tuple[Dataset, Dataset | None]]:
    """The responses to a request; pynetdicom raises ValueError where the PACS does not offer the service."""
    try:
        yield from send(*arguments)
    except ValueError:
        raise PacsError(
            "the PACS does not offer this service to us (C-FIND, C-GET or C-MOVE)",
            remedy="Let its administrator allow it, or use another --method",
            ends=True,
        ) from None
    except RuntimeError:
        raise _broken_off(address) from None


def _collect(responses: Iterator[tuple[Dataset, Dataset | None]], address: AeAddress) -> list[Dataset]:
    found = []
    for status, answer in responses:
        if _require_pending(status, address):
            if answer is None:
                raise PacsError("the PACS sent an answer that cannot be read")
            found.append(answer)
    return found


def _exhaust(responses: Iterator[tuple[Dataset, Dataset | None]], address: AeAddress) -> None:
    for status, _ in responses:
        _require_pending(status, address)


def _require_pending(status: Dataset, address: AeAddress) -> bool:
    """Whether more is to come; a fault where the request has failed."""
    code = status.get("Status")
    if code is None:
        raise _broken_off(address)
    if code in PENDING:
        return True
    if code == DONE:
        return False
    if code == NOBODY_THERE:
        raise PacsError(
            f"the PACS does not know where {address.own_aet} is",
            remedy=f"Let its administrator register title, host and port {address.own_port}",
            ends=True,
        )
    if code == SOME_FAILED:
        failed = status.get("NumberOfFailedSuboperations") or "some"
        raise PacsError(f"the PACS could not send {failed} of the objects", passes=True)
    moving = address.method is Method.MOVE
    raise PacsError(
        f"the PACS answers with an error (status {code:04X}H)",
        remedy=f"See whether it can reach {address.own_aet} at port {address.own_port}" if moving else "",
        passes=code in NO_RESOURCES,
    )


def _broken_off(address: AeAddress) -> PacsError:
    return PacsError(
        "the PACS did not answer in time, or broke the association off",
        remedy=f"See whether it knows us as {address.own_aet}, and may take so long (--timeout)",
        passes=True,
        ends=True,
    )
