"""How rows are written, and what they have in common.

Sources are the API types, the policy engine and the documentation of cilium/cilium at 1.20, and the Gateway API
conformance reports of its releases.
"""

from __future__ import annotations

from translator.api import Row

DOCS = "https://docs.cilium.io/en/v1.20/"
POLICY = f"{DOCS}security/policy/language/"
MESH = f"{DOCS}network/servicemesh/"
ACCESS = ("Grant", "Refusal", "AuditMark", "ExternalDecision")
"""Facts that say who may do what."""

ENVOY = "Write it by hand as a CiliumEnvoyConfig for the Service, which the target's proxies take as it is."


def whole(  # noqa: PLR0913, PLR0917  # a row of a table
    kind: str,
    grade: str,
    code: str = "",
    why: str = "",
    impact: str = "",
    advice: str = "",
    source: str = DOCS,
) -> Row:
    """What holds for all fields of a class that no row before names."""
    return Row(
        key=f"{kind}.*",
        grade=grade,
        code=code,
        why=why,
        impact=impact,
        advice=advice,
        source=source,
    )


def field(  # noqa: PLR0913, PLR0917  # a row of a table
    key: str,
    grade: str,
    code: str = "",
    why: str = "",
    advice: str = "",
    within: tuple[str, ...] = (),
    impact: str = "",
    source: str = POLICY,
) -> Row:
    """What holds for one field of a class, in all facts or in those of ``within``."""
    return Row(
        key=key,
        grade=grade,
        code=code,
        why=why,
        advice=advice,
        within=within,
        impact=impact,
        source=source,
    )
