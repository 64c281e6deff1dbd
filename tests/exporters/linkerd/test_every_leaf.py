"""Every leaf of what a rule of HTTP does and of a traffic policy, as the source's own schemas list them.

istio/api networking/v1alpha3 VirtualService ``http[]`` (without ``match``) and DestinationRule ``trafficPolicy`` (without
``portLevelSettings``, which holds the same again), 1.31. None of them may be unread, and each must end as it says here.
"""

from __future__ import annotations

import pytest

from tests.translation import to_linkerd
from translator.report.model import Fate

WORLD = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: shop}
spec: {selector: {app: other}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: other, namespace: shop}
spec: {host: other, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: child, namespace: shop}
spec: {http: [{route: [{destination: {host: other}}]}]}
---
"""
ROUTES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http:
  - {BODY}
"""
POLICY = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api
  trafficPolicy: {BODY}
"""
TO = "route: [{destination: {host: other}}]"
BUGS = (Fate.UNREAD, Fate.DROPPED, Fate.STRANDED)

# leaf, a rule that has it, what becomes of it, the finding
HTTP = (
    ("corsPolicy.allowCredentials", TO + ", corsPolicy: {allowCredentials: true}", "lost", "MM212"),
    ("corsPolicy.allowHeaders[0]", TO + ", corsPolicy: {allowHeaders: [x]}", "lost", "MM212"),
    ("corsPolicy.allowMethods[0]", TO + ", corsPolicy: {allowMethods: [GET]}", "lost", "MM212"),
    ("corsPolicy.allowOrigin[0]", TO + ", corsPolicy: {allowOrigin: ['https://a.example']}", "lost", "MM212"),
    ("corsPolicy.allowOrigins[0].exact", TO + ", corsPolicy: {allowOrigins: [{exact: 'https://a.example'}]}", "lost", "MM212"),
    ("corsPolicy.allowOrigins[0].prefix", TO + ", corsPolicy: {allowOrigins: [{prefix: 'https://a'}]}", "lost", "MM212"),
    ("corsPolicy.allowOrigins[0].regex", TO + ", corsPolicy: {allowOrigins: [{regex: 'https://a.*'}]}", "lost", "MM212"),
    ("corsPolicy.exposeHeaders[0]", TO + ", corsPolicy: {exposeHeaders: [x]}", "lost", "MM212"),
    ("corsPolicy.maxAge", TO + ", corsPolicy: {maxAge: 1h}", "lost", "MM212"),
    ("corsPolicy.unmatchedPreflights", TO + ", corsPolicy: {unmatchedPreflights: IGNORE}", "lost", "MM212"),
    ("delegate.name", "delegate: {name: child, namespace: shop}", "absorbed", ""),
    ("delegate.namespace", "delegate: {name: child, namespace: shop}", "absorbed", ""),
    ("directResponse.body.bytes", "directResponse: {status: 503, body: {bytes: aGk=}}", "lost", "MM204"),
    ("directResponse.body.string", "directResponse: {status: 503, body: {string: hi}}", "lost", "MM204"),
    ("directResponse.status", "directResponse: {status: 503}", "lost", "MM204"),
    ("fault.abort.grpcStatus", TO + ", fault: {abort: {grpcStatus: UNAVAILABLE, percentage: {value: 10}}}", "lost", "MM301"),
    ("fault.abort.http2Error", TO + ", fault: {abort: {http2Error: CANCEL, percentage: {value: 10}}}", "inert", ""),
    ("fault.abort.httpStatus", TO + ", fault: {abort: {httpStatus: 500, percentage: {value: 10}}}", "lost", "MM301"),
    ("fault.abort.percentage.value", TO + ", fault: {abort: {httpStatus: 500, percentage: {value: 10}}}", "lost", "MM301"),
    ("fault.delay.exponentialDelay", TO + ", fault: {delay: {exponentialDelay: 2s}}", "inert", ""),
    ("fault.delay.fixedDelay", TO + ", fault: {delay: {fixedDelay: 2s, percentage: {value: 10}}}", "lost", "MM301"),
    ("fault.delay.percent", TO + ", fault: {delay: {fixedDelay: 2s, percent: 10}}", "lost", "MM301"),
    ("fault.delay.percentage.value", TO + ", fault: {delay: {fixedDelay: 2s, percentage: {value: 10}}}", "lost", "MM301"),
    ("headers.request.add.x", TO + ", headers: {request: {add: {x: a}}}", "placed", ""),
    ("headers.request.remove[0]", TO + ", headers: {request: {remove: [x]}}", "placed", ""),
    ("headers.request.set.x", TO + ", headers: {request: {set: {x: a}}}", "placed", ""),
    ("headers.response.add.x", TO + ", headers: {response: {add: {x: a}}}", "placed", ""),
    ("headers.response.remove[0]", TO + ", headers: {response: {remove: [x]}}", "placed", ""),
    ("headers.response.set.x", TO + ", headers: {response: {set: {x: a}}}", "placed", ""),
    ("mirror.host", TO + ", mirror: {host: other, subset: v1, port: {number: 80}}", "lost", "MM206"),
    ("mirror.port.number", TO + ", mirror: {host: other, subset: v1, port: {number: 80}}", "lost", "MM206"),
    ("mirror.subset", TO + ", mirror: {host: other, subset: v1, port: {number: 80}}", "lost", "MM206"),
    ("mirror_percent", TO + ", mirror: {host: other}, mirror_percent: 10", "lost", "MM206"),
    ("mirrorPercent", TO + ", mirror: {host: other}, mirrorPercent: 10", "lost", "MM206"),
    ("mirrorPercentage.value", TO + ", mirror: {host: other}, mirrorPercentage: {value: 10}", "lost", "MM206"),
    ("mirrors[0].destination.host", TO + ", mirrors: [{destination: {host: other, subset: v1, port: {number: 80}}, percentage: {value: 10}}]", "lost", "MM206"),
    ("mirrors[0].destination.port.number", TO + ", mirrors: [{destination: {host: other, subset: v1, port: {number: 80}}, percentage: {value: 10}}]", "lost", "MM206"),
    ("mirrors[0].destination.subset", TO + ", mirrors: [{destination: {host: other, subset: v1, port: {number: 80}}, percentage: {value: 10}}]", "lost", "MM206"),
    ("mirrors[0].percentage.value", TO + ", mirrors: [{destination: {host: other, subset: v1, port: {number: 80}}, percentage: {value: 10}}]", "lost", "MM206"),
    ("name", TO + ", name: a", "absorbed", ""),
    ("redirect.authority", "redirect: {authority: b.example}", "placed", ""),
    ("redirect.derivePort", "redirect: {authority: b.example, derivePort: FROM_REQUEST_PORT}", "lost", "MM204"),
    ("redirect.port", "redirect: {port: 8443}", "placed", ""),
    ("redirect.prefixRewrite", "match: [{uri: {prefix: /a}}], redirect: {prefixRewrite: /b}", "lost", "MM204"),
    ("redirect.redirectCode", "redirect: {uri: /b, redirectCode: 302}", "placed", ""),
    ("redirect.scheme", "redirect: {scheme: https}", "placed", ""),
    ("redirect.uri", "redirect: {uri: /b}", "approximated", "MM204"),
    ("retries.attempts", TO + ", retries: {attempts: 3, retryOn: 5xx}", "placed", ""),
    ("retries.backoff", TO + ", retries: {attempts: 3, retryOn: 5xx, backoff: 1s}", "lost", "MM302"),
    ("retries.perTryTimeout", TO + ", retries: {attempts: 3, retryOn: 5xx, perTryTimeout: 1s}", "approximated", "MM303"),
    ("retries.retryIgnorePreviousHosts", TO + ", retries: {attempts: 3, retryOn: 5xx, retryIgnorePreviousHosts: false}", "lost", "MM302"),
    ("retries.retryOn", TO + ", retries: {attempts: 3, retryOn: '503'}", "placed", ""),
    ("retries.retryRemoteLocalities", TO + ", retries: {attempts: 3, retryOn: 5xx, retryRemoteLocalities: true}", "lost", "MM302"),
    ("rewrite.authority", TO + ", rewrite: {authority: b.example}", "lost", "MM205"),
    ("rewrite.uri", TO + ", rewrite: {uri: /b}", "lost", "MM205"),
    ("rewrite.uriRegexRewrite.match", TO + ", rewrite: {uriRegexRewrite: {match: '/a(.*)', rewrite: '/b\\\\1'}}", "lost", "MM205"),
    ("rewrite.uriRegexRewrite.rewrite", TO + ", rewrite: {uriRegexRewrite: {match: '/a(.*)', rewrite: '/b\\\\1'}}", "lost", "MM205"),
    ("route[0].destination.host", TO, "placed", ""),
    ("route[0].destination.port.number", "route: [{destination: {host: other, port: {number: 80}}}]", "placed", ""),
    ("route[0].destination.subset", "route: [{destination: {host: other, subset: v1}}]", "placed", ""),
    ("route[0].headers.request.add.x", "route: [{destination: {host: other}, headers: {request: {add: {x: a}}}}]", "placed", ""),
    ("route[0].headers.request.remove[0]", "route: [{destination: {host: other}, headers: {request: {remove: [x]}}}]", "placed", ""),
    ("route[0].headers.request.set.x", "route: [{destination: {host: other}, headers: {request: {set: {x: a}}}}]", "placed", ""),
    ("route[0].headers.response.add.x", "route: [{destination: {host: other}, headers: {response: {add: {x: a}}}}]", "placed", ""),
    ("route[0].headers.response.remove[0]", "route: [{destination: {host: other}, headers: {response: {remove: [x]}}}]", "placed", ""),
    ("route[0].headers.response.set.x", "route: [{destination: {host: other}, headers: {response: {set: {x: a}}}}]", "placed", ""),
    ("route[0].weight", "route: [{destination: {host: other}, weight: 40}, {destination: {host: api}, weight: 60}]", "approximated", "MM214"),
    ("timeout", TO + ", timeout: 3s", "placed", ""),
)  # fmt: skip
TRAFFIC_POLICY = (
    ("connectionPool.http.h2UpgradePolicy", "connectionPool: {http: {h2UpgradePolicy: UPGRADE}}", "lost", "MM305"),
    ("connectionPool.http.http1MaxPendingRequests", "connectionPool: {http: {http1MaxPendingRequests: 1}}", "lost", "MM305"),
    ("connectionPool.http.http2KeepAlive.interval", "connectionPool: {http: {http2KeepAlive: {interval: 1s}}}", "lost", "MM305"),
    ("connectionPool.http.http2KeepAlive.timeout", "connectionPool: {http: {http2KeepAlive: {timeout: 1s}}}", "lost", "MM305"),
    ("connectionPool.http.http2MaxRequests", "connectionPool: {http: {http2MaxRequests: 1}}", "lost", "MM305"),
    ("connectionPool.http.idleTimeout", "connectionPool: {http: {idleTimeout: 1s}}", "lost", "MM305"),
    ("connectionPool.http.maxConcurrentStreams", "connectionPool: {http: {maxConcurrentStreams: 1}}", "lost", "MM305"),
    ("connectionPool.http.maxRequestsPerConnection", "connectionPool: {http: {maxRequestsPerConnection: 1}}", "lost", "MM305"),
    ("connectionPool.http.maxRetries", "connectionPool: {http: {maxRetries: 1}}", "lost", "MM305"),
    ("connectionPool.http.useClientProtocol", "connectionPool: {http: {useClientProtocol: true}}", "lost", "MM305"),
    ("connectionPool.tcp.connectTimeout", "connectionPool: {tcp: {connectTimeout: 1s}}", "lost", "MM303"),
    ("connectionPool.tcp.idleTimeout", "connectionPool: {tcp: {idleTimeout: 1s}}", "lost", "MM305"),
    ("connectionPool.tcp.maxConnectionDuration", "connectionPool: {tcp: {maxConnectionDuration: 1s}}", "lost", "MM305"),
    ("connectionPool.tcp.maxConnections", "connectionPool: {tcp: {maxConnections: 1}}", "lost", "MM305"),
    ("connectionPool.tcp.tcpKeepalive.interval", "connectionPool: {tcp: {tcpKeepalive: {interval: 1s}}}", "lost", "MM305"),
    ("connectionPool.tcp.tcpKeepalive.probes", "connectionPool: {tcp: {tcpKeepalive: {probes: 1}}}", "lost", "MM305"),
    ("connectionPool.tcp.tcpKeepalive.time", "connectionPool: {tcp: {tcpKeepalive: {time: 1s}}}", "lost", "MM305"),
    ("loadBalancer.backendUtilization.errorUtilizationPenaltyPercent", "loadBalancer: {backendUtilization: {errorUtilizationPenaltyPercent: 1}}", "lost", "MM801"),
    ("loadBalancer.backendUtilization.weightExpirationPeriod", "loadBalancer: {backendUtilization: {weightExpirationPeriod: 1s}}", "lost", "MM801"),
    ("loadBalancer.backendUtilization.weightStabilizationPeriod", "loadBalancer: {backendUtilization: {weightStabilizationPeriod: 1s}}", "lost", "MM801"),
    ("loadBalancer.backendUtilization.weightUpdatePeriod", "loadBalancer: {backendUtilization: {weightUpdatePeriod: 1s}}", "lost", "MM801"),
    ("loadBalancer.consistentHash.httpCookie.name", "loadBalancer: {consistentHash: {httpCookie: {name: c}}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.httpHeaderName", "loadBalancer: {consistentHash: {httpHeaderName: x}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.httpQueryParameterName", "loadBalancer: {consistentHash: {httpQueryParameterName: q}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.useSourceIp", "loadBalancer: {consistentHash: {useSourceIp: true}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.minimumRingSize", "loadBalancer: {consistentHash: {minimumRingSize: 9}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.ringHash.minimumRingSize", "loadBalancer: {consistentHash: {ringHash: {minimumRingSize: 9}}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.maglev.tableSize", "loadBalancer: {consistentHash: {maglev: {tableSize: 101}}}", "lost", "MM306"),
    ("loadBalancer.localityLbSetting.enabled", "loadBalancer: {localityLbSetting: {enabled: true}}", "lost", "MM306"),
    ("loadBalancer.simple", "loadBalancer: {simple: RANDOM}", "lost", "MM306"),
    ("loadBalancer.warmup.duration", "loadBalancer: {warmup: {duration: 1s}}", "lost", "MM306"),
    ("loadBalancer.warmup.minimumPercent", "loadBalancer: {warmup: {minimumPercent: 5}}", "lost", "MM306"),
    ("loadBalancer.warmup.aggression", "loadBalancer: {warmup: {aggression: 2}}", "lost", "MM306"),
    ("loadBalancer.warmupDurationSecs", "loadBalancer: {warmupDurationSecs: 1s}", "lost", "MM306"),
    ("loadBalancer.zoneAwareLbSetting.enabled", "loadBalancer: {zoneAwareLbSetting: {enabled: true}}", "lost", "MM306"),
    ("loadBalancer.zoneAwareLbSetting.minClusterSize", "loadBalancer: {zoneAwareLbSetting: {minClusterSize: 3}}", "lost", "MM306"),
    ("outlierDetection.baseEjectionTime", "outlierDetection: {baseEjectionTime: 9s}", "approximated", "MM304"),
    ("outlierDetection.consecutive5xxErrors", "outlierDetection: {consecutive5xxErrors: 3}", "approximated", "MM304"),
    ("outlierDetection.consecutiveErrors", "outlierDetection: {consecutiveErrors: 3}", "inert", ""),
    ("outlierDetection.consecutiveGatewayErrors", "outlierDetection: {consecutiveGatewayErrors: 3}", "lost", "MM304"),
    ("outlierDetection.consecutiveLocalOriginFailures", "outlierDetection: {consecutiveLocalOriginFailures: 3}", "absorbed", ""),
    ("outlierDetection.interval", "outlierDetection: {interval: 1s}", "lost", "MM304"),
    ("outlierDetection.maxEjectionPercent", "outlierDetection: {maxEjectionPercent: 50}", "lost", "MM304"),
    ("outlierDetection.minHealthPercent", "outlierDetection: {minHealthPercent: 50}", "lost", "MM304"),
    ("outlierDetection.splitExternalLocalOriginErrors", "outlierDetection: {splitExternalLocalOriginErrors: true}", "absorbed", ""),
    ("proxyProtocol.version", "proxyProtocol: {version: V1}", "lost", "MM801"),
    ("retryBudget.budgetInterval", "retryBudget: {budgetInterval: 1s}", "lost", "MM302"),
    ("retryBudget.minRetryConcurrency", "retryBudget: {minRetryConcurrency: 4}", "lost", "MM302"),
    ("retryBudget.percent", "retryBudget: {percent: 30}", "lost", "MM302"),
    ("tls.caCertificates", "tls: {caCertificates: /a}", "lost", "MM405"),
    ("tls.caCrl", "tls: {caCrl: /a}", "lost", "MM405"),
    ("tls.clientCertificate", "tls: {clientCertificate: /a}", "lost", "MM405"),
    ("tls.credentialName", "tls: {credentialName: c}", "lost", "MM405"),
    ("tls.insecureSkipVerify", "tls: {insecureSkipVerify: true}", "lost", "MM405"),
    ("tls.mode", "tls: {mode: SIMPLE}", "lost", "MM405"),
    ("tls.privateKey", "tls: {privateKey: /a}", "lost", "MM405"),
    ("tls.sni", "tls: {sni: a.example}", "lost", "MM405"),
    ("tunnel.protocol", "tunnel: {protocol: CONNECT}", "lost", "MM801"),
    ("tunnel.targetHost", "tunnel: {targetHost: a.example}", "lost", "MM801"),
    ("tunnel.targetPort", "tunnel: {targetPort: 443}", "lost", "MM801"),
    ("loadBalancer.backendUtilization.metricNamesForComputingUtilization[0]", "loadBalancer: {backendUtilization: {metricNamesForComputingUtilization: [m]}}", "lost", "MM801"),
    ("loadBalancer.consistentHash.httpCookie.attributes[0].name", "loadBalancer: {consistentHash: {httpCookie: {name: c, attributes: [{name: a, value: b}]}}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.httpCookie.attributes[0].value", "loadBalancer: {consistentHash: {httpCookie: {name: c, attributes: [{name: a, value: b}]}}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.httpCookie.path", "loadBalancer: {consistentHash: {httpCookie: {name: c, path: /}}}", "lost", "MM306"),
    ("loadBalancer.consistentHash.httpCookie.ttl", "loadBalancer: {consistentHash: {httpCookie: {name: c, ttl: 1s}}}", "lost", "MM306"),
    ("loadBalancer.localityLbSetting.distribute[0].from", "loadBalancer: {localityLbSetting: {distribute: [{from: a/*, to: {'b/*': 100}}]}}", "lost", "MM306"),
    ('loadBalancer.localityLbSetting.distribute[0].to["b/*"]', "loadBalancer: {localityLbSetting: {distribute: [{from: a/*, to: {'b/*': 100}}]}}", "lost", "MM306"),
    ("loadBalancer.localityLbSetting.failover[0].from", "loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}", "lost", "MM306"),
    ("loadBalancer.localityLbSetting.failover[0].to", "loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}", "lost", "MM306"),
    ("loadBalancer.localityLbSetting.failoverPriority[0]", "loadBalancer: {localityLbSetting: {failoverPriority: [a]}}", "lost", "MM306"),
    ("loadBalancer.zoneAwareLbSetting.failover[0].from", "loadBalancer: {zoneAwareLbSetting: {failover: [{from: a, to: b}]}}", "lost", "MM306"),
    ("loadBalancer.zoneAwareLbSetting.failover[0].to", "loadBalancer: {zoneAwareLbSetting: {failover: [{from: a, to: b}]}}", "lost", "MM306"),
    ("loadBalancer.zoneAwareLbSetting.failoverPriority[0]", "loadBalancer: {zoneAwareLbSetting: {failoverPriority: [a]}}", "lost", "MM306"),
    ("outlierDetection.outlierDetectionHttpErrorCodes[0]", "outlierDetection: {outlierDetectionHttpErrorCodes: [429]}", "lost", "MM304"),
    ("tls.subjectAltNames[0]", "tls: {mode: SIMPLE, subjectAltNames: [a]}", "lost", "MM405"),
)  # fmt: skip


def check(text: str, resource: str, path: str, fate: str, code: str) -> None:
    """The leaf ends as expected, and no leaf is unread or forgotten."""
    report = to_linkerd(WORLD + text).report
    assert not [row.path for row in report.ledger if row.fate in BUGS]
    (row,) = (row for row in report.ledger if (row.resource, row.path) == (resource, path))
    assert row.fate.value == fate
    assert (code in row.findings) if code else not row.findings


@pytest.mark.parametrize(("leaf", "body", "fate", "code"), HTTP)
def test_every_leaf_of_a_rule_ends_as_it_should(leaf: str, body: str, fate: str, code: str) -> None:
    text = ROUTES.replace("BODY", body)
    check(text, "VirtualService/shop/api", f"spec.http[0].{leaf}", fate, code)


@pytest.mark.parametrize(("leaf", "body", "fate", "code"), TRAFFIC_POLICY)
def test_every_leaf_of_a_policy_ends_as_it_should(
    leaf: str, body: str, fate: str, code: str
) -> None:
    text = POLICY.replace("BODY", body)
    check(text, "DestinationRule/shop/api", f"spec.trafficPolicy.{leaf}", fate, code)


@pytest.mark.parametrize(("leaf", "body", "fate", "code"), TRAFFIC_POLICY)
def test_every_leaf_of_a_port_is_read(leaf: str, body: str, fate: str, code: str) -> None:
    if leaf.startswith(("tunnel", "proxyProtocol", "retryBudget")):
        body = "tls: {mode: DISABLE}"  # a port has none of these
    del fate, code
    port = f"portLevelSettings: [{{port: {{number: 80}}, {body}}}]"
    report = to_linkerd(WORLD + POLICY.replace("BODY", port)).report
    assert not [row.path for row in report.ledger if row.fate in BUGS]
