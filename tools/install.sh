#!/bin/sh
# Makes .venv from the hashed lock files, or brings it up to date. Called by `make install`.
#
#   tools/install.sh [--check]     --check only looks for Python and the C compiler
#
# PYTHON names the interpreter to use; without it the first of python3.13, python3.12, python3.11
# and python3 that is fit is taken. What pip says goes to .venv/install.log.
set -eu

VENV=.venv
LOG=$VENV/install.log
OLDEST=3.11
NEWEST=3.13

fail() {
    printf 'radfeat: error: %s\n' "$1" >&2
    exit 2
}

# What keeps an interpreter from being used, as one clause; nothing where it is fit.
complaint_about() {
    "$1" - <<'PROGRAM' 2>/dev/null || echo "does not run"
import importlib.util, pathlib, sys, sysconfig
version = "is Python %d.%d" % sys.version_info[:2]
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    print(version)
elif not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
    print(version + " but lacks its modules venv and ensurepip (Debian and Ubuntu: package python3-venv)")
elif not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file():
    print(version + " but lacks its header files (Debian and Ubuntu: package python3-dev)")
PROGRAM
}

# Sets FOUND to a fit interpreter, or fails with what is wrong with those that are there.
find_python() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.13 python3.12 python3.11 python3; fi
    complaints=
    for candidate in "$@"; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        complaint=$(complaint_about "$candidate")
        if [ -z "$complaint" ]; then
            FOUND=$candidate
            return
        fi
        complaints="$complaints${complaints:+, }$candidate $complaint"
    done
    fail "Python $OLDEST to $NEWEST is needed, with venv and header files (${complaints:-not found: $*}); install one, or name it: make PYTHON=/path/to/python3."
}

# The compiler that Python builds extensions with, or the system's own; it must find the C library.
find_compiler() {
    default=$("$FOUND" -c 'import sysconfig; print((sysconfig.get_config_var("CC") or "cc").split()[0])')
    for candidate in ${CC:-"$default" cc gcc clang}; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if printf '#include <stdlib.h>\nint main(void) { return 0; }\n' | "$candidate" -x c -fsyntax-only - 2>/dev/null; then
            [ "$candidate" = "$default" ] || export CC="$candidate"
            return
        fi
        fail "the C compiler $candidate does not find the C library's headers; install them (on Debian and Ubuntu: the package libc6-dev)."
    done
    fail "a C compiler is needed to build PyRadiomics and the native engine, and none was found; install one (on Debian and Ubuntu: the package build-essential)."
}

# Runs a step with its noise in the log; on failure shows the end of it.
quietly() {
    what=$1
    shift
    if ! "$@" >>"$LOG" 2>&1; then
        tail -n 12 "$LOG" >&2
        fail "$what failed; the whole account is in $LOG."
    fi
}

install_lock() {
    quietly "installing $1" "$VENV/bin/python" -m pip install \
        --require-hashes --no-deps --no-build-isolation --no-compile \
        --disable-pip-version-check --no-input -r "$1"
}

# Anew where there is none, or where it does not run (the folder was moved, its Python is gone).
make_venv() {
    if "$VENV/bin/python" -c 'import pip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null &&
        [ "$("$VENV/bin/python" -c 'import sys; print(sys.prefix)')" = "$(pwd -P)/$VENV" ]; then
        return
    fi
    rm -rf "$VENV"
    mkdir -p "$VENV"
    quietly "making $VENV" "$FOUND" -m venv "$VENV"
}

find_python
find_compiler
[ "${1:-}" != --check ] || exit 0
make_venv
echo "Installing radfeat into $VENV with $("$VENV/bin/python" --version), from hashed locks (about a minute) ..."
install_lock requirements-build.lock
install_lock requirements.lock
# Snakemake starts Python often: 2 s of work with byte code, 6 s without. Files for other versions do not compile.
"$VENV/bin/python" -m compileall -q -j 0 "$VENV/lib" src >>"$LOG" 2>&1 || true
# Compiles the native engine beside its sources.
quietly "compiling and installing radfeat itself" "$VENV/bin/python" -m pip install \
    --no-deps --no-build-isolation --no-index --disable-pip-version-check --no-input -e .
"$VENV/bin/radfeat" --version
