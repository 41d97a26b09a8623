"""Signatures: who signs a package or a file, and what that means (DSSE envelopes, ed25519).

The envelope holds an in-toto statement: the SHA-256 of what is signed, the signer's name, the meaning, the
time, the public key. An envelope proves that the holder of a key signed; whose key it is has to be known from
elsewhere.

References: DSSE 1.0 (github.com/secure-systems-lab/dsse), in-toto Statement v1, RFC 8032.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from radfeat.core.errors import SettingsError, SubmissionError
from radfeat.core.files import write_text

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:radfeat:signature:1"
SUFFIX = ".dsse.json"
MAKE_A_KEY = "Make one with `openssl genpkey -algorithm ed25519 -out key.pem`"


@dataclass(frozen=True, slots=True)
class Signing:
    """What a signer states: name and meaning in their own words, UTC time in ISO 8601, host."""

    name: str
    meaning: str
    when: str
    host: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was read: its file, what it states, and the signer's public key (hexadecimal).

    ``fault`` says what is wrong with it, empty where nothing is; ``known`` whether the key is among those
    that the reader named.
    """

    file: str
    signing: Signing | None
    key: str
    fault: str = ""
    known: bool = False


def load_private_key(path: Path, password: str | None = None) -> Ed25519PrivateKey:
    """Read an ed25519 private key (PEM).

    Raises
    ------
    SettingsError
        The file holds none, or the password is wrong or missing.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password.encode() if password else None)
    except TypeError:
        raise SettingsError("the private key asks for a password, or has none", key=path.name) from None
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(
            "this is no private key, or the password is wrong", key=path.name, remedy=MAKE_A_KEY
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError("the private key is not of ed25519", key=path.name, remedy=MAKE_A_KEY)
    return key


def load_public_key(path: Path) -> str:
    """Read an ed25519 public key (PEM); hexadecimal.

    Raises
    ------
    SettingsError
        The file holds none.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(
            "this is no public key",
            key=path.name,
            remedy="Write it with `openssl pkey -in key.pem -pubout -out key.pub`",
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError("the public key is not of ed25519", key=path.name, remedy=MAKE_A_KEY)
    return key.public_bytes_raw().hex()


def sign_digest(private_key: Ed25519PrivateKey, subject: str, sha256: str, signing: Signing) -> str:
    """The envelope, as JSON text, that signs a file by its name and SHA-256."""
    public = SSlibKey.from_crypto(private_key.public_key())
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": subject, "digest": {"sha256": sha256}}],
        "predicateType": PREDICATE,
        "predicate": {**asdict(signing), "publicKey": public.keyval["public"]},
    }
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(private_key, public))
    return _spell(envelope)


def write_signature(folder: Path, text: str) -> Path:
    """Write an envelope under the next free number in a folder of signatures."""
    numbers = [int(p.name.split(".")[0]) for p in folder.glob(f"*{SUFFIX}") if p.name.split(".")[0].isdigit()]
    path = folder / f"{max(numbers, default=0) + 1:03d}{SUFFIX}"
    write_text(path, text)
    return path


def check_signature(path: Path, subject: str, sha256: str, known: Sequence[str] = ()) -> Signed:
    """Judge one envelope: whether it is whole and genuine, and signs this file.

    Parameters
    ----------
    path, subject, sha256
        The envelope; name and SHA-256 of what it ought to sign.
    known
        Public keys (hexadecimal) of signers that the reader knows.
    """
    try:
        text = path.read_text(encoding="utf-8")
        envelope = Envelope.from_dict(json.loads(text))
        statement = json.loads(envelope.payload)
        signing, public = _read_predicate(statement["predicate"])
        signed = (statement["subject"][0]["name"], statement["subject"][0]["digest"]["sha256"])
        kinds = (statement["_type"], statement["predicateType"], envelope.payload_type)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return Signed(path.name, None, "", "the envelope is damaged")
    found = Signed(path.name, signing, public, known=public in known)
    if text != _spell(envelope) or kinds != (STATEMENT, PREDICATE, PAYLOAD_TYPE):
        return _fail(found, "the envelope is damaged")
    if not _is_genuine(envelope, public):
        return _fail(found, "the signature is not that of its key")
    if signed != (subject, sha256):
        return _fail(found, "it signs something else")
    return found


def _fail(found: Signed, fault: str) -> Signed:
    return Signed(found.file, found.signing, found.key, fault)


def _is_genuine(envelope: Envelope, public: str) -> bool:
    """Whether there is one signature, and it is that of the key that the statement names."""
    try:
        key = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))
        envelope.verify([key], 1)
    except (VerificationError, ValueError):
        return False
    return list(envelope.signatures) == [key.keyid]


def _read_predicate(predicate: Mapping[str, Any]) -> tuple[Signing, str]:
    words = {name: predicate[name] for name in ("name", "meaning", "when", "host", "publicKey")}
    if not all(isinstance(word, str) for word in words.values()):
        raise TypeError
    public = words.pop("publicKey")
    return Signing(**words), public


def _spell(envelope: Envelope) -> str:
    return json.dumps(envelope.to_dict(), indent=1, sort_keys=True) + "\n"


def require_signed(path: Path, sha256: str, known: Sequence[str]) -> Signed:
    """The signature of a file by a known key, from the envelope beside it.

    Raises
    ------
    SubmissionError
        There is none, it is false, or its key is not known.
    """
    envelope = path.with_name(path.name + SUFFIX)
    if not envelope.is_file():
        raise SubmissionError("the file is not signed", key=path.name, remedy="Sign it with `radfeat sign`")
    found = check_signature(envelope, path.name, sha256, known)
    fault = found.fault or ("" if found.known else "its key is none of those given with --key")
    if fault:
        raise SubmissionError(f"the signature does not hold: {fault}", key=envelope.name)
    return found
