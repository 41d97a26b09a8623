"""How far this installation conforms to IBSI-1, counted from the table."""

from dataclasses import dataclass

from radfeat.core.vocabulary import Agreement, Configuration, PhantomSource
from radfeat.report.inputs import Rows
from radfeat.report.wording import choose_verb, count_of, format_count, join_words

_SOURCES = {
    PhantomSource.CODE: "radfeat's own copy",
    PhantomSource.NIFTI: "NIfTI",
    PhantomSource.DICOM: "DICOM and structure set",
}


@dataclass(frozen=True, slots=True)
class ConformanceLine:
    """The reference values of one configuration, read from one source."""

    configuration: str
    source: str
    compared: int
    agreeing: int


@dataclass(frozen=True, slots=True)
class ConformanceSummary:
    """All lines, the totals, and the configurations that were not run."""

    lines: tuple[ConformanceLine, ...]
    missing: tuple[str, ...]

    @property
    def compared(self) -> int:
        """How many reference values were held against a measured value."""
        return sum(line.compared for line in self.lines)

    @property
    def agreeing(self) -> int:
        """How many of them agree."""
        return sum(line.agreeing for line in self.lines)

    @property
    def sentence(self) -> str:
        """What the lines amount to."""
        failing = self.compared - self.agreeing
        done = "all" if not failing else format_count(self.agreeing)
        head = (
            f"Of {count_of(self.compared, 'value')} that this installation measures on IBSI's phantoms by "
            f"the recipe ibsi, {done} {choose_verb(self.agreeing, 'agrees', 'agree')} with the reference "
            "values of IBSI-1"
        )
        if failing:
            head += f" and {format_count(failing)} {choose_verb(failing, 'does', 'do')} not"
        if not self.missing:
            return f"{head}."
        return f"{head}. Not measured, for want of the CT phantom: {join_words(self.missing)}."


def build_conformance(rows: Rows) -> ConformanceSummary | None:
    """Count the table by configuration and source; None where the installation was not measured."""
    if not rows:
        return None
    lines = [_build_line(rows, c, s) for c in Configuration for s in PhantomSource]
    kept = tuple(line for line in lines if line.compared)
    done = {line.configuration for line in kept}
    names = [_name(c) for c in Configuration]
    return ConformanceSummary(kept, tuple(name for name in names if name not in done))


def _build_line(rows: Rows, configuration: Configuration, source: PhantomSource) -> ConformanceLine:
    own = [r for r in rows if (r["configuration"], r["source"]) == (configuration.value, source.value)]
    agreeing = sum(row["agreement"] == Agreement.AGREES.value for row in own)
    return ConformanceLine(_name(configuration), _SOURCES[source], len(own), agreeing)


def _name(configuration: Configuration) -> str:
    if configuration is Configuration.DIGITAL:
        return "digital phantom"
    return f"configuration {configuration.value}"
