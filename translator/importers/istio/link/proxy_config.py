"""ProxyConfigs: settings of the workloads that are selected, of a namespace, or of the mesh from the root namespace.

istio/istio pilot/pkg/model/proxy_config.go, 1.31: they are laid over each other field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.attachment import Scope, Subject
from ir.inventory import Inventory
from ir.membership import ProxySetting
from ir.model import Inactive
from ir.provenance import absorb, trail
from translator.api import Options
from translator.importers.istio.model import ProxyConfig, Statement
from translator.importers.linked import Linked


def link_proxy_config(
    statements: Sequence[Statement], inventory: Inventory, options: Options
) -> Linked:
    """A fact for each setting; a resource without any says nothing."""
    del inventory
    configs = [s for s in statements if isinstance(s, ProxyConfig)]
    facts = tuple(fact for config in configs for fact in _facts(config, options))
    idle = tuple(_idle(config) for config in configs if not config.settings)
    return Linked(facts, idle)


def _idle(config: ProxyConfig) -> Inactive:
    leaves = [*config.trail.origin, *(() if config.selector is None else config.selector.origin)]
    return Inactive(leaves=tuple(sorted(leaves)), winner="", why="it says nothing of any proxy")


def _facts(config: ProxyConfig, options: Options) -> Iterator[ProxySetting]:
    for number, setting in enumerate(config.settings):
        node = trail(setting.field, because=config.meta.because)
        yield ProxySetting(
            subject=_subject(config, options),
            object="",
            aspect=setting.aspect,
            value=setting.value,
            trail=node if number else absorb(node, config.trail),
        )


def _subject(config: ProxyConfig, options: Options) -> Subject:
    """A selector in the root namespace selects in that namespace alone."""
    node = trail(f"subject of {config.meta.key}", because=config.meta.because)
    if config.selector is not None:
        return Subject(
            scope=Scope.WORKLOADS,
            namespace=config.meta.namespace,
            labels=config.selector,
            trail=node,
        )
    if config.meta.namespace.value == options.root_namespace:
        return Subject(scope=Scope.MESH, trail=node)
    return Subject(scope=Scope.NAMESPACE, namespace=config.meta.namespace, trail=node)
