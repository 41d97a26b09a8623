"""The fragment on radiomics for a reviewer's guide (as the ADRG), in Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radfeat.submission.bds import Category, Missing, Parameter
from radfeat.submission.dataset import Dataset
from radfeat.submission.define import DEFINE_FILE, PARAMETERS_FILE

GUIDE_FILE = "reviewers-guide.md"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Where the values come from; ``digests`` are those of the tables that were read, by name."""

    study: str
    version: str
    run_id: str
    recipe: str
    standing: str
    lock_digest: str
    lock_sentence: str
    digests: Mapping[str, str]


CATEGORY_SENTENCES = {
    Category.SCORE: (
        "Linear predictor of the signature, standardised by the training fold; higher means more risk (of "
        "a continuous endpoint: a higher value). One row per repeat of the cross-validation, always from a "
        "model that was fitted without the subject. Repeats are not averaged: a mean of scores of different "
        "models is not a score of any of them."
    ),
    Category.STRATUM: (
        "LOW or HIGH by the majority of the repeats, each by the cut of its training fold; a draw goes to "
        "the first repeat that has a stratum. AVAL is 0 or 1."
    ),
    Category.FEATURE: (
        "Predictor as it enters the models, before transformation, imputation and batch correction (which "
        "happen within each training fold). Included are the predictors with a coefficient in the model of a "
        "whole arm, and the candidates that the settings named before."
    ),
}
MISSING_SENTENCES = {
    Missing.NO_MODEL: "the training fold has no model, or it cannot score the subject",
    Missing.NO_STRATUM: "no repeat gave the subject a stratum",
    Missing.UNDEFINED: "the feature is not defined for the region, at one visit at least",
    Missing.ZERO_BASE: "the change is relative to a value of zero",
    Missing.NOT_POSITIVE: "the logarithm of a value that is not positive is asked",
    Missing.NO_INTERVAL: "the study day of an image is not known",
}
_CHOICES = """\
- Only the columns of the BDS that apply are there. There is no ADSL; population flags, baseline and
  covariates stay in the sponsor's own data sets, to be joined by USUBJID.
- USUBJID is STUDYID, a hyphen and SUBJID. Compare it with the USUBJID of the other data sets before use.
- TRTP is the arm of the clinical sheet. Whether that is the planned or the actual treatment, the sheet does
  not say.
- ENDPT, MODARM, MISSREAS, ROIID, CVREP and CVFOLD are additions to the BDS.
- Dates in the files are those given with `--created`, or 1 January 1960: radfeat writes no clock time into
  results.
- Numbers are doubles. XPT holds them exactly between 5.4e-79 and 7.2e75; what lies outside was refused, and
  nothing was rounded.
"""


def render_guide(
    facts: RunFacts,
    dataset: Dataset,
    parameters: Sequence[Parameter],
    missing: Mapping[tuple[Category, Missing], int],
) -> str:
    """The fragment; the same arguments give the same text."""
    parts = [
        f"# Radiomics: data set {dataset.name}\n",
        _describe_origin(facts),
        _describe_content(dataset, parameters),
        _describe_missing(missing),
        "## Choices that a reviewer should know\n\n" + _CHOICES,
        _describe_traces(facts),
    ]
    return "\n".join(parts)


def _describe_origin(facts: RunFacts) -> str:
    caution, why = "", "It is the one that was locked before the arms were first read."
    if facts.standing != "confirmatory":
        why = facts.lock_sentence
        caution = "\n**Exploratory.** No value of this data set may support a confirmatory claim.\n"
    return (
        f"{facts.study}. Written by radfeat {facts.version} from run `{facts.run_id}`, "
        f"recipe `{facts.recipe}`.\n"
        f"{caution}\n"
        f"Standing of the analysis: {facts.standing}. {why}\n"
        f"Digest of the locked analysis: `{facts.lock_digest}`.\n"
    )


def _describe_content(dataset: Dataset, parameters: Sequence[Parameter]) -> str:
    place = [v.name for v in dataset.variables].index("USUBJID")
    subjects = len(set(dataset.column(place)))
    lines = [
        "## What is in it\n",
        f"{len(dataset.rows)} rows of {subjects} subjects; unique by {', '.join(dataset.key)}. "
        f"`{DEFINE_FILE}` describes each variable, `{PARAMETERS_FILE}` each parameter.\n",
        "| PARCAT1 | Parameters | What it is |",
        "|---|---|---|",
    ]
    for category in Category:
        own = sum(p.category is category for p in parameters)
        lines.append(f"| {category.value} | {own} | {CATEGORY_SENTENCES[category]} |")
    return "\n".join(lines) + "\n"


def _describe_missing(missing: Mapping[tuple[Category, Missing], int]) -> str:
    if not missing:
        return (
            "## Missing values\n\nNo analysis value is missing. Subjects without a row entered no analysis.\n"
        )
    lines = [
        "## Missing values\n",
        "A missing AVAL has its reason in MISSREAS; nothing was imputed here. Subjects without a row entered "
        "no analysis.\n",
        "| PARCAT1 | MISSREAS | Rows | Meaning |",
        "|---|---|---|---|",
    ]
    for (category, reason), count in sorted(missing.items()):
        lines.append(f"| {category.value} | {reason.value} | {count} | {MISSING_SENTENCES[reason]} |")
    return "\n".join(lines) + "\n"


def _describe_traces(facts: RunFacts) -> str:
    lines = [
        "## Traceability\n",
        "Tables that the values were read from, with their logical digests (docs/tables.md of radfeat):\n",
        "| Table | Logical digest |",
        "|---|---|",
        *(f"| {name} | `{digest}` |" for name, digest in sorted(facts.digests.items())),
        "",
        "After writing, both files were read back and compared, value by value, with what was to be written.",
    ]
    return "\n".join(lines) + "\n"
