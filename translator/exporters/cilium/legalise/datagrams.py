"""What is not TCP at pods that rules about requests shut: a policy of Cilium that shuts a pod does so for every protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.inventory import Workload
from translator.api import Loss
from translator.exporters.cilium.legalise.remarks import POLICY, listed
from translator.report.model import Fate, Impact, Severity, Support


def datagrams(shut: Sequence[Workload]) -> Iterator[Loss]:
    """Pods that are closed by rules about TCP for other protocols too, which no rule of the source is about."""
    serving = [w for w in shut if any(p.protocol != "TCP" for p in w.ports)]
    found = listed(w.key for w in serving)
    silent = listed(w.key for w in shut if w not in serving)
    if silent:
        yield Loss(
            code="MM482",
            impact=Impact.STRICTER,
            support=Support.NOT_YET,
            severity=Severity.INFO,
            fate=Fate.APPROXIMATED,
            message="UDP, SCTP and ICMP are refused from whom connections are refused on every port; in the source they do not pass "
            f"the proxy. No port for them is declared: {silent}.",
            advice="Add an ingress item with icmps where something pings these pods.",
            doc=POLICY,
        )
    if found:
        yield Loss(
            code="MM482",
            impact=Impact.STRICTER,
            support=Support.NOT_YET,
            fate=Fate.APPROXIMATED,
            message=f"{found}: what comes in by UDP or SCTP is refused, since a policy that closes a pod closes it for every "
            "protocol; in the source such traffic does not pass the proxy.",
            why="Default deny holds for all of layer 4; the rules that are written are about TCP.",
            advice="Add an ingress item for these ports with their protocol.",
            doc=POLICY,
        )
