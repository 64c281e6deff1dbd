"""Runs of the command line inside the tests."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshmigrate import main


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]

INPUT = """\
# who may call the shop
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - fault: {abort: {httpStatus: 503, percentage: {value: 10}}}
    timeout: 3s
    route: [{destination: {host: web}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80, name: http}], selector: {app: web}}
"""
"""A route with a fault, which Linkerd cannot inject, and a Service that stays as it is."""

ROUTE_FILE = "httproute-shop-web.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with ``in.yaml``, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MESHMIGRATE_") or name in {"NO_COLOR", "FORCE_COLOR"}:
            monkeypatch.delenv(name)
    (tmp_path / "in.yaml").write_text(INPUT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in ``folder``; ``stdin`` is its standard input."""

    def start(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    assert folder.is_dir()
    return start
