"""What a scalar means to the API server: YAML as kubectl's Go library reads it (sigs.k8s.io/yaml, goyaml.v2).

Booleans are YAML 1.1's, numbers Go's (``0x``, ``0b``, ``0o``, a leading zero is octal, ``_`` between digits); dates and
sexagesimals stay strings.
"""

from __future__ import annotations

import re

from translator.source.leaves import Scalar

_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INFINITE = {
    ".inf": float("inf"),
    ".Inf": float("inf"),
    ".INF": float("inf"),
    "+.inf": float("inf"),
    "+.Inf": float("inf"),
    "+.INF": float("inf"),
    "-.inf": float("-inf"),
    "-.Inf": float("-inf"),
    "-.INF": float("-inf"),
    ".nan": float("nan"),
    ".NaN": float("nan"),
    ".NAN": float("nan"),
}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|([1-9][0-9]*|0))\Z"
)
_BASES = (16, 2, 8, 8, 10)
_STARTS = frozenset("0123456789+-.")
_INT64 = 1 << 63
_UINT64 = 1 << 64

STRING_TAG = "tag:yaml.org,2002:str"
_TAGS = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}


def resolve(text: str, *, plain: bool, tag: str | None = None) -> Scalar:
    """The value of a scalar: ``plain`` is false for quoted and block scalars.

    Raises:
        ValueError: an explicit tag that the text does not fit.
    """
    if tag in (None, "", "!") and not plain:
        return text
    if tag == STRING_TAG or tag == "!":
        return text
    value = _plain(text)
    wanted = _TAGS.get(tag or "")
    if wanted is None:
        return value if plain else text
    if isinstance(value, wanted) and not (isinstance(value, bool) and bool not in wanted):
        return (
            float(value) if tag == "tag:yaml.org,2002:float" and isinstance(value, int) else value
        )
    message = f'"{text}" is no {(tag or "").rpartition(":")[2]}'
    raise ValueError(message)


def _plain(text: str) -> Scalar:
    if text in _NULL:
        return None
    if text[0] not in _STARTS:
        if text in _TRUE:
            return True
        return False if text in _FALSE else text
    if text in _INFINITE:
        return _INFINITE[text]
    return _number(text)


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    match = _INTEGER.match(digits)
    if match is not None:
        sign, *groups = match.groups()
        base, found = next((b, g) for b, g in zip(_BASES, groups, strict=True) if g is not None)
        value = int(found, base) * (-1 if sign == "-" else 1)
        if -_INT64 <= value < _UINT64:
            return value
        return float(value) if base == 10 else text  # noqa: PLR2004  # decimal only
    if _FLOAT.match(digits):
        return float(digits)
    return text
