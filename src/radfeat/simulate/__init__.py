"""A simulated trial with planted truth: scans, masks, arms, outcomes, and inputs broken on request."""
