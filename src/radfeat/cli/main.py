"""The front of the command line: commands are imported when called, errors become exit codes."""

import errno
import os
import sys

import click

from radfeat.cli.lazy import LazyGroup
from radfeat.core.errors import RadfeatError
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import ExitCode

STUDY_COMMANDS = {
    "init": ("init", "Write a study to fill in: commented settings, example sheets."),
    "validate": ("validate", "Check settings and sheets; report every fault at once."),
    "run": ("run", "Run the study from scans to report."),
    "status": ("status", "Say how a run stands, from another terminal."),
    "clean": ("clean", "Take away what a results folder need not keep."),
    "ingest": ("ingest", "Inventory, de-identify and fetch DICOM."),
    "features": ("features", "Measure one image and mask, and print the features."),
    "apply": ("apply", "Score new subjects with the model of an earlier run."),
    "audit": ("audit", "Show and check who did what when."),
    "freeze": ("decisions", "Lock the inputs, or let them change again."),
    "override": ("decisions", "Open the QC gate in spite of failures, with a reason."),
    "export": ("export", "Write results as DICOM, or for a submission."),
    "checklist": ("checklist", "Answer METRICS, CLEAR and IBSI's list from a run."),
    "package": ("package", "Put a finished run into a folder that can be verified."),
    "verify": ("verify", "Check a package, and run it again."),
    "compare": ("compare", "Say to what degree two runs are the same."),
    "sign": ("sign", "Sign a package with a name and a meaning."),
    "parity": ("parity", "Measure one image and mask by both engines, and compare."),
    "ibsi": ("ibsi", "Measure IBSI's phantoms: does this installation conform?"),
    "qualify": ("qualify", "Check installation, operation, performance; a page to sign."),
    "catalogue": ("catalogue", "List the features of a run: codes, IBSI codes, units."),
    "settings": ("settings", "Print the settings with every default, or the JSON schema."),
    "simulate": ("simulate", "Write a simulated trial with planted truth."),
    "demo": ("demo", "Run a simulated trial and five real scans, and say what came out."),
}
STAGE_COMMANDS = {
    "plan": ("stages", "Deal the cases into chunks and write the plan."),
    "check-files": ("stages", "Look for every file of the image sheet."),
    "extract": ("stages", "Measure the cases of one chunk."),
    "perturb": ("stages", "Measure the cases of one chunk again, altered."),
    "repeatability": ("stages", "Tell how far repeated measurements agree."),
    "collect": ("stages", "Join the chunks into the blinded tables."),
    "gate": ("stages", "Judge the QC gate."),
    "lock": ("stages", "Lock the analysis before the arms are read."),
    "subjects": ("stages", "Write what became of each subject."),
    "stratify": ("stages", "Fit and judge one endpoint in one arm."),
    "contrast": ("stages", "Test the interactions of one endpoint."),
    "assemble": ("stages", "Join the tables of all endpoints and arms."),
    "report": ("report", "Write the report."),
}
UNUSABLE_PATH = (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)
"""What the file system says to a path that cannot be written; an absent file has its own error."""
DISK_TROUBLE = {
    errno.ENOSPC: "Free some space, and run again",
    errno.EDQUOT: "Free some space, or ask for more, and run again",
    errno.EROFS: "Name a results folder that can be written",
    errno.EIO: "Look after the disk, and run again",
    errno.ESTALE: "Mount the file system again, and run again",
}
"""What a file system says when it cannot go on, and what helps."""
EPILOG = """\b
Examples:
  radfeat init my-study      # write settings and sheets to fill in
  radfeat validate my-study  # every fault at once
  radfeat run my-study       # from scans to report
\b
Exit codes: 0 done, 1 a bug, 2 settings or usage, 3 data, 4 a QC gate.
"""


@click.group(
    cls=LazyGroup,
    sections={
        "Commands": STUDY_COMMANDS,
        "Stages (called by the workflow; each can be run by hand)": STAGE_COMMANDS,
    },
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="radfeat")
def cli() -> None:
    """From trial scans and tumour masks to radiomics features, and per arm to models."""


THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
"""What libraries of linear algebra read when they are loaded."""


def main() -> None:
    """Run the command line and exit with a documented code.

    Linear algebra has one thread, here and in every process that starts from here: sums in another order
    have other last digits. What runs side by side are cases, folds and repeats.
    """
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    sys.exit(run_command_line(sys.argv[1:]))


def run_command_line(arguments: list[str]) -> int:
    """Run one command and return its exit code.

    Errors that the user can act on are one sentence on stderr. Anything else is a bug of radfeat: it
    leaves with its traceback, and Python's exit code 1.
    """
    try:
        code = cli.main(arguments, prog_name="radfeat", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return ExitCode.SETTINGS
    except click.ClickException as error:
        error.show()
        return ExitCode.SETTINGS
    except click.Abort:
        click.echo("radfeat: stopped by the user.", err=True)
        return 130
    except RadfeatError as error:
        click.echo(f"radfeat: error: {error.sentence}", err=True)
        return error.exit_code
    except UNUSABLE_PATH as error:
        click.echo(f"radfeat: error: {error.filename}: {error.strerror}. Name another path.", err=True)
        return ExitCode.SETTINGS
    except OSError as error:
        if error.errno not in DISK_TROUBLE:
            raise
        said = f"{error.filename or 'the results folder'}: {error.strerror}"
        click.echo(
            f"radfeat: error: {said}. {DISK_TROUBLE[error.errno]}; what is written is whole.", err=True
        )
        return ExitCode.DATA
    return code if isinstance(code, int) else ExitCode.DONE
