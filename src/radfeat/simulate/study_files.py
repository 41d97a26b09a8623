"""The ``config.yaml`` of a simulated trial: a study configuration that runs as it is."""

from radfeat.simulate.scan_files import build_case_key
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import build_subjects, list_arms

_TEMPLATE = """\
# Configuration of a simulated trial. What was planted is in truth.json, which no part of a run reads.
study: {title}
images: images.csv
clinical: clinical.csv
results: results

prepare:
  # Slices are thicker than pixels and differ between sites; texture in 3-D needs equal spacings.
  resampled_spacing_xyz_mm: [2.0, 2.0, 2.0]

features:
  # Lesions span about 20 to 60 bins of this width.
  bin_width: 25.0
  image_types:
    Original: {{}}

modelling:
  endpoints:
    - name: os # overall survival
      kind: time_to_event
      time: os_days
      event: os_event
    - name: response
      kind: binary
      column: response
  # The first arm is the reference of every contrast.
  arms: [{arms}]
  covariates:
    - column: age
    - column: sex
      kind: categorical
    - column: ecog
  timepoint: {timepoint}
  # Prespecified: of these it can be claimed that the effect of treatment differs with them; of scores too,
  # with 39 permutations or more.
  candidates: [original_glcm_Correlation, original_firstorder_Variance]
  # Some 20 deaths and 10 responses per arm: too few for a real trial (the defaults are 30 and 10), enough for
  # an effect far stronger than any real marker has.
  min_events: 15
  min_per_class: 8
  # A demonstration should end in minutes: fewer repeats, inner folds and penalties than the defaults.
  repeats: 3
  inner_folds: 3
  penalties: 12
  permutations: 19
"""


def format_config(settings: SimulationSettings) -> str:
    """The configuration as commented YAML text."""
    baseline = build_case_key(build_subjects(settings)[0], 0, settings).timepoint
    return _TEMPLATE.format(
        title=f"Simulated trial {settings.study_id}",
        arms=", ".join(list_arms(settings.arms)),
        timepoint=baseline,
    )
