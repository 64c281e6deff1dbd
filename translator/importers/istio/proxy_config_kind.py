"""``networking.istio.io`` ProxyConfig: settings of the proxies of a namespace, or of some of its workloads.

istio/api networking/v1beta1/proxy_config.proto, 1.31.
"""

from __future__ import annotations

from ir.membership import Aspect
from ir.provenance import absorb
from translator.importers.istio.model.mesh import ProxyConfig, Setting
from translator.importers.istio.proxy_config import whole
from translator.importers.istio.selector import read_selector
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

FIELDS = {
    "concurrency": Aspect.WORKERS,
    "environmentVariables": Aspect.ENVIRONMENT,
    "image": Aspect.IMAGE,
}


def read_proxy_config_kind(root: Cursor, meta: Meta) -> ProxyConfig:
    """The resource as written.

    Raises:
        InputError: a field has the wrong type.
    """
    node = absorb(meta.fact("ProxyConfig"), root.empty("spec"))
    spec = root.opt_map("spec")
    if spec is None:
        return ProxyConfig(meta=meta, selector=None, settings=(), trail=node)
    spec.opt_int("concurrency")
    selector, spent = read_selector(spec)
    settings = tuple(
        Setting(field=key, aspect=aspect, value=whole(spec.at(key)))
        for key, aspect in FIELDS.items()
        if spec.has(key)
    )
    return ProxyConfig(meta=meta, selector=selector, settings=settings, trail=absorb(node, spent))
