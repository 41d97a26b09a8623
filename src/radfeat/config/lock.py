"""What the lock of an analysis holds: all that could be decided differently after a look at the arms."""

from radfeat.config.model import StudySettings, compute_extraction_digest, compute_modelling_digest, section
from radfeat.core.digest import compute_json_digest
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import RepeatSource
from radfeat.modelling.settings import ModellingSettings
from radfeat.qc.settings import GATE_LIMITS


def compute_lock_parts(settings: StudySettings) -> dict[str, str]:
    """Digest of each part of the analysis: predictors, who is excluded, the analysis itself, the code.

    The parts: ``modelling`` (the section of that name), ``columns`` (columns of the clinical sheet that it
    declares), ``extraction`` (ingest, prepare, features), ``qc`` (the checks that exclude an ROI; not the
    gate, which only stops a run) and ``radfeat`` (the version); and, where features are left out by their
    repeatability, ``repeats`` (repeatability, and perturb if that is the source). Neither sheet is read: new
    subjects and new outcomes are other data, not another analysis.
    """
    checks = {k: v for k, v in section(settings, "qc").items() if k not in GATE_LIMITS}
    return {
        "modelling": compute_modelling_digest(settings),
        "columns": compute_json_digest(list_clinical_columns(settings.modelling)),
        "extraction": compute_extraction_digest(settings),
        "qc": compute_json_digest(checks),
        "radfeat": VERSION,
        **_list_repeats(settings),
    }


def _list_repeats(settings: StudySettings) -> dict[str, str]:
    """What decides which features are repeatable; nothing where that decides nothing."""
    asked = settings.modelling.repeatability
    if asked is None:
        return {}
    names = ("repeatability", *(("perturb",) if asked.source is RepeatSource.PERTURBATION else ()))
    return {"repeats": compute_json_digest([section(settings, name) for name in names])}


def list_clinical_columns(settings: ModellingSettings) -> list[str]:
    """Columns of the clinical sheet that the analysis declares, in the order of the settings."""
    named = [column for endpoint in settings.endpoints for column in endpoint.columns]
    covariates = (c.column for c in settings.covariates)
    return ["subject_id", "arm", *named, *covariates, *settings.stratification]
