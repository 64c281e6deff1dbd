"""``networking.istio.io`` EnvoyFilter: a local rate limit, in the form that Istio documents.

https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/ (local rate limit). The filter stands right before the
router, after what decides on access: a request that is refused takes no token.
"""

from __future__ import annotations

from ir.attachment import WorkloadPort
from ir.resilience import RateLimit
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.naming import Names

_ALPHA = "networking.istio.io/v1alpha3"
_STRUCT = "type.googleapis.com/udpa.type.v1.TypedStruct"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_MANAGER = "envoy.filters.network.http_connection_manager"
_ROUTER = "envoy.filters.http.router"
_FILTER = "envoy.filters.http.local_ratelimit"


def write_rate_limit(limit: RateLimit, names: Names, options: Options) -> Manifest:
    """The filter of one port of some pods."""
    subject, (port,) = limit.attachment.subject, limit.attachment.ports
    if not isinstance(port.value, WorkloadPort):
        raise TypeError(limit)
    space = options.root_namespace if subject.namespace is None else subject.namespace.value
    labels = () if subject.labels is None else subject.labels.value.requirements
    words = dict.fromkeys(one.values[0] for one in labels)
    number = port.derive(int(port.value.port))
    spec: dict[str, Tree] = {}
    if subject.labels is not None:
        spec["workloadSelector"] = {
            "labels": {one.key: Said(one.values[0], (subject.labels,)) for one in labels}
        }

    def said(text: str) -> Said:
        return Said(text, (limit.trail,))

    chain: Tree = {"filter": {"name": said(_MANAGER), "subFilter": {"name": said(_ROUTER)}}}
    spec["configPatches"] = [
        {
            "applyTo": said("HTTP_FILTER"),
            "match": {
                "context": said("SIDECAR_INBOUND"),
                "listener": {"portNumber": number, "filterChain": chain},
            },
            "patch": {
                "operation": said("INSERT_BEFORE"),
                "value": {
                    "name": said(_FILTER),
                    "typed_config": {
                        "@type": said(_STRUCT),
                        "type_url": said(_TYPE),
                        "value": _settings(limit),
                    },
                },
            },
        }
    ]
    return Manifest(
        api_version=_ALPHA,
        kind="EnvoyFilter",
        namespace=space,
        name=names.take("EnvoyFilter", space, *words, str(number.value), "rate-limit"),
        tree={
            **({} if subject.namespace is None else {"metadata": {"namespace": subject.namespace}}),
            "spec": spec,
        },
        purpose=(limit.trail, subject.trail),
    )


def _settings(limit: RateLimit) -> dict[str, Tree]:
    node = (limit.trail,)
    tree: dict[str, Tree] = {
        "stat_prefix": Said("http_local_rate_limiter", node),
        "token_bucket": {
            "max_tokens": limit.burst,
            "tokens_per_fill": limit.requests,
            "fill_interval": limit.seconds.map("{:g}s".format),
        },
    }
    for word in ("enabled", "enforced"):
        tree[f"filter_{word}"] = {
            "runtime_key": Said(f"local_rate_limit_{word}", node),
            "default_value": {"numerator": Said(100, node), "denominator": Said("HUNDRED", node)},
        }
    if limit.status is not None:
        tree["status"] = {"code": limit.status}
    if limit.reply:
        tree["rate_limited_as_resource_exhausted"] = Said(True, (*limit.reply, limit.trail))
    return tree
