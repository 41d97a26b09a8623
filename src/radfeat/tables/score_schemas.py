"""The tables of what every model of an arm says of each of the arm's own subjects."""

from radfeat.tables.columns import TableSchema, count, real, text

_ENDPOINT = text("endpoint", "Endpoint, as named in the settings.")
_ARM = text("arm", "Arm that the model was fitted in, and of the subject.")
_SUBJECT = text("subject_id", "Subject, whose outcome is in predictions.")

MODEL_SCORES = TableSchema(
    "model_scores",
    "1.0",
    "One row per model, subject of its own arm and repeat: the score by a model that did not see it.",
    (
        _ENDPOINT,
        _ARM,
        text("model", "Which model: radiomics, or a comparator."),
        _SUBJECT,
        count("repeat", "Repeat of the cross-validation, from 1."),
        count("fold", "Outer fold whose model gave the score, from 1."),
        real(
            "score",
            "Linear predictor, standardised by the training fold; NULL where the fold has no model or the "
            "subject no score.",
        ),
        real(
            "predictor",
            "Linear predictor as it is: log hazard ratio, log odds, or of a continuous endpoint in its unit.",
        ),
    ),
    ("endpoint", "arm", "model", "subject_id", "repeat"),
    blinded=False,
)

RISKS = TableSchema(
    "risks",
    "1.0",
    "One row per model, subject of its own arm and horizon: the out-of-fold risk, mean over the repeats.",
    (
        _ENDPOINT,
        _ARM,
        text("model", "Which model: radiomics, a comparator, or marginal (everyone has the same risk)."),
        _SUBJECT,
        real(
            "horizon",
            "Time by which the risk is meant, unit of the endpoint; 0 if it has none.",
            "time",
            nullable=False,
        ),
        real(
            "risk",
            "Risk of the event by the horizon, or probability of the positive class; of a continuous "
            "endpoint no risk but the value predicted, in its unit.",
            nullable=False,
        ),
    ),
    ("endpoint", "arm", "model", "subject_id", "horizon"),
    blinded=False,
)
