
-- Every value with what its feature is.
CREATE OR REPLACE VIEW features_described AS
SELECT l.*, c.code, c.image_type, c.family, c.name, c.ibsi_code, c.unit, c.ibsi_deviation
FROM features_long AS l
JOIN feature_catalogue AS c USING (feature);
