"""Every field of every kind of Linkerd that is read, at once: each ends in a fate, for each target."""

from __future__ import annotations

import pytest

from translator import pipeline
from translator.source.load import load_text

EVERY = """\
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: s, namespace: shop}
spec: {port: 80, podSelector: {matchLabels: {app: web}, matchExpressions: [{key: a, operator: Exists}]}, proxyProtocol: HTTP/1, accessPolicy: deny}
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: ext, namespace: shop}
spec: {port: 80, externalWorkloadSelector: {matchLabels: {app: web}}, proxyProtocol: HTTP/1, accessPolicy: deny}
---
apiVersion: policy.linkerd.io/v1beta1
kind: ServerAuthorization
metadata: {name: sa, namespace: shop}
spec: {server: {selector: {matchLabels: {x: "why"}}}, client: {networks: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}], meshTLS: {identities: ["*"], serviceAccounts: [{name: a, namespace: b}]}}}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: ap, namespace: shop}
spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: s}, requiredAuthenticationRefs: [{group: policy.linkerd.io, kind: MeshTLSAuthentication, name: m, namespace: shop},{group: policy.linkerd.io, kind: NetworkAuthentication, name: nets}]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: MeshTLSAuthentication
metadata: {name: m, namespace: shop}
spec: {identityRefs: [{kind: ServiceAccount, name: a, namespace: b},{kind: Namespace, name: c}]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: NetworkAuthentication
metadata: {name: nets, namespace: shop}
spec: {networks: [{cidr: 10.0.0.0/8, except: [10.2.0.0/16]}]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: HTTPLocalRateLimitPolicy
metadata: {name: r, namespace: shop}
spec: {targetRef: {group: policy.linkerd.io, kind: Server, name: s}, total: {requestsPerSecond: 100}, identity: {requestsPerSecond: 10}, overrides: [{requestsPerSecond: 20, clientRefs: [{kind: ServiceAccount, name: a, namespace: b, group: ""}]}]}
---
apiVersion: policy.linkerd.io/v1alpha1
kind: EgressNetwork
metadata: {name: e, namespace: shop, annotations: {retry.linkerd.io/http: "5xx", timeout.linkerd.io/request: 3s, balancer.linkerd.io/failure-accrual: consecutive, config.linkerd.io/opaque-ports: "25"}}
spec: {trafficPolicy: Deny, networks: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: eg, namespace: shop}
spec:
  parentRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: e, port: 80}]
  hostnames: [example.com]
  rules: [{matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{group: policy.linkerd.io, kind: EgressNetwork, name: e, port: 80}]}]
---
apiVersion: policy.linkerd.io/v1beta3
kind: HTTPRoute
metadata: {name: own, namespace: shop, annotations: {retry.linkerd.io/limit: "2", retry.linkerd.io/http: "5xx", retry.linkerd.io/timeout: 1s, timeout.linkerd.io/response: 2s, timeout.linkerd.io/idle: 5s}}
spec:
  parentRefs: [{group: "", kind: Service, name: web, namespace: shop, port: 80, sectionName: x}]
  hostnames: [web.shop]
  rules:
  - matches: [{path: {type: Exact, value: /a}, headers: [{name: a, value: b, type: RegularExpression}], queryParams: [{name: a, value: b, type: Exact}], method: GET}]
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], add: [{name: c, value: d}], remove: [e]}}]
    backendRefs: [{name: web, port: 80, weight: 2, kind: Service, group: "", namespace: shop, filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: q, value: r}]}}]}]
    timeouts: {request: 5s, backendRequest: 2s}
  - filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: x.y, port: 443, statusCode: 301, path: {type: ReplacePrefixMatch, replacePrefixMatch: /z}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: gw, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: 80}]
  rules:
  - name: nn
    matches: [{path: {type: PathPrefix, value: /b}}]
    filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: c, value: d}]}}]
    backendRefs: [{name: web, port: 80}]
    timeouts: {request: 5s, backendRequest: 2s}
    retry: {attempts: 2, codes: [500], backoff: 10ms}
    sessionPersistence: {sessionName: a, type: Cookie}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: g, namespace: shop, annotations: {retry.linkerd.io/limit: "2", retry.linkerd.io/grpc: "internal", timeout.linkerd.io/request: 2s}}
spec:
  parentRefs: [{group: "", kind: Service, name: grpc, port: 90}]
  hostnames: [grpc.shop]
  rules:
  - name: nn
    matches: [{method: {type: Exact, service: a.B, method: C}, headers: [{name: a, value: b, type: Exact}]}]
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [e]}}]
    backendRefs: [{name: grpc, port: 90, weight: 1}]
    sessionPersistence: {sessionName: a}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {name: t, namespace: shop}
spec: {parentRefs: [{group: "", kind: Service, name: tls, port: 443}], hostnames: [a.b], rules: [{name: x, backendRefs: [{name: tls, port: 443, weight: 3}]}]}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: c, namespace: shop}
spec: {parentRefs: [{group: "", kind: Service, name: tcp, port: 3306}], rules: [{backendRefs: [{name: tcp, port: 3306}]}]}
---
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: prof.shop.svc.cluster.local, namespace: shop}
spec:
  opaquePorts: ["25"]
  retryBudget: {retryRatio: 0.3, minRetriesPerSecond: 5, ttl: 10s}
  dstOverrides: [{authority: "prof.shop.svc.cluster.local:80", weight: 900m},{authority: web.shop.svc.cluster.local, weight: 100m}]
  routes:
  - name: GET /a
    condition: {all: [{pathRegex: /a}, {method: GET}]}
    isRetryable: true
    timeout: 2s
    responseClasses: [{condition: {status: {min: 500, max: 503}}, isFailure: true}]
---
apiVersion: workload.linkerd.io/v1beta1
kind: ExternalWorkload
metadata: {name: vm, namespace: shop, labels: {app: vm}}
spec: {meshTLS: {identity: "spiffe://root.linkerd.cluster.local/vm", serverName: vm.shop}, workloadIPs: [{ip: 192.0.2.1},{ip: "2001:db8::1"}], ports: [{name: http, port: 80, protocol: TCP}]}
---
apiVersion: multicluster.linkerd.io/v1alpha3
kind: Link
metadata: {name: east, namespace: linkerd-multicluster}
spec: {targetClusterName: east, targetClusterDomain: cluster.local, targetClusterLinkerdNamespace: linkerd, clusterCredentialsSecret: cluster-credentials-east, gatewayAddress: 1.2.3.4, gatewayPort: "4143", gatewayIdentity: x, probeSpec: {path: /ready, port: "4191", period: 3s, timeout: 30s, failureThreshold: "3"}, selector: {matchLabels: {mirror.linkerd.io/exported: "true"}}, remoteDiscoverySelector: {matchLabels: {mirror.linkerd.io/exported: remote-discovery}}, federatedServiceSelector: {matchLabels: {mirror.linkerd.io/federated: member}}, excludedAnnotations: [a], excludedLabels: [b]}
---
apiVersion: split.smi-spec.io/v1alpha1
kind: TrafficSplit
metadata: {name: ts, namespace: shop}
spec: {service: sp, backends: [{service: sp, weight: 900m},{service: web, weight: 100m}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.80, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}, annotations: {linkerd.io/inject: enabled}}, spec: {serviceAccountName: web, containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: grpc, namespace: shop}
spec: {clusterIP: 10.96.0.90, selector: {app: grpc}, ports: [{port: 90}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: grpc, namespace: shop}
spec: {selector: {matchLabels: {app: grpc}}, template: {metadata: {labels: {app: grpc}, annotations: {linkerd.io/inject: enabled}}, spec: {serviceAccountName: grpc, containers: [{name: c, ports: [{containerPort: 90}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: tls, namespace: shop}
spec: {clusterIP: 10.96.0.43, selector: {app: tls}, ports: [{port: 443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tls, namespace: shop}
spec: {selector: {matchLabels: {app: tls}}, template: {metadata: {labels: {app: tls}, annotations: {linkerd.io/inject: enabled}}, spec: {serviceAccountName: tls, containers: [{name: c, ports: [{containerPort: 443}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: tcp, namespace: shop}
spec: {clusterIP: 10.96.0.33, selector: {app: tcp}, ports: [{port: 3306}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tcp, namespace: shop}
spec: {selector: {matchLabels: {app: tcp}}, template: {metadata: {labels: {app: tcp}, annotations: {linkerd.io/inject: enabled}}, spec: {serviceAccountName: tcp, containers: [{name: c, ports: [{containerPort: 3306}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: prof, namespace: shop}
spec: {clusterIP: 10.96.0.80, selector: {app: prof}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: prof, namespace: shop}
spec: {selector: {matchLabels: {app: prof}}, template: {metadata: {labels: {app: prof}, annotations: {linkerd.io/inject: enabled}}, spec: {serviceAccountName: prof, containers: [{name: c, ports: [{containerPort: 80}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: sp, namespace: shop}
spec: {clusterIP: 10.96.0.80, selector: {app: sp}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sp, namespace: shop}
spec: {selector: {matchLabels: {app: sp}}, template: {metadata: {labels: {app: sp}, annotations: {linkerd.io/inject: enabled}}, spec: {serviceAccountName: sp, containers: [{name: c, ports: [{containerPort: 80}]}]}}}
"""


@pytest.mark.parametrize("target", ["istio", "cilium", "gateway-api"])
def test_every_field_ends_in_a_fate_that_is_no_fault(target: str) -> None:
    own = pipeline.options_of(load_text(""), "linkerd", target, {"verify": False})
    report = pipeline.translate_loaded(load_text(EVERY), own).report
    fates = {row.fate.value for row in report.ledger}
    assert not fates & {"unread", "dropped", "stranded"}
    assert not {"MM101", "MM901", "MM902"} & {finding.code for finding in report.findings}
