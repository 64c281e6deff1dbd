"""The settings file: ``meshmigrate.yaml``, else ``[tool.meshmigrate]`` in ``pyproject.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from translator.cli.flags import Flag, flags_of
from translator.cli.options import SETTINGS
from translator.errors import InputError, TargetError

YAML = "meshmigrate.yaml"
TOML = "pyproject.toml"


def settings_flags() -> tuple[Flag, ...]:
    """All options that the file may set."""
    return tuple(one for kind in SETTINGS for one in flags_of(kind))


def read_settings(folder: Path) -> dict[str, object]:
    """The settings of a folder by field name; none where it has no file.

    Raises:
        TargetError: an unknown key, or a value of the wrong kind.
    """
    file, found = _content(folder)
    known = {one.key: one for one in settings_flags()}
    settings: dict[str, object] = {}
    for key, value in found.items():
        one = known.get(key)
        if one is None:
            message = f'{file}: unknown setting "{key}": expected one of {", ".join(known)}.'
            raise TargetError(message)
        fault = _fault(one, value)
        if fault:
            message = f"{file}: {key}: expected {fault}, found {value!r}."
            raise TargetError(message)
        settings[one.name] = [value] if one.many and isinstance(value, str) else value
    return settings


def _content(folder: Path) -> tuple[str, Mapping[str, object]]:
    if (folder / YAML).is_file():
        return YAML, _yaml(folder / YAML)
    if (folder / TOML).is_file():
        try:
            project = tomllib.loads((folder / TOML).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            message = f"{TOML}: cannot be read: {error}."
            raise TargetError(message) from error
        found = project.get("tool", {}).get("meshmigrate", {})
        return f"{TOML}: tool.meshmigrate", found
    return "", {}


def _yaml(file: Path) -> Mapping[str, object]:
    from translator.source.leaves import plain  # most folders have no such file
    from translator.source.load import load

    try:
        loaded = load([file])
    except ExceptionGroup as group:
        errors = "; ".join(str(e) for e in group.exceptions if isinstance(e, InputError))
        raise TargetError(errors) from group
    if not loaded.documents:
        return {}
    found = plain(loaded.documents[0].root)
    if len(loaded.documents) > 1 or not isinstance(found, dict):
        message = f"{YAML}: expected one mapping of settings."
        raise TargetError(message)
    return found


def _fault(one: Flag, value: object) -> str:
    """What was expected where a value does not fit; empty where it does."""
    if one.many:
        listed = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return "" if listed or isinstance(value, str) else "a list of texts"
    if one.kind is bool:
        return "" if isinstance(value, bool) else "true or false"
    if one.choices:
        return "" if value in one.choices else f"one of {', '.join(one.choices)}"
    return "" if isinstance(value, str) else "a text (quote numbers)"


def settings_schema() -> dict[str, object]:
    """The JSON Schema of the settings file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of meshmigrate",
        "type": "object",
        "additionalProperties": False,
        "properties": {one.key: _schema(one) for one in settings_flags()},
    }


def _schema(one: Flag) -> dict[str, object]:
    about: dict[str, object] = {"description": one.text}
    if one.many:
        text = {"type": "string"}
        return about | {"anyOf": [text, {"type": "array", "items": text}], "default": []}
    if one.choices:
        return about | {"enum": list(one.choices), "default": str(one.default)}
    if one.kind is bool:
        return about | {"type": "boolean", "default": one.default}
    return about | {"type": "string", "default": one.default}
