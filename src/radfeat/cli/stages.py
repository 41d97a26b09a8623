"""The stages of the workflow, each a verb that can be pasted into a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from radfeat.cli.options import config_argument, resolve_config, results_option
from radfeat.core.audit import AuditAction
from radfeat.core.errors import GateError
from radfeat.core.memory import read_available_memory_mb, read_memory_mb
from radfeat.pipeline.folders import ResultsFolder

inputs_option = click.option(
    "--inputs", help="Refuse to work with other inputs than those of this digest (set by the workflow)."
)
model_workers_option = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)
memory_option = click.option(
    "--memory-mb",
    type=click.IntRange(min=1),
    help="Memory for them all, in MB; by default what the job is given here. Where it is short, fewer work.",
)


def _chunk_options(command: Callable[..., None]) -> Callable[..., None]:
    """What every verb takes that works on the cases of one chunk."""
    options = (
        results_option,
        click.option("--bucket", required=True, help="Name of the chunk, as in plan/plan.json."),
        click.option(
            "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
        ),
        click.option(
            "--memory-mb",
            type=click.IntRange(min=1),
            help="Memory for all processes, in MB; by default what this machine has to give now.",
        ),
        click.option(
            "--retry-failed",
            is_flag=True,
            help="Compute failed cases again rather than take the cached failure.",
        ),
        click.option(
            "--more",
            type=click.IntRange(0, 1),
            default=0,
            help="1: fail where memory does not suffice, to be tried again with more (set by the workflow).",
        ),
        inputs_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def _inputs_held(require: Callable[[], None]) -> Iterator[None]:
    """A job is only good if its inputs were the same when it began and when it ended."""
    require()
    yield
    require()


@contextmanager
def _analysis_inputs_held(folder: ResultsFolder, inputs: str | None) -> Iterator[None]:
    """The same for a job of the unblinded half."""
    from radfeat.pipeline.analysis_inputs import require_analysis_inputs

    with _inputs_held(lambda: require_analysis_inputs(folder, inputs)):
        yield


@contextmanager
def _arms_read(folder: ResultsFolder, inputs: str | None, *job: str) -> Iterator[None]:
    """The same for a job that reads the arms: that is noted before it does, for whatever it comes to.

    A job without a lock, or with other settings, reads nothing and notes nothing.
    """
    from radfeat.cli.witness import note, witness
    from radfeat.pipeline.lock import read_lock

    with _analysis_inputs_held(folder, inputs):
        lock = read_lock(folder)
        event = witness(
            AuditAction.ARMS_READ, " ".join(job), digest=lock.current.digest, reason=lock.standing.value
        )
        note(folder, job, event)
        yield


@click.command(epilog="\b\nExample:\n  radfeat plan my-study/config.yaml")
@config_argument
def plan(config: Path) -> None:
    """Read settings and image sheet, deal the cases into chunks, and write the plan."""
    from radfeat.cli.run_parts import hold_study
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.planning import build_plan

    file = resolve_config(config)
    settings = read_settings(file)
    with hold_study(file):
        made = build_plan(settings, file.parent, ResultsFolder(file.parent / settings.results))
    click.echo(f"{made.cases} cases with {made.rois} ROIs in {len(made.buckets)} chunks, run {made.run_id}")


@click.command("check-files", epilog="\b\nExample:\n  radfeat check-files --results my-study/results")
@results_option
def check_files(results: Path) -> None:
    """Look for every file of the image sheet; what is missing will be a failed row."""
    from radfeat.pipeline.validation import validate_images

    folder = ResultsFolder(results)
    # Which they are stands there and not in a log: a file may be named after someone.
    missing = len(validate_images(folder))
    click.echo(f"{missing} files of the image sheet are missing; which: {folder.validated}")


@click.command(epilog="\b\nExample:\n  radfeat extract --results my-study/results --bucket 3 --workers 2")
@_chunk_options
def extract(
    results: Path,
    bucket: str,
    workers: int,
    memory_mb: int | None,
    retry_failed: bool,
    more: int,
    inputs: str | None,
) -> None:
    """Measure the cases of one chunk: read, prepare, extract, check, picture."""
    from radfeat.pipeline.chunk import run_chunk
    from radfeat.pipeline.plan import require_chunk_inputs
    from radfeat.pipeline.workers import Crew

    folder = ResultsFolder(results)
    with _inputs_held(lambda: require_chunk_inputs(folder, bucket, inputs)):
        crew = Crew(workers, memory_mb or read_available_memory_mb())
        done = run_chunk(folder, bucket, crew=crew, retry_failed=retry_failed, more=bool(more))
    click.echo(
        f"chunk {bucket}: {done.done} cases, {done.cached} from the cache, {done.failed} with failures"
    )


@click.command(epilog="\b\nExample:\n  radfeat perturb --results my-study/results --bucket 3 --workers 2")
@_chunk_options
def perturb(
    results: Path,
    bucket: str,
    workers: int,
    memory_mb: int | None,
    retry_failed: bool,
    more: int,
    inputs: str | None,
) -> None:
    """Alter the cases of one chunk at random and measure them again, for their repeatability."""
    from radfeat.pipeline.perturb import perturb_chunk, require_perturb_inputs
    from radfeat.pipeline.workers import Crew

    folder = ResultsFolder(results)
    with _inputs_held(lambda: require_perturb_inputs(folder, bucket, inputs)):
        crew = Crew(workers, memory_mb or read_available_memory_mb())
        measured, failed = perturb_chunk(
            folder, bucket, crew=crew, retry_failed=retry_failed, more=bool(more)
        )
    click.echo(f"chunk {bucket}: {measured} perturbed measurements, {failed} failed")


@click.command(epilog="\b\nExample:\n  radfeat repeatability --results my-study/results")
@results_option
def repeatability(results: Path) -> None:
    """Measure how far repeated measurements agree: scans, readers, perturbations."""
    from radfeat.pipeline.repeatability import write_repeatability

    table = write_repeatability(ResultsFolder(results))
    sources = ", ".join(sorted(set(table["source"].to_pylist()))) or "nothing is repeated"
    click.echo(f"{table.num_rows} rows of repeatability: {sources}")


@click.command(epilog="\b\nExample:\n  radfeat collect --results my-study/results")
@results_option
def collect(results: Path) -> None:
    """Join the chunks into the blinded tables, with catalogue, codebook and readers."""
    from radfeat.pipeline.collect import collect as run

    click.echo(run(ResultsFolder(results)).sentence)


@click.command(epilog="\b\nExample:\n  radfeat gate --results my-study/results")
@results_option
def gate(results: Path) -> None:
    """Exit with code 4 where more ROIs failed than `qc` allows; lock the tables that pass."""
    from radfeat.cli.witness import note, witness
    from radfeat.pipeline.gate import judge_gate

    folder = ResultsFolder(results)
    verdict = judge_gate(folder)
    fate = "overridden" if verdict.overridden else "passed" if verdict.is_open else "stopped"
    said = f"{fate}: {verdict.sentence}"
    note(folder, ("gate",), witness(AuditAction.QC_DECISION, "QC gate", digest=verdict.digest, reason=said))
    if not verdict.is_open:
        raise GateError(
            verdict.sentence.removesuffix("."), remedy="Mend them, or see `radfeat override --help`"
        )
    click.echo(f"the QC gate is {fate}")


@click.command(epilog="\b\nExample:\n  radfeat lock --results my-study/results")
@results_option
def lock(results: Path) -> None:
    """Lock the analysis before the arms are read, and say whether it is the one that was locked."""
    from radfeat.cli.witness import note, witness
    from radfeat.pipeline.analysis_inputs import require_analysis
    from radfeat.pipeline.lock import write_lock

    folder = ResultsFolder(results)
    require_analysis(folder)
    made = write_lock(folder)
    event = witness(AuditAction.SETTINGS_LOCKED, "analysis", digest=made.current.digest, reason=made.sentence)
    note(folder, ("lock",), event)
    click.echo(f"{made.standing.value}: {made.sentence}")
    click.echo(f"this analysis is {made.current.digest}")
    click.echo(f"locked is        {made.marks['lock_digest']}")


@click.command(epilog="\b\nExample:\n  radfeat subjects --results my-study/results")
@results_option
@inputs_option
def subjects(results: Path, inputs: str | None) -> None:
    """Join features and clinical sheet, and write what became of each subject."""
    from radfeat.pipeline.cohort import write_subjects

    folder = ResultsFolder(results)
    with _arms_read(folder, inputs, "subjects"):
        write_subjects(folder)


@click.command(
    epilog="\b\nExample:\n  radfeat stratify --results my-study/results --endpoint os --arm control"
)
@results_option
@click.option("--endpoint", required=True, help="Endpoint, as named in the settings.")
@click.option("--arm", required=True, help="Arm, as named in the settings.")
@model_workers_option
@memory_option
@inputs_option
def stratify(
    results: Path, endpoint: str, arm: str, workers: int, memory_mb: int | None, inputs: str | None
) -> None:
    """Fit, score and judge one endpoint in one arm."""
    from radfeat.modelling.memory import Machine
    from radfeat.pipeline.analysis import stratify as run

    folder = ResultsFolder(results)
    with _arms_read(folder, inputs, "stratify", endpoint, arm):
        machine = Machine(workers, memory_mb or read_memory_mb())
        feasibility = run(folder, endpoint, arm, machine).feasibility
    for sentence in feasibility["sentence"].to_pylist():
        click.echo(sentence)


@click.command(epilog="\b\nExample:\n  radfeat contrast --results my-study/results --endpoint os")
@results_option
@click.option("--endpoint", required=True, help="Endpoint, as named in the settings.")
@model_workers_option
@memory_option
@inputs_option
def contrast(results: Path, endpoint: str, workers: int, memory_mb: int | None, inputs: str | None) -> None:
    """Test the treatment-by-biomarker interactions of one endpoint."""
    from radfeat.modelling.memory import Machine
    from radfeat.pipeline.analysis import contrast as run

    folder = ResultsFolder(results)
    with _arms_read(folder, inputs, "contrast", endpoint):
        table = run(folder, endpoint, Machine(workers, memory_mb or read_memory_mb()))
    tested = table.num_rows - table["p"].null_count
    claimed = sum(table["claim"].to_pylist())
    click.echo(f"{tested} of {table.num_rows} interactions tested, {claimed} claimed")


@click.command(epilog="\b\nExample:\n  radfeat assemble --results my-study/results")
@results_option
@inputs_option
def assemble(results: Path, inputs: str | None) -> None:
    """Join the tables of all endpoints and arms, and describe them."""
    from radfeat.pipeline.unblinded import assemble as run

    folder = ResultsFolder(results)
    with _analysis_inputs_held(folder, inputs):
        run(folder)
