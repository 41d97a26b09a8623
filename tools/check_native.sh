#!/bin/sh
# Compiles the native engine anew, beside the installed one, and holds it to its promises:
#   with -fsanitize=address,undefined its tests pass without a complaint;
#   with -O2 and with -O3 the values of a phantom are the same bytes.
#
#   tools/check_native.sh            needs .venv (make install), gcc and its libasan; takes some minutes
set -eu

PYTHON=${PYTHON:-$(pwd)/.venv/bin/python}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# A copy of the sources, compiled with these flags.
build() {
    mkdir "$WORK/$1"
    cp -r src setup.py pyproject.toml README.md LICENSE "$WORK/$1/"
    find "$WORK/$1/src" -name '*.so' -delete
    (cd "$WORK/$1" && RADFEAT_CFLAGS=$2 "$PYTHON" setup.py -q build_ext --inplace >"$WORK/$1.log" 2>&1) ||
        { tail -n 20 "$WORK/$1.log" >&2; exit 1; }
}

digest() {
    PYTHONPATH=$WORK/$1/src:tests${PYTHONPATH:+:$PYTHONPATH} "$PYTHON" tests/engine_pairs.py
}

build o2 -O2
build o3 -O3
[ "$(digest o2)" = "$(digest o3)" ] || { echo "-O2 and -O3 give other bytes" >&2; exit 1; }
echo "the same bytes with -O2 and -O3: $(digest o3)"

build san "-fsanitize=address,undefined -fno-sanitize-recover=undefined -O1 -g"
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so) $(gcc -print-file-name=libstdc++.so.6)" \
    ASAN_OPTIONS=detect_leaks=0 \
    PYTHONPATH="$WORK/san/src${PYTHONPATH:+:$PYTHONPATH}" "$PYTHON" -m pytest -q -n 0 -p no:cacheprovider \
    tests/unit/test_native_matrices.py tests/unit/test_native_shape.py tests/unit/test_native_laplacian.py \
    tests/unit/test_resample_near.py \
    tests/property/test_native_parity_property.py tests/golden/test_native_parity.py
