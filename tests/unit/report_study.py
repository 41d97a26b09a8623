"""A made-up study written as valid tables, for the tests of the report: sites, arms, endpoints, failures."""

import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from radfeat.report.context import RecipeLine, ReportContext
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import TABLES

Row = dict[str, object]

FAMILIES = {
    "shape": ("MeshVolume", "Sphericity"),
    "firstorder": ("Mean", "Entropy", "Energy"),
    "glcm": ("Contrast", "JointEnergy"),
    "glrlm": ("RunEntropy",),
    "glszm": ("ZoneVariance",),
    "ngtdm": ("Busyness",),
}
IMAGES = ("original", "log-sigma-2-0-mm-3D", "wavelet-HHL")
TYPES = {"original": "original", "log-sigma-2-0-mm-3D": "LoG", "wavelet-HHL": "wavelet"}
FAILURES = ("GEOMETRY", "ROI_EMPTY", "UNREADABLE", "ROI_TOO_SMALL", "ROI_NOT_FOUND")


@dataclass(frozen=True)
class StudyPlan:
    """What the made-up study is like; ``infeasible`` are pairs of endpoint and arm."""

    subjects: int = 60
    sites: tuple[str, ...] = ("S01", "S02", "S03")
    arms: tuple[str, ...] = ("control", "drug A")
    endpoints: tuple[str, ...] = ("os", "response")
    failed: int = 5
    warned: int = 6
    lesions: int = 1
    features: bool = True
    previews: bool = True
    infeasible: frozenset[tuple[str, str]] = frozenset()
    claimed: bool = True
    screened: int = 0
    subject_prefix: str = "P"
    repeats: int = 10
    permutations: int = 19
    title: str = "SIM-1, a trial of two arms"
    modalities: tuple[str, ...] = ("CT",)  # of the sites in turn
    acquisition: str = "protocol"  # "headers": no rule; "spacings": not even headers
    conformance: Mapping[str, int] = field(
        default_factory=lambda: {"digital": 0}
    )  # failing, by configuration
    sources: tuple[str, ...] = ()  # of repeats
    unrepeatable: int | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)

    @property
    def binary(self) -> tuple[str, ...]:
        return tuple(e for e in self.endpoints if e.startswith("resp"))


@dataclass(frozen=True)
class Subject:
    name: str
    site: str
    arm: str
    failure: str | None
    x: float


def list_features() -> list[tuple[str, str, str, str]]:
    """Feature, image, family, name."""
    return [
        (f"{image}_{family}_{name}", image, family, name)
        for image in IMAGES
        for family, names in FAMILIES.items()
        for name in names
        if image == "original" or family != "shape"
    ]


def list_subjects(plan: StudyPlan) -> list[Subject]:
    rng = np.random.default_rng(7)
    found = []
    for i in range(plan.subjects):
        failure = FAILURES[i % len(FAILURES)] if i < plan.failed else None
        found.append(
            Subject(
                f"{plan.subject_prefix}{i:03d}",
                plan.sites[i % len(plan.sites)],
                plan.arms[(i // len(plan.sites)) % len(plan.arms)],
                failure,
                float(rng.normal()),
            )
        )
    return found


def write_study(folder: Path, plan: StudyPlan, *, analysed: bool = True) -> ReportContext:
    """Write the tables and pictures below ``folder/blinded`` and ``folder/unblinded``."""
    subjects = list_subjects(plan)
    tables = build_blinded(plan, subjects)
    if plan.previews:
        _write_previews(folder / "blinded" / "previews", tables["rois"])
    names = [f[0] for f in list_features()] if plan.features else []
    for name, rows in tables.items():
        _write(folder / "blinded", name, rows, names if name == "features" else ())
    if plan.conformance:
        _write(folder / "blinded" / "conformance", "conformance", build_conformance_rows(plan))
    links = [f"blinded/{name}.parquet" for name in tables]
    if analysed:
        for name, rows in build_unblinded(plan, subjects).items():
            _write(folder / "unblinded", name, rows)
            links.append(f"unblinded/{name}.parquet")
    return build_context(plan, links, analysed=analysed)


def build_context(plan: StudyPlan, links: Sequence[str], *, analysed: bool = True) -> ReportContext:
    settings: Row = {"study": plan.title, "images": "images.csv", "prepare": {"recipe": "pyradiomics"}}
    if analysed:
        settings["modelling"] = {
            "endpoints": [
                {"name": e, "kind": "binary" if e in plan.binary else "time_to_event", "time_unit": "days"}
                for e in plan.endpoints
            ],
            "arms": list(plan.arms),
            "folds": 5,
            "repeats": plan.repeats,
            "permutations": plan.permutations,
            "level": 0.95,
            "alpha": 0.05,
        }
    values = {
        "study": plan.title,
        "version": "0.1.0",
        "run_id": "0f3c9a1be2d47c55",
        "settings_digest": "3b7e" * 16,
        "recipe": "pyradiomics",
        "engine": "pyradiomics",
        "settings_yaml": yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        "tables": tuple(links),
        "other_recipe": "ibsi",
        "recipes": (
            RecipeLine("prepare.interpolator", "bspline", "linear", True),
            RecipeLine("New grid", "shares the corner", "shares the centre", False),
        ),
        "conformance_href": "blinded/conformance/conformance.html"
        if analysed
        else "conformance/conformance.html",
    } | dict(plan.overrides)
    return ReportContext(**values)


def build_conformance_rows(plan: StudyPlan) -> list[Row]:
    """Ten reference values per configuration, of which the first so many are out of tolerance."""
    return [
        {
            "configuration": configuration,
            "source": "code" if configuration == "digital" else "nifti",
            "feature": f"original_firstorder_F{number}",
            "aggregation": "none",
            "family": "statistics",
            "ibsi_name": f"Feature {number}",
            "ibsi_code": f"F00{number}",
            "value": 1.0,
            "reference": 1.0,
            "tolerance": 0.1,
            "consensus": "strong",
            "agreement": "out_of_tolerance" if number < failing else "agrees",
        }
        for configuration, failing in plan.conformance.items()
        for number in range(10)
    ]


def build_blinded(plan: StudyPlan, subjects: Sequence[Subject]) -> dict[str, list[Row]]:
    rois = [row for s in subjects for row in _roi_rows(plan, s)]
    series = [_series_row(plan, s) for s in subjects]
    features = [_feature_row(plan, row, s) for s in subjects for row in rois if row["subject_id"] == s.name]
    catalogue = [_catalogue_row(*f) for f in list_features()] if plan.features else []
    return {
        "series": series,
        "rois": rois,
        "features": features,
        "feature_catalogue": catalogue,
        "acquisition": [row for s in subjects for row in _acquisition_rows(plan, s)],
        "findings": _finding_rows(plan, rois),
        "repeatability": [row for source in plan.sources for row in _repeat_rows(source)],
        "perturbed_features": [],
    }


def _case(s: Subject) -> Row:
    return {
        "case_id": f"SIM/{s.site}/{s.name}/baseline/CT",
        "study_id": "SIM",
        "site_id": s.site,
        "subject_id": s.name,
        "timepoint": "baseline",
        "image_id": "CT",
    }


def _modality_of(plan: StudyPlan, s: Subject) -> str:
    return plan.modalities[plan.sites.index(s.site) % len(plan.modalities)]


def _series_row(plan: StudyPlan, s: Subject) -> Row:
    failed = s.failure == "UNREADABLE"
    return {
        **_case(s),
        "modality": _modality_of(plan, s),
        "status": "FAILED" if failed else "OK",
        "reason": s.failure if failed else None,
    }


def _acquisition_rows(plan: StudyPlan, s: Subject) -> list[Row]:
    """Of sites in turn: thick slices at some, an odd kernel at others, an exposure that few headers tell."""
    number, place = int(s.name[len(plan.subject_prefix) :]), plan.sites.index(s.site)
    told = s.failure != "UNREADABLE"
    software = "1.0" if number % 4 else "1.1"
    values: dict[str, tuple[object, str | None, str | None]] = {
        "model": (f"MODEL {place % 3}", None, None),
        "software": (software, None, None),
        "slice_spacing": (5.0 if place % 3 == 1 and number % 2 else 3.0, "mm", "at most 3 mm"),
        "kvp": (120.0 if number % 5 else None, "kV", "120 within 1 kV"),
        "kernel": ("B70F" if place % 4 == 2 and number % 3 == 0 else "B30F", None, "B30f or STANDARD"),
    }
    kept = {"slice_spacing"} if plan.acquisition == "spacings" else set(values)
    rows = []
    for parameter, (value, unit, rule) in values.items():
        allowed = rule if plan.acquisition == "protocol" else None
        known = value if told else None
        if parameter in kept and (known is not None or allowed):
            row = {
                **_case(s),
                "modality": _modality_of(plan, s),
                "parameter": parameter,
                "unit": unit,
                "allowed": allowed,
            }
            row |= {"scanner": f"MAKER MODEL {place % 3}" if told and len(kept) > 1 else None}
            row |= {"number": known if unit else None, "text": None if unit else known}
            rows.append(row | {"required": parameter == "slice_spacing" and allowed is not None})
            rows[-1]["verdict"] = "not_specified" if allowed is None else VERDICTS.get(known, "unknown")
    return rows


VERDICTS = {3.0: "conform", 5.0: "deviate", 120.0: "conform", "B30F": "conform", "B70F": "deviate"}


def _roi_rows(plan: StudyPlan, s: Subject) -> list[Row]:
    rows = []
    for lesion in range(1, plan.lesions + 1):
        case = _case(s)
        lesion_id = str(lesion) if plan.lesions > 1 else None
        roi_id = f"{case['case_id']}/GTV" + (f"/{lesion_id}" if lesion_id else "")
        drawn = s.failure in (None, "ROI_TOO_SMALL")
        volume = float(1000 * math.exp(2 + 0.7 * s.x))
        row: Row = {
            "roi_id": roi_id,
            **case,
            "roi": "GTV",
            "lesion_id": lesion_id,
            "role": "GTV",
            "reader_id": "R1",
            "status": "FAILED" if s.failure else "OK",
            "reason": s.failure,
            "sentence": f"{roi_id}: {SENTENCES[s.failure]}" if s.failure else None,
            "voxels": round(volume) if drawn else None,
            "volume_mm3": volume if drawn else None,
            "preview": f"{zlib.crc32(roi_id.encode()):08x}.png" if plan.previews and drawn else None,
        }
        rows.append(row)
    return rows


SENTENCES = {
    "GEOMETRY": "mask spacing 0.98 mm, image 1 mm (found 0.98 mm, allowed 1 mm). Resample the mask.",
    "ROI_EMPTY": "the ROI holds no voxel as drawn (found 0 voxels, allowed 2 or more). Check the mask.",
    "UNREADABLE": "the image cannot be read (found 'file ends early'). Copy the file again.",
    "ROI_TOO_SMALL": "the ROI is a single voxel as drawn (found 1 voxel, allowed 2 or more). Leave it out.",
    "ROI_NOT_FOUND": "the mask has no label 3 (found 1, 2, allowed 3). Correct the label in the sheet.",
}


def _feature_row(plan: StudyPlan, roi: Row, s: Subject) -> Row:
    keys = (
        "roi_id",
        "case_id",
        "study_id",
        "site_id",
        "subject_id",
        "timepoint",
        "image_id",
        "roi",
        "lesion_id",
    )
    row: Row = {**{k: roi[k] for k in keys}, "status": roi["status"], "reason": roi["reason"]}
    if s.failure or not plan.features:
        return row
    rng = np.random.default_rng(zlib.crc32(str(roi["roi_id"]).encode()))
    shift = plan.sites.index(s.site)
    for number, (feature, image, family, _) in enumerate(list_features()):
        noise = float(rng.normal())
        effect = 0.0 if family == "shape" else shift * (0.9 if image.startswith("wavelet") else 0.25)
        value = s.x + 0.8 * noise + effect
        if family in ("shape", "glszm"):
            row[feature] = float(math.exp(6 + 1.4 * value))
        else:
            row[feature] = 40 + 9 * value if number % 2 else 0.3 + 0.04 * value
    return row


def _catalogue_row(feature: str, image: str, family: str, name: str) -> Row:
    code = f"{zlib.crc32(feature.encode()):08x}".upper()
    return {
        "feature": feature,
        "code": f"R{code[1:]}",
        "image_type": TYPES[image],
        "image_parameters": "{}",
        "family": family,
        "name": name,
        "ibsi_code": None if name == "Busyness" else "ABCD",
        "unit": "mm3" if name == "MeshVolume" else "1",
        "ibsi_deviation": "Counts bins from one." if name == "Entropy" else None,
        "description": f"The {name} of {family}.",
    }


def _repeat_rows(source: str) -> list[Row]:
    """Lower limits 0.95, 0.8, 0.5 in turn; each tenth feature without an estimate."""
    rows: list[Row] = []
    for number, (feature, *_) in enumerate(sorted(list_features())):
        row: Row = {"source": source, "image_id": "CT", "region": "GTV", "feature": feature}
        row |= {"targets": 20, "complete": 19, "subjects": 18, "repeats": 2, "missing": 1, "balanced": False}
        row |= {"degrees": 19, "cv_method": "root_mean_square", "level": 0.95, "within_cv": 0.1}
        if number % 10 == 9:
            row["note"] = "all values are the same"
        else:
            for form in ("icc_1_1", "icc_2_1", "icc_3_1"):
                row |= {form: 0.97, f"{form}_lo": (0.95, 0.8, 0.5)[number % 3], f"{form}_hi": 0.99}
        rows.append(row)
    return rows


def _finding_rows(plan: StudyPlan, rois: Sequence[Row]) -> list[Row]:
    rows: list[Row] = []
    for roi in rois:
        if roi["status"] == "FAILED":
            check = f"failed.{str(roi['reason']).lower()}"
            rows.append(_finding(roi["roi_id"], check, roi["site_id"], "ERROR", str(roi["sentence"])))
    measured = [roi for roi in rois if roi["status"] == "OK"]
    for i, roi in enumerate(measured[: plan.warned]):
        check = ("mask.components", "mask.at_border", "image.slices_thick")[i % 3]
        key = roi["case_id"] if check.startswith("image") else roi["roi_id"]
        rows.append(_finding(key, check, roi["site_id"], "WARNING", f"{key}: 2 pieces where 1 was expected."))
    for roi in measured[: 3 * plan.warned : 2]:
        rows.append(_finding(roi["roi_id"], "feature.flat", roi["site_id"], "INFO", "Few grey levels."))
    if plan.warned:
        rows.append(_finding("SIM", "cohort.spacing", "", "WARNING", "Voxel spacing differs between sites."))
    return rows


def _finding(key: object, check: str, site: object, severity: str, sentence: str) -> Row:
    return {
        "key": key,
        "check": check,
        "ordinal": 1,
        "site_id": site,
        "severity": severity,
        "measured": 2.0,
        "limit": 1.0,
        "unit": "count",
        "sentence": sentence,
    }


def build_unblinded(plan: StudyPlan, subjects: Sequence[Subject]) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {
        name: []
        for name in (
            "feasibility",
            "predictions",
            "performance",
            "coefficients",
            "selection",
            "survival_curves",
            "cumulative_incidence",
            "restricted_means",
            "calibration",
            "decision_curves",
            "analyses",
        )
    }
    tables["subjects"] = [_subject_row(s) for s in subjects]
    tables["subjects"].append(
        {
            "subject_id": "zz-without-image",
            "arm": plan.arms[0],
            "has_image": False,
            "has_features": False,
            "excluded": "no image in the image sheet",
        }
    )
    entering = [s for s in subjects if s.failure is None]
    for endpoint in plan.endpoints:
        for arm in plan.arms:
            for name, rows in _analyse(plan, endpoint, arm, entering).items():
                tables[name] += rows
    tables["interactions"] = _interaction_rows(plan, entering)
    tables["analyses"] = [
        {"endpoint": e, "kind": kind, "planned": len(plan.arms), "run": run, "sentence": "What is counted."}
        for e in plan.endpoints
        for kind, run in (("models", 2), ("comparators", 6), ("interactions_score", 2), ("metrics", 40))
    ]
    return tables


def _subject_row(s: Subject) -> Row:
    return {
        "subject_id": s.name,
        "arm": s.arm,
        "site_id": s.site,
        "roi_id": None if s.failure else f"SIM/{s.site}/{s.name}/baseline/CT/GTV",
        "has_image": True,
        "has_features": s.failure is None,
        "excluded": f"no features: {s.failure}" if s.failure else None,
    }


def outcome_of(s: Subject) -> tuple[float, bool]:
    """Time in days, and event; earlier with greater x."""
    rng = np.random.default_rng(zlib.crc32(s.name.encode()) + 1)
    time = float(math.ceil(rng.exponential(500) * math.exp(-0.8 * s.x)))
    return min(time, 1400.0), time < 1400 and bool(rng.uniform() < 0.85)


def _analyse(plan: StudyPlan, endpoint: str, arm: str, entering: Sequence[Subject]) -> dict[str, list[Row]]:
    own = [s for s in entering if s.arm == arm]
    events = sum(outcome_of(s)[1] for s in own)
    feasible = (endpoint, arm) not in plan.infeasible
    binary = endpoint in plan.binary
    key = {"endpoint": endpoint, "arm": arm}
    sentence = (
        f"{arm}: {events} events in {len(own)} subjects: a model of 26 predictors is fitted."
        if feasible
        else f"{arm}: {events} events in {len(own)} subjects, but 30 events are needed; the arm is "
        "described, and no model is fitted."
    )
    verdict: Row = {
        **key,
        "n": len(own),
        "events": events,
        "non_events": len(own) - events,
        "sites": len(plan.sites),
        "predictors": 26,
        "unrepeatable": plan.unrepeatable,
        "min_events": 30,
        "feasible": feasible,
        "sentence": sentence,
        "riley_n": 4286,
        "riley_predictors": 1,
        "riley_sentence": "By Riley's criteria a model of 26 predictor parameters asks for 4286 subjects.",
    }
    metric = "auc" if binary else "harrell_c"
    numbers = {**key, "n": len(own), "events": events}
    tables: dict[str, list[Row]] = {"feasibility": [verdict]}
    if not feasible:
        tables["performance"] = [{**numbers, "model": "radiomics", "metric": metric, "method": sentence}]
        strata = {s.name: None for s in own}
        tables["survival_curves"] = [] if binary else curve_rows(endpoint, arm, own, strata)
        tables["restricted_means"] = [] if binary else mean_rows(plan, endpoint, arm, own, ("all",))
        return tables
    shift = plan.arms.index(arm) * 0.05 + (0.03 if binary else 0.0)
    for model, value in (("radiomics", 0.68), ("clinical", 0.57), ("volume", 0.61), ("permuted", 0.502)):
        estimate = value + (shift if model != "permuted" else 0)
        row = {**numbers, "model": model, "metric": metric, "estimate": estimate, "level": 0.95}
        row |= {"lo": estimate - 0.1, "hi": min(estimate + 0.09, 1.0), "method": "Out-of-fold scores."}
        tables.setdefault("performance", []).append(row)
    ratio = "odds_ratio_high_low" if binary else "hazard_ratio_high_low"
    further = [
        (ratio, 2.4137, 1.2, 4.9),
        ("permutation_p", 0.05, None, None),
        ("folds_empty", 4.0, None, None),
        ("jaccard_clusters", 0.41, None, None),
        ("jaccard_features", 0.3, None, None),
    ]
    if not binary:
        further += [("logrank_chi2", 6.91, None, None), ("logrank_p", 0.00857, None, None)]
    for name, value, lo, hi in further:
        row = {**numbers, "model": "radiomics", "metric": name, "estimate": value, "lo": lo, "hi": hi}
        tables["performance"].append(
            {**row, "level": 0.95 if lo else None, "method": f"How {name} was found."}
        )
    tables["performance"] += _risk_metric_rows(numbers, binary)
    tables["calibration"] = _calibration_rows(endpoint, arm, binary)
    tables["decision_curves"] = _decision_rows(endpoint, arm, binary)
    if not binary:
        tables["restricted_means"] = mean_rows(plan, endpoint, arm, entering, ("all", "low", "high"))
    strata = {s.name: "high" if s.x > 0 else "low" for s in entering}
    tables["predictions"] = _prediction_rows(plan, endpoint, arm, entering, strata)
    tables["survival_curves"] = [] if binary else curve_rows(endpoint, arm, entering, strata)
    names = [f[0] for f in list_features()]
    tables["coefficients"] = [
        {**key, "feature": n, "coefficient": c, "centre": 0.1, "scale": 1.1, "cluster": i + 1}
        for i, (n, c) in enumerate(zip(names[3:9], (0.41, -0.333, 0.21, -0.0817, 0.05, 0.0123), strict=True))
    ]
    tables["selection"] = [
        {
            **{**key, "feature": n, "fits": 50, "selected": k, "frequency": k / 50},
            **{"mean_coefficient": k / 170, "cluster": i + 1, "cluster_frequency": k / 50},
        }
        for i, n, k in ((i, n, max(0, 50 - 3 * i)) for i, n in enumerate(names))
    ]
    return tables


HORIZON = 365.0


def _risk_metric_rows(numbers: Row, binary: bool) -> list[Row]:
    """Estimates of every risk metric for three models; what has no horizon is known by its name."""
    horizon = None if binary else HORIZON
    names = {
        **({"brier": None} if binary else {"brier_at_365": horizon, "integrated_brier": horizon}),
        **(
            {"observed_to_expected": None, "calibration_intercept": None}
            if binary
            else {"observed_to_expected_at_365": horizon, "auc_at_365": horizon, "uno_c": horizon}
        ),
        "calibration_slope": None,
    }
    rows: list[Row] = []
    for place, model in enumerate(("radiomics", "volume", "marginal")):
        for name, at in names.items():
            if model == "marginal" and "brier" not in name:
                continue
            value = 0.1634 + 0.02 * place if "brier" in name else 0.718 - 0.05 * place
            row = {**numbers, "model": model, "metric": name, "horizon": at, "estimate": value, "level": 0.95}
            rows.append({**row, "lo": value - 0.06, "hi": value + 0.07, "method": f"How {name} was found."})
    return rows


def _calibration_rows(endpoint: str, arm: str, binary: bool) -> list[Row]:
    key = {"endpoint": endpoint, "arm": arm, "model": "radiomics", "horizon": 0.0 if binary else HORIZON}
    rows: list[Row] = []
    for group in range(1, 6):
        observed = min(0.03 + 0.19 * group, 0.98)
        row = {**key, "group": group, "n": 5, "events": group - 1, "predicted": 0.17 * group + 0.02}
        known = {
            "observed": observed,
            "lo": max(observed - 0.25, 0),
            "hi": min(observed + 0.2, 1),
            "level": 0.95,
        }
        rows.append(row | (known if group < 5 or binary else {}))
    return rows


def _decision_rows(endpoint: str, arm: str, binary: bool) -> list[Row]:
    key = {"endpoint": endpoint, "arm": arm, "horizon": 0.0 if binary else HORIZON, "n": 25}
    rows: list[Row] = []
    for model, gain in (("radiomics", 0.12), ("volume", 0.06)):
        for k in range(1, 100):
            t = k / 100
            everyone = 0.5 - 0.5 * t / (1 - t)
            helped = max(everyone, 0.0) + gain * math.sin(math.pi * t) if k < 80 else 0.0
            row = {**key, "model": model, "threshold": t, "treated": 100 - k}
            rows.append({**row, "net_benefit": helped, "net_benefit_all": everyone})
    return rows


def mean_rows(
    plan: StudyPlan, endpoint: str, model_arm: str, subjects: Sequence[Subject], strata: Sequence[str]
) -> list[Row]:
    """Restricted means that are no more than plausible."""
    rows: list[Row] = []
    for arm in plan.arms:
        members = [s for s in subjects if s.arm == arm]
        for place, stratum in enumerate(strata):
            if members:
                mean = 260.0 + 31.3 * place + 8 * plan.arms.index(arm)
                row: Row = {"endpoint": endpoint, "model_arm": model_arm, "arm": arm, "stratum": stratum}
                row |= {"horizon": HORIZON, "n": len(members), "events": len(members) // 2, "level": 0.95}
                row |= {"rmst": mean, "rmst_lo": mean - 40, "rmst_hi": mean + 40}
                if stratum == "high":
                    row |= {"high_minus_low": 31.3, "high_minus_low_lo": -20.0, "high_minus_low_hi": 82.6}
                rows.append(row)
    return rows


def _prediction_rows(
    plan: StudyPlan, endpoint: str, arm: str, entering: Sequence[Subject], strata: Mapping[str, str]
) -> list[Row]:
    return [
        {
            "endpoint": endpoint,
            "model_arm": arm,
            "subject_id": s.name,
            "repeat": repeat,
            "arm": s.arm,
            "site_id": s.site,
            "fold": 1,
            "score": s.x,
            "stratum": strata[s.name],
            "time": None if endpoint in plan.binary else outcome_of(s)[0],
            "event": outcome_of(s)[1],
        }
        for s in entering
        for repeat in (1, 2)
    ]


def curve_rows(
    endpoint: str, model_arm: str, subjects: Sequence[Subject], strata: Mapping[str, str | None]
) -> list[Row]:
    """Kaplan-Meier with log-log Greenwood limits, by arm and stratum."""
    rows: list[Row] = []
    for arm in sorted({s.arm for s in subjects}):
        members = [s for s in subjects if s.arm == arm]
        for stratum in ("all", "low", "high"):
            group = [outcome_of(s) for s in members if stratum in ("all", strata[s.name])]
            key = {"endpoint": endpoint, "model_arm": model_arm, "arm": arm, "stratum": stratum}
            rows += [key | point for point in _kaplan_meier(group)]
    return rows


def _kaplan_meier(group: Sequence[tuple[float, bool]]) -> list[Row]:
    survival, greenwood, rows = 1.0, 0.0, []
    for time in sorted({t for t, _ in group}):
        at_risk = sum(t >= time for t, _ in group)
        events = sum(t == time and e for t, e in group)
        censored = sum(t == time and not e for t, e in group)
        survival *= 1 - events / at_risk
        greenwood += events / (at_risk * (at_risk - events)) if events < at_risk else 0.0
        lo: float | None = 1.0
        hi: float | None = 1.0
        if survival < 1:
            half = 1.96 * math.sqrt(greenwood) / math.log(survival) if survival > 0 else 0.0
            lo = survival ** math.exp(-half) if survival > 0 else None
            hi = survival ** math.exp(half) if survival > 0 else None
        rows.append(
            {
                "time": time,
                "at_risk": at_risk,
                "events": events,
                "censored": censored,
                "survival": survival,
                "lo": lo,
                "hi": hi,
            }
        )
    return rows


def _interaction_rows(plan: StudyPlan, entering: Sequence[Subject]) -> list[Row]:
    rows: list[Row] = []
    for endpoint in plan.endpoints:
        for experimental in plan.arms[1:]:
            both = [s for s in entering if s.arm in (plan.arms[0], experimental)]
            numbers = {"n": len(both), "events": sum(outcome_of(s)[1] for s in both)}
            key = {"endpoint": endpoint, "experimental_arm": experimental, "reference_arm": plan.arms[0]}
            for arm in (plan.arms[0], experimental):
                tested = (endpoint, arm) not in plan.infeasible
                row = {**key, "kind": "score", "biomarker": f"score:{arm}", **numbers}
                rows.append(_ratio_row(row, claim=False, tested=tested))
            candidate = {**key, "kind": "candidate", "biomarker": "original_glcm_Contrast", **numbers}
            claim = plan.claimed and endpoint == plan.endpoints[0]
            rows.append(_ratio_row(candidate, claim=claim, tested=True))
            for i in range(plan.screened):
                screen = {**key, "kind": "screen", "biomarker": f"original_glcm_F{i:03d}", **numbers}
                rows.append(_ratio_row(screen, claim=False, tested=True))
    return rows


def _ratio_row(row: Row, *, claim: bool, tested: bool) -> Row:
    words = "Claimed as predictive of the effect" if claim else "No claim: the rule for one is not met"
    measure = "odds_ratio" if str(row["endpoint"]).startswith("resp") else "hazard_ratio"
    common: Row = {**row, "measure": measure, "adjustment": "holm, family of 2", "claim": claim}
    common["standing"] = "confirmatory"
    if not tested:
        return {**common, "sentence": f"Not tested for {row['biomarker']}: its arm has no model."}
    ratio, lo, hi = (2.617, 1.31, 5.23) if claim else (0.912, 0.51, 1.63)
    return {
        **common,
        "hr_experimental": 1.91,
        "hr_experimental_lo": 1.21,
        "hr_experimental_hi": 3.0,
        "hr_reference": 0.73,
        "hr_reference_lo": 0.49,
        "hr_reference_hi": 1.09,
        "ratio": ratio,
        "ratio_lo": lo,
        "ratio_hi": hi,
        "level": 0.95,
        "lrt_chi2": 7.5,
        "p": 0.00616 if claim else 0.7421,
        "p_adjusted": 0.0123 if claim else 1.0,
        "sentence": f"{row['biomarker']}: ratio {ratio:.2f}. {words}.",
    }


def _write(folder: Path, name: str, rows: Sequence[Row], features: Sequence[str] = ()) -> None:
    table = build_table(TABLES[name], rows, features)
    path = folder / f"{name}.parquet"
    write_table(path, table, TABLES[name], settings_digest="3b7e" * 16, run_id="0f3c9a1be2d47c55")


def _write_previews(folder: Path, rois: Sequence[Row]) -> None:
    folder.mkdir(parents=True)
    for roi in rois:
        if roi["preview"]:
            picture = draw_preview(zlib.crc32(str(roi["roi_id"]).encode()) % 3)
            (folder / str(roi["preview"])).write_bytes(picture)


@lru_cache
def draw_preview(seed: int) -> bytes:
    """A small PNG: three grey planes with a bright ring."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:96, 0:96] - 48
    planes = []
    for stretch in (1.0, 1.4, 0.8):
        r = np.hypot(x, y * stretch)
        plane = np.clip(70 + 90 * (r < 24) + rng.normal(0, 8, r.shape), 0, 255)
        rgb = np.repeat(plane[:, :, None], 3, axis=2)
        rgb[np.abs(r - 24) < 1] = (255, 200, 0)
        planes.append(rgb)
    return encode_png(np.concatenate(planes, axis=1).astype(np.uint8))


def encode_png(rgb_yx: np.ndarray) -> bytes:
    height, width, _ = rgb_yx.shape
    raw = b"".join(b"\x00" + row.tobytes() for row in rgb_yx)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
