"""The tables of the unblinded half: made with arms and outcomes."""

from radfeat.tables.columns import TableSchema, count, flag, real, text

_ENDPOINT = text("endpoint", "Endpoint, as named in the settings.")
_ARM = text("arm", "Arm that the model was fitted in.")

FEASIBILITY = TableSchema(
    "feasibility",
    "1.0",
    "One row per endpoint and arm: whether there is enough to fit a model, and why not.",
    (
        _ENDPOINT,
        _ARM,
        count("n", "Subjects with features and outcome."),
        count("events", "Events (time-to-event) or subjects of the positive class (binary)."),
        count("non_events", "Censored subjects, or subjects of the negative class."),
        count("sites", "Sites."),
        count("predictors", "Predictors offered to the model after the outcome-blind filters."),
        count("min_events", "Fewest events (or subjects per class) with which a model is fitted."),
        flag("feasible", "Whether a model was fitted."),
        text("sentence", "The verdict in one sentence."),
    ),
    ("endpoint", "arm"),
    blinded=False,
)

PREDICTIONS = TableSchema(
    "predictions",
    "1.0",
    "One row per subject, model and repeat: the score by a model that did not see the subject.",
    (
        _ENDPOINT,
        text("model_arm", "Arm that the model was fitted in."),
        text("subject_id", "Subject."),
        count("repeat", "Repeat of the cross-validation, from 1."),
        text("arm", "Arm of the subject (equal to model_arm, or scored from outside)."),
        text("site_id", "Site of the subject."),
        count("fold", "Outer fold whose model gave the score, from 1."),
        real("score", "Linear predictor, standardised by the training fold; higher means more risk."),
        text("stratum", "Class by the training fold's cut.", nullable=True, values=("low", "high")),
        real("time", "Time to event or censoring, unit of the endpoint; NULL if binary.", "time"),
        flag("event", "Event, or positive class."),
    ),
    ("endpoint", "model_arm", "subject_id", "repeat"),
    blinded=False,
)

PERFORMANCE = TableSchema(
    "performance",
    "1.0",
    "One row per endpoint, arm and metric.",
    (
        _ENDPOINT,
        _ARM,
        text("model", "Which model: radiomics, a comparator, or site_left_out (with :site, one site)."),
        text(
            "metric", "harrell_c, auc, logrank_chi2, logrank_p, hazard_ratio_high_low, jaccard_clusters, ..."
        ),
        real("estimate", "The estimate."),
        real("lo", "Lower confidence limit."),
        real("hi", "Upper confidence limit."),
        real("level", "Confidence level."),
        count("n", "Subjects."),
        count("events", "Events or positive class."),
        text("method", "How estimate and interval were computed, in one sentence."),
    ),
    ("endpoint", "arm", "model", "metric"),
    blinded=False,
)

COEFFICIENTS = TableSchema(
    "coefficients",
    "1.0",
    "One row per predictor of the model fitted on the whole arm.",
    (
        _ENDPOINT,
        _ARM,
        text("feature", "Predictor."),
        real("coefficient", "Per standard deviation of the transformed predictor.", nullable=False),
        real("centre", "Mean of the transformed predictor in the arm.", "predictor", nullable=False),
        real("scale", "SD of the transformed predictor in the arm.", "predictor", nullable=False),
        count("cluster", "Correlation cluster that the predictor stands for, from 1."),
    ),
    ("endpoint", "arm", "feature"),
    blinded=False,
)

SELECTION = TableSchema(
    "selection",
    "1.1",
    "One row per predictor: how often the folds selected it.",
    (
        _ENDPOINT,
        _ARM,
        text("feature", "Predictor."),
        count("fits", "Outer-fold models fitted."),
        count("selected", "Of these, models with a non-zero coefficient."),
        real("frequency", "selected / fits.", nullable=False),
        real("mean_coefficient", "Mean coefficient over all fits, zero where not selected.", nullable=False),
        count(
            "cluster",
            "Correlation cluster in the model of the whole arm, from 1; NULL if near-constant there.",
            nullable=True,
        ),
        real("cluster_frequency", "Share of the models that selected any member of the cluster."),
    ),
    ("endpoint", "arm", "feature"),
    blinded=False,
)

INTERACTIONS = TableSchema(
    "interactions",
    "1.0",
    "One row per endpoint, contrast of arms and biomarker: does the treatment effect differ with it?",
    (
        _ENDPOINT,
        text("experimental_arm", "Arm coded 1."),
        text("reference_arm", "Arm coded 0."),
        text(
            "kind",
            "score (out-of-fold), candidate (prespecified) or screen.",
            values=("score", "candidate", "screen"),
        ),
        text("biomarker", "score:<arm of the model>, or the feature."),
        count("n", "Subjects in both arms."),
        count("events", "Events or positive class in both arms."),
        real("hr_experimental", "Hazard (or odds) ratio per SD of the biomarker, experimental arm."),
        real("hr_experimental_lo", "Its lower limit."),
        real("hr_experimental_hi", "Its upper limit."),
        real("hr_reference", "Hazard (or odds) ratio per SD of the biomarker, reference arm."),
        real("hr_reference_lo", "Its lower limit."),
        real("hr_reference_hi", "Its upper limit."),
        real("ratio", "Ratio of the two: the exponential of the interaction coefficient."),
        real("ratio_lo", "Its lower limit."),
        real("ratio_hi", "Its upper limit."),
        real("level", "Confidence level."),
        real("lrt_chi2", "Likelihood-ratio statistic of the interaction, 1 degree of freedom."),
        real("p", "Its p-value."),
        real("p_adjusted", "p adjusted for multiplicity within the family."),
        text("adjustment", "holm or benjamini-hochberg, and the size of the family."),
        flag("claim", "Whether the prespecified rule for claiming a predictive biomarker is met."),
        text("sentence", "The result in one sentence."),
    ),
    ("endpoint", "experimental_arm", "reference_arm", "kind", "biomarker"),
    blinded=False,
)

SURVIVAL_CURVES = TableSchema(
    "survival_curves",
    "1.0",
    "Kaplan-Meier estimate per endpoint, model, arm and stratum, one row per distinct time.",
    (
        _ENDPOINT,
        text("model_arm", "Arm that the model was fitted in."),
        text("arm", "Arm of the subjects: that of the model, or another that it scored."),
        text("stratum", "Stratum of the out-of-fold score, or 'all'.", values=("all", "low", "high")),
        real("time", "Time, unit of the endpoint.", "time", nullable=False),
        count("at_risk", "Subjects at risk just before the time."),
        count("events", "Events at the time."),
        count("censored", "Subjects censored at the time."),
        real("survival", "Kaplan-Meier estimate just after the time.", nullable=False),
        real("lo", "Lower limit (log-log Greenwood)."),
        real("hi", "Upper limit (log-log Greenwood)."),
    ),
    ("endpoint", "model_arm", "arm", "stratum", "time"),
    blinded=False,
)

SUBJECTS = TableSchema(
    "subjects",
    "1.1",
    "One row per subject of the clinical sheet: what became of the subject, for the flow diagram.",
    (
        text("subject_id", "Subject."),
        text("arm", "Arm."),
        text("site_id", "Site, from the images; NULL if the subject has none.", nullable=True),
        text("roi_id", "ROI whose features stand for the subject.", nullable=True),
        flag("has_image", "Whether the image sheet names the subject."),
        flag("has_features", "Whether an ROI of the subject has features."),
        text("excluded", "Why the subject enters no model; NULL if it does.", nullable=True),
        text(
            "note",
            "Lesions without features that the lesion rule would have counted, and why; NULL if none.",
            nullable=True,
        ),
    ),
    ("subject_id",),
    blinded=False,
)
