"""The graph of namespaces: who depends on whom, and how much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from translator.report.plan import Call

if TYPE_CHECKING:
    import networkx as nx


def graph_of(calls: Iterable[Call], namespaces: Iterable[str]) -> nx.DiGraph:
    """An edge from the caller's namespace to the server's; ``weight``: calls that are named or were seen.

    Calls that are only possible since everybody may call weigh nothing and make no edge.
    """
    import networkx as nx  # noqa: PLC0415  # loaded when a plan is made

    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(namespaces))
    for call in calls:
        if call.client == call.namespace or not (call.named or call.requests):
            continue
        weight = graph.get_edge_data(call.client, call.namespace, {}).get("weight", 0)
        graph.add_edge(call.client, call.namespace, weight=weight + 1)
    return graph
