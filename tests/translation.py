"""Translating text in tests: by registered meshes or by any importer and exporter."""

from __future__ import annotations

import pytest

from ir.model import Model
from translator import pipeline
from translator.after import as_source, in_force
from translator.api import Exporter, Importer, Options
from translator.pipeline import Result
from translator.registry import load_importer
from translator.source.load import load_text


def options(**settings: object) -> Options:
    """Options with the newest versions; ``settings`` as on the command line."""
    return pipeline.options_of(load_text(""), "istio", "linkerd", settings)


def to_linkerd(text: str, **settings: object) -> Result:
    """Istio to Linkerd."""
    return pipeline.translate_loaded(load_text(text), options(**settings))


def to_version(text: str, version: str, **settings: object) -> Result:
    """Istio to a version of Linkerd."""
    own = pipeline.options_of(load_text(""), "istio", f"linkerd@{version}", settings)
    return pipeline.translate_loaded(load_text(text), own)


def in_force_after(text: str, result: Result) -> Model:
    """What the target makes of the input and the outputs together."""
    there = in_force(load_text(text), result, result.options)
    return load_importer(result.options.target.mesh)(
        there.resources, as_source(result.options)
    ).model


def through(
    monkeypatch: pytest.MonkeyPatch, importer: Importer, exporter: Exporter, text: str
) -> Result:
    """A translation by this importer and this exporter."""
    monkeypatch.setattr(pipeline, "load_importer", lambda _: importer)
    monkeypatch.setattr(pipeline, "load_exporter", lambda _: exporter)
    return pipeline.translate_loaded(load_text(text), options())
