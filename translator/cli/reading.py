"""From options to what the pipeline takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from translator.api import Options
from translator.cli.options import Aim, Reading
from translator.errors import TargetError
from translator.pipeline import options_of
from translator.source.load import Loaded, load

AUTO = "auto"


def load_input(paths: Sequence[str], reading: Reading) -> Loaded:
    """What the arguments name.

    Raises:
        ExceptionGroup: of ``InputError``.
    """
    every = [*paths, *reading.filename]
    if not every:
        message = "name files or folders to read, or - for standard input."
        raise typer.BadParameter(message)
    return load(
        every,
        stdin=sys.stdin.buffer if "-" in every else None,
        include=reading.include,
        exclude=reading.exclude,
    )


def run_options(loaded: Loaded, source: str, target: str, reading: Reading, aim: Aim) -> Options:
    """The options of a run.

    Raises:
        TargetError: a mesh, a version or a network that is none.
    """
    return options_of(
        loaded,
        versioned(source, reading.source_version, "--source-version"),
        versioned(target, aim.target_version, "--target-version"),
        {
            **reading_settings(reading),
            "gateway_class": aim.gateway_class or None,
            "gateway_selector": aim.gateway_selector,
            "profile": aim.profile.value,
            "allow_envoy_config": aim.allow_envoy_config,
            "defaults": aim.defaults.value,
        },
    )


def reading_settings(reading: Reading) -> dict[str, object]:
    """What is known of the cluster beside the manifests, as fields of the options."""
    return {
        "namespace": reading.namespace,
        "complete": reading.complete,
        "trust_domain": reading.trust_domain,
        "cluster_domain": reading.cluster_domain,
        "root_namespace": reading.root_namespace,
        "control_plane_namespace": reading.control_plane_namespace,
        "node_networks": _networks(reading.node_networks),
        "cluster_networks": _networks(reading.cluster_networks),
    }


def versioned(mesh: str, version: str, option: str) -> str:
    """``mesh@version`` from a mesh and an option that may repeat its name (``linkerd 2.18``).

    Raises:
        TargetError: both give a version, or the mesh is still to be detected.
    """
    version = version.strip()
    name, given, _ = mesh.partition("@")
    if not version:
        return mesh
    if given or name == AUTO:
        reason = "the mesh has a version already" if given else "the mesh must be named then"
        message = f"{option} {version}: {reason}."
        raise TargetError(message)
    if version.startswith(name):
        version = version.removeprefix(name).lstrip(" @")
    return f"{name}@{version}"


def _networks(given: Sequence[str]) -> tuple[str, ...]:
    """CIDR blocks, given one by one or with commas."""
    return tuple(block.strip() for text in given for block in text.split(","))
