"""What was found, in three to five plain sentences whose numbers are those of the tables."""

from collections import Counter

from radfeat.core.vocabulary import Severity, Status
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import BlindedTables, Rows
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.contrasts import EndpointContrasts
from radfeat.report.summaries.models import EndpointModels
from radfeat.report.summaries.site_effects import SiteEffects
from radfeat.report.wording import (
    count_of,
    explain_reason,
    format_count,
    format_percent,
    join_words,
)

MOST_NAMED = 4
"""With more models than this, a sentence gives their range rather than each."""


def describe_measuring(tables: BlindedTables, effects: SiteEffects) -> str:
    """How many ROIs were measured, and how many not, with the reasons."""
    failed = [row for row in tables.rois if row["status"] == Status.FAILED.value]
    subjects = len({(r["study_id"], r["site_id"], r["subject_id"]) for r in tables.series})
    sites = len({(r["study_id"], r["site_id"]) for r in tables.series})
    measured = len(tables.rois) - len(failed)
    head = (
        f"{count_of(len(tables.rois), 'ROI')} on {count_of(len(tables.series), 'image')} of "
        f"{count_of(subjects, 'subject')} at {count_of(sites, 'site')}: "
        f"{format_count(measured)} measured"
        + (f", with {count_of(effects.features, 'feature')} each" if measured else "")
    )
    if not failed:
        return f"{head}; none failed."
    counts = Counter(explain_reason(row["reason"]) for row in failed)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    reasons = join_words(f"{n} {reason}" for reason, n in ordered)
    return f"{head}; {format_count(len(failed))} failed ({reasons})."


def describe_checks(tables: BlindedTables) -> str:
    """How many warnings the checks gave, and about how many images and ROIs."""
    warned = [row for row in tables.findings if row["severity"] == Severity.WARNING.value]
    if not warned:
        return "The checks gave no warning about what was measured."
    keys, sites = {row["key"] for row in warned}, {row["site_id"] for row in warned if row["site_id"]}
    about = count_of(len(keys), "image or ROI", "images or ROIs")
    return (
        f"The checks gave {count_of(len(warned), 'warning')} about {about} at {count_of(len(sites), 'site')}."
    )


def describe_sites(effects: SiteEffects, settings: ReportSettings) -> str:
    """How many features depend on site."""
    many = len(effects.strata) > 1
    if effects.share_above is None:
        where = " of one modality and name" if many else ""
        return f"Sites were not compared: there are not two with enough ROIs{where}."
    head = "Among ROIs of one modality and name, site" if many else "Site"
    return (
        f"{head} explains more than {format_percent(settings.site_effect_limit)} of the variance of the "
        f"ranks of {format_count(effects.above)} of {count_of(effects.tested, 'feature')} "
        f"({format_percent(effects.share_above)})."
    )


def describe_models(models: tuple[EndpointModels, ...], facts: AnalysisFacts) -> str:
    """How many models were fitted, and how many order the subjects better than if outcomes are permuted."""
    planned = sum(len(endpoint.arms) for endpoint in models)
    fitted = sum(endpoint.fitted for endpoint in models)
    if not fitted:
        return (
            f"No model could be fitted: {count_of(planned, 'was', 'were')} planned, one per endpoint and arm."
        )
    head = (
        f"{format_count(fitted)} of {count_of(planned, 'model')} (one per endpoint and arm) could be fitted"
    )
    known = [
        arm.permutation_p for endpoint in models for arm in endpoint.arms if arm.permutation_p is not None
    ]
    if not known:
        return f"{head}; whether they find more than chance would was not tested by permutation."
    if 1 / (facts.permutations + 1) > facts.alpha:
        times = count_of(facts.permutations, "permutation")
        return f"{head}; with {times} no permutation p can be as small as {facts.alpha:g}."
    small = sum(p <= facts.alpha for p in known)
    return (
        f"{head}; for {format_count(small)} of {format_count(len(known))} the permutation p, not adjusted, "
        f"is at most {facts.alpha:g}."
    )


def describe_analyses(analyses: Rows) -> str:
    """How many analyses were run, for who weighs how much may be chance."""
    run: Counter[str] = Counter()
    for row in analyses:
        kind = "interactions" if row["kind"].startswith("interactions_") else row["kind"]
        run[kind] += row["run"]
    endpoints = len({row["endpoint"] for row in analyses})
    parts = [
        count_of(run["models"], "radiomic model"),
        count_of(run["comparators"], "comparator"),
        *([count_of(run["interactions"], "interaction test")] if run["interactions"] else []),
        count_of(run["p_values"], "unadjusted p-value"),
    ]
    return (
        f"Analyses run, over {count_of(endpoints, 'endpoint')}: {join_words(parts)}, and "
        f"{count_of(run['metrics'], 'number')} of performance."
    )


def describe_contrasts(contrasts: tuple[EndpointContrasts, ...]) -> str:
    """What is claimed of treatment and score, and out of how many prespecified tests."""
    tests = sum(endpoint.prespecified for endpoint in contrasts)
    claims = [(endpoint, claim) for endpoint in contrasts for claim in endpoint.claims]
    if not tests and any(endpoint.of_scores for endpoint in contrasts):
        return (
            "No interaction with treatment can be claimed: no feature was prespecified, and for scores the "
            "arms were permuted too few times."
        )
    if not tests:
        return "No interaction with treatment was prespecified, so that none can be claimed."
    if not any(contrast.tested for e in contrasts for contrast in e.shown if contrast.can_be_claimed):
        return f"None of {count_of(tests, 'prespecified interaction')} with treatment could be tested."
    if not claims:
        what = count_of(tests, "prespecified interaction")
        return f"Of {what} with treatment, none meets the rule for a claim."
    if len(claims) > MOST_NAMED:
        return f"{format_count(len(claims))} of {format_count(tests)} prespecified interactions are claimed."
    words = join_words(
        f"{claim.biomarker} ({endpoint.endpoint}, {claim.experimental} against {claim.reference})"
        for endpoint, claim in claims
    )
    return (
        f"Of {count_of(tests, 'prespecified interaction')} with treatment, "
        f"{format_count(len(claims))} {'is' if len(claims) == 1 else 'are'} claimed: {words}."
    )
