"""Routes of the Gateway API as written."""

from __future__ import annotations

from dataclasses import dataclass

from ir.provenance import Traced, Trail
from ir.traffic import Protocol, Route
from translator.importers.istio.model.routing import Refused
from translator.resources.gateway_api.read import Parent
from translator.resources.kubernetes.metadata import Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRoute:
    """``gateway.networking.k8s.io`` routes; destinations are objects as written, not yet hosts.

    Those for HTTP requests and for remote calls are of one protocol, as the source has it.

    A backend of no ``weight`` has its share of 1 where there are several.
    """

    meta: Meta
    created: Traced[str]
    """``creationTimestamp`` in RFC 3339; empty where the input has none."""
    protocol: Protocol
    alpha: bool = False
    """Its kind is read only where the source is told to read what is in alpha."""
    parents: tuple[Parent, ...]
    hosts: tuple[Traced[str], ...] = ()
    routes: tuple[Route, ...]
    quiet: tuple[Traced[str], ...] = ()
    """Fields that change no request."""
    faults: tuple[Refused, ...] = ()
    """What makes the source leave the whole object out."""
    trail: Trail
