"""Processor time and memory of PyRadiomics, of radfeat's engines and of other libraries on the same images in
one go, as the tables of docs/speed.md.

.venv/bin/python benchmarks/engines.py [--scans DIR] [--ibsi DIR] [--case NAME ...] [--mode a|b ...]
[--repeats N] [--peer NAME=PYTHON ...] [--write docs/speed.md]

DIR of ``--scans`` holds PyRadiomics' five scans (``make demo`` fetches them to
.cache/pyradiomics-3.1.4/data), that of ``--ibsi`` IBSI's CT phantom, as for `radfeat ibsi`. Mode a: the
original image, 107 features. Mode b: resampled to 1 mm, original, LoG of 1 to 5 mm and 8 wavelet bands,
1,316 features. Each engine runs in a process of its own, on one thread, from images in memory: what is
timed is everything from there to the features, and once ("cold") from the start of the process: imports,
reading, the first run. The paper's cases of mode b are brain1, lung2 and the smaller sphere.

``--peer`` names another library and the Python of an environment that has it, such as
`flash-radiomics=/opt/flash/bin/python`; benchmarks/peers.py is run there. Its features are its own: so many
as are told, with other definitions. ``--write`` puts all that between the marks of a page.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from peers import PEERS, read_peak_mb

ROOT = Path(__file__).resolve().parents[1]
SCANS = ROOT / ".cache" / "pyradiomics-3.1.4" / "data"
ENGINES = ("execute", "execute-bare", "pyradiomics", "native")
"""PyRadiomics' ``execute`` as it comes and without its diagnostics, and radfeat by both of its engines."""
SPHERES = {"sphere200k": (36.28, 100), "sphere1500k": (71.0, 160)}
"""Radius and size of the cubic image in voxels of 1 mm: 200 k and 1.5 M voxels."""
MODE_A: Mapping[str, Any] = {"Original": {}}
MODE_B: Mapping[str, Any] = {"Original": {}, "LoG": {"sigma_mm": [1.0, 2.0, 3.0, 4.0, 5.0]}, "Wavelet": {}}
WARM_SECONDS = 3.0
"""Runs are repeated until this long has passed, at least once after the first, at most as often as asked."""


@dataclass(frozen=True)
class Measurement:
    """What one engine took: seconds of processor time, first and warm, and from the start of its process
    to the first features."""

    first: float
    warm: float
    cold: float
    peak_mb: float
    image_mb: float
    voxels: int
    features: int


MARKS = ("<!-- benchmarks/engines.py writes from here -->", "<!-- to here -->")


def main() -> None:
    """Measure every case by every engine, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scans", type=Path, default=SCANS)
    parser.add_argument("--ibsi", type=Path)
    parser.add_argument("--case", nargs="*")
    parser.add_argument("--mode", nargs="*", default=["a", "b"])
    parser.add_argument("--engine", nargs="*", default=list(ENGINES))
    parser.add_argument("--peer", action="append", default=[], type=_read_peer)
    parser.add_argument("--peer-seconds", type=int, default=300, help="Longest wait for another library.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", type=Path)
    parser.set_defaults(only_a=("ibsi", "sphere1500k"))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        _run_child(*given.child, given)
        return
    if given.write:
        _split(given.write)
    lines = [_describe(given), ""]
    for mode in given.mode:
        lines += [*_measure_mode(mode, given), ""]
    if given.write:
        _write(given.write, lines)


def _read_peer(text: str) -> tuple[str, Path]:
    """A library and the Python of an environment that has it, from ``NAME=PYTHON``."""
    name, _, python = text.partition("=")
    if name not in PEERS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PEERS)}")
    has = [python, "-c", f"import importlib.metadata as m; m.version({name!r})"]
    if not Path(python).is_file() or subprocess.run(has, capture_output=True, check=False).returncode:
        raise argparse.ArgumentTypeError(f"{python or 'no Python'} has no {name}; name one that has")
    return name, Path(python)


def _tell_version(name: str, python: Path) -> str:
    """Name and version of a library in its environment."""
    asked = [str(python), "-c", f"import importlib.metadata as m; print(m.version({name!r}))"]
    return f"{name} {subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()}"


def _describe(given: argparse.Namespace) -> str:
    """When, where and by which command the figures were made; folders are left out."""
    words = [shlex.quote(word) for word in sys.argv[1:]]
    shown = [
        f"{word.partition('=')[0]}=PYTHON" if "=" in word else "DIR" if word.startswith("/") else word
        for word in words
    ]
    text = f"{datetime.now(UTC):%Y-%m-%d}, {_name_processor()}, {os.cpu_count()} threads, Python "
    text += f"{platform.python_version()}, PyRadiomics {version('pyradiomics-bhklab')}, "
    text += f"SimpleITK {version('SimpleITK')}, NumPy {version('numpy')}"
    text += "".join(f", {_tell_version(name, python)}" for name, python in given.peer) + ": "
    text += f"`.venv/bin/python benchmarks/engines.py {' '.join(shown)}`"
    print(text, flush=True)
    return text


def _name_processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _measure_mode(mode: str, given: argparse.Namespace) -> list[str]:
    """The table of a mode, line by line as it comes."""
    names = [*given.engine, *(name for name, _ in given.peer)]
    lines: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    say(f"Mode {mode}: processor seconds warm (cold; peak MB; features)")
    say("")
    say(f"| Case (ROI voxels, image MB) | {' | '.join(names)} | execute / native |")
    say("|---" * (len(names) + 2) + "|")
    for case in given.case or ["brain1", "lung2", *(["ibsi"] if given.ibsi else []), *SPHERES]:
        if mode == "b" and case in given.only_a and not given.case:
            continue
        found: dict[str, Measurement | str] = {e: _measure(e, case, mode) for e in given.engine}
        found |= _measure_peers(given.peer, case, mode, given)
        say(_format(case, found))
    return lines


def _measure_peers(
    peers: list[tuple[str, Path]], case: str, mode: str, given: argparse.Namespace
) -> dict[str, Measurement | str]:
    """Run other libraries, each in its own Python, on the case written to a file."""
    if not peers:
        return {}
    image, mask = _read_case(case, given)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.npz"
        drawn = (sitk.GetArrayFromImage(mask) == 1).astype(np.uint8)
        np.savez(file, voxels=sitk.GetArrayFromImage(image), mask=drawn, spacing=image.GetSpacing())
        script = str(Path(__file__).with_name("peers.py"))
        last = [str(file), str(given.repeats), str(WARM_SECONDS)]
        return {
            name: _try([str(python), script, name, mode, *last], given.peer_seconds)
            if mode in PEERS[name][1]
            else "not offered"
            for name, python in peers
        }


def _split(page: Path) -> tuple[str, str]:
    """What stands before and after the marks of a page; asked before anything is measured, too."""
    before, first, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, second, after = rest.partition(MARKS[1])
    if not (first and second):
        raise SystemExit(f"{page} lacks the lines {MARKS[0]} and {MARKS[1]}, between which to write")
    return before, after


def _write(page: Path, lines: list[str]) -> None:
    """Put the tables between the marks of a page."""
    before, after = _split(page)
    page.write_text("\n".join([f"{before}{MARKS[0]}", *lines, f"{MARKS[1]}{after}"]), encoding="utf-8")


def _measure(engine: str, case: str, mode: str) -> Measurement:
    """Run one engine in a process of its own."""
    command = [sys.executable, *sys.argv, "--child", engine, case, mode]
    try:
        return _run(command, f"{engine} on {case}, mode {mode}")
    except ChildProcessError as failure:
        raise SystemExit(str(failure)) from None


def _try(command: list[str], seconds: int) -> Measurement | str:
    """The same of another library; where it failed, how: that is said in the table, and the others go on."""
    try:
        return _run(command, command[2], seconds)
    except subprocess.TimeoutExpired:
        return f"more than {seconds} s"
    except ChildProcessError as failure:
        print(failure, file=sys.stderr)
        return "failed"


def _run(command: list[str], what: str, seconds: int | None = None) -> Measurement:
    """What a process on one thread found, in the last line that it prints."""
    single = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
    threads = {**single, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
    done = subprocess.run(
        command, env={**os.environ, **threads}, capture_output=True, text=True, check=False, timeout=seconds
    )
    if done.returncode:
        raise ChildProcessError(f"{what} ended with {done.returncode}: {done.stderr[-2000:]}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def _format(case: str, found: Mapping[str, Measurement | str]) -> str:
    cells = [
        m if isinstance(m, str) else f"{m.warm:.3f} ({m.cold:.2f}; {m.peak_mb:.0f}; {m.features:,})"
        for m in found.values()
    ]
    known = {name: m for name, m in found.items() if isinstance(m, Measurement)}
    some = next(iter(known.values()))
    both = {"execute", "native"} <= known.keys()
    cells.append(f"{known['execute'].warm / known['native'].warm:.0f}" if both else "-")
    return f"| {case} ({some.voxels:,}, {some.image_mb:.0f}) | {' | '.join(cells)} |"


def _run_child(engine: str, case: str, mode: str, given: argparse.Namespace) -> None:
    """Time one engine in this process, and print a line of JSON."""
    image, mask = _read_case(case, given)
    run = _prepare_run(engine, image, mask, mode)
    seconds: list[float] = []
    features, cold = 0, 0.0
    while len(seconds) < 2 or (sum(seconds) < WARM_SECONDS and len(seconds) <= given.repeats):
        start = time.process_time()
        features = run()
        seconds.append(time.process_time() - start)
        cold = cold or time.process_time()
    array = sitk.GetArrayViewFromImage(image)
    measured = Measurement(
        first=seconds[0],
        warm=statistics.median(seconds[1:]),
        cold=cold,
        peak_mb=read_peak_mb(),
        image_mb=array.nbytes / 1e6,
        voxels=int(np.count_nonzero(sitk.GetArrayViewFromImage(mask))),
        features=features,
    )
    print(json.dumps(vars(measured)))


def _read_case(case: str, given: argparse.Namespace) -> tuple[sitk.Image, sitk.Image]:
    if case in SPHERES:
        return _build_sphere(*SPHERES[case])
    if case == "ibsi":
        return _read_ibsi(given.ibsi)
    names = (f"{case}_image.nrrd", f"{case}_label.nrrd")
    image, mask = (sitk.ReadImage(str(given.scans / name)) for name in names)
    return image, mask


def _read_ibsi(folder: Path) -> tuple[sitk.Image, sitk.Image]:
    from radfeat.core.vocabulary import PhantomSource  # noqa: PLC0415 - PyRadiomics' process does not load radfeat
    from radfeat.pipeline.ct_phantom import find_ct_phantom  # noqa: PLC0415

    files = find_ct_phantom(folder)[PhantomSource.NIFTI]
    image, mask = sitk.ReadImage(str(files.image)), sitk.ReadImage(str(files.mask))
    return image, sitk.Cast(mask != 0, sitk.sitkUInt8)


def _build_sphere(radius: float, size: int) -> tuple[sitk.Image, sitk.Image]:
    """A ball of noise over a wave in a cubic image of int16."""
    z, y, x = np.ogrid[:size, :size, :size]
    centre = (size - 1) / 2
    inside = (z - centre) ** 2 + (y - centre) ** 2 + (x - centre) ** 2 <= radius**2
    grain = np.random.default_rng(8).normal(0, 120, (size,) * 3)
    voxels = (grain + 200 * np.sin(x / 9) * np.cos((y + z) / 13)).astype(np.int16)
    return sitk.GetImageFromArray(voxels), sitk.GetImageFromArray(inside.astype(np.uint8))


def _prepare_run(engine: str, image: sitk.Image, mask: sitk.Image, mode: str) -> Callable[[], int]:
    """What is timed: from images in memory to the number of features."""
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    if engine.startswith("execute"):
        return _prepare_execute(image, mask, mode, bare=engine.endswith("bare"))
    return _prepare_radfeat(engine, image, mask, mode)


def _prepare_execute(image: sitk.Image, mask: sitk.Image, mode: str, *, bare: bool) -> Callable[[], int]:
    import radiomics  # noqa: PLC0415
    from radiomics.featureextractor import RadiomicsFeatureExtractor  # noqa: PLC0415

    radiomics.setVerbosity(60)
    setting: dict[str, Any] = {"additionalInfo": not bare}
    image_types: dict[str, Any] = {"Original": {}}
    if mode == "b":
        setting["resampledPixelSpacing"] = [1, 1, 1]
        image_types |= {"LoG": {"sigma": MODE_B["LoG"]["sigma_mm"]}, "Wavelet": {}}
    extractor = RadiomicsFeatureExtractor({"setting": setting, "imageType": image_types})

    def run() -> int:
        values = extractor.execute(image, mask)
        return sum(not name.startswith("diagnostics") for name in values)

    return run


def _prepare_radfeat(engine: str, image: sitk.Image, mask: sitk.Image, mode: str) -> Callable[[], int]:
    from radfeat.core.keys import CaseKey, RoiKey  # noqa: PLC0415
    from radfeat.core.pair import SourcePair  # noqa: PLC0415
    from radfeat.core.provenance import Provenance  # noqa: PLC0415
    from radfeat.core.vocabulary import Modality, Unit  # noqa: PLC0415
    from radfeat.core.volume import Mask, Volume, array_of, grid_of  # noqa: PLC0415
    from radfeat.features.extract import extract_features  # noqa: PLC0415
    from radfeat.features.settings import FeatureSettings  # noqa: PLC0415
    from radfeat.prepare.recipe import prepare_image, prepare_roi  # noqa: PLC0415
    from radfeat.prepare.settings import PrepareSettings  # noqa: PLC0415

    roi = RoiKey(CaseKey("benchmark", "-", "-", "-", "-"), "ROI")
    volume = Volume(array_of(image), grid_of(image), Modality.OT, Unit.ARBITRARY)
    drawn = Mask(array_of(mask) == 1, grid_of(mask), roi)
    pair = SourcePair(volume, drawn, Provenance("", "", "", ""))
    prepare = PrepareSettings(resampled_spacing_xyz_mm=(1, 1, 1) if mode == "b" else None)
    features = FeatureSettings.model_validate(
        {"engine": engine, "image_types": MODE_B if mode == "b" else MODE_A}
    )

    def run() -> int:
        ready = prepare_roi(prepare_image(volume, prepare), pair, prepare, near=engine == "native")
        return sum(value is not None for value in extract_features(ready, features).values.values())

    return run


if __name__ == "__main__":
    main()
