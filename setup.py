"""The compiled part of radfeat; everything else about the package is in pyproject.toml.

Compiled ahead of time and for no processor in particular. Products and sums are not contracted and not
reordered, so that the numbers are the same on every processor. RADFEAT_CFLAGS adds flags: ``-O2``,
``-fsanitize=address,undefined``.
"""

import hashlib
import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SOURCES = Path("src/radfeat")
FLAGS = ["-O3", "-ffp-contract=off", "-fno-fast-math"]
EXTRA = os.environ.get("RADFEAT_CFLAGS", "").split()
SANITIZERS = [flag for flag in EXTRA if flag.startswith("-fsanitize")]
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
}

PYX = sorted(SOURCES.rglob("*.pyx"))


def digest_sources() -> str:
    """What ``radfeat.features.engines.native.built`` finds again: names and contents of all sources."""
    digest = hashlib.sha256()
    for source in PYX:
        content = hashlib.sha256(source.read_bytes()).hexdigest()
        digest.update(f"{source.relative_to(SOURCES).as_posix()} {content}\n".encode())
    return digest.hexdigest()


EXTENSIONS = [
    Extension(
        ".".join(source.with_suffix("").parts[1:]),
        [source.as_posix()],
        # `_sources` says of which sources all were made, so it is made anew with each of them.
        define_macros=[("RADFEAT_SOURCES", f'"{digest_sources()}"')] if source.stem == "_sources" else [],
        depends=[one.as_posix() for one in PYX] if source.stem == "_sources" else [],
        extra_compile_args=[*FLAGS, *EXTRA],
        extra_link_args=SANITIZERS,
    )
    for source in PYX
]

setup(ext_modules=cythonize(EXTENSIONS, build_dir="build/cython", compiler_directives=DIRECTIVES))
