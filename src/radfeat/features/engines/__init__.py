"""The engines that compute features; the only place that knows PyRadiomics."""
