"""A scalar means what it means to the API server: the table of cases is the specification."""

from __future__ import annotations

import math

import pytest

from translator.source.leaves import Scalar
from translator.source.load import load_text
from translator.source.scalars import key_text, plain_value, resolve

PLAIN: list[tuple[str, Scalar]] = [
    # YAML 1.1 words, as kubectl's library knows them
    *[(word, True) for word in ("y", "Y", "yes", "Yes", "YES", "true", "on", "On", "ON")],
    *[(word, False) for word in ("n", "N", "no", "No", "NO", "false", "off", "Off", "OFF")],
    *[(word, None) for word in ("", "~", "null", "Null", "NULL")],
    ("yEs", "yEs"),
    ("tRue", "tRue"),
    ("nUll", "nUll"),
    # whole numbers: a leading zero is octal, as is 0o; hexadecimal, binary, underscores
    ("0", 0),
    ("-0", 0),
    ("+7", 7),
    ("010", 8),
    ("0644", 420),
    ("0o17", 15),
    ("0x1F", 31),
    ("0b101", 5),
    ("1_000", 1000),
    ("08", 8.0),  # no octal number, so a float
    ("9223372036854775808", 9223372036854775808),
    ("-9223372036854775809", -9223372036854775809.0),
    # numbers with a point or an exponent
    ("1.5", 1.5),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("1.", 1.0),
    ("1e999", "1e999"),
    # strings that other readers take for something else
    ("1h30m", "1h30m"),
    ("30s", "30s"),
    ("12:30", "12:30"),
    ("190:20:30", "190:20:30"),
    ("2026-11-25", "2026-11-25"),
    ("2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z"),
    ("1.2.3", "1.2.3"),
    ("0x", "0x"),
    ("-", "-"),
    ("=", "="),
    ("<<", "<<"),
]


@pytest.mark.parametrize(("text", "value"), PLAIN, ids=[text or "nothing" for text, _ in PLAIN])
def test_a_plain_scalar_is_what_the_api_server_reads(text: str, value: Scalar) -> None:
    found = plain_value(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("text", [text for text, _ in PLAIN if text])
def test_quotes_make_a_string_of_anything(text: str) -> None:
    document = load_text(f"a: \"{text}\"\nb: '{text}'\n").documents[0]
    assert [leaf.value for leaf in document.leaves] == [text, text]


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("7", "!!str", "7"),
        ("yes", "!!str", "yes"),
        ("7", "!!int", 7),
        ("7", "!!float", 7.0),
        ("on", "!!bool", True),
        ("~", "!!null", None),
        ("aGVsbG8=", "!!binary", "hello"),
        ("2026-11-25", "!!timestamp", "2026-11-25"),
        ("7", "!mine", "7"),
    ],
)
def test_a_tag_says_what_a_scalar_is(text: str, tag: str, value: Scalar) -> None:
    full = tag.replace("!!", "tag:yaml.org,2002:")
    found = resolve(text, plain=True, tag=full)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "tag"),
    [("x", "int"), ("x", "bool"), ("x", "binary"), ("x", "timestamp"), ("1", "null")],
)
def test_a_tag_that_does_not_fit_is_refused(text: str, tag: str) -> None:
    with pytest.raises(ValueError, match=f'"{text}" is no '):
        resolve(text, plain=True, tag=f"tag:yaml.org,2002:{tag}")


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (True, "true"), (False, "false"), (80, "80"), (-1, "-1"), (1.5, "1.5"),
     (1e21, "1e+21"), (0.1, "0.1"), (math.nan, ".nan"), (math.inf, ".inf"), (-1e300, "-.inf")],
)  # fmt: skip
def test_a_key_is_a_text_in_json(value: Scalar, text: str) -> None:
    assert key_text(value) == text


@pytest.mark.parametrize("value", [None, 1 << 63])
def test_some_values_cannot_be_a_key(value: Scalar) -> None:
    with pytest.raises(ValueError, match="a key cannot be"):
        key_text(value)


def test_the_key_on_is_true_unless_it_is_quoted_and_its_path_is_as_it_is_written() -> None:
    document = load_text('on: 1\n"off": 2\n').documents[0]
    assert isinstance(document.root.value, dict)
    assert list(document.root.value) == ["true", "off"]
    assert document.paths() == ["on", "off"]
