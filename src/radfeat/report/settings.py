"""Settings of the report: how much of the tables the page shows. They alter no number."""

from pydantic import BaseModel, ConfigDict, Field


class ReportSettings(BaseModel):
    """What the page shows, and where it stops; whatever is left out is counted on the page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    montage_limit: int = Field(
        default=60,
        ge=0,
        le=5000,
        description=(
            "Most pictures of ROIs on the page, 0 to 5000: failed ones first, then those with warnings, then "
            "the others, site by site. Default 60: about what a reader looks through in one sitting."
        ),
    )
    montage_megabytes: float = Field(
        default=5.0,
        gt=0.0,
        le=200.0,
        description=(
            "Most megabytes (10^6 bytes, as embedded) that the pictures may add, above 0 to 200. Default 5: "
            "the page still passes by e-mail."
        ),
    )
    failures_listed: int = Field(
        default=50,
        ge=1,
        le=10_000,
        description=(
            "Most failed ROIs, and most warnings, listed with their sentences, 1 to 10000. Default 50: two "
            "printed pages; the tables `rois` and `findings` hold all."
        ),
    )
    sites_shown: int = Field(
        default=12,
        ge=2,
        le=60,
        description=(
            "Most sites with a column or row of their own, 2 to 60: those with the most ROIs; the others are "
            "shown together. Default 12: what fits a page across."
        ),
    )
    features_per_family: int = Field(
        default=1,
        ge=0,
        le=20,
        description=(
            "Features of each family drawn by site, 0 to 20: those that site explains most, so that the "
            "worst is seen. Default 1: one small panel per family."
        ),
    )
    points_shown: int = Field(
        default=120,
        ge=0,
        le=2000,
        description=(
            "Up to this many ROIs at a site each ROI is drawn as a point over the box, 0 to 2000; above it "
            "the box stands alone. Default 120: points that can still be told apart."
        ),
    )
    site_effect_limit: float = Field(
        default=0.14,
        gt=0.0,
        lt=1.0,
        description=(
            "A feature is counted as depending on site if site explains more than this share of the variance "
            "of its ranks, above 0 to below 1. Default 0.14: a large effect by Cohen's convention."
        ),
    )
    predictors_shown: int = Field(
        default=15,
        ge=1,
        le=500,
        description=(
            "Most predictors listed per endpoint and arm, 1 to 500: greatest coefficients first. Default 15: "
            "beyond that selection is mostly chance."
        ),
    )
    screened_shown: int = Field(
        default=20,
        ge=0,
        le=2000,
        description=(
            "Most screened features in the forest plot of an endpoint, 0 to 2000: least p first; scores and "
            "candidates are always shown. Default 20: a screen gives hypotheses, not a catalogue."
        ),
    )
