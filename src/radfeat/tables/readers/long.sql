
-- One row per ROI and feature; not written for a study of so many ROIs, and made of features here.
CREATE OR REPLACE VIEW features_long AS
SELECT
    roi_id, case_id, study_id, site_id, subject_id, timepoint, image_id, roi, lesion_id, feature, value,
    CASE WHEN value IS NULL THEN 'FAILED' ELSE 'OK' END AS status,
    CASE WHEN value IS NULL THEN coalesce(reason, 'FEATURE_UNDEFINED') END AS reason
FROM features UNPIVOT INCLUDE NULLS (
    value FOR feature IN (COLUMNS(* EXCLUDE (
        roi_id, case_id, study_id, site_id, subject_id, timepoint, image_id, roi, lesion_id, status, reason
    )))
);
