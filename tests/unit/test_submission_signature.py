"""Signatures: genuine or not, of this or of something else, by a known key or another."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from radfeat.cli.main import run_command_line
from radfeat.core.audit import AuditAction, append_event, read_trail
from radfeat.core.audit_check import check_trail
from radfeat.core.errors import SettingsError, SubmissionError
from radfeat.core.provenance import compute_file_sha256
from radfeat.submission.bag import SEAL, SIGNATURES, compute_seal, write_bag
from radfeat.submission.signature import (
    Signing,
    check_signature,
    load_private_key,
    load_public_key,
    require_signed,
    sign_digest,
)
from radfeat.submission.tolerance import parse_tolerances

SIGNING = Signing("A. Ström", "reviewed", "2026-01-02T03:04:05+00:00", "host")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key (PEM), its public half beside it."""
    private = Ed25519PrivateKey.generate()
    path = tmp_path / "key.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)
    return path


@pytest.fixture
def envelope(key: Path, tmp_path: Path) -> Path:
    path = tmp_path / "001.dsse.json"
    path.write_text(sign_digest(load_private_key(key), "seal.txt", "ab" * 32, SIGNING), encoding="utf-8")
    return path


@pytest.mark.requirement("R-PACK-3")
def test_a_genuine_signature_says_who_signed_and_what_it_means(envelope: Path, key: Path) -> None:
    found = check_signature(envelope, "seal.txt", "ab" * 32)
    assert (found.fault, found.signing, found.known) == ("", SIGNING, False)
    known = load_public_key(key.with_suffix(".pub"))
    assert check_signature(envelope, "seal.txt", "ab" * 32, [known]).known


def test_ed25519_signs_the_pre_authentication_encoding(envelope: Path, key: Path) -> None:
    """The signature is verified by its bare definition, without the library that made it."""
    data = json.loads(envelope.read_text(encoding="utf-8"))
    payload, kind = base64.b64decode(data["payload"]), data["payloadType"].encode()
    pae = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    public = load_private_key(key).public_key()
    public.verify(base64.b64decode(data["signatures"][0]["sig"]), pae)


@pytest.mark.requirement("R-PACK-3")
def test_every_flipped_byte_of_an_envelope_is_found(envelope: Path) -> None:
    whole = envelope.read_bytes()
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1
        envelope.write_bytes(bytes(content))
        assert check_signature(envelope, "seal.txt", "ab" * 32).fault, place


@pytest.mark.requirement("R-PACK-3")
def test_a_signature_of_something_else_does_not_hold(envelope: Path) -> None:
    assert check_signature(envelope, "seal.txt", "cd" * 32).fault == "it signs something else"
    assert check_signature(envelope, "other.txt", "ab" * 32).fault == "it signs something else"


def test_a_password_and_another_kind_of_key_are_said(tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    private = Ed25519PrivateKey.generate()
    encryption = BestAvailableEncryption(b"secret")
    locked.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    with pytest.raises(SettingsError, match="asks for a password"):
        load_private_key(locked)
    with pytest.raises(SettingsError, match="password is wrong"):
        load_private_key(locked, "wrong")
    assert load_private_key(locked, "secret").public_key() == private.public_key()
    (tmp_path / "none.pem").write_text("no key", encoding="utf-8")
    with pytest.raises(SettingsError, match="no private key"):
        load_private_key(tmp_path / "none.pem")
    with pytest.raises(SettingsError, match="no public key"):
        load_public_key(tmp_path / "none.pem")


def test_a_bag_is_signed_twice_and_a_changed_one_is_not_signed(
    key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    (bag / "file").write_text("x", encoding="utf-8")
    write_bag(bag, {"Bagging-Date": "2026-01-02"})
    words = ["sign", str(bag), "--key", str(key), "--name", "A. B.", "--meaning", "approved"]
    assert run_command_line(words) == 0
    assert run_command_line(words) == 0
    assert sorted(p.name for p in (bag / SIGNATURES).iterdir()) == ["001.dsse.json", "002.dsse.json"]
    (bag / "data" / "file").write_text("y", encoding="utf-8")
    assert run_command_line(words) == 3
    assert "data/file: changed" in capsys.readouterr().err


@pytest.mark.requirement("R-PACK-3")
def test_the_audit_trail_notes_the_seal_that_was_signed_and_stays_whole(
    key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag, results = tmp_path / "bag", tmp_path / "results"
    bag.mkdir()
    results.mkdir()
    (bag / "file").write_text("x", encoding="utf-8")
    write_bag(bag, {"Bagging-Date": "2026-01-02"})
    words = ["sign", str(bag), "--key", str(key), "--name", "A. B.", "--meaning", "approved"]
    assert run_command_line([*words, "--results", str(results)]) == 3
    assert "there is no audit trail here" in capsys.readouterr().err
    assert not (bag / SIGNATURES).exists()
    trail = results / "audit.jsonl"
    run = {
        "action": "run_ended",
        "subject": "run 1",
        "actor": "a",
        "host": "h",
        "when": "2026-01-02T00:00:00Z",
    }
    append_event(trail, **run)
    assert run_command_line([*words, "--results", str(results)]) == 0
    event = read_trail(trail)[-1].event
    said = (event.action, event.subject, event.digest, event.reason)
    assert said == (AuditAction.SIGNATURE, "bag", compute_seal(bag), "A. B.: approved")
    signed = check_signature(bag / SIGNATURES / "001.dsse.json", SEAL, compute_seal(bag)).signing
    assert signed is not None
    assert (signed.when, signed.host) == (event.when, event.host)
    assert check_trail(trail) == ()


def test_a_table_of_tolerances_needs_a_signature_by_a_known_key_and_reasons(
    key: Path, tmp_path: Path
) -> None:
    table = tmp_path / "tolerances.csv"
    table.write_text("name,rtol,atol,reason\noriginal_glcm_Contrast,1e-6,0,other BLAS\n", encoding="utf-8")
    known = [load_public_key(key.with_suffix(".pub"))]
    with pytest.raises(SubmissionError, match="not signed"):
        require_signed(table, compute_file_sha256(table), known)
    words = ["sign", str(table), "--key", str(key), "--name", "A. B.", "--meaning", "approved"]
    assert run_command_line(words) == 0
    require_signed(table, compute_file_sha256(table), known)
    with pytest.raises(SubmissionError, match="none of those given"):
        require_signed(table, compute_file_sha256(table), [])
    tolerances = parse_tolerances(table.read_text(encoding="utf-8"), table.name)
    assert tolerances.of("features", "original_glcm_Contrast").rtol == 1e-6
    assert tolerances.of("features", "original_glcm_Energy").rtol == 1e-9
    table.write_text(table.read_text(encoding="utf-8").replace("1e-6", "1e-2"), encoding="utf-8")
    with pytest.raises(SubmissionError, match="signs something else"):
        require_signed(table, compute_file_sha256(table), known)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,1e-6,0,", "no reason"),
        ("x,-1,0,why", "negative"),
        ("x,some,0,why", "not a number"),
        ("x,inf,0,why", "not finite"),
    ],
)
def test_a_wrong_row_of_tolerances_is_said_with_its_line(row: str, said: str) -> None:
    with pytest.raises(SubmissionError, match=said) as error:
        parse_tolerances(f"name,rtol,atol,reason\n{row}\n", "t.csv")
    assert "t.csv, line 2" in error.value.sentence
