"""Chapter 1: is what the sheet names there?"""


rule validate:
    """Look for every file of the image sheet; what is missing will be a failed row, not a dead run."""
    input:
        plan=ancient(FOLDER.plan),
    output:
        FOLDER.validated,
    log:
        LOGS / "validate.log",
    localrule: True
    params:
        sheet=PLAN.run_id,
        files=PLAN.row_digests,
        radfeat=VERSION,
    shell:
        "{RADFEAT} check-files --results {RESULTS:q} > {log:q} 2>&1"
