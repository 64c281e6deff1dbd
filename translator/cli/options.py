"""The options of all commands, by what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from translator.cli.flags import flag


class Threshold(StrEnum):
    """From which severity on findings end a run with 3."""

    BLOCKER = "blocker"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


class Layout(StrEnum):
    """How outputs are spread over files."""

    PER_RESOURCE = "per-resource"
    PER_NAMESPACE = "per-namespace"
    MIRROR = "mirror"
    KUSTOMIZE = "kustomize"


class Format(StrEnum):
    """The form of manifests and of the neutral model."""

    YAML = "yaml"
    JSON = "json"


class Carry(StrEnum):
    """Which documents of the input are written beside the new ones."""

    EDITED = "edited"
    ALL = "all"
    NONE = "none"


class Defaults(StrEnum):
    """What becomes of the source's silent behaviour."""

    PIN = "pin"
    ADOPT = "adopt"


class Profile(StrEnum):
    """How Istio's proxies stand by pods: one in each, or one on each node with waypoints for requests."""

    SIDECAR = "sidecar"
    AMBIENT = "ambient"


class Color(StrEnum):
    """When the terminal gets colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, and what is known of the cluster beside it."""

    filename: tuple[str, ...] = flag((), "A file or folder, as PATH.", "PATH", ("-f", "--filename"))
    include: tuple[str, ...] = flag((), "Of folders, only files like this.", "GLOB")
    exclude: tuple[str, ...] = flag((), "Of folders, no files like this.", "GLOB")
    source_version: str = flag("", "The source's version; the newest by default.", "V")
    namespace: str = flag("default", "Of objects that name none.", "NS")
    complete: bool = flag(default=False, text="The input is the whole cluster.")
    trust_domain: str = flag("cluster.local", "The trust domain of identities.", "NAME")
    cluster_domain: str = flag("cluster.local", "The domain of services.", "NAME")
    root_namespace: str = flag("istio-system", "The source's root namespace.", "NS")
    control_plane_namespace: str = flag("linkerd", "Of the target's control plane.", "NS")
    node_networks: tuple[str, ...] = flag((), "Networks of nodes.", "CIDR")
    cluster_networks: tuple[str, ...] = flag((), "Networks of pods.", "CIDR")


@dataclass(frozen=True, slots=True)
class Aim:
    """What is written for."""

    target_version: str = flag("", "The target's version; the newest by default.", "V")
    gateway_class: str = flag("", "Of the Gateways that take over ingress.", "CLASS")
    gateway_selector: tuple[str, ...] = flag(
        (), "Of Istio: labels of the pods that serve all Gateways, or one.", "[NS/NAME:]KEY=VALUE"
    )
    profile: Profile = flag(Profile.SIDECAR, "Of Istio: a proxy in each pod, or the ambient mesh.")
    allow_envoy_config: bool = flag(
        default=False,
        text="Of Cilium: write CiliumEnvoyConfigs for what no route says of retries, endpoints and limits.",
    )
    defaults: Defaults = flag(Defaults.PIN, "Write the source's defaults, or take the target's.")


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides the exit code."""

    accept: tuple[str, ...] = flag(
        (), "Do not count this finding; a blocker needs the glob.", "CODE[@GLOB][=REASON]"
    )
    fail_on: Threshold = flag(Threshold.HIGH, "End with 3 from this severity on.")
    baseline: str = flag("", "Count only findings that this report lacks.", "FILE")
    verify: bool = flag(default=True, text="Read the outputs back and compare them.")


@dataclass(frozen=True, slots=True)
class Writing:
    """What is written where."""

    output_dir: str = flag("", "Write files there, not to stdout.", "DIR", ("-o", "--output-dir"))
    layout: Layout = flag(Layout.PER_RESOURCE, "How files are cut.")
    force: bool = flag(default=False, text="Write over files that are there.")
    format: Format = flag(Format.YAML, "The form of manifests.")
    carry: Carry = flag(Carry.EDITED, "Which documents of the input are written too.")
    report: tuple[str, ...] = flag(
        (), "Write the report: .html, .json, .sarif, .md, .csv or .txt; repeatable.", "FILE"
    )


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said on stderr."""

    quiet: bool = flag(default=False, text="Errors only.", names=("-q", "--quiet"))
    verbose: bool = flag(
        default=False, text="Every place, reason and assumption.", names=("-v", "--verbose")
    )
    color: Color = flag(Color.AUTO, "Colour on stderr.")


@dataclass(frozen=True, slots=True)
class Judging:
    """What decides the exit code of an audit: as for a translation, but by default nothing does."""

    accept: tuple[str, ...] = flag(
        (), "Do not count this finding; a blocker needs the glob.", "CODE[@GLOB][=REASON]"
    )
    fail_on: Threshold = flag(Threshold.NEVER, "End with 3 from this severity on.")
    baseline: str = flag("", "Count only findings that this report lacks.", "FILE")
    verify: bool = flag(default=True, text="Prove each translation, as it would be.")


@dataclass(frozen=True, slots=True)
class Telling:
    """What an audit is about and how it is told."""

    gateway_class: str = flag("", "Of the Gateways that take over ingress.", "CLASS")
    report: tuple[str, ...] = flag(
        (), "Write it too: .html, .json, .md, .csv or .txt; repeatable.", "FILE"
    )


SETTINGS = (Reading, Aim, Gate, Writing, Talk)
"""All that the settings file and the environment may set."""
