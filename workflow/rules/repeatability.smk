"""Chapter 3: how far repeated measurements agree: scans, readers, perturbations. Blind, like all before it."""


rule perturb:
    """Alter the cases of one chunk at random and measure them again; resume per case from the cache."""
    input:
        manifest=lambda wildcards: ancient(FOLDER.manifest(wildcards.bucket)),
    output:
        FOLDER.perturbed("{bucket}"),
    log:
        LOGS / "perturb" / "bucket-{bucket}.log",
    benchmark:
        BENCHMARKS / "perturb" / "bucket-{bucket}.tsv"
    # Where memory did not suffice, the next attempt has twice as much; other cases come from the cache.
    retries: ATTEMPTS - 1
    threads: chunk_threads
    resources:
        mem_mb=chunk_memory,
        more=lambda wildcards, attempt: int(attempt < ATTEMPTS),
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        inputs=lambda wildcards: perturb_inputs(PLAN, wildcards.bucket),
        retries=lambda wildcards: RETRIES.get(wildcards.bucket, 0),
        radfeat=VERSION,
    shell:
        "{RADFEAT} perturb --results {RESULTS:q} --bucket {wildcards.bucket} --workers {threads}"
        " --memory-mb {resources.mem_mb} --more {resources.more}"
        " --inputs {params.inputs} > {log:q} 2>&1"


rule repeatability:
    """Per source, image, region and feature: intraclass correlations, deviation and CV within subjects."""
    input:
        expand(
            FOLDER.work("{bucket}") / "{name}.parquet",
            bucket=PLAN.buckets,
            name=["rois", "features"],
        ),
        [FOLDER.perturbed(bucket) for bucket in PLAN.perturb_digests],
    output:
        expand(FOLDER.blinded / "{name}.parquet", name=REPEAT_TABLES),
    log:
        LOGS / "repeatability.log",
    benchmark:
        BENCHMARKS / "repeatability.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: estimate_collect_mb(PLAN.rois) * attempt,
    params:
        run=PLAN.run_id,
        settings=PLAN.repeatability_digest,
        radfeat=VERSION,
    shell:
        "{RADFEAT} repeatability --results {RESULTS:q} > {log:q} 2>&1"
