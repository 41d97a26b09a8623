"""Chapter 4: one set of blinded tables for the study."""


rule collect:
    """Join the chunks into the blinded tables; add catalogue, codebook, data package and readers."""
    input:
        expand(
            FOLDER.work("{bucket}") / "{name}.parquet",
            bucket=PLAN.buckets,
            name=CHUNK_TABLES,
        ),
        expand(FOLDER.blinded / "{name}.parquet", name=REPEAT_TABLES),
    output:
        [
            (
                directory(FOLDER.blinded / f"{name}.parquet")
                if name == "features" and DIVIDED
                else FOLDER.blinded / f"{name}.parquet"
            )
            for name in COLLECTED_TABLES
        ],
        [FOLDER.blinded / name for name in DESCRIPTIONS],
    log:
        LOGS / "collect.log",
    benchmark:
        BENCHMARKS / "collect.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: estimate_collect_mb(PLAN.rois) * attempt,
    params:
        run=PLAN.run_id,
        settings=PLAN.case_digest,
        divided=DIVIDED,
        tables=COLLECTED_TABLES,
        radfeat=VERSION,
    shell:
        "{RADFEAT} collect --results {RESULTS:q} > {log:q} 2>&1"


rule qc_gate:
    """Stop here, with exit code 4, where more ROIs failed than the settings allow."""
    input:
        FOLDER.blinded / "rois.parquet",
    output:
        FOLDER.gate,
    log:
        LOGS / "qc_gate.log",
    localrule: True
    params:
        settings=PLAN.qc_digest,
    shell:
        "{RADFEAT} gate --results {RESULTS:q} > {log:q} 2>&1"
