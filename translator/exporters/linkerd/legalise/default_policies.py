"""What the target says in one word of a whole port, or of all ports of some pods: ``accessPolicy`` and its annotation.

linkerd2 policy-controller/core/src/policy/server.rs and .../k8s/index/src/defaults.rs, 2.20.
"""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import Grant
from ir.match import AllOf, Cidr, Part, Presence, Test
from translator.api import Options
from translator.resources.kubernetes.networks import CLUSTER_NETWORKS

_ANYONE = ("all-unauthenticated", "audit")
_WORDS = {
    (True, False): "all-authenticated",
    (False, True): "cluster-unauthenticated",
    (True, True): "cluster-authenticated",
}
"""The word by whether an identity is asked for, and an address of the cluster."""

POLICIES = frozenset((*_ANYONE, *_WORDS.values()))
"""The words that let somebody in."""


def policy_of(grant: Grant, options: Options) -> str:
    """The word that a grant is called by, where that lets in those whom the grant does; else nothing."""
    word = "" if grant.name is None else grant.name.value
    if word not in POLICIES or grant.requests or grant.always:
        return ""
    if not grant.callers:
        return word if word in _ANYONE else ""
    (caller, *others) = grant.callers
    return word if not others and _word(caller, options) == word else ""


def _word(caller: AllOf, options: Options) -> str:
    identified = [t for t in caller.tests if _is_any_identity(t)]
    inside = [t for t in caller.tests if _is_of_cluster(t, options)]
    if len(identified) + len(inside) != len(caller.tests):
        return ""
    return _WORDS.get((bool(identified), bool(inside)), "")


def _is_any_identity(test: Test) -> bool:
    present = test.presence is not None and test.presence.value is Presence.PRESENT
    return test.part is Part.CERTIFICATE and present and not (test.any_of or test.none_of)


def _is_of_cluster(test: Test, options: Options) -> bool:
    if test.part is not Part.PEER_ADDRESS or test.none_of:
        return False
    inside: Sequence[str] = options.cluster_networks or CLUSTER_NETWORKS
    blocks = {t.value for t in test.any_of if isinstance(t.value, Cidr)}
    return blocks == {Cidr(block) for block in inside}
