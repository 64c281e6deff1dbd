"""Policies of Cilium on their way to Cilium: each word that they have stays, or its meaning in others."""

from __future__ import annotations

from textwrap import indent

import pytest
import yaml

from tests.laws.own_round import lost_in_full_rows, own_round
from tests.laws.soundness import faults
from translator.pipeline import Result, options_of
from translator.report.model import Impact
from translator.source.load import load_text

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api, pod-template-hash: abc}}
    spec: {serviceAccountName: api, containers: [{name: api, ports: [{containerPort: 8080, name: http}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {kind: web}}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: partners, labels: {who: partner}}
spec: {externalCIDRs: [203.0.113.0/24]}
"""
NARROW = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: api}}
"""
SPACE = "k8s:io.kubernetes.pod.namespace"


def round_of(text: str) -> Result:
    """Its own round, in which nothing is lost and nothing is other."""
    loaded = load_text(CLUSTER + text)
    result = own_round(loaded, options_of(loaded, "cilium", "cilium", {}))
    assert faults(result) == []
    assert lost_in_full_rows(result) == []
    assert {finding.impact for finding in result.report.findings} <= {Impact.NONE}
    assert result.report.verification.verdict.startswith("EQUAL")
    return result


def spec_of(text: str) -> object:
    """The only rule that is written."""
    (document,) = round_of(text).manifests
    return document["spec"]


AS_THEY_ARE = """
ingress:
- fromEndpoints: [{matchLabels: {app: web, "k8s:io.kubernetes.pod.namespace": shop}}]
  toPorts: [{ports: [{port: http, protocol: TCP}]}]
---
ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": ops, "k8s:io.cilium.k8s.policy.serviceaccount": web}}]}]
---
ingress:
- fromEndpoints:
  - matchExpressions:
    - {key: "k8s:io.kubernetes.pod.namespace", operator: In, values: [dev, ops]}
    - {key: "k8s:io.cilium.k8s.policy.serviceaccount", operator: NotIn, values: [bad, worse]}
---
ingress: [{fromEndpoints: [{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: DoesNotExist}]}]}]
---
ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.cilium.k8s.namespace.labels.team": red, app: web}}]}]
---
ingress: [{fromEndpoints: [{matchExpressions: [{key: "reserved:host", operator: DoesNotExist}, {key: app, operator: Exists}]}]}]
---
ingress:
- fromEntities: [world, remote-node]
  icmps: [{fields: [{family: IPv4, type: 8}, {family: IPv6, type: 128}]}]
---
ingress: [{fromEntities: [all], toPorts: [{ports: [{port: "0", protocol: UDP}]}]}]
---
ingress: [{toPorts: [{ports: [{port: "9000", endPort: 9010, protocol: ANY}]}]}]
---
ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}], authentication: {mode: required}}]
---
ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{}]}}]}]
---
ingress:
- toPorts:
  - ports: [{port: "8080", protocol: TCP}]
    rules:
      http:
      - path: /a(/.*)?
        method: GET
        host: api
        headerMatches: [{name: x-a, value: b}, {name: ":path", value: /a}, {name: x-c}]
---
ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{path: "/a.*"}]}}]}]
---
ingress: [{fromEntities: [host]}]
ingressDeny: [{fromEntities: [health], toPorts: [{ports: [{port: "1", endPort: 99, protocol: TCP}]}]}]
---
ingress: [{fromEntities: [cluster, cluster-mesh]}]
enableDefaultDeny: {ingress: false}
---
egress: [{}]
---
egressDeny: [{toPorts: [{ports: [{port: "25", protocol: TCP}]}]}]
enableDefaultDeny: {egress: false}
---
egress: [{toServices: [{k8sService: {serviceName: api, namespace: shop}}]}]
---
egress:
- toFQDNs: [{matchName: a.example.com}, {matchPattern: "*.example.com"}, {matchPattern: "**.x-*.example.com"}, {matchPattern: "*"}]
  toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [a.example.com, "*.b.com"]}]
- toEndpoints: [{matchLabels: {k8s-app: kube-dns, "k8s:io.kubernetes.pod.namespace": kube-system}}]
  toPorts:
  - ports: [{port: "53", protocol: ANY}]
    rules: {dns: [{matchName: a.example.com}, {matchPattern: "*.example.com"}]}
"""


@pytest.mark.parametrize("rule", AS_THEY_ARE.split("---"))
def test_a_rule_is_written_as_it_stood(rule: str) -> None:
    text = NARROW + indent(rule, "  ")
    *_, given = yaml.safe_load_all(text)
    assert plainly(spec_of(text)) == given["spec"]


def plainly(tree: object) -> object:
    """Without that a peer is in some namespace, which goes without saying of pods (``addClusterFilterByDefault``)."""
    if isinstance(tree, list):
        return [plainly(one) for one in tree if one != {"key": SPACE, "operator": "Exists"}]
    if not isinstance(tree, dict):
        return tree
    plain = {key: plainly(value) for key, value in tree.items()}
    return {key: value for key, value in plain.items() if value or tree[key] == value}


def test_a_namespace_that_goes_without_saying_is_named() -> None:
    spec = spec_of(f"{NARROW}  ingress: [{{fromEndpoints: [{{}}]}}]\n")
    assert spec["ingress"] == [{"fromEndpoints": [{"matchLabels": {SPACE: "shop"}}]}]  # type: ignore[index]


def test_blocks_by_the_name_of_their_group_are_written_themselves() -> None:
    spec = spec_of(f"{NARROW}  ingressDeny: [{{fromCIDRSet: [{{cidrGroupRef: partners}}]}}]\n")
    assert spec["ingressDeny"] == [{"fromCIDRSet": [{"cidr": "203.0.113.0/24"}]}]  # type: ignore[index]


def test_what_pods_must_be_besides_refuses_those_that_miss_some_of_it() -> None:
    """``fromRequires``, which 1.19 does not take any more."""
    needs = "fromRequires: [{matchLabels: {team: red}, matchExpressions: [{key: old, operator: DoesNotExist}]}]"
    spec = spec_of(f"{NARROW}  ingress: [{{fromEntities: [cluster]}}, {{{needs}}}]\n")
    there = {"key": SPACE, "operator": "Exists"}
    assert spec["ingressDeny"] == [  # type: ignore[index]
        {
            "fromEndpoints": [
                {
                    "matchExpressions": [
                        there,
                        {"key": "team", "operator": "NotIn", "values": ["red"]},
                    ]
                },
                {"matchExpressions": [there, {"key": "old", "operator": "Exists"}]},
            ]
        }
    ]


WIDE = """
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: wide}
specs:
- endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: NotIn, values: [kube-system, dev]}]}
  ingress: [{fromEntities: [cluster]}]
- endpointSelector: {}
  ingressDeny: [{fromEntities: [world]}]
  enableDefaultDeny: {ingress: false}
- endpointSelector: {}
  egress: [{}]
- endpointSelector: {}
  egress: [{}]
- endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: In, values: [shop, ops]}]}
  egress: [{toEntities: [world]}]
- endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: api}}
  ingress: [{fromEndpoints: [{matchLabels: {app: b}}]}]
"""


def test_the_rules_of_one_policy_stay_together_where_they_are_for_one_place() -> None:
    """What is said twice of the same pods is said once; pods by their account are selected by labels that identities have."""
    written = {(d["kind"], d["metadata"].get("namespace")): d for d in round_of(WIDE).manifests}  # type: ignore[attr-defined]
    assert set(written) == {
        ("CiliumClusterwideNetworkPolicy", None),
        ("CiliumNetworkPolicy", "shop"),
        ("CiliumNetworkPolicy", "ops"),
    }
    whole = written["CiliumClusterwideNetworkPolicy", None]["specs"]
    assert [sorted(rule) for rule in whole] == [  # type: ignore[attr-defined]
        ["endpointSelector", "ingress"],
        ["egress", "enableDefaultDeny", "endpointSelector", "ingressDeny"],
    ]
    assert whole[1]["enableDefaultDeny"] == {"ingress": False}  # type: ignore[index]
    _, own = written["CiliumNetworkPolicy", "shop"]["specs"]  # type: ignore[misc]
    assert own["endpointSelector"] == {"matchLabels": {"app": "api"}}  # type: ignore[has-type]


ODD = """
  ingress:
  - fromNodes: [{matchLabels: {role: x}}]
  - fromEndpoints: [{matchLabels: {app: x, io.cilium.k8s.policy.cluster: east}}]
  - toPorts: [{ports: [{port: "9092", protocol: TCP}], rules: {kafka: [{apiKey: fetch}]}}]
  ingressDeny: [{fromNodes: [{matchLabels: {role: y}}]}]
  egress: [{toGroups: [{aws: {securityGroupsIds: [sg-1]}}]}]
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: host}
spec: {nodeSelector: {}, ingress: [{fromEntities: [cluster]}]}
"""


def test_what_is_not_known_by_its_words_is_told_and_never_made_wider() -> None:
    loaded = load_text(CLUSTER + NARROW + ODD)
    result = own_round(loaded, options_of(loaded, "cilium", "cilium", {}))
    assert faults(result) == []
    assert {f.code for f in result.report.findings} >= {"MM402", "MM403", "MM538"}
    (document,) = result.manifests
    assert document["spec"] == {
        "endpointSelector": {"matchLabels": {"app": "api"}},
        "ingress": [{}],
        "description": "lets nobody in",
        "ingressDeny": [{"fromEntities": ["remote-node"]}],
        "egress": [{}],
    }


ALWAYS = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {enable-policy: always, allow-localhost: policy}
"""


def test_what_the_agent_closes_by_itself_is_no_policy() -> None:
    assert len(round_of(f"{ALWAYS}{NARROW}  ingress: [{{fromEntities: [host]}}]\n").manifests) == 1
