"""Functions named rather than loaded, so that whoever passes them on need not load what they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pkgutil import resolve_name
from typing import Any


@dataclass(frozen=True, slots=True)
class LateCall:
    """A function by its name; its module is loaded in the process, and at the time, in which it is called.

    ``arguments`` are keyword arguments beside those of the call.
    """

    module: str
    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def given(self, **arguments: Any) -> "LateCall":
        """The same function with these keyword arguments."""
        return replace(self, arguments={**self.arguments, **arguments})

    def __call__(self, *args: Any) -> Any:
        """Load the module, and call the function."""
        return resolve_name(f"{self.module}:{self.function}")(*args, **self.arguments)
