"""Prespecified candidates against what a study measures: a typo is found before any scan is read."""

import difflib

from radfeat.features.planned_images import plan_features
from radfeat.features.settings import FeatureSettings
from radfeat.modelling.deltas import split_predictor
from radfeat.modelling.settings import ModellingSettings


def require_measured(features: FeatureSettings, modelling: ModellingSettings) -> None:
    """Refuse a candidate that the settings do not measure; of a change, the feature that changes.

    Whether the models have it as a predictor (changes, images, visits) is known once there are tables.

    Raises
    ------
    ValueError
        If a candidate is not among the features; the sentence names the nearest one that is.
    """
    if not modelling.candidates:
        return
    measured = dict.fromkeys(plan_features(features))
    for candidate in modelling.candidates:
        _, name = split_predictor(candidate)
        if name not in measured:
            near = difflib.get_close_matches(name, measured, n=1, cutoff=0.6)
            hint = f": did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"modelling.candidates: {candidate} is none of the {len(measured)} features that these "
                f"settings measure{hint}"
            )
