"""No leaf that is read is forgotten: it stands in a fact, is idle, or is named in a loss."""

from __future__ import annotations

import pytest

from ir.model import Model
from ir.provenance import bare
from ir.walk import close
from tests.importers.istio.link_routes_cases import destination_rule, link, virtual_service

EVERYTHING = """\
hosts: [reviews, "*.wild.com", reviews.prod]
gateways: [mesh, shop, ./other]
exportTo: [".", web]
http:
- name: one
  match:
  - name: m
    statPrefix: s
    uri: {prefix: /A}
    ignoreUriCase: true
    scheme: {exact: http}
    method: {regex: "GET|POST"}
    authority: {prefix: a}
    headers: {x: {exact: a}, y: {}, ":method": {exact: GET}}
    withoutHeaders: {z: {}, w: {prefix: p}}
    queryParams: {q: {exact: "1"}, r: {}}
    port: 9080
    sourceLabels: {app: web}
    sourceNamespace: web
    gateways: [mesh]
  - {uri: {}, headers: {}, sourceLabels: {}, gateways: [], sourceNamespace: "", port: 0}
  route:
  - destination: {host: reviews, subset: v1, port: {number: 9080}}
    weight: 10
    headers: {request: {set: {host: a, b: c}, add: {}, remove: [d]}, response: {}}
  - {destination: {host: reviews, subset: v2, port: {}}, weight: 90}
  - {destination: {host: gone}, weight: 0}
  headers: {request: {set: {Host: a}, add: {":authority": b}}, response: {remove: []}}
  rewrite: {uri: /b, authority: c}
  timeout: 2s
  retries: {attempts: 2, perTryTimeout: 1s, retryOn: "5xx,oops", backoff: 1s,
    retryRemoteLocalities: true, retryIgnorePreviousHosts: true}
  fault:
    delay: {fixedDelay: 1s, percent: 5}
    abort: {grpcStatus: UNAVAILABLE, percentage: {value: 1}}
  mirror: {host: shadow, subset: ""}
  mirrorPercentage: {}
  mirrors: [{destination: {host: b}, percentage: {value: 3}}]
  corsPolicy: {allowOrigins: [{exact: a}, {}], allowOrigin: ["*"], allowMethods: [], maxAge: 1s}
- match: [{uri: {exact: /r}, gateways: [elsewhere]}]
  redirect: {uri: /x, redirectCode: 0, derivePort: FROM_PROTOCOL_DEFAULT}
- match: [{uri: {exact: /d}}]
  directResponse: {status: 200, body: {string: hello}}
  headers: {}
- route: [{destination: {host: a}, weight: -1}, {destination: {host: b}}]
- {}
- match: []
  route: [{destination: {host: reviews}, weight: 0}]
- {timeout: 1s, retries: {}, fault: {}, route: [{destination: {host: late}}]}
"""

RULE = """\
host: reviews
exportTo: ["*"]
subsets:
- name: v1
  labels: {version: v1}
  trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: c, path: /, ttl: 1s}}}}
- {name: v2, labels: {}, trafficPolicy: {}}
- {name: v3, labels: {a: b}, trafficPolicy: {outlierDetection: {interval: 1s}}}
trafficPolicy:
  connectionPool: {tcp: {maxConnections: 0}, http: {}}
  loadBalancer: {consistentHash: {useSourceIp: false}}
  outlierDetection: {splitExternalLocalOriginErrors: false, consecutiveLocalOriginFailures: 1,
    maxEjectionPercent: 0, minHealthPercent: 1, consecutive5xxErrors: 0}
"""

SHORT = "http: [{route: [{destination: {host: reviews, subset: v1}}]}]"


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    "documents",
    [
        (virtual_service(EVERYTHING),),
        (virtual_service(EVERYTHING), destination_rule(RULE)),
        (virtual_service(EVERYTHING), virtual_service(f"hosts: [reviews]\n{SHORT}", "a")),
        (virtual_service(EVERYTHING), virtual_service(EVERYTHING, "b", "web")),
        (destination_rule(RULE), destination_rule(RULE, "b"), destination_rule(RULE, "c", "web")),
        (virtual_service(f"hosts: []\ngateways: []\nexportTo: []\n{SHORT}"),),
        (virtual_service(f"hosts: [a]\ngateways: [x]\nexportTo: ['~']\n{SHORT}"),),
        (virtual_service("{}"), destination_rule("host: a\nexportTo: []\nsubsets: []")),
        (virtual_service(f"hosts: [a.b.svc, '*']\nexportTo: ['*', '.']\n{SHORT}"),),
        (virtual_service("hosts: [a]\nhttp: [{route: []}]"),),
    ],
)
def test_every_leaf_that_is_read_ends_somewhere(
    documents: tuple[str, ...], *, complete: bool
) -> None:
    linked = link(*documents, complete=complete)
    closed = close(Model(facts=linked.facts))
    assert bare(closed.facts) == bare(linked.facts)


def test_linking_is_the_same_each_time() -> None:
    documents = (virtual_service(EVERYTHING), destination_rule(RULE))
    assert link(*documents) == link(*documents)
