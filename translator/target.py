"""Meshes with their versions: ``linkerd@2.18``, ``gateway-api@1.4+experimental``."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from translator.errors import TargetError

VERSIONS: dict[str, tuple[str, ...]] = {
    "istio": ("1.22", "1.23", "1.24", "1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31"),
    "linkerd": ("2.14", "2.15", "2.16", "2.17", "2.18", "2.19", "2.20"),
    "cilium": ("1.16", "1.17", "1.18", "1.19", "1.20"),
    "gateway-api": ("1.2", "1.3", "1.4", "1.5", "1.6"),
}
"""Versions that the tool speaks for, oldest first; the last is the default."""

EDGE = "edge"
"""What Linkerd's project ships after its newest version: edge-26.8.2 and later, built against Gateway API 1.5 (linkerd2 pull 15567)."""

_TAGGED = {
    (26, 8, 2): EDGE,
    (26, 6, 3): "2.20",
    (25, 10, 7): "2.19",
    (25, 4, 4): "2.18",
    (24, 11, 8): "2.17",
    (24, 8, 2): "2.16",
    (24, 2, 4): "2.15",
}
"""The edges that the versions of Linkerd are tags of (linkerd2 tags ``version-2.X``). One between two is read as the older."""

_LINES = ("stable-", "version-", "enterprise-")
"""What ``linkerd version`` prints in front of a version."""

CHANNELS = ("standard", "experimental")
_CHANNELLED = ("gateway-api", "cilium")
"""Meshes of which something depends on the channel of the CRDs that are installed."""


@dataclass(frozen=True, slots=True)
class Target:
    """A mesh at one version; ``channel``: that of the CRDs of Gateway API, for itself or with Cilium."""

    mesh: str
    version: str
    channel: str | None = None

    def at_least(self, version: str) -> bool:
        """Whether this is ``version`` or a later one of the same mesh."""
        return _number(self.version) >= _number(version)

    def __str__(self) -> str:
        channel = f"+{self.channel}" if self.channel else ""
        return f"{self.mesh}@{self.version}{channel}"


def _number(version: str) -> tuple[float, ...]:
    return (inf,) if version == EDGE else tuple(int(part) for part in version.split("."))


def _of_linkerd(version: str) -> str:
    """A version as ``linkerd version`` prints it; an edge is the newest version that it has all of."""
    for line in _LINES:
        version = version.removeprefix(line)
    if not version.startswith(EDGE):
        return version
    day = version.removeprefix(EDGE).removeprefix("-").split(".")
    if day == [""]:
        return EDGE
    if not all(part.isdigit() for part in day):
        return version
    shipped = tuple(int(part) for part in day)
    return next((known for edge, known in _TAGGED.items() if edge <= shipped), "2.14")


def parse_target(text: str) -> Target:
    """Reads ``mesh``, ``mesh@version`` or ``mesh@version+channel``; of Linkerd ``edge`` and ``edge-26.8.3`` too.

    Raises:
        TargetError: the mesh, the version or the channel is not one that the tool speaks for.
    """
    mesh, _, rest = text.strip().replace(" ", "@", 1).partition("@")
    if mesh not in VERSIONS:
        message = f'unknown mesh "{mesh}": expected one of {", ".join(VERSIONS)}.'
        raise TargetError(message)
    known = VERSIONS[mesh]
    version, _, channel = rest.removeprefix("v").partition("+")
    version = version or known[-1]
    if mesh == "linkerd":
        version, known = _of_linkerd(version), (*known, EDGE)
    if version.count(".") == 2:  # noqa: PLR2004  # a patch release behaves as its minor version
        version = version.rpartition(".")[0]
    if version not in known:
        message = f'unknown version "{version}" of {mesh}: expected one of {", ".join(known)}.'
        raise TargetError(message)
    if channel and (mesh not in _CHANNELLED or channel not in CHANNELS):
        message = f'unknown channel "{channel}": only {" and ".join(_CHANNELLED)} have {" and ".join(CHANNELS)}.'
        raise TargetError(message)
    return Target(
        mesh, version, (channel or "standard") if mesh == "gateway-api" else channel or None
    )
