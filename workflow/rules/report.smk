"""Chapter 6: one page to read, and one that no arm has entered."""


rule blinded_report:
    """The report of images, ROIs, findings and features; blind to arm and outcome."""
    input:
        tables=expand(FOLDER.blinded / "{name}.parquet", name=BLINDED_TABLES),
        conformance=CONFORMANCE / "conformance.parquet",
    output:
        BLINDED_REPORT,
    log:
        LOGS / "report_blinded.log",
    params:
        settings=PLAN.report_digest,
        radfeat=VERSION,
    shell:
        "{RADFEAT} report --results {RESULTS:q} --blinded > {log:q} 2>&1"


rule report:
    """The report of the whole run."""
    input:
        gate=FOLDER.gate,
        conformance=CONFORMANCE / "conformance.parquet",
        blinded=expand(FOLDER.blinded / "{name}.parquet", name=BLINDED_TABLES),
        lock=FOLDER.lock if ANALYSIS else [],
        unblinded=(
            expand(
                FOLDER.unblinded / "{name}.parquet",
                name=["subjects", "predictors", *ARM_TABLES, *STUDY_TABLES],
            )
            if ANALYSIS
            else []
        ),
    output:
        REPORT,
    log:
        LOGS / "unblinded" / "report.log",
    params:
        settings=PLAN.report_digest,
        analysis=ANALYSIS.inputs if ANALYSIS else None,
        radfeat=VERSION,
    shell:
        "{RADFEAT} report --results {RESULTS:q} > {log:q} 2>&1"
