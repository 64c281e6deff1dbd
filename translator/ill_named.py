"""Names and hosts of the input that no API server, or no webhook of their mesh, takes: outputs would take them over.

kubernetes/kubernetes staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go, 1.34: names of objects are DNS
subdomains, those of Services and namespaces labels. sigs.k8s.io/gateway-api apis/v1/shared_types.go ``Hostname``, 1.4;
istio/istio pkg/config/validation/agent/validation.go ``ValidateWildcardDomain``, 1.31 (upper case is as good);
cilium/cilium pkg/policy/api/fqdn.go, 1.18.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from translator.report.model import Fate, Impact, Loss, Severity, Support
from translator.source.leaves import Key, Node, Resource, leaf_ref

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_ANY_CASE = _LABEL.replace("a-z", "a-zA-Z")
_STARRED = rf"[0-9a-fA-F:]+|(\*|(\*-?)?{_ANY_CASE})(\.{_ANY_CASE})*\.?"
"""A host in Istio's own kinds, an address included."""
_LISTED = ("", "apps", "batch")
"""API groups of Kubernetes whose objects outputs name."""
_LABELS = ("Service", "Namespace")
_ISTIO = "networking.istio.io"
_GATEWAY = ("gateway.networking.k8s.io", "gateway.networking.x-k8s.io", "policy.linkerd.io")
_PLACES = re.compile(r"Refs?\Z")
_HOST_KINDS = ("VirtualService", "ServiceEntry")


@dataclass(frozen=True, slots=True)
class Form:
    """What a text must look like."""

    what: str
    pattern: re.Pattern[str]
    longest: int

    def takes(self, text: str) -> bool:
        """Whether the text has the form."""
        return len(text) <= self.longest and self.pattern.fullmatch(text) is not None


_SUBDOMAIN = Form(
    "lower-case letters, digits, dashes and dots, 253 of them at most",
    re.compile(rf"{_LABEL}(\.{_LABEL})*"),
    253,
)
_REFERENCE = Form(_SUBDOMAIN.what, re.compile(rf"\*|{_SUBDOMAIN.pattern.pattern}"), 253)
"""A star stands for all in references that only some implementations know."""
_ONE_LABEL = Form(
    "lower-case letters, digits and dashes, 63 of them at most", re.compile(_LABEL), 63
)
_HOSTNAME = Form(
    'a host name in lower case, or "*." and one, 253 characters at most',
    re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*"),
    253,
)
_WILDCARD = Form(
    "a host name, maybe with a star at its beginning, 255 characters at most",
    re.compile(_STARRED),
    255,
)
_OF_SPACES = Form(
    "a host name, maybe with a namespace and a slash before it",
    re.compile(rf"((\*|\.|{_LABEL})/)?({_STARRED})"),
    319,
)
_FQDN = Form(
    "letters, digits, dashes and dots, 255 of them at most",
    re.compile(r"([-a-zA-Z0-9_]+[.]?)+"),
    255,
)
_FQDN_PATTERN = Form(
    "letters, digits, dashes, dots and stars, 255 of them at most",
    re.compile(r"([-a-zA-Z0-9_*]+[.]?)+"),
    255,
)

Rule = tuple[str, Form]
"""What the text is, and its form."""


def ill_named(resources: Sequence[Resource], claimed: Sequence[Resource]) -> Iterator[Loss]:
    """A finding for each name or host that cannot be; ``claimed``: objects of the source, the others name their own alone."""
    own = {id(resource.node) for resource in claimed}
    for resource in resources:
        group = resource.api_version.rpartition("/")[0]
        if id(resource.node) in own:
            hosts = _hosts_of(group, resource.kind)
            for keys, node in _texts(resource.node):
                yield from _told(resource, node, _rule(resource, keys, hosts))
        elif group in _LISTED:
            for keys, node in _texts(resource.node, ("metadata",)):
                yield from _told(resource, node, _of_object(resource, keys))


def _told(resource: Resource, node: Node, rule: Rule | None) -> Iterator[Loss]:
    if rule is None or not isinstance(node.value, str):
        return
    what, form = rule
    if form.takes(node.value):
        return
    yield Loss(
        code="MM109",
        impact=Impact.INVALID,
        support=Support.PARTIAL,
        severity=Severity.HIGH,
        fate=Fate.APPROXIMATED,
        leaves=(leaf_ref(resource.document.number, node.leaf),),
        message=f'{what} cannot be "{_short(node.value)}": expected {form.what}.',
        advice="Correct it in the source first: whatever is made of it would be refused too, or stand for something else.",
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_SHOWN = 60


def _texts(node: Node, only: tuple[str, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Node]]:
    """The scalars below a node with the way to each; ``only``: those below one of these keys."""
    stack: list[tuple[tuple[Key, ...], Node]] = [((), node)]
    while stack:
        keys, one = stack.pop()
        if isinstance(one.value, dict):
            inner = reversed(one.value.items())
            stack.extend(((*keys, k), n) for k, n in inner if keys or not only or k in only)
        elif isinstance(one.value, list):
            stack.extend(((*keys, i), n) for i, n in reversed(list(enumerate(one.value))))
        else:
            yield keys, one


def _rule(resource: Resource, keys: tuple[Key, ...], hosts: _Hosts) -> Rule | None:
    return _of_object(resource, keys) or _of_reference(keys) or hosts(keys)


def _of_object(resource: Resource, keys: tuple[Key, ...]) -> Rule | None:
    if keys == ("metadata", "name"):
        return "the name of an object", _ONE_LABEL if resource.kind in _LABELS else _SUBDOMAIN
    return ("a namespace", _ONE_LABEL) if keys == ("metadata", "namespace") else None


def _of_reference(keys: tuple[Key, ...]) -> Rule | None:
    """The name of another object, at ``xRef.name`` or ``xRefs[].name``."""
    words = [key for key in keys if isinstance(key, str)]
    if words[-1:] != ["name"] or len(words) == 1 or not _PLACES.search(words[-2]):
        return None
    return "the name of another object", _REFERENCE


_Hosts = Callable[[tuple[Key, ...]], Rule | None]


def _hosts_of(group: str, kind: str) -> _Hosts:
    """What hosts look like in objects of a kind, by where they stand."""
    if group in _GATEWAY:
        return _in_gateway_api
    if group == "cilium.io":
        return _in_cilium
    if group == _ISTIO:
        return lambda keys: _in_istio(kind, keys)
    return lambda _: None


def _in_gateway_api(keys: tuple[Key, ...]) -> Rule | None:
    last = next((key for key in reversed(keys) if isinstance(key, str)), "")
    return ("a host", _HOSTNAME) if last in ("hostname", "hostnames") else None


def _in_cilium(keys: tuple[Key, ...]) -> Rule | None:
    if "toFQDNs" not in keys:
        return None
    forms = {"matchName": _FQDN, "matchPattern": _FQDN_PATTERN}
    form = forms.get(str(keys[-1]))
    return None if form is None else ("a name outside", form)


def _in_istio(kind: str, keys: tuple[Key, ...]) -> Rule | None:
    words = [key for key in keys if isinstance(key, str)]
    listed = kind in _HOST_KINDS and words == ["spec", "hosts"]
    ruled = kind == "DestinationRule" and words == ["spec", "host"]
    sent = kind == "VirtualService" and words[-2:] in (["destination", "host"], ["mirror", "host"])
    served = kind == "Gateway" and words == ["spec", "servers", "hosts"]
    if not (listed or ruled or sent or served):
        return None
    return "a host", _OF_SPACES if served else _WILDCARD
