"""Scales from numbers to places, and the round numbers that are written along them."""

import math
from dataclasses import dataclass

from radfeat.report.wording import format_number

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``lo .. hi`` to ``start .. end`` in pixels, linear or logarithmic; it stops at the ends."""

    lo: float
    hi: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a number lies, in pixels."""
        lo, hi, at = self.lo, self.hi, min(max(value, self.lo), self.hi)
        if self.logarithmic:
            lo, hi, at = math.log(lo), math.log(hi), math.log(at)
        share = (at - lo) / (hi - lo) if hi > lo else 0.5
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether the number lies on the scale."""
        return self.lo <= value <= self.hi


def choose_ticks(lo: float, hi: float, most: int) -> tuple[float, ...]:
    """At most ``most`` round numbers from ``lo`` to ``hi``, evenly spaced."""
    if not hi > lo:
        return (lo,)
    for step in _round_steps((hi - lo) / most):
        first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
        if last - first < most:
            return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))
    return (lo,)


def choose_log_ticks(lo: float, hi: float, most: int) -> tuple[float, ...]:
    """At most ``most`` of 1, 2 and 5 times powers of ten, or of the powers alone, from ``lo`` to ``hi``."""
    decades = range(math.floor(math.log10(lo)), math.ceil(math.log10(hi)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [f * 10.0**d for d in decades for f in factors]
        inside = tuple(float(f"{t:.12g}") for t in ticks if lo * (1 - 1e-9) <= t <= hi * (1 + 1e-9))
        if 2 <= len(inside) <= most:
            return inside
    every = math.ceil(len(inside) / most) if inside else 1
    return inside[::every] or (lo, hi)


def format_tick(value: float) -> str:
    """A tick without the zeros that three significant digits would add."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = f"{value:,.6f}".rstrip("0").rstrip(".")
        return text.replace("-", "\N{MINUS SIGN}")
    return format_number(value).replace(".00 ×", " ×").replace("0 ×", " ×")


def _round_steps(least: float) -> tuple[float, ...]:
    """Round steps from about ``least`` upwards."""
    power = 10.0 ** math.floor(math.log10(least))
    return tuple(
        step * power * scale
        for scale in (1.0, 10.0)
        for step in _STEPS
        if step * power * scale >= least * 0.8
    )
