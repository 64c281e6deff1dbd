"""How a run that could not be finished ends: what is said, and the exit code."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator

import typer
from typer.exceptions import TyperException

from translator.cli.codes import BUG, INPUT, INTERRUPTED, USAGE
from translator.cli.console import err
from translator.errors import InputError, TargetError
from translator.report.render.words import printable

DEBUG = "MESHMIGRATE_DEBUG"


def guarded(run: Callable[[], object], *, verbose: bool) -> int:
    """The exit code of ``run``: what it returns, or what its error means. Nothing is raised."""
    try:
        code = run()
    except TyperException as error:
        err(_wrong_usage(error.format_message()))
        return USAGE
    except TargetError as error:
        err(f"error: {printable(str(error))}\n")
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    except Exception as error:  # noqa: BLE001  # the last one who can say it decently
        found = input_errors(error)
        return _bug(error, verbose=verbose) if found is None else _input(found)
    if code == INTERRUPTED:  # typer makes a code of the interruption itself
        err("interrupted; nothing was left half-written.\n")
    return code if isinstance(code, int) else 0


def input_errors(error: Exception) -> list[InputError] | None:
    """The input errors that an error is made of; ``None`` where it is anything else."""
    if isinstance(error, InputError):
        return [error]
    if not isinstance(error, ExceptionGroup):
        return None
    found = [input_errors(inner) for inner in error.exceptions]
    if any(inner is None for inner in found):
        return None
    return [one for inner in found for one in inner or ()]


def _wrong_usage(told: str) -> str:
    """What is wrong; the whole help where nothing was asked for at all."""
    if told.startswith("Usage:"):
        return f"{told}\n"
    return f"error: {told}\nmeshmigrate --help shows how it is used.\n"


def _input(errors: list[InputError]) -> int:
    lines = dict.fromkeys(printable(str(error)) for error in sorted(errors, key=_order))
    err("".join(f"{line}\n" for line in lines))
    noun = "error" if len(lines) == 1 else "errors"
    err(f"{len(lines)} {noun} in the input; nothing was written.\n")
    return INPUT


def _order(error: InputError) -> tuple[str, int, int]:
    return error.place.file, error.place.line or 0, error.place.column or 0


def _bug(error: Exception, *, verbose: bool) -> int:
    if verbose or os.environ.get(DEBUG):
        err("".join(_trace(error)))
    told = printable(f"{type(error).__name__}: {error}"[:500])
    err(f"error: this is a fault of meshmigrate, not of your input: {told}\n")
    err("Please report it, with what -v shows and a piece of input that it happens on.\n")
    return BUG


def _trace(error: Exception) -> Iterator[str]:
    yield from traceback.format_exception(error)


def asks_for_detail(arguments: list[str]) -> bool:
    """Whether ``-v`` is among the arguments, which holds also where they could not be read."""
    return any(one in {"-v", "--verbose"} for one in arguments)


__all__ = ["asks_for_detail", "guarded", "input_errors"]
