"""Meshes with their versions: ``linkerd@2.18``, ``gateway-api@1.4+experimental``."""

from __future__ import annotations

from dataclasses import dataclass

from translator.errors import TargetError

VERSIONS: dict[str, tuple[str, ...]] = {
    "istio": ("1.22", "1.23", "1.24", "1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31"),
    "linkerd": ("2.14", "2.15", "2.16", "2.17", "2.18", "2.19", "2.20"),
    "cilium": ("1.16", "1.17", "1.18", "1.19", "1.20"),
    "gateway-api": ("1.2", "1.3", "1.4", "1.5", "1.6"),
}
"""Versions that the tool speaks for, oldest first; the last is the default."""

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


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def parse_target(text: str) -> Target:
    """Reads ``mesh``, ``mesh@version`` or ``mesh@version+channel``.

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
