"""One rule of an imaging protocol: which numbers or texts it allows, in words and as a verdict."""

import math
import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from radfeat.core.acquisition import UNITS, Parameter

ROUNDING = 1e-4
"""A number that misses a limit by less than this share of the limit misses it by rounding, and keeps it."""

_REQUIRED = (
    "true: an ROI of an image that deviates here, or whose headers do not tell, is excluded (QC_EXCLUDED). "
    "Default false: it is measured, and a finding says that the image deviates."
)


class Written(BaseModel):
    """Settings that are written without the parts that are not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _leave_out_what_is_not_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        return {name: value for name, value in written.items() if value is not None}


class NumberRule(Written):
    """Which numbers are allowed: from `min` to `max`, or `equals` within `tolerance`.

    Limits are kept within 0.01 %, so that 2.9999999 mm is 3 mm.
    """

    min: float | None = Field(default=None, allow_inf_nan=False, description="Least number allowed.")
    max: float | None = Field(default=None, allow_inf_nan=False, description="Greatest number allowed.")
    equals: float | None = Field(default=None, allow_inf_nan=False, description="The number allowed.")
    tolerance: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="How far from `equals`, in the parameter's unit."
    )
    required: bool = Field(default=False, description=_REQUIRED)

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        bounds = self.min is not None or self.max is not None
        if bounds == (self.equals is not None):
            raise ValueError("write min, max or both, or else equals (with tolerance)")
        if self.tolerance is not None and self.equals is None:
            raise ValueError("tolerance belongs to equals")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min ({self.min:g}) is greater than max ({self.max:g})")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest number allowed, infinite where there is no limit."""
        if self.equals is not None:
            slack = self.tolerance or 0.0
            return self.equals - slack, self.equals + slack
        return (
            -math.inf if self.min is None else self.min,
            math.inf if self.max is None else self.max,
        )

    def allows(self, value: float | str) -> bool:
        """Whether a number keeps the rule; a text never does."""
        if isinstance(value, str):
            return False
        low, high = self.bounds
        within = low <= value <= high
        return within or any(math.isclose(value, limit, rel_tol=ROUNDING) for limit in (low, high))

    def describe(self, unit: str) -> str:
        """What is allowed, in words."""
        if self.equals is not None:
            within = f" within {self.tolerance:g}" if self.tolerance else ""
            return f"{self.equals:g}{within} {unit}"
        if self.min is None:
            return f"at most {self.max:g} {unit}"
        return f"at least {self.min:g} {unit}" if self.max is None else f"{self.min:g} to {self.max:g} {unit}"


class TextRule(Written):
    """Which texts are allowed: `one_of` a list, those with a `pattern`, or those that hold all of `includes`.

    Texts are compared without regard to capitals and to blanks around them.
    """

    one_of: tuple[str, ...] | None = Field(default=None, min_length=1, description="The texts allowed.")
    pattern: str | None = Field(
        default=None,
        min_length=1,
        description="A regular expression found anywhere in the text; ^ and $ tie it to start and end.",
    )
    includes: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Codes that a text of several, such as ATTN\\DECY\\SCAT, must all hold.",
    )
    required: bool = Field(default=False, description=_REQUIRED)

    @field_validator("one_of", "includes")
    @classmethod
    def _texts_say_something(cls, texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if texts is not None and not all(text.strip() for text in texts):
            raise ValueError("one of the texts is empty")
        return texts

    @field_validator("pattern")
    @classmethod
    def _is_an_expression(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"this is no regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        if sum(part is not None for part in (self.one_of, self.pattern, self.includes)) != 1:
            raise ValueError("write one of one_of, pattern, includes")
        return self

    def allows(self, value: float | str) -> bool:
        """Whether a text keeps the rule; a number never does."""
        if not isinstance(value, str):
            return False
        if self.pattern is not None:
            return re.search(self.pattern, value, re.IGNORECASE) is not None
        if self.includes is not None:
            return {_plain(code) for code in self.includes} <= {_plain(c) for c in value.split("\\")}
        return _plain(value) in {_plain(text) for text in self.one_of or ()}

    def describe(self, unit: str) -> str:
        """What is allowed, in words; texts have no unit."""
        if self.pattern is not None:
            return f"matching {self.pattern}"
        if self.includes is not None:
            return f"with {', '.join(self.includes)}"
        *others, last = self.one_of or ("",)
        return f"{', '.join(others)} or {last}" if others else last


Rule = NumberRule | TextRule


def _plain(text: str) -> str:
    return " ".join(text.split()).upper()


def say_misfit(parameter: Parameter, rule: Any) -> str | None:
    """Why what stands beside a parameter is no rule for it; None where it may be one.

    ``rule`` is as the file gives it: the message knows the parameter and its unit, which a rule does not.
    """
    unit = UNITS.get(parameter)
    kind = NumberRule if unit else TextRule
    what = f"{parameter.value} is a number in {unit}" if unit else f"{parameter.value} is a text"
    how = (
        "write {min: ..., max: ...} or {equals: ..., tolerance: ...}"
        if unit
        else "write {one_of: [...]}, {pattern: ...} or {includes: [...]}"
    )
    if not isinstance(rule, Mapping):
        return f"{what}: {how}"
    odd = [str(name) for name in rule if name not in kind.model_fields]
    if odd:
        return f"{what}, for which there is no `{'`, `'.join(odd)}`: {how}"
    numbers = {name: rule[name] for name in ("min", "max", "equals", "tolerance") if unit and name in rule}
    for name, number in numbers.items():
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float):
            return f"{what}, and `{name}` is {number!r}: write the number alone"
    return None
