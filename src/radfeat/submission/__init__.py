"""What a submission is given: data sets with their codebook, evidence for checklists, the qualification."""
