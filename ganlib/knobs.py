"""Marks on the fields of configuration dataclasses: ranges, and names out of a registry.

The configuration of a component is a plain dataclass beside the component, so that a machine without pydantic can use it.
pydantic finds these marks in the annotations and enforces them when `ganlib.config` reads `params.yaml`.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, Union, get_type_hints


@dataclass(frozen=True)
class Range:
    """Bounds on a number; None leaves a side open."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        bounds = {name: bound for name, bound in vars(self).items() if bound is not None}
        return {**handler(source), **bounds}


Positive = Annotated[int, Range(gt=0)]
Natural = Annotated[int, Range(ge=0)]
PositiveFloat = Annotated[float, Range(gt=0)]
NaturalFloat = Annotated[float, Range(ge=0)]
Share = Annotated[float, Range(ge=0, le=1)]


@dataclass(frozen=True)
class MultipleOf:
    """A multiple of `unit` from `low` to `high`."""

    unit: int
    low: int
    high: int

    def check(self, value: int) -> int:
        if value % self.unit or not self.low <= value <= self.high:
            raise ValueError(f"must be a multiple of {self.unit} from {self.low} to {self.high}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


class Word:
    """A name that somebody gives, and that can stand in paths, commands and addresses."""

    def check(self, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
            raise ValueError("must be of small letters, digits and underscores, a letter first")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


class Named:
    """A name out of a registry; an unknown one is answered with the valid names, the nearest first."""

    def __init__(self, kind: str, names: Iterable[str]) -> None:
        self.kind = kind
        self.names = names

    def check(self, value: str) -> str:
        if value not in set(self.names):
            raise ValueError(unknown(self.kind, value, self.names))
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))


class OneOf:
    """One of the registry's dataclasses, chosen by the value of the field `key` (`source: folder`, `name: dcgan`).

    A plain name stands for the dataclass with its defaults: `objective: hinge` is `objective: {name: hinge}`.
    """

    def __init__(self, key: str, registry: Mapping[str, type[Any]]) -> None:
        self.key = key
        self.registry = registry

    def check(self, value: Any) -> Any:
        if isinstance(value, str):
            value = {self.key: value}
        name = value.get(self.key) if isinstance(value, Mapping) else getattr(value, self.key, None)
        if name not in self.registry:
            raise ValueError(unknown(self.key, str(name), self.registry))
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field
        from pydantic_core import core_schema

        members = tuple(self.registry.values())
        choice: Any = members[0]
        if len(members) > 1:
            choice = Annotated[Union[members], Field(discriminator=self.key)]  # noqa: UP007  made at run time
        return core_schema.no_info_before_validator_function(self.check, handler.generate_schema(choice))


class Names:
    """Names out of a registry, as a list, or as one text with commas between."""

    def __init__(self, registry: Iterable[str], kind: str) -> None:
        self.registry, self.kind = registry, kind

    def split(self, value: Any) -> Any:
        """The names in a text with commas; anything else as it is."""
        return [name for name in re.split(r"[,\s]+", value) if name] if isinstance(value, str) else value

    def check(self, value: tuple[str, ...]) -> tuple[str, ...]:
        """`value`, or `ValueError` where a name is unknown."""
        for name in value:
            if name not in self.registry:
                raise ValueError(unknown(self.kind, name, self.registry))
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        checked = core_schema.no_info_after_validator_function(self.check, handler(source))
        return core_schema.no_info_before_validator_function(self.split, checked)


def build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A dataclass of knobs, and those inside it, from plain values such as JSON keeps; without pydantic, and unchecked."""
    marks = get_type_hints(kind, include_extras=True)
    chosen = dict(values)
    for name, value in values.items():
        inner = _dataclass_in(marks.get(name), value) if isinstance(value, Mapping) else None
        if inner is not None:
            chosen[name] = build(inner, value)
    return kind(**chosen)


def _dataclass_in(annotation: Any, values: Mapping[str, Any]) -> type[Any] | None:
    """The dataclass that a field's values are for, if any: the field's own type, or the one that the values choose by name."""
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, OneOf):
            return mark.registry[values[mark.key]]
    return annotation if isinstance(annotation, type) and is_dataclass(annotation) else None


def unknown(kind: str, name: str, valid: Iterable[str]) -> str:
    """The sentence for a name that is in no registry: the valid names, the nearest one first."""
    return f"must be one of {nearest_first(name, sorted(valid))}"


def nearest_first(name: str, valid: Iterable[str]) -> str:
    """The valid names in their order, but for the one that is most like `name`, which comes first; with commas between."""
    names = list(valid)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    return ", ".join(near + [other for other in names if other not in near])
