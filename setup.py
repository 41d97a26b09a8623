"""The compiled part of radfeat; everything else about the package is in pyproject.toml.

Compiled ahead of time and for no processor in particular. Products and sums are not contracted and not
reordered, so that the numbers are the same on every processor. RADFEAT_CFLAGS adds flags: ``-O2``,
``-fsanitize=address,undefined``.
"""

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

EXTENSIONS = [
    Extension(
        ".".join(source.with_suffix("").parts[1:]),
        [source.as_posix()],
        extra_compile_args=[*FLAGS, *EXTRA],
        extra_link_args=SANITIZERS,
    )
    for source in sorted(SOURCES.rglob("*.pyx"))
]

setup(ext_modules=cythonize(EXTENSIONS, build_dir="build/cython", compiler_directives=DIRECTIVES))
