"""Fetch the five scans of the PyRadiomics source release, with pip and nothing else.

    tools/fetch_scans.py [FOLDER]      by default .cache/pyradiomics-3.1.4

pip downloads the source release from the package index that it is configured with; the archive and every
file that is taken from it must have the SHA-256 written here. Files that are there already are only checked.
Run it with the Python of .venv, which has what reading the release's metadata needs: nothing is built.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

RELEASE = "pyradiomics-bhklab==3.1.4"
ARCHIVE_SHA256 = "a44a087efc4ede91b5dfa5cf0de58ea3596bfaec1ef2484f278504b0a8fd5ffb"
"""SHA-256 of the release's archive, as in requirements.lock."""

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_FOLDER = ROOT / ".cache" / "pyradiomics-3.1.4"

FILES_BY_FOLDER = {
    "data": {
        "brain1_image.nrrd": "fffdb111ee8b428ede7256707393c927a7d5be912f0604cf3c6f1bd5fc9644cf",
        "brain1_label.nrrd": "ae6d8e6b84f7e99d68c210ee2fa6aaaefa0b2df0a84f55efca4feebe2b216059",
        "brain2_image.nrrd": "d35a1c6a3e1eb72bae97c5515472fbe057fb38ee8e1e199215d1c3c6f292332e",
        "brain2_label.nrrd": "15189c024936ecc337649b9a10c475117c7c40df0d53c22163f9a2023ed741a5",
        "breast1_image.nrrd": "0e8b668f3ce9b9aacff20dc3c216866f43069ff96b269fb45b76f5e205a431e2",
        "breast1_label.nrrd": "07085bb0e36a956de5bd1c1c1b5f8bdf2ce80952125b13cbd352412c108c8950",
        "lung1_image.nrrd": "379fa48bf34cfa961e6f5ec19c0c38757a30b9aa884212ef28dc29b5061c64ed",
        "lung1_label.nrrd": "e9d9a88054d7bc1d3034193ff907ce6b8c6ba28a7bc3a16f23728982d1b6b50a",
        "lung2_image.nrrd": "aa2b94eec79127ed786798ac8dc3c013010e1692d5787bebfae1a1e9685a4651",
        "lung2_label.nrrd": "cef52738dc51aab69a48fe30639da956d2b911b1c2920439c091fab84727657a",
    },
    "data/baseline": {
        "baseline_firstorder.csv": "246a0931bea293bb9a2b78199fc3a8cec4725abc4c5d9506f35516e618a4704d",
        "baseline_glcm.csv": "d59c54915550142a90ea43f3cc8d72020b1b237e542b60ddd0b05b43f9b9e6f9",
        "baseline_gldm.csv": "86c90481d524407411f9158e3abbc1f9a29995e594bcd3d4b002d9da8e82d400",
        "baseline_glrlm.csv": "91f6ca15490697be78084dd5b19be8f6e2399b64a15eaddd2cc8056af71e7316",
        "baseline_glszm.csv": "81a11cb20ea276d50677b717e6ed046556206da2435bca521ed99e1b930924b3",
        "baseline_ngtdm.csv": "8ed88f099a0863c6218cbc227a49cfc9e5756387093e6d603d825ccd72cdf4e0",
        "baseline_shape.csv": "a812d001a0dfbcbbc522fc047d7eb643accd2c6cc3c2c9b30efc92783af2c856",
        "baseline_shape2D.csv": "697438df2a08c1c178199bccb86df9f3fd037705d5126641769697085dca23ab",
    },
    "examples/exampleSettings": {
        "MR_2D_extraction.yaml": "9333a0d1c67f35f61ff857ac3b79d0021a9bae632a77ac9ee8f323c00f67b41f",
        "Params.yaml": "f451ec8c30f812e684630c4690a781e361c75f258fd7e37e2d46e65a56467d55",
        "exampleCT.yaml": "2ee6aa75dc25a32796197dc13c3674253451787278789dafe3a5e79f5ef8be53",
        "exampleMR_3mm.yaml": "774ede14be52863ed8299217a1097a117d1d68f773f9b84ff8dd58865ae28117",
        "exampleMR_5mm.yaml": "96037a9405e37be0ddf695bce5195fedb8b2b891538d3d3abb6ddb3960ba563e",
        "exampleMR_NoResampling.yaml": "d8716ae3bd8ddd4c5d5d5eacb79ccbf79fa23d1a7f2b78be6ee1e2516595661c",
        "exampleVoxel.yaml": "3c50d4acf4ca0bf85a7973242fd9e5183f3ca6b1a6b131a630e4c9901d0b571c",
        "example_allShape.yaml": "9771c3a1fb3bbd3e82247ed07348dfe6c49c66f96c46d5f4a7b7fb23c4c37728",
    },
}
"""SHA-256 of each file that is taken, by folder in the release: scans, baseline tables, parameter files."""

FILES = {f"{folder}/{name}": h for folder, files in FILES_BY_FOLDER.items() for name, h in files.items()}


class FetchError(Exception):
    """The scans could not be fetched; the message says why in one sentence."""


def fetch_scans(folder: Path) -> int:
    """Bring every file into ``folder``; return how many were fetched (0: all were there).

    Raises
    ------
    FetchError
        If the release cannot be downloaded, or holds anything else than expected.
    """
    missing = [name for name, sha256 in FILES.items() if _hash_file(folder / name) != sha256]
    if missing:
        with tempfile.TemporaryDirectory() as scratch:
            archive = _download(Path(scratch))
            _unpack(archive, folder, missing)
    return len(missing)


def _hash_file(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _download(scratch: Path) -> Path:
    """The release's archive, downloaded by pip with its hash required."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{RELEASE} --hash=sha256:{ARCHIVE_SHA256}\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    command += ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    command += ["--dest", str(scratch / "got"), "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = sorted((scratch / "got").glob("*.tar.gz"))
    if done.returncode != 0 or len(found) != 1:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise FetchError(f"pip could not download {RELEASE}: {(lines or ['no archive came'])[-1]}")
    if _hash_file(found[0]) != ARCHIVE_SHA256:
        raise FetchError(f"the archive of {RELEASE} does not have the SHA-256 that is expected")
    return found[0]


def _unpack(archive: Path, folder: Path, names: list[str]) -> None:
    top = archive.name.removesuffix(".tar.gz")
    with tarfile.open(archive) as release:
        for name in names:
            member = release.extractfile(f"{top}/{name}")
            content = member.read() if member is not None else b""
            if hashlib.sha256(content).hexdigest() != FILES[name]:
                raise FetchError(f"{name} in {RELEASE} does not have the SHA-256 that is expected")
            _write_whole(folder / name, content)


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def main(arguments: list[str]) -> int:
    """Fetch, and return the exit code."""
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    try:
        fetched = fetch_scans(folder)
    except FetchError as error:
        print(f"fetch_scans: error: {error}.", file=sys.stderr)
        return 3
    print(f"{folder}: {fetched or 'no'} files fetched, {len(FILES)} in all, SHA-256 checked")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
