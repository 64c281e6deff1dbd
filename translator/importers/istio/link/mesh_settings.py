"""The fields of the mesh-wide configuration that others read, stated as settings so that their leaves are accounted for.

What they mean for a request stands in the facts of those who read them. A module of ``link`` that takes over all of a
field, leaves included, takes it off the list here.
"""

from __future__ import annotations

from collections.abc import Iterator

from ir.membership import Aspect
from ir.provenance import Traced, derived
from ir.walk import traced
from translator.importers.istio.link.sidecars import REFUSING
from translator.importers.istio.model.mesh import MeshConfig, Provider, Setting

_DECIDES = ("envoyExtAuthzHttp", "envoyExtAuthzGrpc")
Stated = Iterator[tuple[Setting, bool]]
"""A setting, and whether it only states what holds anyway."""


def typed(config: MeshConfig) -> list[Setting]:
    """Those that say something."""
    return [setting for setting, usual in _all(config) if not usual]


def usual(config: MeshConfig) -> list[Setting]:
    """Those that state what holds anyway (istio/istio pkg/config/mesh/mesh.go, 1.31)."""
    return [setting for setting, usual in _all(config) if usual]


def taken(config: MeshConfig) -> list[Setting]:
    """Those that other modules state as facts."""
    mode = config.outbound_mode
    if mode is None or mode.value != REFUSING:
        return []
    return [_one("outboundTrafficPolicy", Aspect.EGRESS, mode)]


def observers(config: MeshConfig) -> list[Setting]:
    """Providers that only observe."""
    return [
        Setting(field="extensionProviders", aspect=Aspect.OTHER, value=_whole(provider))
        for provider in config.providers
        if provider.kind not in _DECIDES
    ]


def _all(config: MeshConfig) -> Stated:
    yield from _trust(config)
    yield from _traffic(config)
    yield from _seen(config)
    for provider in config.providers:
        if provider.kind in _DECIDES:
            yield _one("extensionProviders", Aspect.DECISIONS, _whole(provider)), False


def _one(field: str, aspect: Aspect, value: Traced[str]) -> Setting:
    return Setting(field=field, aspect=aspect, value=value)


def _trust(config: MeshConfig) -> Stated:
    if config.trust_domain is not None:
        domain = config.trust_domain
        yield _one("trustDomain", Aspect.TRUST_DOMAIN, domain), domain.value == "cluster.local"
    for alias in config.trust_domain_aliases:
        yield _one("trustDomainAliases", Aspect.TRUST_ALIASES, alias), False
    if config.auto_mtls is not None:
        word = config.auto_mtls.map(lambda on: str(on).lower())
        yield _one("enableAutoMtls", Aspect.CLIENT_TLS, word), config.auto_mtls.value


def _traffic(config: MeshConfig) -> Stated:
    if config.path_normalization is not None:
        form = config.path_normalization
        yield _one("pathNormalization", Aspect.PATH_FORM, form), form.value == "BASE"
    if config.outbound_mode is not None and config.outbound_mode.value != REFUSING:
        mode = config.outbound_mode
        yield _one("outboundTrafficPolicy", Aspect.EGRESS, mode), mode.value == "ALLOW_ANY"
    if config.retry is not None:
        text = f"{config.retry.attempts.value} further tries"
        value = derived(text, [one for one in traced(config.retry) if one.origin])
        yield _one("defaultHttpRetryPolicy", Aspect.RETRY, value), False
    if config.connect_timeout is not None:
        seconds = config.connect_timeout.map(lambda number: f"{number:g}s")
        yield _one("connectTimeout", Aspect.CONNECT_TIMEOUT, seconds), seconds.value == "10s"


def _seen(config: MeshConfig) -> Stated:
    if config.root_namespace is not None:
        yield _one("rootNamespace", Aspect.ROOT_NAMESPACE, config.root_namespace), False
    rules = Aspect.RULE_EXPORT
    for name, aspect, words in (
        ("defaultServiceExportTo", Aspect.EXPORT, config.service_export_to),
        ("defaultVirtualServiceExportTo", rules, config.virtual_service_export_to),
        ("defaultDestinationRuleExportTo", rules, config.destination_rule_export_to),
    ):
        public = [word.value for word in words] == ["*"]
        yield from ((_one(name, aspect, word), public) for word in words)


def _whole(provider: Provider) -> Traced[str]:
    return derived(provider.name.value, (provider.name, provider.trail))
