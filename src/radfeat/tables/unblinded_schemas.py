"""The tables of the unblinded half: made with arms and outcomes."""

from radfeat.core.vocabulary import Standing
from radfeat.tables.columns import TableSchema, count, flag, real, text

_ENDPOINT = text("endpoint", "Endpoint, as named in the settings.")
_ARM = text("arm", "Arm that the model was fitted in.")

FEASIBILITY = TableSchema(
    "feasibility",
    "1.1",
    "One row per endpoint and arm: whether there is enough to fit a model, and why not.",
    (
        _ENDPOINT,
        _ARM,
        count("n", "Subjects with features and outcome."),
        count("events", "Events (time-to-event) or subjects of the positive class; 0 if continuous."),
        count("non_events", "Subjects without the event, or of the negative class; 0 if continuous."),
        count("competing", "Of these, ended by a competing event; NULL: none declared.", nullable=True),
        count("sites", "Sites."),
        count("predictors", "Predictors offered to the model after the outcome-blind filters."),
        count("min_events", "Fewest events, subjects per class, or subjects with which a model is fitted."),
        flag("feasible", "Whether a model was fitted."),
        text("sentence", "The verdict in one sentence."),
        count("riley_shrinkage", "Riley (i): subjects for a shrinkage of 0.9 or more.", nullable=True),
        count("riley_r_squared", "Riley (ii): subjects for R-squared within 0.05.", nullable=True),
        count("riley_risk", "Riley (iii): subjects for the overall risk within 0.05.", nullable=True),
        count(
            "riley_n", "Subjects that meet all three; NULL where there is nothing to go by.", nullable=True
        ),
        count("riley_predictors", "Predictor parameters for which n subjects suffice.", nullable=True),
        text("riley_sentence", "What Riley's criteria ask for; information, not the gate."),
        count(
            "unrepeatable",
            "Features left out as not repeatable; NULL where modelling.repeatability is not set.",
            nullable=True,
        ),
    ),
    ("endpoint", "arm"),
    blinded=False,
)

PREDICTORS = TableSchema(
    "predictors",
    "1.0",
    "One row per predictor: a feature's value, or its change between two visits; where it is not defined.",
    (
        text("predictor", "Predictor, as in coefficients, selection and interactions."),
        text(
            "short",
            "The feature's 8-character code, after A, R, L or W for an absolute, relative, log-ratio or "
            "weekly change; a legal SAS name, never changed. NULL if the catalogue has no such feature.",
            nullable=True,
        ),
        text("feature", "Feature, as in the columns of features."),
        text(
            "kind",
            "value, or the kind of change.",
            values=("value", "absolute", "relative", "log_ratio", "per_week"),
        ),
        text("unit", "Unit; NULL if the catalogue does not know the feature.", nullable=True),
        flag("offered", "Whether the models are offered it, after the filters that are blind to outcome."),
        count("subjects", "Subjects with a row of predictors."),
        count("defined", "Of these, subjects with a value."),
        count("missing", "Subjects whose feature is undefined (at one visit at least)."),
        count("division_by_zero", "Subjects whose baseline value is zero, for a relative change."),
        count("log_of_non_positive", "Subjects with a value that is not positive, for a log-ratio."),
        count("no_interval", "Subjects of whose images a study day is not known, for a change per week."),
    ),
    ("predictor",),
    blinded=False,
)

PREDICTIONS = TableSchema(
    "predictions",
    "1.1",
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
        real("time", "Time to event or censoring, unit of the endpoint; NULL if it has none.", "time"),
        flag("event", "Event, or positive class; NULL if continuous.", nullable=True),
        flag("competing", "Whether the time ends in a competing event; NULL: none competes.", nullable=True),
        real("value", "Value of a continuous endpoint, in its unit; else NULL.", "endpoint"),
    ),
    ("endpoint", "model_arm", "subject_id", "repeat"),
    blinded=False,
)

PERFORMANCE = TableSchema(
    "performance",
    "1.1",
    "One row per endpoint, arm and metric.",
    (
        _ENDPOINT,
        _ARM,
        text("model", "Which model: radiomics, a comparator, or site_left_out (with :site, one site)."),
        text("metric", "harrell_c, auc, spearman, logrank_p, hazard_ratio_high_low, jaccard_clusters, ..."),
        real("horizon", "Time up to which it holds, unit of the endpoint; NULL if it has none.", "time"),
        real("estimate", "The estimate."),
        real("lo", "Lower confidence limit."),
        real("hi", "Upper confidence limit."),
        real("level", "Confidence level."),
        count("n", "Subjects."),
        count("events", "Events or positive class; 0 if continuous."),
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
    "1.2",
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
        count("events", "Events or positive class in both arms; 0 if continuous."),
        text(
            "measure",
            "What the next columns hold: ratios, or for a continuous endpoint differences in its unit.",
            values=("hazard_ratio", "odds_ratio", "difference"),
        ),
        real("hr_experimental", "Ratio or slope per SD of the biomarker, experimental arm."),
        real("hr_experimental_lo", "Its lower limit."),
        real("hr_experimental_hi", "Its upper limit."),
        real("hr_reference", "Ratio or slope per SD of the biomarker, reference arm."),
        real("hr_reference_lo", "Its lower limit."),
        real("hr_reference_hi", "Its upper limit."),
        real("ratio", "Ratio of the two (exponential of the interaction coefficient), or their difference."),
        real("ratio_lo", "Its lower limit."),
        real("ratio_hi", "Its upper limit."),
        real("level", "Confidence level."),
        real("lrt_chi2", "Likelihood-ratio statistic of the interaction, 1 degree of freedom; or NULL."),
        real("f", "F statistic of the interaction where the endpoint is continuous, else NULL."),
        count("f_df", "Its second degrees of freedom; the first is 1.", nullable=True),
        real("p", "Its p-value; of a score too small, and descriptive: permutation_p is the one to quote."),
        real("permutation_p", "p of a score by running everything again on permuted arms, else NULL."),
        count(
            "permutations", "Permutations behind permutation_p; its least is 1 / (1 + them).", nullable=True
        ),
        real("p_adjusted", "p (of a score: permutation_p) adjusted for multiplicity within the family."),
        text("adjustment", "holm or benjamini-hochberg, and the size of the family."),
        flag("claim", "Whether the prespecified rule for claiming a predictive biomarker is met."),
        text(
            "standing",
            "confirmatory, or exploratory where the analysis is not the one locked before the arms were "
            "read; then nothing is claimed.",
            values=tuple(standing.value for standing in Standing),
        ),
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

CUMULATIVE_INCIDENCE = TableSchema(
    "cumulative_incidence",
    "1.0",
    "Aalen-Johansen estimate where events compete, one row per cause and distinct time of a stratum.",
    (
        _ENDPOINT,
        text("model_arm", "Arm that the model was fitted in."),
        text("arm", "Arm of the subjects: that of the model, or another that it scored."),
        text("stratum", "Stratum of the out-of-fold score, or 'all'.", values=("all", "low", "high")),
        text(
            "cause",
            "The event of the endpoint, or any competing one.",
            values=("event", "competing"),
        ),
        real("time", "Time, unit of the endpoint.", "time", nullable=False),
        count("at_risk", "Subjects at risk just before the time."),
        count("events", "Events of the cause at the time."),
        count("censored", "Subjects censored at the time."),
        real("incidence", "Share of subjects with the event of the cause by the time.", nullable=False),
        real("lo", "Lower limit (log-log, Dinse and Larson)."),
        real("hi", "Upper limit (log-log, Dinse and Larson)."),
    ),
    ("endpoint", "model_arm", "arm", "stratum", "cause", "time"),
    blinded=False,
)

RESTRICTED_MEANS = TableSchema(
    "restricted_means",
    "1.0",
    "Restricted mean survival time per endpoint, model, arm, stratum and horizon, with differences.",
    (
        _ENDPOINT,
        text("model_arm", "Arm that the model was fitted in."),
        text("arm", "Arm of the subjects: that of the model, or another that it scored."),
        text("stratum", "Stratum of the out-of-fold score, or 'all'.", values=("all", "low", "high")),
        real("horizon", "Time up to which the mean is taken, unit of the endpoint.", "time", nullable=False),
        count("n", "Subjects."),
        count("events", "Events up to the horizon."),
        real("rmst", "Restricted mean; NULL where the curve does not reach the horizon.", "time"),
        real("rmst_lo", "Its lower limit.", "time"),
        real("rmst_hi", "Its upper limit.", "time"),
        real("high_minus_low", "Mean of the high less that of the low stratum of the arm.", "time"),
        real("high_minus_low_lo", "Its lower limit.", "time"),
        real("high_minus_low_hi", "Its upper limit.", "time"),
        real("arm_minus_reference", "Mean less that of the reference arm in the same stratum.", "time"),
        real("arm_minus_reference_lo", "Its lower limit.", "time"),
        real("arm_minus_reference_hi", "Its upper limit.", "time"),
        real("level", "Confidence level of every interval."),
    ),
    ("endpoint", "model_arm", "arm", "stratum", "horizon"),
    blinded=False,
)

_MODEL = text("model", "Which model: radiomics, or a comparator.")
_HORIZON = real(
    "horizon", "Time by which the risk is meant, unit of the endpoint; 0 if binary.", "time", nullable=False
)

CALIBRATION = TableSchema(
    "calibration",
    "1.0",
    "Predicted and observed risk per endpoint, arm, model, horizon and group of predicted risk.",
    (
        _ENDPOINT,
        _ARM,
        _MODEL,
        _HORIZON,
        count("group", "Group by predicted out-of-fold risk, from 1, lowest first."),
        count("n", "Subjects."),
        count("events", "Events up to the horizon, or subjects of the positive class."),
        real("predicted", "Mean predicted risk.", nullable=False),
        real("observed", "Kaplan-Meier risk at the horizon (NULL where not reached), or share."),
        real("lo", "Lower limit of the observed risk (log-log, or Wilson)."),
        real("hi", "Upper limit of the observed risk."),
        real("level", "Confidence level."),
    ),
    ("endpoint", "arm", "model", "horizon", "group"),
    blinded=False,
)

DECISION_CURVES = TableSchema(
    "decision_curves",
    "1.0",
    "Net benefit per endpoint, arm, model, horizon and threshold risk; that of treating none is 0.",
    (
        _ENDPOINT,
        _ARM,
        _MODEL,
        _HORIZON,
        real("threshold", "Risk from which on a subject would be treated.", nullable=False),
        count("n", "Subjects."),
        count("treated", "Subjects whose out-of-fold risk reaches the threshold."),
        real("net_benefit", "Net true positives per subject; NULL where the observed risk is unknown."),
        real("net_benefit_all", "The same if all were treated."),
    ),
    ("endpoint", "arm", "model", "horizon", "threshold"),
    blinded=False,
)

ANALYSES = TableSchema(
    "analyses",
    "1.0",
    "One row per endpoint and kind of analysis: how many were planned and how many were run.",
    (
        _ENDPOINT,
        text("kind", "What was run: models, comparators, interactions of a kind of biomarker, ..."),
        count("planned", "How many the settings ask for."),
        count("run", "How many gave a result."),
        text("sentence", "What is counted."),
    ),
    ("endpoint", "kind"),
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
