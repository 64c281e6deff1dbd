"""Policies of the network for the pods that have a proxy by now: the same peers and ports, and nothing of requests.

Between two proxies the node reads no request (cilium/cilium Documentation/network/servicemesh/istio.rst, 1.20), and
Linkerd dials 4143 in place of the port that is meant (linkerd.io/2/common-errors/network-policy, 2.18). So what a policy
says of requests is left to the proxy of the server, and between pods with a proxy what it says of ports; who may call at
all is still what the network says. A server whose callers come in clear text, without an identity, thus knows them by the
labels by which it knew them before.

What pods send is not kept so: translations write it as NetworkPolicies, which are there before the pods are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy

from ir.match import INSIDE
from translator.api import Options
from translator.bridges.api import SUFFIX, items, mapping, mark_of, name_of, temporary
from translator.state import Piece, new_piece

NAMESPACE = "k8s:io.kubernetes.pod.namespace"
_ANYBODY = ("all", *INSIDE)
_NO_PODS = ("world", "host", "remote-node")
_SIDES = ("ingress", "ingressDeny", "egress", "egressDeny")

Item = Mapping[str, object]


def lifted(piece: Piece, options: Options, until: int) -> Piece | None:
    """The policy beside another that is confined to pods without a proxy; nothing where it says nothing of who comes in."""
    value = piece.value
    rules = [mapping(value.get("spec")), *map(mapping, items(value.get("specs")))]
    found = [one for rule in rules if (one := _lifted(rule, mark_of(options)))]
    if not found:
        return None
    name = f"{name_of(value)}{SUFFIX}"
    api_version = str(value.get("apiVersion"))
    made = temporary(api_version, piece.key[1], piece.key[2], name, until, {})
    if not piece.key[2]:
        del made["metadata"]["namespace"]  # type: ignore[attr-defined]  # it was put there above
    body = {"spec": found[0]} if len(found) == 1 else {"specs": found}
    rest = {key: own for key, own in made.items() if key != "spec"}
    return new_piece({**rest, **body}, options.namespace)


def _lifted(rule: Item, mark: str) -> dict[str, object]:
    """The rule for pods with a proxy; empty where it is for nodes, or says nothing of who comes in."""
    if not isinstance(rule.get("endpointSelector"), dict):
        return {}
    told: dict[str, object] = {}
    if "ingress" in rule:
        told["ingress"] = [*_let_in(map(mapping, items(rule["ingress"])), mark)]
    if "ingressDeny" in rule:
        entries = map(mapping, items(rule["ingressDeny"]))
        told["ingressDeny"] = [one for item in entries for one in _denied(item, mark)]
    if not told:
        return {}
    rest = {key: own for key, own in deepcopy(dict(rule)).items() if key not in _SIDES}
    return {**rest, "endpointSelector": _also(rule["endpointSelector"], (mark, "Exists")), **told}


def _let_in(entries: Iterable[Item], mark: str) -> Iterator[Item]:
    for item in entries:
        yield _without_requests(item)
        peers = _with_proxy(item, mark) if item.get("toPorts") else []
        if peers:
            rest = {k: v for k, v in item.items() if k in ("authentication", "fromRequires")}
            yield {**rest, "fromEndpoints": peers}


def _with_proxy(item: Item, mark: str) -> list[dict[str, object]]:
    """The peers that have a proxy too, whose connections come by a port of the proxies."""
    peers = [_also(one, (mark, "Exists")) for one in items(item.get("fromEndpoints"))]
    if _is_for_all(item):
        peers.append(_also({}, (mark, "Exists"), (NAMESPACE, "Exists")))
    return peers


def _is_for_all(item: Item) -> bool:
    """Whether it is for all pods."""
    named = items(item.get("fromEntities"))
    by_name = any(key.startswith("from") and key != "fromRequires" for key in item)
    return not by_name or any(one in _ANYBODY for one in named)


def _denied(item: Item, mark: str) -> Iterator[Item]:
    """A refusal at some ports holds for peers without a proxy: others come by a port of the proxies."""
    if not item.get("toPorts"):
        yield item
    elif _is_for_all(item):
        ports = {"toPorts": item["toPorts"]}
        pods = _also({}, (mark, "DoesNotExist"), (NAMESPACE, "Exists"))
        yield {"fromEndpoints": [pods], **ports}
        yield {"fromEntities": [*_NO_PODS], **ports}
    else:
        peers = [_also(one, (mark, "DoesNotExist")) for one in items(item.get("fromEndpoints"))]
        yield {**item, **({"fromEndpoints": peers} if peers else {})}


def _without_requests(item: Item) -> dict[str, object]:
    kept = dict(item)
    if item.get("toPorts"):
        kept["toPorts"] = [{"ports": mapping(p).get("ports")} for p in items(item["toPorts"])]
    return kept


def _also(selector: object, *asked: tuple[str, str]) -> dict[str, object]:
    """A selector that asks for labels, besides what it asks already."""
    own = deepcopy(dict(mapping(selector)))
    more = [{"key": key, "operator": operator} for key, operator in asked]
    return {**own, "matchExpressions": [*items(own.get("matchExpressions")), *more]}
