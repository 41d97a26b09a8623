"""Settings that differ between modalities: what is given for one takes the place of the section's own."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from radfeat.core.vocabulary import Modality

Section = TypeVar("Section", bound=BaseModel)


class Overrides(BaseModel):
    """Settings of which those that are given hold, null among them; the others are those of the section."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def given(self) -> dict[str, Any]:
        """What is given, by name, in the order of the fields; a part that says nothing is not given."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {n: v for n, v in values.items() if n in self.model_fields_set and not _says_nothing(v)}

    @model_serializer(mode="wrap")
    def _dump_what_is_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped = handler(self)
        return {name: dumped[name] for name in self.given}


class OverridesByName(Overrides):
    """Overrides of several things, each by its name; null gives none."""

    @property
    def given(self) -> dict[str, Any]:
        """The overrides that say something, by name, in the order of the fields."""
        return {name: part for name, part in super().given.items() if part is not None}


Chosen = TypeVar("Chosen", bound=Overrides)


class ByModality(OverridesByName, Generic[Chosen]):
    """Overrides for the images of each modality."""

    CT: Chosen | None = Field(default=None, description="For CT.")
    MR: Chosen | None = Field(default=None, description="For MR.")
    PT: Chosen | None = Field(default=None, description="For PET.")
    US: Chosen | None = Field(default=None, description="For ultrasound.")
    OT: Chosen | None = Field(default=None, description="For any other image.")

    def of(self, modality: Modality) -> Chosen | None:
        """The overrides of one modality, if it has any."""
        chosen: Chosen | None = getattr(self, modality.value)
        return chosen

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities for which something is given."""
        return tuple(Modality(name) for name in self.given)


def override(section: Section, given: Mapping[str, Any]) -> Section:
    """A section with other values, held against its own rules.

    Raises
    ------
    ValidationError
        If the rules do not allow them.
    """
    return type(section).model_validate({**dict(section), **given})


@contextmanager
def name_modality(modality: Modality) -> Iterator[None]:
    """Let what the rules of a section refuse name the modality whose settings they refuse.

    Raises
    ------
    ValueError
        Whatever was refused, in one sentence.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"by_modality.{modality.value}: {_say(error)}") from error


def require_modalities(modalities: Iterable[Modality], resolve: Callable[[Modality], object]) -> None:
    """Refuse overrides with which the settings of a modality break the rules of the section.

    Raises
    ------
    ValueError
        With every complaint, each naming its modality.
    """
    complaints = []
    for modality in modalities:
        try:
            resolve(modality)
        except ValueError as error:
            complaints.append(str(error))
    if complaints:
        raise ValueError("; ".join(complaints))


def _says_nothing(value: object) -> bool:
    return isinstance(value, Overrides) and not value.given


def _say(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        ": ".join([*map(str, detail["loc"]), detail["msg"].removeprefix("Value error, ")])
        for detail in error.errors(include_url=False, include_context=False)
    )
