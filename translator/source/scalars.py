"""What a scalar means to the API server: YAML as kubectl's Go library reads it.

That is sigs.k8s.io/yaml 1.6 on go.yaml.in/yaml/v2 2.4 (``resolve.go``): YAML 1.1 booleans, Go's
numbers (``0x``, ``0b``, ``0o``, a leading zero is octal, ``_`` among the digits), dates and
sexagesimals stay strings, a whole number beyond 64 bits becomes a float.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct

from translator.source.leaves import Scalar

_CORE = "tag:yaml.org,2002:"
MERGE_TAG = f"{_CORE}merge"

_WORDS: dict[str, Scalar] = {}
for _value, _spellings in (
    (None, ("", "~", "null", "Null", "NULL")),
    (True, ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")),
    (False, ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")),
    (math.inf, (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF")),
    (-math.inf, ("-.inf", "-.Inf", "-.INF")),
    (math.nan, (".nan", ".NaN", ".NAN")),
):
    _WORDS.update(dict.fromkeys(_spellings, _value))

_STARTS = frozenset("0123456789+-.")
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))\Z"
)
_BASES = (16, 2, 8, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?))?\Z"
)
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])_(?=[0-9])")
_STRAY = re.compile("[\udc80-\udcff]")
_WRITTEN_OUT = range(-4, 6)
"""Powers of ten that Go writes without an exponent."""

_INT64 = 1 << 63
_UINT64 = 1 << 64


def resolve(text: str, *, plain: bool, tag: str | None = None) -> Scalar:
    """The value of a scalar: ``plain`` is false for quoted and block scalars.

    Raises:
        ValueError: an explicit tag that the text does not fit.
    """
    if tag is None:
        return plain_value(text) if plain else text
    return _tagged(text, tag)


def _tagged(text: str, tag: str) -> Scalar:
    name = tag.removeprefix(_CORE) if tag.startswith(_CORE) else ""
    if name == "binary":
        return _unpacked(text)
    if name == "timestamp":
        value: Scalar = text
        fits = bool(_DATE.match(text))
    elif name in _TYPES:
        value = plain_value(text)
        fits = type(value) in _TYPES[name]
        if name == "float" and fits and isinstance(value, int):
            fits, value = value < _INT64, float(value)
    else:  # a string, or a tag that means nothing to the API server
        return text
    if not fits:
        message = f'"{text}" is no {name}'
        raise ValueError(message)
    return value


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


def _unpacked(text: str) -> str:
    try:
        raw = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except binascii.Error:
        message = f'"{text}" is no base64'
        raise ValueError(message) from None
    # Go writes one replacement character for each byte that is no UTF-8.
    return _STRAY.sub("\ufffd", raw.decode("utf-8", "surrogateescape"))


def plain_value(text: str) -> Scalar:
    """The value of a scalar without quotes and tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS:
        return text
    # The library strips any "_" after a digit or sign; after a dot Go's own rule for it holds.
    dotted = text[0] == "."
    return _number(_BETWEEN_DIGITS.sub("", text) if dotted else text.replace("_", ""), text)


def _number(digits: str, text: str) -> Scalar:
    match = _INTEGER.match(digits)
    if match is not None:
        sign, *groups = match.groups()
        base, found = next((b, g) for b, g in zip(_BASES, groups, strict=True) if g is not None)
        value = int(sign + found, base)
        # A sign makes it a 64-bit signed number; without one it may be unsigned.
        if -_INT64 <= value < (_INT64 if sign else _UINT64):
            return value
    if _FLOAT.match(digits):
        number = float(digits)
        return number if math.isfinite(number) else text
    return text


def key_text(value: Scalar) -> str:
    """A mapping's key as the JSON object has it.

    Raises:
        ValueError: a null or a number beyond 63 bits, which have no key in JSON.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_key(value)
    if value is None or value >= _INT64:
        message = f"a key cannot be {'null' if value is None else value}"
        raise ValueError(message)
    return str(value)


def _float_key(value: float) -> str:
    """As Go's ``FormatFloat(value, 'g', -1, 32)``: the shortest text that is the same float32."""
    if math.isnan(value):
        return ".nan"
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    for places in range(9):
        text = f"{single:.{places}e}"
        if struct.pack("f", float(text)) == struct.pack("f", single):
            break
    power = int(text.partition("e")[2])
    if power in _WRITTEN_OUT:
        return f"{float(text):.{max(0, places - power)}f}"
    return text
