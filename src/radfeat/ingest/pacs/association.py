"""Associations with a DICOM application entity: opened when needed, used again, reopened where they broke."""

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from radfeat.core.errors import SettingsError
from radfeat.ingest.pacs.answers import PacsError
from radfeat.ingest.pacs.patience import Patience, try_again

T = TypeVar("T")

OWN_TITLE, OWN_HOST, OWN_PORT = "RADFEAT", "0.0.0.0", 11113
"""Who we say we are, and where we listen, unless told otherwise."""

_TITLE = r"[ -Z^-~\[\]]{1,16}"
_ADDRESS = re.compile(rf"(?P<called>(?!\s){_TITLE})@(?P<host>[^@\s]+):(?P<port>[0-9]{{1,5}})")
_LAST_PORT = 65_535
_REJECTED_IN_PASSING = 2
_BY_USER, _NO_CALLING, _NO_CALLED = 1, 3, 7
"""Source and diagnostics of a rejection: PS3.8, table 9-21."""


class Method(StrEnum):
    """How a DICOM application entity gives its objects."""

    GET = "get"
    """C-GET: over the association that asks; nobody need know our address."""

    MOVE = "move"
    """C-MOVE: to a port of ours; the PACS must know our title, host and port."""


@dataclass(frozen=True, slots=True)
class AeAddress:
    """An application entity, who we say we are, and how objects come.

    ``own_host`` and ``own_port`` are where we listen (by default for any machine), for C-MOVE only.
    """

    called: str
    host: str
    port: int
    method: Method = Method.GET
    own_aet: str = OWN_TITLE
    own_host: str = OWN_HOST
    own_port: int = OWN_PORT
    tls: bool = False
    ca_file: Path | None = None
    client_certificate: Path | None = None


def parse_ae_address(text: str) -> tuple[str, str, int]:
    """Title, host and port of ``TITLE@host:port``.

    Raises
    ------
    SettingsError
        If the text is something else.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _LAST_PORT:
        raise SettingsError(
            "not the address of an application entity",
            key="--aet",
            remedy="Write TITLE@host:port, such as PACS@10.0.0.5:104; a title has at most 16 characters",
        )
    return match["called"], match["host"], int(match["port"])


def require_ae_address(address: AeAddress) -> None:
    """Refuse what cannot be meant.

    Raises
    ------
    SettingsError
        If our title is none, or objects would come unencrypted although TLS is asked for.
    """
    if not re.fullmatch(rf"(?!\s){_TITLE}", address.own_aet):
        raise SettingsError(
            "not an application entity's title", key="--own-aet", remedy="Write 1 to 16 letters or digits"
        )
    if address.tls and address.method is Method.MOVE:
        raise SettingsError(
            "with C-MOVE the objects would come to a port without TLS", key="--tls", remedy="Use --method get"
        )


class Line:
    """One association with a PACS; opened at the first call, and again where it broke."""

    def __init__(
        self,
        address: AeAddress,
        patience: Patience,
        contexts: Sequence[PresentationContext],
        roles: Sequence[Any] = (),
        handlers: Sequence[Any] = (),
    ) -> None:
        self.address = address
        self.patience = patience
        self.contexts = contexts
        self.roles = roles
        self.handlers = handlers
        self._association: Association | None = None

    def call(self, use: Callable[[Association], T]) -> T:
        """Use the association, again where that fails in passing.

        Raises
        ------
        PacsError
            If the PACS cannot be reached, rejects the association, or ``use`` fails for good.
        """
        return try_again(lambda: use(self._open()), self.patience)

    def hang_up(self) -> None:
        """Release the association, or abort it where an answer is still awaited."""
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None

    def abort(self) -> None:
        """Break the association off."""
        if self._association is not None and self._association.is_established:
            self._association.abort()
        self._association = None

    def _open(self) -> Association:
        if self._association is None or not self._association.is_established:
            self._association = self._associate()
        return self._association

    def _associate(self) -> Association:
        entity = ApplicationEntity(self.address.own_aet)
        entity.connection_timeout = self.patience.connect_s
        entity.acse_timeout = entity.dimse_timeout = self.patience.answer_s
        entity.network_timeout = max(self.patience.answer_s, 60.0) * 10
        association = entity.associate(
            self.address.host,
            self.address.port,
            contexts=list(self.contexts),
            ae_title=self.address.called,
            ext_neg=list(self.roles),
            evt_handlers=[(evt.EVT_CONN_OPEN, _send_at_once), *self.handlers],
            tls_args=self._tls(),
        )
        if association.is_established:
            return association
        raise describe_refusal(association, self.address)

    def _tls(self) -> tuple[ssl.SSLContext, str] | None:
        if not self.address.tls:
            return None
        ca_file = None if self.address.ca_file is None else str(self.address.ca_file)
        context = ssl.create_default_context(cafile=ca_file)
        if self.address.client_certificate is not None:
            context.load_cert_chain(str(self.address.client_certificate))
        return context, self.address.host


def _send_at_once(event: Any) -> None:
    """Let no request wait for the acknowledgement of the one before: 40 ms each, by Nagle's algorithm."""
    event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def describe_refusal(association: Association, address: AeAddress) -> PacsError:
    """Why there is no association."""
    answer = association.acceptor.primitive
    if not association.is_rejected or answer is None:
        hint = ", or TLS fails (see --ca-file)" if address.tls else ""
        return PacsError(
            f"no DICOM association can be had at this address{hint}",
            remedy="Check host, port, TLS and network",
            passes=True,
            ends=True,
        )
    cause = (answer.result_source, answer.diagnostic)
    if cause == (_BY_USER, _NO_CALLED):
        text, remedy = f"the PACS is not called {address.called}", "Ask its administrator for the title"
    elif cause == (_BY_USER, _NO_CALLING):
        text = f"the PACS does not know us as {address.own_aet}"
        remedy = "Let its administrator register the title, or name a known one with --own-aet"
    else:
        text, remedy = "the PACS rejects the association", "Ask its administrator"
    return PacsError(text, remedy=remedy, passes=answer.result == _REJECTED_IN_PASSING, ends=True)
