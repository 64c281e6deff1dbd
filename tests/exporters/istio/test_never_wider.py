"""Nothing that Linkerd refuses is let in by Istio, whatever the Servers, routes and callers: drawn at random and proved."""

from __future__ import annotations

from random import Random

import pytest

from tests.exporters.istio.linkerd import WEB, admits, codes, route, server, translated

PATHS = ("/", "/a", "/a/b", "/a/b/c", "/b")
CALLERS = (
    "identities: ['*']",
    "identityRefs: [{kind: ServiceAccount, name: boss}]",
    "identityRefs: [{kind: ServiceAccount, name: boss}, {kind: ServiceAccount, name: web}]",
    "identityRefs: [{kind: Namespace, name: front}]",
    "networks: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}, {cidr: 192.168.0.0/16}]",
)


def _match(random: Random) -> str:
    kind, path = random.choice(("Exact", "PathPrefix", "PathPrefix")), random.choice(PATHS)
    if random.random() < 0.1:
        kind, path = "RegularExpression", "/a/[a-z]+"
    parts = [f"path: {{type: {kind}, value: '{path}'}}"]
    if random.random() < 0.4:
        parts.append(f"method: {random.choice(('GET', 'POST'))}")
    if random.random() < 0.3:
        parts.append(f"headers: [{{name: x-team, value: '{random.choice('ab')}'}}]")
    return f"{{{', '.join(parts)}}}"


def _estate(random: Random) -> list[str]:
    texts = [WEB, server()]
    for number in range(random.randint(0, 4)):
        texts.append(route(f"r{number}", _match(random)))
        if random.random() < 0.8:
            texts.append(admits(f"r{number}", random.choice(CALLERS), "HTTPRoute"))
    if random.random() < 0.3:
        texts.append(admits("web", random.choice(CALLERS)))
    if random.random() < 0.4:
        texts.extend((server("admin", 9090), admits("admin", random.choice(CALLERS))))
    return texts


@pytest.mark.parametrize("seed", range(24))
def test_no_request_is_newly_let_in_and_each_that_is_refused_is_told(seed: int) -> None:
    result = translated(*_estate(Random(seed)))  # noqa: S311  # no secret
    assert codes(result) == []
