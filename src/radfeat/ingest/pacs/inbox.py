"""Where objects arrive that a PACS sends, over our own association (C-GET) or to a port of ours (C-MOVE)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pynetdicom import AllStoragePresentationContexts, build_context, evt
from pynetdicom.ae import ApplicationEntity

from radfeat.core.errors import SettingsError
from radfeat.ingest.pacs.answers import Keep, PacsError
from radfeat.ingest.pacs.association import AeAddress
from radfeat.ingest.pacs.patience import Patience
from radfeat.ingest.pacs.storage_classes import SYNTAXES

STORED, NOT_WANTED, NO_ROOM, NOT_UNDERSTOOD = 0x0000, 0x0124, 0xA700, 0xC000
"""Statuses of C-STORE: PS3.7, annex C, and PS3.4, table B.2-1."""


class Inbox:
    """Takes objects while a series is being fetched, and only then; remembers what went wrong."""

    def __init__(self) -> None:
        self._keep: Keep | None = None
        self._faults: list[PacsError] = []

    @contextmanager
    def opened(self, keep: Keep) -> Iterator[None]:
        """Take objects while this lasts."""
        self._faults = []
        self._keep = keep
        try:
            yield
        finally:
            self._keep = None

    def take_faults(self) -> list[PacsError]:
        """What went wrong since the inbox was opened.

        Raises
        ------
        PacsError
            If it is something that nothing else can be fetched after.
        """
        faults, self._faults = self._faults, []
        for fault in faults:
            if fault.ends:
                raise fault
        return faults

    def receive(self, event: Any) -> int:
        """Keep the object of a C-STORE request; return the status."""
        keep = self._keep
        if keep is None:
            return NOT_WANTED
        content: bytes = event.encoded_dataset()
        try:
            keep(str(event.request.AffectedSOPInstanceUID), lambda path: write_bytes(path, content))
        except PacsError as fault:
            self._faults.append(fault)
            return NO_ROOM if fault.ends else NOT_UNDERSTOOD
        return STORED

    @property
    def handlers(self) -> list[Any]:
        """What pynetdicom is to call."""
        return [(evt.EVT_C_STORE, self.receive)]


def write_bytes(path: Path, content: bytes) -> None:
    """Write an object as it came."""
    path.write_bytes(content)


@contextmanager
def listening(inbox: Inbox, address: AeAddress, patience: Patience) -> Iterator[None]:
    """Listen on a port of ours while this lasts, for whoever calls us by our title.

    Raises
    ------
    SettingsError
        If the port cannot be had.
    """
    entity = ApplicationEntity(address.own_aet)
    entity.require_called_aet = True
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = patience.answer_s
    contexts = [
        build_context(c.abstract_syntax, list(SYNTAXES))
        for c in AllStoragePresentationContexts
        if c.abstract_syntax
    ]
    try:
        server = entity.start_server(
            (address.own_host, address.own_port), block=False, evt_handlers=inbox.handlers, contexts=contexts
        )
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {address.own_host} port {address.own_port}: {error.strerror}",
            key="--own-port",
            remedy="Name a free port that the PACS knows",
        ) from None
    try:
        yield
    finally:
        if server is not None:
            server.shutdown()
