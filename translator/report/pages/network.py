"""MM48x: access by policies of the network, which know callers by where they are; MM38x: proxies of a node."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM380",
        "Failing endpoints stay in",
        "Requests go on to endpoints that fail.",
        "The target leaves out no endpoint by what it answers, unless its proxy is set up for the Service in its own "
        "words.",
        "Let readiness probes take failing pods out, or write the rule in the words of the target's proxy.",
        "outlierDetection: {consecutive5xxErrors: 5}",
    ),
    Entry(
        "MM480",
        "What runs on the node",
        "Processes on the node of a pod, and pods in the node's own network, come in with any request.",
        "The target always lets the node in to its pods, so that health checks pass; the source lets in the health checks "
        "alone.",
        "Nothing, where the node is trusted: whoever rules it rules its pods too. Else tell the target not to let it in by "
        "itself, and write rules for the health checks.",
        "kind: AuthorizationPolicy\nspec: {}  # lets nobody in",
    ),
    Entry(
        "MM481",
        "Policies that add up",
        "Requests pass that one of two kinds of policies refuses.",
        "In the source a request must pass the network's policies and those of the mesh. In the target both are policies "
        "of the network, whose grants add up.",
        "Take out of the NetworkPolicy what the mesh refused, or delete it where all it says is said by what is written.",
        "kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {app: api}}, ingress: [{}]}",
    ),
    Entry(
        "MM482",
        "Other protocols than TCP",
        "Traffic by UDP, SCTP or ICMP to these pods is refused.",
        "The source's rules are about TCP and leave other protocols alone; in the target a policy that closes a pod closes "
        "it for all of them.",
        "Add an ingress item for these ports with their protocol, or with icmps where something pings the pods.",
        "ports: [{containerPort: 53, protocol: UDP}]  # of a pod behind an AuthorizationPolicy",
    ),
)
