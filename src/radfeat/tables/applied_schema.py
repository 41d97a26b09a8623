"""The table that ``radfeat apply`` writes; it lies in no results folder."""

from radfeat.tables.columns import TableSchema, count, real, text

APPLIED_SCORES = TableSchema(
    "applied_scores",
    "1.0",
    "One row per subject of another run: the score by a model that was fitted before.",
    (
        text("endpoint", "Endpoint of the model."),
        text("model_arm", "Arm that the model was fitted in."),
        text("subject_id", "Subject."),
        text("site_id", "Site of the subject."),
        text("roi_id", "ROI whose features stand for the subject; NULL if several do.", nullable=True),
        real("score", "Linear predictor, standardised as in training; higher means more risk."),
        text(
            "stratum",
            "Class by the model's cut; NULL where there is no score, or the model selected nothing.",
            nullable=True,
            values=("low", "high"),
        ),
        count("predictors", "Predictors with a coefficient."),
        count("imputed", "Of these, missing ones, for which the training median stands."),
        count("out_of_range", "Of these, values outside the range of training."),
        text("outside", "These predictors, with value and range of training.", nullable=True),
        text("excluded", "Why there is no score; NULL if there is one.", nullable=True),
        text(
            "note",
            "Lesions that the lesion rule passed over, and why; a site or scanner that is new to the model.",
            nullable=True,
        ),
    ),
    ("endpoint", "model_arm", "subject_id"),
    blinded=False,
)
