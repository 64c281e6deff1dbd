"""AuthorizationPolicies drawn at random, and requests over a small alphabet that tell them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from hypothesis import strategies as st

from ir.behaviour.request import Caller, Request
from tests.traps.worlds import API, CLEAR, PARTNER, STRANGER, WEB, rules, security

WEB_ID = "cluster.local/ns/shop/sa/web"
NAMES = (WEB_ID, "cluster.local/ns/dev/*", "*/sa/web", "*", "partner.example/ns/shop/sa/web")
PATHS = ("/a", "/a*", "/a/*", "*/b", "*", "/a/{*}", "/{**}", "/a/*/b")
SOURCES = {
    "principals": NAMES,
    "namespaces": ("shop", "dev", "sh*", "*"),
    "serviceAccounts": ("shop/web", "web"),
    "trustDomains": ("cluster.local", "partner.example", "*"),
    "ipBlocks": ("10.1.0.0/16", "10.1.2.3", "0.0.0.0/0"),
}
OPERATIONS = {
    "paths": PATHS,
    "methods": ("GET", "P*", "*", "DELETE"),
    "ports": ("8080", "9000"),
}
KEYS = {
    "source.principal": NAMES,
    "source.namespace": SOURCES["namespaces"],
    "source.ip": SOURCES["ipBlocks"],
    "destination.port": OPERATIONS["ports"],
    "connection.sni": ("a.example",),
}
_ALONE = ("principals", "namespaces")
"""Fields that may not stand beside ``serviceAccounts``."""


def _negated(field: str) -> str:
    return f"not{field[0].upper()}{field[1:]}"


@st.composite
def _entry(draw: st.DrawFn, fields: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """One entry of ``from`` or ``to``: one or two fields, as written or negated."""
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=2, unique=True))
    if "serviceAccounts" in chosen:
        chosen = [field for field in chosen if field not in _ALONE]
    found = {}
    for field in chosen:
        values = st.lists(st.sampled_from(fields[field]), min_size=1, max_size=2, unique=True)
        name = _negated(field) if draw(st.booleans()) else field
        found[name] = draw(values)
    return found


@st.composite
def _condition(draw: st.DrawFn) -> dict[str, object]:
    key = draw(st.sampled_from(sorted(KEYS)))
    where = draw(st.sampled_from(("values", "notValues")))
    return {"key": key, where: [draw(st.sampled_from(KEYS[key]))]}


@st.composite
def _rule(draw: st.DrawFn) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    sources = draw(st.lists(_entry(SOURCES), max_size=2))
    operations = draw(st.lists(_entry(OPERATIONS), max_size=2))
    conditions = draw(st.lists(_condition(), max_size=1))
    if sources:
        found["from"] = [{"source": one} for one in sources]
    if operations:
        found["to"] = [{"operation": one} for one in operations]
    if conditions:
        found["when"] = list(conditions)
    return found


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, ...]:
    """One to three policies, for the workload, its namespace or the mesh, and what mutual TLS asks for."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        action = draw(st.sampled_from(("ALLOW", "ALLOW", "DENY")))
        least = 0 if action == "ALLOW" else 1
        listed = draw(st.lists(_rule(), min_size=least, max_size=2))
        selector = draw(st.sampled_from((None, {"app": "api"}, {"version": "v1"}, {"app": "web"})))
        scope = {} if selector is None else {"selector": {"matchLabels": selector}}
        found.append(rules(*listed, action=action, name=f"p{number}", scope=scope))
    mode = draw(st.sampled_from((None, "STRICT", "PERMISSIVE", "DISABLE")))
    if mode is not None:
        found.append(security("PeerAuthentication", {"mtls": {"mode": mode}}))
    return tuple(found)


CALLERS = (
    WEB,
    STRANGER,
    PARTNER,
    Caller(namespace="dev", service_account="web", address="10.9.0.1"),
    CLEAR,
    replace(CLEAR, address="192.168.1.1"),
    Caller(mtls=False, probe=True, address="10.128.0.7"),
)
SENT = ("/", "/a", "/ab", "/a/", "/a/b", "/a/x/b", "/a/*/b", "/b", "/a/../b", "/%61", "//a")


def requests() -> Iterator[Request]:
    """Every request over the alphabet to the port that speaks HTTP, and some to the others."""
    ways = (("GET", "PUT", "DELETE", "PURGE"), SENT)
    few = (("GET", "PURGE"), SENT[:3])
    for caller, (port, sent) in product(CALLERS, ((8080, ways), (9000, few), (7777, few))):
        start = Request(caller=caller, workload=API, port=port)
        yield replace(start, http=False)
        for method, path in product(*sent):
            yield replace(start, method=method, path=path)
