"""Gateways by which requests enter the cluster: what is done with each, step by step, and the commands for it.

A new gateway stands beside the old one and has an address of its own, so that it can be tried before any name leads to it
(gateway-api: a Gateway that serves has the condition ``Programmed`` and its addresses in ``status.addresses``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from translator.report.plan import Gateway

KIND = "gateways.gateway.networking.k8s.io"
BESIDE, IN_PLACE, MISSING, STAYS = "beside", "in place", "missing", "stays"
_PLAIN_NAME = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
"""What may stand in a command for a shell as it is; any other name is told in words alone."""

_ENCRYPTED = ("HTTPS",)
_PLAIN = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")


def awaited(gateway: Gateway) -> Iterator[str]:
    """Waits until the new gateway serves."""
    for namespace, name in _new(gateway):
        yield f"kubectl wait --for=condition=Programmed {KIND}/{name} -n {namespace} --timeout=5m"


def trials(gateway: Gateway) -> Iterator[str]:
    """Asks the new gateway by its own address, name by name; where nothing is known to ask for, shows the address."""
    for namespace, name in _new(gateway):
        address = (
            f"kubectl get {KIND}/{name} -n {namespace} -o jsonpath='{{.status.addresses[0].value}}'"
        )
        asked = [*_asked(gateway)]
        yield from (_curl(scheme, host, port, address) for scheme, host, port in asked)
        if not asked:
            yield address


def switches(gateway: Gateway) -> Iterator[str]:
    """Shows where the names lead."""
    yield from (f"dig +short {name}" for name in _names(gateway) if "*" not in name)


def _names(gateway: Gateway) -> tuple[str, ...]:
    return tuple(name for name in gateway.names if _PLAIN_NAME.fullmatch(name))


def _new(gateway: Gateway) -> Iterator[tuple[str, str]]:
    for resource in gateway.becomes:
        _, namespace, name = resource.split("/")
        yield namespace, name


def _asked(gateway: Gateway) -> Iterator[tuple[str, str, int]]:
    """Scheme, name and port of everything that speaks HTTP; a name under a wildcard is made up."""
    for port, protocol in gateway.ports:
        scheme = {**dict.fromkeys(_ENCRYPTED, "https"), **dict.fromkeys(_PLAIN, "http")}.get(
            protocol
        )
        if scheme:
            yield from ((scheme, name.replace("*", "any"), port) for name in _names(gateway))


def _curl(scheme: str, host: str, port: int, address: str) -> str:
    usual = {"http": 80, "https": 443}[scheme]
    there = host if port == usual else f"{host}:{port}"
    return (
        f"curl -sS -o /dev/null -w '%{{http_code}}\\n' --connect-to \"{host}:{port}:$({address}):{port}\" "
        f"{scheme}://{there}/"
    )
