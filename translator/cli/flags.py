"""Options as the fields of dataclasses: one table for command line, settings file, environment."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Annotated, TypeVar, cast, get_type_hints

import typer

T = TypeVar("T")

PREFIX = "MESHMIGRATE_"
"""What the names of environment variables begin with."""


def flag(default: T, text: str, metavar: str = "", names: tuple[str, ...] = ()) -> T:
    """A field that is an option; without ``names`` it is called as the field is."""
    about = {"text": text, "names": names, "metavar": metavar}
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True)
class Flag:
    """One option: ``name`` is the field, ``key`` how the settings file writes it."""

    name: str
    kind: object
    default: object
    text: str
    names: tuple[str, ...]
    metavar: str

    @property
    def key(self) -> str:
        """``fail-on`` for ``fail_on``."""
        return self.name.replace("_", "-")

    @property
    def many(self) -> bool:
        """Whether it may be given several times."""
        return self.kind == tuple[str, ...]

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it may have; empty where any text goes."""
        kind = self.kind
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return tuple(member.value for member in kind)
        return ()

    def spelt(self) -> tuple[str, ...]:
        """Its names on the command line."""
        if self.names:
            return self.names
        return (f"--{self.key}/--no-{self.key}",) if self.kind is bool else (f"--{self.key}",)


def flags_of(kind: type) -> Iterator[Flag]:
    """The options of a dataclass, in its order."""
    hints = get_type_hints(kind)
    known: tuple[Field[object], ...] = fields(kind)
    for one in known:
        about: Mapping[str, object] = one.metadata
        yield Flag(
            name=one.name,
            kind=hints[one.name],
            default=one.default,
            text=str(about["text"]),
            names=cast("tuple[str, ...]", about["names"]),
            metavar=str(about["metavar"]),
        )


def with_flags(run: Callable[..., int]) -> Callable[..., int]:
    """The command with each parameter that is a dataclass spread into options, one a field."""
    parameters: list[inspect.Parameter] = []
    packs: dict[str, type] = {}
    for parameter in inspect.signature(run, eval_str=True).parameters.values():
        if is_dataclass(parameter.annotation):
            packs[parameter.name] = cast("type", parameter.annotation)
            parameters.extend(map(_parameter, flags_of(packs[parameter.name])))
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def command(**given: object) -> int:
        packed = {
            name: kind(**{f.name: _value(f, given.pop(f.name)) for f in flags_of(kind)})
            for name, kind in packs.items()
        }
        return run(**given, **packed)

    command.__doc__ = run.__doc__
    command.__annotations__ = {}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command


def _parameter(one: Flag) -> inspect.Parameter:
    option = typer.Option(
        *one.spelt(),
        help=one.text,
        metavar=one.metavar or None,
        envvar=PREFIX + one.name.upper(),
        show_envvar=False,
        show_default=bool(one.default) and one.kind is not bool,
    )
    kind = list[str] if one.many else one.kind
    default = list(cast("tuple[str, ...]", one.default)) if one.many else one.default
    return inspect.Parameter(
        one.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, option],
    )


def _value(one: Flag, given: object) -> object:
    return tuple(cast("list[str]", given or ())) if one.many else given
