"""An HTTP session with a PACS: who asks, and who is trusted."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_environ_proxies, get_netrc_auth

from radfeat.core.errors import SettingsError

CONNECTIONS = 4
"""Instances fetched at the same time, at most; few, for a PACS serves the clinic first."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A DICOMweb service and how to speak to it; ``password`` and ``token`` are never shown.

    ``ca_file`` holds the certificates to trust in place of the system's; ``client_certificate`` holds a
    certificate and its key, in PEM.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    client_certificate: Path | None = None
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class BearerToken(AuthBase):
    """Sends a token; unlike a header of the session it is not replaced by what ``.netrc`` holds."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token to a request."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def require_address(address: WebAddress) -> None:
    """Refuse an address that cannot be meant, or that would send a secret in the clear.

    Raises
    ------
    SettingsError
        If the URL is not http or https, has no host, holds a password, or is http with credentials and not of
        this machine.
    """
    parts = urlsplit(address.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            "not the address of a DICOMweb service",
            key="--url",
            remedy="Write it like https://pacs.example.org/dicom-web",
        )
    if parts.username or parts.password:
        raise SettingsError(
            "the URL holds a user or a password, which others on this machine can see",
            key="--url",
            remedy="Use --user with --password-env, --token-file, or ~/.netrc",
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and _find_credentials(address) is not None:
        raise SettingsError(
            "credentials would be sent in the clear", key="--url", remedy="Use https, or no credentials"
        )


def open_session(address: WebAddress) -> requests.Session:
    """A session that verifies certificates and carries the credentials, those of ``.netrc`` by default."""
    session = requests.Session()
    session.auth = _find_credentials(address)
    session.headers["Accept-Encoding"] = "identity"  # to gzip pixels takes a server longer than to send them
    if address.ca_file is not None:
        session.verify = str(address.ca_file)
        session.proxies.update(get_environ_proxies(address.url))
        session.trust_env = False  # else REQUESTS_CA_BUNDLE would be trusted in its place
    if address.client_certificate is not None:
        session.cert = str(address.client_certificate)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=address.connections))
    return session


def _find_credentials(address: WebAddress) -> AuthBase | None:
    if address.token:
        return BearerToken(address.token)
    if address.user:
        return HTTPBasicAuth(address.user, address.password)
    known = get_netrc_auth(address.url)
    return HTTPBasicAuth(*known) if known else None
