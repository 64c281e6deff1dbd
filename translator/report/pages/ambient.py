"""What is of the ambient form of a mesh alone: agents of nodes, and waypoints."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM530",
        "NetworkPolicies and the port of the ambient mesh",
        "Connections between pods of the mesh may be refused by policies that stay.",
        "In the ambient mesh all that comes from another pod of it arrives at port 15008 of the pod, whatever port was asked "
        "for; a NetworkPolicy sees that port alone. Health checks come from 169.254.7.127.",
        "Let in TCP port 15008 from the same peers beside the ports that are named, and let in 169.254.7.127/32. Rules by "
        "port of the application hold then for callers outside of the mesh alone: leave the others to AuthorizationPolicies.",
        "kind: NetworkPolicy\nspec: {ingress: [{ports: [{port: 8080}]}]}",
    ),
    Entry(
        "MM531",
        "Label that takes pods at once",
        "Running pods are taken by the agent of their node while they still have the proxy of the source.",
        "The label of the ambient mesh is heeded as soon as it is there; the proxies of the source leave only when pods are "
        "made anew.",
        "Take the source's proxies out first: change its annotation, restart the workloads, then set the label; or set both "
        "and restart at once where a short break is allowed.",
        "kind: Namespace\nmetadata: {annotations: {linkerd.io/inject: enabled}}",
    ),
)
