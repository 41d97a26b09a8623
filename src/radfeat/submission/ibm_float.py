"""Numbers as XPT holds them: IBM System/360 floating point, 8 bytes, big-endian.

One sign bit, seven bits of exponent (base 16, excess 64), 56 bits of fraction. As at most three of these bits
are lost to the base, every double of that range is held exactly.

Reference
---------
SAS technical support, TS-140: The record layout of a data set in SAS transport format.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

MISSING = 0x2E << 56
"""A missing value: the character ``.`` and seven zero bytes."""

_BIAS = 64
_FRACTION_BITS = 56


def encode_numbers(values: Floats) -> Bytes:
    """Doubles (n,) as bytes (n x 8); NaN becomes the missing value, negative zero becomes zero.

    The values must lie in the range of ``dataset.SMALLEST`` to ``dataset.LARGEST``, or be zero.
    """
    missing, zero = np.isnan(values), values == 0
    mantissas, exponents = np.frexp(np.where(missing | zero, 1.0, np.abs(values)))
    sixteens = -(-exponents // 4)
    fractions = np.ldexp(mantissas, _FRACTION_BITS + exponents - 4 * sixteens).astype(np.uint64)
    signs = (values < 0).astype(np.uint64) << np.uint64(63)
    powers = (sixteens + _BIAS).astype(np.uint64) << np.uint64(_FRACTION_BITS)
    words = np.where(zero, np.uint64(0), signs | powers | fractions)
    words = np.where(missing, np.uint64(MISSING), words)
    return np.ascontiguousarray(words.astype(">u8")).view(np.uint8).reshape(-1, 8)


def decode_numbers(raw: Bytes) -> Floats:
    """Bytes (n x 8) as doubles (n,); the missing values ``.``, ``._`` and ``.A`` to ``.Z`` become NaN."""
    words = np.ascontiguousarray(raw).view(">u8").reshape(-1).astype(np.uint64)
    fractions = words & np.uint64(2**_FRACTION_BITS - 1)
    powers = ((words >> np.uint64(_FRACTION_BITS)) & np.uint64(0x7F)).astype(np.int64) - _BIAS
    values = np.ldexp(fractions.astype(np.float64), (4 * powers - _FRACTION_BITS).astype(np.int32))
    signed = np.where(words >> np.uint64(63), -values, values)
    missing = (fractions == 0) & (words != 0) & (words != np.uint64(1 << 63))
    return np.where(missing, np.nan, signed)
