"""Other libraries on the same images, in their own Python: what `benchmarks/engines.py --peer` runs.

PYTHON benchmarks/peers.py NAME MODE CASE.npz REPEATS SECONDS

PYTHON is the interpreter of an environment with the library NAME; nothing of radfeat is loaded. CASE holds
``voxels`` and ``mask`` (z, y, x) and ``spacing`` (x, y, z, mm). Prints a line of JSON.
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Case = dict[str, Any]
SIGMAS_MM = (1.0, 2.0, 3.0, 4.0, 5.0)
BANDS = ("LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH", "LLL")
BIN_WIDTH = 25.0


def prepare_flash(case: Case, mode: str) -> Callable[[], int]:
    """flash-radiomics: the settings of PyRadiomics; it writes each result to a file, which is part of it."""
    import SimpleITK as sitk  # noqa: PLC0415 - only in this library's environment
    from flash_radiomics import RadiomicsFeatureExtractor  # noqa: PLC0415

    image, mask = sitk.GetImageFromArray(case["voxels"]), sitk.GetImageFromArray(case["mask"])
    for volume in (image, mask):
        volume.SetSpacing([float(mm) for mm in case["spacing"]])
    more: dict[str, Any] = {"resampledPixelSpacing": [1, 1, 1]} if mode == "b" else {}
    folder = Path(tempfile.mkdtemp())

    def run() -> int:
        # A new one each time: it keeps what it prepared.
        extractor = RadiomicsFeatureExtractor(backend="cpu", binWidth=BIN_WIDTH, distances=[1], **more)
        if mode == "b":
            extractor.enableImageTypes(Original={}, LoG={"sigma": list(SIGMAS_MM)}, Wavelet={})
        values = extractor.execute(image, mask, label=1, output_hdf5_path=str(folder / "case.h5"))
        return sum(not name.startswith("diagnostics") for name in values)

    return run


def prepare_fastrad(case: Case, _mode: str) -> Callable[[], int]:
    """fastrad: features of the original image; it neither resamples nor filters."""
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415
    from fastrad import FeatureExtractor, FeatureSettings, Mask, MedicalImage  # noqa: PLC0415

    torch.set_num_threads(1)
    gigabytes = 16
    resource.setrlimit(resource.RLIMIT_DATA, (gigabytes << 30, gigabytes << 30))  # else it takes the machine
    spacing = tuple(float(mm) for mm in case["spacing"][::-1])
    voxels = torch.from_numpy(np.ascontiguousarray(case["voxels"], np.float32))
    image = MedicalImage(voxels, spacing)
    mask = Mask(torch.from_numpy(np.ascontiguousarray(case["mask"], np.float32)), spacing)
    extractor = FeatureExtractor(FeatureSettings(bin_width=BIN_WIDTH, device="cpu", spacing=spacing))
    return lambda: len(extractor.extract(image, mask))


def prepare_pictologics(case: Case, mode: str) -> Callable[[], int]:
    """Pictologics: the families that both have, and the same filters; bins start at the least intensity."""
    import numpy as np  # noqa: PLC0415
    from pictologics import Image, RadiomicsPipeline  # noqa: PLC0415

    spacing = tuple(float(mm) for mm in case["spacing"])
    image = Image(np.asarray(case["voxels"].T, np.float64, order="F"), spacing, (0.0, 0.0, 0.0))
    mask = Image(np.asarray(case["mask"].T, np.uint8, order="F"), spacing, (0.0, 0.0, 0.0))
    least = float(case["voxels"].min())
    filters: list[dict[str, Any] | None] = [None]
    if mode == "b":
        filters += [{"type": "log", "sigma_mm": sigma} for sigma in SIGMAS_MM]
        filters += [
            {"type": "wavelet", "wavelet": "coif1", "level": 1, "decomposition": band} for band in BANDS
        ]
    pipeline = RadiomicsPipeline()
    for number, chosen in enumerate(filters):
        families = ["intensity", "texture"] if number else ["intensity", "morphology", "texture"]
        steps: list[dict[str, Any]] = []
        if mode == "b":
            steps.append({"step": "resample", "params": {"new_spacing": (1.0, 1.0, 1.0)}})
        if chosen:
            steps.append({"step": "filter", "params": chosen})
        bins = {"method": "FBS", "bin_width": BIN_WIDTH, "min_val": least}
        steps.append({"step": "discretise", "params": bins})
        steps.append({"step": "extract_features", "params": {"families": families}})
        pipeline.add_config(str(number), steps)
    names = [str(number) for number in range(len(filters))]

    def run() -> int:
        found = pipeline.run(image=image, mask=mask, subject_id="case", config_names=names)
        return sum(len(values) for values in found.values())

    return run


def read_peak_mb() -> float:
    """Most memory that this program had (MiB); on Linux ``ru_maxrss`` begins with that of who started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


PEERS = {
    "pictologics": (prepare_pictologics, "ab"),
    "flash-radiomics": (prepare_flash, "ab"),
    "fastrad": (prepare_fastrad, "a"),
}
"""How each library is called, and the modes of which it has the work."""


def main() -> None:
    """Time one library on one case, and print what it took."""
    name, mode, file, repeats, limit = sys.argv[1:]
    import numpy as np  # noqa: PLC0415 - the time from the start of the process holds it

    case = dict(np.load(file))
    run = PEERS[name][0](case, mode)
    seconds: list[float] = []
    features, cold = 0, 0.0
    while len(seconds) < 2 or (sum(seconds) < float(limit) and len(seconds) <= int(repeats)):
        start = time.process_time()
        features = run()
        seconds.append(time.process_time() - start)
        cold = cold or time.process_time()
    measured = {
        "first": seconds[0],
        "warm": statistics.median(seconds[1:]),
        "cold": cold,
        "peak_mb": read_peak_mb(),
        "image_mb": case["voxels"].nbytes / 1e6,
        "voxels": int((case["mask"] == 1).sum()),
        "features": features,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
