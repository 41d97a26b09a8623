"""``radfeat sign``: a name and a meaning under a package, or under a table of tolerances."""

from dataclasses import replace
from pathlib import Path

import click

from radfeat.cli.options import EXISTING_FOLDER
from radfeat.core.errors import SubmissionError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="\b\nExamples:\n"
    "  radfeat sign my-study/results-package --key key.pem --name 'A. Statistician' \\\n"
    "      --meaning 'reviewed and approved' --results my-study/results\n"
    "  radfeat sign tolerances.csv --key key.pem --name 'A. Statistician' --meaning approved\n"
    "\b\nMake a key with: openssl genpkey -algorithm ed25519 -out key.pem"
)
@click.argument("what", type=click.Path(exists=True, path_type=Path))
@click.option("--key", type=FILE, required=True, help="Private key, ed25519, PEM.")
@click.option("--name", required=True, help="Who signs, as it is to be read.")
@click.option("--meaning", required=True, help="What the signature means: authored, reviewed, approved, ...")
@click.option(
    "--results", type=EXISTING_FOLDER, help="Results folder whose audit trail is to note the signature."
)
@click.option("--with-password", is_flag=True, help="Ask for the password of the private key.")
def sign(what: Path, key: Path, name: str, meaning: str, results: Path | None, with_password: bool) -> None:
    """Sign a package, or a file; name, meaning, time and host become part of what is signed.

    The public key goes into the signature; that it is yours, others have to learn from you.
    """
    from radfeat.cli.audit_show import require_trail
    from radfeat.cli.witness import witness
    from radfeat.core.audit import AuditAction, append_events
    from radfeat.core.files import write_text
    from radfeat.core.provenance import compute_file_sha256
    from radfeat.pipeline.folders import ResultsFolder
    from radfeat.submission.bag import SEAL, SIGNATURES, check_bag, compute_seal
    from radfeat.submission.signature import (
        SUFFIX,
        Signing,
        load_private_key,
        sign_digest,
        write_signature,
    )

    password = click.prompt("Password", hide_input=True) if with_password else None
    private = load_private_key(key, password)
    if results is not None:
        require_trail(ResultsFolder(results))
    event = witness(AuditAction.SIGNATURE, what.resolve().name, reason=f"{name}: {meaning}")
    signing = Signing(name, meaning, event.when, event.host)
    if what.is_dir():
        faults = check_bag(what)
        if faults:
            raise SubmissionError(
                "the package is not as it was written, and is not signed",
                key=str(what),
                measured=faults[0].sentence,
                remedy="See `radfeat verify`",
            )
        digest = compute_seal(what)
        written = write_signature(what / SIGNATURES, sign_digest(private, SEAL, digest, signing))
    else:
        digest = compute_file_sha256(what)
        written = what.with_name(what.name + SUFFIX)
        write_text(written, sign_digest(private, what.name, digest, signing))
    click.echo(f"signed by {name}: {meaning}\n  signature  {written}")
    if results is None:
        click.echo("No audit trail notes it; name the results folder with --results to have it noted.")
        return
    trail = ResultsFolder(results).audit
    append_events(trail, [replace(event, digest=digest)])
    click.echo(f"  noted in   {trail}")
