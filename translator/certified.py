"""The certificate of a comparison of two trees."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from translator.difference import posed
from translator.difference.tree import Tree
from translator.pipeline import VERSION
from translator.report.difference import Difference
from translator.verify.access import Comparison
from translator.verify.certificate import certificate
from translator.verify.certificate_edge import certified_gateways
from translator.verify.certificate_leaving import certified_exits
from translator.verify.certificate_routes import certified_routes
from translator.verify.edge import EdgeComparison
from translator.verify.egress import EgressComparison
from translator.verify.routes import RouteComparison

FORM = 4
"""Of certificates: 3 had no policies of the network on what leaves, 2 had no gateways and no ways out, 1 no routes; a checker judges its own form alone."""

CLAIM = (
    "At each of the ports some request gets in after that did not before if and only if newly_allowed is true, and some "
    "does not that did before if and only if newly_denied is true: over all requests of these callers and of callers that "
    "rules see as they see one of these, whose path is in normal form and whose host has no port, if what stands under "
    "'if' holds. Of such requests that name one of the services, those and only those pairs of routes win before and after "
    "that are listed under classes, and in what stands under otherwise and in nothing else they are done differently. So "
    "it is with requests and connections by any name to ports of gateways, of clients that show nothing, TLS, a certificate "
    "or the mesh's own TLS, where a request that nobody serves has no route. Of what leaves the cluster the destinations "
    "are those by a name without a port or by none, at any address, whatever name led there by its look-up; services of the "
    "cluster are those that are named."
)


def certified(before: Tree, after: Tree, found: Difference) -> dict[str, object]:
    """Who gets in and which routes win on both sides, in a form that ``translator/check.py`` judges by itself."""
    first, second, terms, _ = posed(before, after)
    comparison = Comparison(first, second, terms.trust_domain, unread=terms.unread)
    slices = tuple(comparison.slices())
    routes = RouteComparison(
        first,
        second,
        world=comparison.world,
        lowered=comparison.lowered,
        domain=terms.cluster_domain,
        unread=terms.unread_routes,
    )
    unread = terms.unread_routes
    edge = EdgeComparison(first, second, comparison.world, comparison.lowered, unread=unread)
    leaving = EgressComparison(
        first, second, lowered=comparison.lowered, domain=terms.cluster_domain, unread=unread
    )
    about = (
        certified_routes(routes, tuple(routes.slices())),
        certified_gateways(edge, tuple(edge.slices())),
        certified_exits(leaving, tuple(leaving.slices())),
    )
    left_out: dict[str, tuple[str, ...]] = {}
    for why, names in ((why, names) for one in about for why, names in one.left_out.items()):
        left_out[why] = (*left_out.get(why, ()), *names)
    return {
        "certificate": FORM,
        "tool": f"meshmigrate {VERSION}",
        "claim": CLAIM,
        "before": _side(before),
        "after": _side(after),
        "verdict": found.verdict,
        **certificate(comparison, slices, left_out),
        "routes": list(about[0].entries),
        "gateways": list(about[1].entries),
        "exits": list(about[2].entries),
    }


def _side(tree: Tree) -> dict[str, object]:
    names = dict.fromkeys(document.file for document in tree.loaded.documents)
    return {"mesh": str(tree.mesh), "files": {name: digest(name) for name in names}}


def digest(name: str) -> str:
    """SHA-256 of a file; empty where it is none."""
    file = Path(name)
    return sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
