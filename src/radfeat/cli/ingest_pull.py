"""``radfeat ingest pull``: series from a PACS, and whether all have come."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from radfeat.cli.bar import show_progress
from radfeat.cli.options import ANY_PATH
from radfeat.core.errors import InputError, SettingsError

if TYPE_CHECKING:
    from radfeat.ingest.pacs.association import AeAddress
    from radfeat.ingest.pacs.ledger import LedgerRow
    from radfeat.ingest.pacs.request import Request
    from radfeat.ingest.pacs.web_session import WebAddress

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ONE_REQUEST = {
    "patient_id": "--patient-id",
    "study_uid": "--study-uid",
    "series_uid": "--series-uid",
    "accession": "--accession",
    "modality": "--modality",
}
"""Columns of a request sheet, and the options that stand for them."""

STAGES = {"ask": "requests", "check": "series", "fetch": "instances"}
"""What each stage of a pull counts."""

WEB_ONLY = ("user", "password_env", "token_file", "connections")
DIMSE_ONLY = ("method", "own_aet", "own_host", "own_port", "tls")


@click.command(
    epilog="\b\nExamples:\n"
    "  radfeat ingest pull --to scans --url https://pacs/dicom-web --sheet asked.csv\n"
    "  radfeat ingest pull --to scans --aet PACS@10.0.0.5:104 --study-uid 1.2.3\n"
    "\b\nCall it again to fetch what is still missing. FOLDER/pull.csv says what came;\n"
    "exit code 3 means that not all did."
)
@click.option("--to", "folder", type=ANY_PATH, required=True, help="Folder to fetch into.")
@click.option("--url", help="DICOMweb service to fetch from.")
@click.option("--aet", help="Or a DICOM node: TITLE@host:port.")
@click.option("--sheet", type=FILE, help="Request sheet (CSV) of what to fetch.")
@click.option("--patient-id", help="Or one request: PatientID, whole.")
@click.option("--study-uid", help="One request: StudyInstanceUID.")
@click.option("--series-uid", help="One request: SeriesInstanceUID.")
@click.option("--accession", help="One request: AccessionNumber, whole.")
@click.option("--modality", help="One request: only these, such as CT,RTSTRUCT.")
@click.option("--user", help="DICOMweb: user name (else ~/.netrc).")
@click.option("--password-env", help="DICOMweb: variable that holds the password.")
@click.option("--token-file", type=FILE, help="DICOMweb: file that holds a bearer token.")
@click.option("--connections", type=click.IntRange(1, 8), help="DICOMweb: at a time (default 4).")
@click.option("--method", type=click.Choice(["get", "move"]), help="DIMSE: C-GET (default) or C-MOVE.")
@click.option("--own-aet", help="DIMSE: our title (default RADFEAT).")
@click.option("--own-host", help="C-MOVE: address to listen on (default all).")
@click.option("--own-port", type=click.IntRange(1, 65535), help="C-MOVE: port (default 11113).")
@click.option("--tls", is_flag=True, default=None, help="DIMSE: encrypt.")
@click.option("--ca-file", type=FILE, help="Certificates to trust (PEM; default the system's).")
@click.option("--client-cert", type=FILE, help="Our certificate and key (PEM).")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@click.option(
    "--attempts",
    type=click.IntRange(1, 10),
    default=3,
    show_default=True,
    help="Tries, 1 s, 2 s, 4 s ... apart.",
)
def pull(folder: Path, sheet: Path | None, timeout: float, attempts: int, **options: object) -> None:
    """Fetch series from a PACS, and say whether all instances have come."""
    from radfeat.ingest.pacs.patience import Patience
    from radfeat.ingest.pacs.pull import pull as pull_series
    from radfeat.ingest.pacs.store import PullFolder

    given = {name: value for name, value in options.items() if value is not None}
    address = build_address(given)
    requests = build_requests(sheet, given)
    if folder.exists() and not folder.is_dir():
        raise SettingsError("this is a file, not a folder", key="--to", remedy="Name another path")
    patience = Patience(answer_s=timeout, attempts=attempts)
    with show_progress() as show:
        rows = pull_series(
            address,
            requests,
            PullFolder(folder),
            patience,
            lambda stage, done, total: show(STAGES[stage], done, total),
        )
    report(rows)


def build_requests(sheet: Path | None, given: Mapping[str, Any]) -> "tuple[Request, ...]":
    """The requests of the sheet, or the one of the options.

    Raises
    ------
    SettingsError
        If there are both or neither, or an option is wrong.
    TableError
        If the sheet has faults.
    """
    from radfeat.ingest.pacs.request import build_request, check_request, read_request_sheet

    cells = {name: given[name].strip() for name in ONE_REQUEST if given.get(name, "").strip()}
    if sheet is not None:
        if cells:
            raise SettingsError(
                "both a sheet and a request in options",
                key="--sheet",
                remedy="Put the request into the sheet",
            )
        return read_request_sheet(sheet)
    if not cells.keys() - {"modality"}:
        options = ", ".join(option for name, option in ONE_REQUEST.items() if name != "modality")
        raise SettingsError("nothing says what to fetch", remedy=f"Give --sheet or one of {options}")
    for fault in check_request(cells):
        raise SettingsError(fault.problem, key=ONE_REQUEST[fault.column], remedy=fault.remedy)
    return (build_request(cells),)


def build_address(given: Mapping[str, Any]) -> "WebAddress | AeAddress":
    """The PACS that the options name.

    Raises
    ------
    SettingsError
        If they name none or two, or an option belongs to the other kind.
    """
    if ("url" in given) == ("aet" in given):
        raise SettingsError(
            "one of --url and --aet is needed", remedy="Name the PACS; see `radfeat ingest pull --help`"
        )
    kind, others = ("--aet", DIMSE_ONLY) if "url" in given else ("--url", WEB_ONLY)
    for name in others:
        if name in given:
            raise SettingsError(
                f"only with {kind}",
                key=f"--{name.replace('_', '-')}",
                remedy="Leave it out, or change the PACS",
            )
    return _build_web_address(given) if "url" in given else _build_ae_address(given)


def _build_web_address(given: Mapping[str, Any]) -> "WebAddress":
    from radfeat.ingest.pacs.web_session import CONNECTIONS, WebAddress

    if ("user" in given) != ("password_env" in given):
        raise SettingsError("--user and --password-env belong together", remedy="Give both, or use ~/.netrc")
    if "user" in given and "token_file" in given:
        raise SettingsError("both a password and a token", key="--token-file", remedy="Give one of them")
    return WebAddress(
        url=given["url"],
        user=given.get("user", ""),
        password=_read_password(given["password_env"]) if "password_env" in given else "",
        token=_read_token(given["token_file"]) if "token_file" in given else "",
        ca_file=given.get("ca_file"),
        client_certificate=given.get("client_cert"),
        connections=given.get("connections", CONNECTIONS),
    )


def _build_ae_address(given: Mapping[str, Any]) -> "AeAddress":
    from radfeat.ingest.pacs.association import (
        OWN_HOST,
        OWN_PORT,
        OWN_TITLE,
        AeAddress,
        Method,
        parse_ae_address,
    )

    if not given.get("tls") and ("ca_file" in given or "client_cert" in given):
        raise SettingsError("certificates are of use with --tls only", key="--tls", remedy="Add it")
    called, host, port = parse_ae_address(given["aet"])
    return AeAddress(
        called=called,
        host=host,
        port=port,
        method=Method(given.get("method", Method.GET)),
        own_aet=given.get("own_aet", OWN_TITLE),
        own_host=given.get("own_host", OWN_HOST),
        own_port=given.get("own_port", OWN_PORT),
        tls=given.get("tls", False),
        ca_file=given.get("ca_file"),
        client_certificate=given.get("client_cert"),
    )


def _read_password(variable: str) -> str:
    password = os.environ.get(variable, "")
    if not password:
        raise SettingsError(
            "there is no such environment variable, or it is empty",
            key="--password-env",
            remedy="Write the variable's name, not the password, and export it",
        )
    return password


def _read_token(path: Path) -> str:
    token = path.read_text(encoding="utf-8", errors="replace").strip()
    if not token.isascii() or len(token.split()) != 1:
        raise SettingsError(
            "the file does not hold one token", key="--token-file", remedy="Write the token alone into it"
        )
    return token


def report(rows: "Sequence[LedgerRow]") -> None:
    """Say what came, and what did not.

    Raises
    ------
    InputError
        If not all came.
    """
    from radfeat.ingest.pacs.ledger import Verdict

    lacking = [row for row in rows if row.verdict is not Verdict.COMPLETE]
    for row in lacking:
        name = " ".join(part for part in (row.series, row.modality) if part)
        click.echo(" ".join(part for part in (row.verdict, name, row.sentence) if part), err=True)
    count = sum(row.received for row in rows if row.series)
    click.echo(f"{len(rows) - len(lacking)} of {len(rows)} complete; {count} instances here.")
    if lacking:
        raise InputError(
            f"{len(lacking)} of {len(rows)} are not complete (listed above and in pull.csv)",
            remedy="Pull again for what FAILED; ask the site for what is INCOMPLETE or ABSENT",
        )
