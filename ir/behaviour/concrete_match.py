"""Whether one request meets one test, decided in the plainest way.

Nothing here is shared with the exact languages that comparisons use: two readings of one docstring
check each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qsl

from ir.access import Evidence
from ir.behaviour.concrete_regex import Unsupported, regex_matches
from ir.behaviour.request import Caller, Request
from ir.inventory import Inventory, contains, meets
from ir.match import (
    HTTP_PARTS,
    INSIDE,
    AllOf,
    Cidr,
    Labels,
    Part,
    PathForm,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Test,
    Unreadable,
    View,
)
from ir.provenance import Traced

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A request as an enforcement point sees it, which knows the caller by ``evidence``."""

    request: Request
    view: View = field(default_factory=View)
    evidence: Evidence = Evidence.CERTIFICATE
    inventory: Inventory = field(default_factory=Inventory)


def rule_holds(
    sight: Sight,
    callers: tuple[AllOf, ...],
    requests: tuple[AllOf, ...] = (),
    always: tuple[Test, ...] = (),
) -> bool:
    """Whether one of ``callers``, one of ``requests`` and all of ``always`` hold; none always do.

    Raises:
        Unsupported: a test needs what a plain request does not tell.
    """
    if not sight.request.http and sight.view.on_unreadable is Unreadable.SKIP_RULE:
        tests = (*(t for way in (*callers, *requests) for t in way.tests), *always)
        if any(test.part in HTTP_PARTS for test in tests):
            return False
    return (
        any_holds(callers, sight)
        and any_holds(requests, sight)
        and all(holds(test, sight) for test in always)
    )


def any_holds(ways: tuple[AllOf, ...], sight: Sight) -> bool:
    """Whether one of the alternatives holds; none at all always do."""
    return not ways or any(all(holds(test, sight) for test in way.tests) for way in ways)


def holds(test: Test, sight: Sight) -> bool:
    """Whether the request meets the test."""
    if not sight.request.http and test.part in HTTP_PARTS:
        return sight.view.on_unreadable is Unreadable.IGNORE_TEST
    texts = texts_of(test, sight)
    wanted = Presence.EITHER if test.presence is None else test.presence.value
    if wanted is not Presence.EITHER and bool(texts) is not (wanted is Presence.PRESENT):
        return False
    if not texts and test.missing_is_empty:
        texts = ("",)
    if _one_is(test.none_of, texts, test, sight):
        return False
    return not test.any_of or _one_is(test.any_of, texts, test, sight)


def _one_is(
    terms: tuple[Traced[Term], ...], texts: tuple[str, ...], test: Test, sight: Sight
) -> bool:
    """Whether one of the values is what one of the terms says."""
    labels = _labels_for(test.part, sight) if terms else {}
    return any(
        _is(term.value, text, labels)
        for term in terms
        for text in texts
        if _read(term.value, text, test, sight)
    )


def _read(term: Term, text: str, test: Test, sight: Sight) -> bool:
    """Whether the value is one that the pattern is compared with at all."""
    regex = isinstance(term, Pattern) and term.kind is PatternKind.REGEX
    if sight.view.regex_reads_bytes or not regex or test.part is not Part.HEADER:
        return True
    return all(" " <= character <= "~" or character == "\t" for character in text)


def _is(term: Term, text: str, labels: Mapping[str, str]) -> bool:
    match term:
        case Pattern():
            return pattern_matches(term, text)
        case Cidr():
            return _inside(text, term.block) and not any(_inside(text, e) for e in term.excluding)
        case Labels():
            return meets(labels, term)


def _inside(address: str, block: str) -> bool:
    return ip_address(address) in ip_network(block, strict=False)


def pattern_matches(pattern: Pattern, value: str) -> bool:
    """Whether the pattern covers the whole value.

    Raises:
        Unsupported: a regular expression is outside of the subset that is read.
    """
    text = pattern.text
    if pattern.kind is PatternKind.REGEX:
        return regex_matches(pattern, value)
    if pattern.ignore_case:
        text, value = text.lower(), value.lower()
    return _PLAIN[pattern.kind](text, value)


def _element_prefix(text: str, value: str) -> bool:
    stem = text.rstrip("/")
    return not stem or value == stem or value.startswith(f"{stem}/")


_SEGMENT = "A-Za-z0-9._~%!$&'()+,;:@-"
"""Characters for which operators of a template stand (envoy source/extensions/path/uri_template_lib ``kLiteral``)."""


def _template(text: str, value: str) -> bool:
    wild = {"{*}": f"[{_SEGMENT}]+", "{**}": f"[/{_SEGMENT}]*"}
    parts = (wild.get(part, re.escape(part)) for part in text.split("/"))
    return re.fullmatch("/".join(parts), value, re.DOTALL) is not None


def _glob(text: str, value: str) -> bool:
    parts = (re.escape(part) for part in text.split("*"))
    return re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


_PLAIN: Mapping[PatternKind, Callable[[str, str], bool]] = {
    PatternKind.EXACT: lambda text, value: value == text,
    PatternKind.PREFIX: lambda text, value: value.startswith(text),
    PatternKind.SUFFIX: lambda text, value: value.endswith(text),
    PatternKind.CONTAINS: lambda text, value: text in value,
    PatternKind.ELEMENT_PREFIX: _element_prefix,
    PatternKind.TEMPLATE: _template,
    PatternKind.NON_EMPTY: lambda _, value: bool(value),
    PatternKind.GLOB: _glob,
}


def texts_of(test: Test, sight: Sight) -> tuple[str, ...]:
    """The values of the part that the test looks at; none where the request lacks it.

    Raises:
        Unsupported: a plain request does not tell this part.
    """
    read = _READ.get(test.part)
    if read is None:
        message = f"a request does not tell its {test.part}"
        raise Unsupported(message)
    return read(sight, "" if test.name is None else test.name.value)


def _if_any(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _path(sight: Sight, _: str) -> tuple[str, ...]:
    return (seen_path(sight.request.path, sight.view),)


def _authority(sight: Sight, _: str) -> tuple[str, ...]:
    return _if_any(seen_authority(sight.request.authority, sight.view))


def _header(sight: Sight, name: str) -> tuple[str, ...]:
    wanted = name.lower()
    if wanted.startswith(":"):
        message = f"the header {name!r} stands for another part of the request"
        raise Unsupported(message)
    found = tuple(v for key, v in sight.request.headers.items() if key.lower() == wanted)
    if found and sight.view.headers_joined:
        found = (",".join(found),)
    return found or (_authority(sight, "") if wanted == "host" else ())


def _query(sight: Sight, name: str) -> tuple[str, ...]:
    return tuple(value for key, value in query_of(sight.request) if key == name)


def query_of(request: Request) -> tuple[tuple[str, str], ...]:
    """Parameters of the query with their values, unescaped, in the order of the request."""
    return tuple(parse_qsl(request.path.partition("?")[2], keep_blank_values=True))


def _call(place: int) -> Callable[[Sight, str], tuple[str, ...]]:
    """Reads one element of the path of a remote call: ``/service/method``, sent by POST."""

    def read(sight: Sight, _: str) -> tuple[str, ...]:
        elements = sight.request.path.partition("?")[0].split("/")
        called = sight.request.method == "POST" and len(elements) > place
        return _if_any(elements[place]) if called else ()

    return read


def _proven(sight: Sight) -> bool:
    """Whether the caller's account is known: by certificate, or by what runs at its address."""
    caller = sight.request.caller
    return certified(caller) or (sight.evidence is Evidence.LABEL and bool(caller.namespace))


def certified(caller: Caller) -> bool:
    """Whether the caller shows a certificate; the node's agent never does."""
    return caller.mtls and not caller.probe


def _account(spell: Callable[[Caller], str]) -> Callable[[Sight, str], tuple[str, ...]]:
    def read(sight: Sight, _: str) -> tuple[str, ...]:
        return (spell(sight.request.caller),) if _proven(sight) else ()

    return read


def identity(caller: Caller) -> str:
    """``<trust domain>/ns/<namespace>/sa/<service account>``."""
    return f"{caller.trust_domain}/ns/{caller.namespace}/sa/{caller.service_account}"


def _certificate(sight: Sight, _: str) -> tuple[str, ...]:
    caller = sight.request.caller
    return (identity(caller),) if certified(caller) else ()


def _client_address(sight: Sight, _: str) -> tuple[str, ...]:
    if _header(sight, "x-forwarded-for"):
        message = "how many proxies are trusted to forward an address is an install setting"
        raise Unsupported(message)
    return (sight.request.caller.address,)


def _token(sight: Sight, _: str) -> tuple[str, ...]:
    if _header(sight, "authorization") or _query(sight, "access_token"):
        message = "what a token says is not part of a plain request"
        raise Unsupported(message)
    return ()


def _labels(sight: Sight, _: str) -> tuple[str, ...]:
    """Nothing to compare as text; only a pod has labels at all, be they empty."""
    caller = sight.request.caller
    return ("",) if caller.namespace or caller.labels else ()


def _labels_for(part: Part, sight: Sight) -> Mapping[str, str]:
    """The labels that a selector looks at: the caller's, or those of its namespace, as listed where it is."""
    caller = sight.request.caller
    if part is not Part.NAMESPACE_LABELS:
        return caller.labels
    space = sight.inventory.namespaces.get(caller.namespace)
    own = caller.namespace_labels if space is None else space.labels
    return {**own, "kubernetes.io/metadata.name": caller.namespace}


def _namespace_labels(sight: Sight, _: str) -> tuple[str, ...]:
    return ("",) if sight.request.caller.namespace else ()


def _entity(sight: Sight, _: str) -> tuple[str, ...]:
    caller = sight.request.caller
    if caller.probe:
        return ("host", "kubelet", *INSIDE, "all")
    if caller.entity:
        # A node that the API server runs on is one of the others (pkg/identity/numericidentity.go of Cilium, 1.20).
        node = ("remote-node",) if caller.entity == "kube-apiserver" else ()
        return (caller.entity, *node, *INSIDE, "all")
    return (*(INSIDE if caller.namespace else ("world",)), "all")


def _service(sight: Sight, _: str) -> tuple[str, ...]:
    """Services whose endpoint the caller is, as ``namespace/name``."""
    caller = sight.request.caller
    return tuple(
        f"{namespace}/{name}"
        for (namespace, name), service in sorted(sight.inventory.services.items())
        if namespace == caller.namespace
        and service.selector
        and contains(caller.labels, service.selector)
    )


_READ: Mapping[Part, Callable[[Sight, str], tuple[str, ...]]] = {
    Part.PATH: _path,
    Part.METHOD: lambda sight, _: (sight.request.method,),
    Part.AUTHORITY: _authority,
    Part.SCHEME: lambda sight, _: (sight.request.scheme,),
    Part.HEADER: _header,
    Part.QUERY: _query,
    Part.RPC_SERVICE: _call(1),
    Part.RPC_METHOD: _call(2),
    Part.PORT: lambda sight, _: (str(sight.request.port),),
    Part.SERVICE_PORT: lambda sight, _: _if_any(str(sight.request.service_port or "")),
    Part.SERVER_NAME: lambda sight, _: _if_any(sight.request.server_name),
    Part.CERTIFICATE: _certificate,
    Part.IDENTITY: _certificate,
    Part.NAMESPACE: _account(lambda caller: caller.namespace),
    Part.SERVICE_ACCOUNT: _account(lambda c: f"{c.namespace}/{c.service_account}"),
    Part.TRUST_DOMAIN: _account(lambda caller: caller.trust_domain),
    Part.PEER_ADDRESS: lambda sight, _: (sight.request.caller.address,),
    Part.CLIENT_ADDRESS: _client_address,
    Part.TOKEN_PRINCIPAL: _token,
    Part.TOKEN_AUDIENCE: _token,
    Part.TOKEN_CLAIM: _token,
    Part.WORKLOAD_LABELS: _labels,
    Part.NAMESPACE_LABELS: _namespace_labels,
    Part.ENTITY: _entity,
    Part.DNS_NAME: lambda sight, _: _if_any(sight.request.looked_up),
    Part.TRANSPORT: lambda sight, _: (sight.request.transport,),
    Part.SERVICE: _service,
}
"""How each part is read off a request; parts that are not here cannot be."""


def seen_authority(authority: str, view: View) -> str:
    """The authority in the form of the view; a port is what follows a colon outside of brackets."""
    return authority if view.authority_has_port else re.sub(r"\.?(?::\d*)?\Z", "", authority)


def seen_path(path: str, view: View) -> str:
    """The path in the form of the view (RFC 3986 sections 5.2.4 and 6.2.2)."""
    bare, mark, query = path.partition("?")
    match view.path:
        case PathForm.RAW:
            shown = bare
        case PathForm.NORMAL:
            shown = _normal(bare)
        case PathForm.MERGED:
            shown = _merged(_normal(bare))
        case PathForm.DECODED_AND_MERGED:
            slashed = re.sub(r"%2f|%5c", "/", bare, flags=re.IGNORECASE)
            shown = _merged(_normal(slashed))
    return f"{shown}{mark}{query}" if view.path_has_query else shown


def _merged(path: str) -> str:
    """Runs of slashes as one; Envoy leaves two where there is nothing else (``PathUtil::mergeSlashes``)."""
    return "//" if len(path) > 1 and not path.strip("/") else re.sub("/+", "/", path)


def _normal(path: str) -> str:
    plain = _ESCAPE.sub(_unescaped, path).replace("\\", "/")
    if not plain.startswith("/"):
        return plain
    elements = plain.split("/")
    kept: list[str] = []
    for element in elements[1:]:
        if element == "..":
            del kept[-1:]
        elif element != ".":
            kept.append(element)
    if elements[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0]
