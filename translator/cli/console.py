"""The terminal: manifests to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from translator.cli.options import Color
from translator.errors import TargetError


def out(pieces: Iterable[str]) -> None:
    """Writes to stdout, in UTF-8 whatever the locale; a reader that has gone away is no error.

    Raises:
        TargetError: stdout takes no more, a full disk for instance.
    """
    stream = sys.stdout.buffer
    try:
        for piece in pieces:
            stream.write(encoded(piece))
        stream.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        message = f"cannot write to standard output: {error.strerror}."
        raise TargetError(message) from error


def err(text: str) -> None:
    """Writes a text to stderr; what the locale cannot show is spelt out."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BrokenPipeError:
        _silence(sys.stderr)


def encoded(text: str) -> bytes:
    """UTF-8; bytes of file names that are no text are spelt out."""
    return text.encode("utf-8", "backslashreplace")


def _silence(stream: TextIO) -> None:
    # The interpreter flushes its streams once more when it ends, and would complain then.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def colored(choice: Color) -> bool:
    """Whether stderr gets colour: as asked, else by the environment and the terminal."""
    if choice is not Color.AUTO:
        return choice is Color.ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
