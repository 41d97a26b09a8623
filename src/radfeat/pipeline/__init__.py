"""The hallway: one case, one chunk of cases, or one cohort, from end to end."""
