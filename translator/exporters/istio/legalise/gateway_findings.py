"""What to see to when pods with labels take gateways over: their ports, their secrets, and who shares them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.edge import Listener
from ir.match import Pattern
from ir.provenance import Traced
from ir.traffic import RouteTable
from ir.walk import traced
from translator.api import Loss
from translator.exporters.istio.legalise.server_names import spelt
from translator.report.model import Fate, Impact, Severity, Support

_DOC = "https://istio.io/latest/docs/reference/config/networking/gateway/"


def left_out(listener: Listener, reason: str) -> Loss:
    """A listener that no server stands for."""
    return Loss(
        code="MM506",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(traced(listener)),
        message=f"the listener {_name(listener)} on port {listener.port.value} of {listener.gateway.value} is not written: "
        f"{reason}. Nothing enters there any more.",
        advice="Give the gateway pods of its own (--gateway-selector NAMESPACE/NAME:KEY=VALUE), or write the server by hand, "
        "as strict as it is now.",
        doc=_DOC,
    )


def _name(listener: Listener) -> str:
    return "" if listener.name is None else listener.name.value


def settings_lost(listener: Listener) -> Loss:
    """Options of TLS, which are words to one implementation of Gateway API."""
    words = ", ".join(dict.fromkeys(one.value for one in listener.demands))
    return Loss(
        code="MM506",
        impact=Impact.DIFFERENT,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=listener.demands,
        message=f"the TLS options of {listener.gateway.value} are not written ({words}): the target's own defaults hold.",
        why="tls.options are words to one implementation of Gateway API each.",
        advice="Set minProtocolVersion, cipherSuites and the like at the server where they are meant.",
        doc=_DOC,
    )


def by_roots(listener: Listener, pods_in: str) -> Loss:
    """Certificates of clients are verified by roots in the namespace of the pods."""
    trust = listener.client_trust
    name = "" if trust is None else trust.value
    return Loss(
        code="MM566",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=() if trust is None else (trust,),
        message=f"port {listener.port.value} of {listener.gateway.value} verifies clients by the roots of {name}, which must "
        f"be in the namespace {pods_in} of its pods: before, it serves nobody.",
        why="caCertCredentialName names a Secret or ConfigMap (ca.crt) there.",
        advice=f"Copy the object to {pods_in} before the gateway gets traffic.",
        doc=_DOC,
    )


def secrets_needed(gateway: str, listeners: Sequence[Listener], pods_in: str) -> Iterator[Loss]:
    """The secrets that are in other namespaces than the pods; ``listeners`` are those of the source that are written."""
    sites = [
        secret
        for listener in listeners
        for secret in listener.certificates
        if secret.value.rpartition("/")[0] not in ("", pods_in)
    ]
    if not sites:
        return
    names = ", ".join(dict.fromkeys(secret.value for secret in sites))
    yield Loss(
        code="MM567",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        sites=tuple(sites),
        message=f"the pods that serve {gateway} look for their secrets in {pods_in}: {names} must be there too. Before, "
        "connections to these servers fail.",
        why="credentialName names a Secret in the namespace of the gateway's pods; there are no grants.",
        advice=f"Copy the secrets to {pods_in}, or have them issued there, before the gateway gets traffic.",
        doc=_DOC,
    )


def shared(gateways: Sequence[Traced[str]], labels: str, other: str = "") -> Loss:
    """Gateways with an address each become one with one address; ``labels``: of the pods of each, where they differ.

    ``other``: a Gateway of the target that is in the input and stays.
    """
    names = ", ".join(
        [one.value for one in gateways] + ([f"{other} (which stays)"] if other else [])
    )
    are = "may be" if other or ";" in labels else "are"
    return Loss(
        code="MM568",
        impact=Impact.LOOSER,
        support=Support.PARTIAL,
        fate=Fate.APPROXIMATED,
        because=tuple(gateways),
        message=f"{names} {are} served by the same pods ({labels}): whoever reaches the one reaches the names and ports of the "
        "others, which had addresses of their own.",
        why="All Gateways of the target that choose the same pods are merged.",
        advice="Give each gateway that others may not reach pods of its own: --gateway-selector NAMESPACE/NAME:KEY=VALUE, of "
        "which one label has another value than those of the others; or add the pods of all gateways to the input.",
        doc=_DOC,
    )


def unchosen(gateway: str, listeners: Sequence[Listener]) -> Loss:
    """A gateway for which no pods are given."""
    return Loss(
        code="MM501",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        sites=tuple(value for listener in listeners for value in traced(listener)),
        message=f"the gateway {gateway} is not written: no --gateway-selector is for it. Nothing enters by it.",
        advice=f"Give --gateway-selector {gateway}:KEY=VALUE, or one for all gateways.",
    )


def unwritten(
    gateway: str, hosts: Sequence[Pattern], tables: Sequence[RouteTable], reason: str
) -> Loss:
    """Rules that no VirtualService stands for."""
    names = ", ".join(spelt(host) or "*" for host in hosts)
    return Loss(
        code="MM202",
        impact=Impact.STRICTER,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        sites=tuple(value for table in tables for value in traced(table)),
        message=f"the rules for {names} at {gateway} are not written: {reason}. Requests for them get 404 there.",
        advice="Write the VirtualService by hand.",
    )


def never_reached(tables: Sequence[RouteTable]) -> Loss:
    """Tables of connections that come after another one for the same."""
    return Loss(
        code="MM107",
        impact=Impact.NONE,
        support=Support.PARTIAL,
        fate=Fate.ABSORBED,
        sites=tuple(value for table in tables for value in traced(table)),
        message="no connection gets as far as these rules: older ones take them all.",
    )


def nowhere(table: RouteTable, *, held: bool) -> Loss:
    """A table that no listener that is written has a place for; ``held``: one of the source has."""
    names = [] if table.attachment.audience is None else table.attachment.audience.listeners
    where = ", ".join(name.value for name in names)
    return Loss(
        code="MM510",
        impact=Impact.STRICTER if held else Impact.NONE,
        support=Support.PARTIAL,
        severity=Severity.HIGH if held else Severity.INFO,
        fate=Fate.LOST if held else Fate.ABSORBED,
        sites=tuple(traced(table)),
        message=f"no listener of {where} that is written has the rules of {table.name.value}: they hold nowhere.",
        advice="See the findings about its listeners."
        if held
        else "Nothing: they held nowhere before.",
    )
