"""Chapter 2: read, prepare and measure, a chunk of cases at a time."""


rule extract:
    """Read each image once, prepare and measure its ROIs; resume per case from the cache."""
    input:
        # No rule makes this file. `ancient` output of a rule would not do: where that rule runs again, Snakemake
        # does not look at the params of the rules behind it, and leaves them out.
        manifest=lambda wildcards: ancient(FOLDER.manifest(wildcards.bucket)),
    output:
        [FOLDER.work("{bucket}") / f"{name}.parquet" for name in CHUNK_TABLES],
    log:
        LOGS / "extract" / "bucket-{bucket}.log",
    benchmark:
        BENCHMARKS / "extract" / "bucket-{bucket}.tsv"
    # Where memory did not suffice, the next attempt has twice as much; other cases come from the cache.
    retries: ATTEMPTS - 1
    threads: chunk_threads
    resources:
        mem_mb=chunk_memory,
        more=lambda wildcards, attempt: int(attempt < ATTEMPTS),
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        inputs=lambda wildcards: chunk_inputs(PLAN, wildcards.bucket),
        retries=lambda wildcards: RETRIES.get(wildcards.bucket, 0),
        radfeat=VERSION,
    shell:
        "{RADFEAT} extract --results {RESULTS:q} --bucket {wildcards.bucket} --workers {threads}"
        " --memory-mb {resources.mem_mb} --more {resources.more}"
        " --inputs {params.inputs} > {log:q} 2>&1"
