"""A witness as a command that a person can run."""

from __future__ import annotations

import shlex

from ir.behaviour.request import PING, TCP, UDP, Caller, Request, Shown
from ir.inventory import Inventory, Workload

_POD, _GATEWAY = "$POD_IP", "$GATEWAY_IP"
"""What only the cluster knows."""

_HOME = Caller().address
_NOT_PLAIN = frozenset("\r\n\0")


def curl_line(request: Request, inventory: Inventory) -> str:
    """The request by ``curl``, to be run where :func:`sender` says; a remark follows where curl cannot send all of it."""
    host, port = _address(request, inventory)
    if request.transport != TCP:
        return _datagram(request.transport, host, port)
    if not request.http:
        return f"curl --verbose {_quoted(f'telnet://{host}:{port}')}"
    words = ["curl", "--silent", "--show-error", "--include", "--path-as-is", "--globoff"]
    words += _method(request.method)
    if request.listener:
        words += ["--connect-to", f"::{_GATEWAY}:{port}"]
    if (
        not request.listener
        and request.authority
        and request.authority not in {host, f"{host}:{port}"}
    ):
        words += ["--header", f"Host: {request.authority}"]
    for name, value in sorted(request.headers.items()):
        words += ["--header", f"{name}: {value}" if value else f"{name};"]
    secured = request.shows in (Shown.TLS, Shown.CERTIFICATE, Shown.MESH)
    scheme = "https" if secured else request.scheme or "http"
    words.append(f"{scheme}://{host}:{port}{request.path}")
    return " ".join(map(_quoted, words))


def _datagram(transport: str, host: str, port: int) -> str:
    """A datagram by what sends such ones; nothing where no usual tool does."""
    words = {UDP: "nc -u -v", "SCTP": "nc --sctp -v"}.get(transport)
    if words is not None:
        return f"{words} {_quoted(host)} {port}"
    return f"ping -c 1 {_quoted(host)}" if transport == PING else f"# send {transport} to {host}"


def sender(caller: Caller, inventory: Inventory) -> str:
    """From where the request must come, for a person."""
    if caller.probe:
        return "from the node that the pod runs on, as a health check"
    if not caller.namespace:
        return f"from outside the mesh, at the address {caller.address}"
    at = "" if caller.address == _HOME else f", at the address {caller.address}"
    there = next((w for w in inventory.workloads if _is(caller, w)), None)
    pod = f"a pod of {there.key}" if there is not None else f"a pod in {caller.namespace}"
    account = f"service account {caller.service_account}, trust domain {caller.trust_domain}"
    if caller.mtls:
        return f"from {pod} with a proxy of the mesh ({account}){at}"
    return f"from {pod} without a proxy of the mesh (in clear text){at}"


def _is(caller: Caller, workload: Workload) -> bool:
    return (workload.namespace, workload.service_account, dict(workload.labels)) == (
        caller.namespace,
        caller.service_account,
        dict(caller.labels),
    )


def _method(method: str) -> list[str]:
    if method == "HEAD":
        return ["--head"]
    return [] if method in ("GET", "") else ["--request", method]


def _address(request: Request, inventory: Inventory) -> tuple[str, int]:
    """Where to connect to: the gateway by the name that is asked for, the service addressed, else one in front of the workload, else its pod."""
    if request.external:
        return request.external, request.service_port
    if request.listener:
        return request.authority or request.server_name or _GATEWAY, request.service_port
    if request.service:
        namespace, _, name = request.service.rpartition("/")
        return f"{name}.{namespace}" if namespace else name, request.service_port
    workload = next((w for w in inventory.workloads if w.key == request.workload), None)
    for service in () if workload is None else inventory.services_of(workload):
        for port in service.ports:
            if workload is not None and workload.port_number(port.target) == request.port:
                return f"{service.name}.{service.namespace}", port.number
    return _POD, request.port


def _quoted(word: str) -> str:
    """The word for a shell; the variables that stand for addresses stay variables."""
    if _NOT_PLAIN & {*word} or not word.isprintable():
        return f"$'{word.encode('unicode_escape').decode('ascii')}'"
    for variable in (_POD, _GATEWAY):
        if variable in word:
            parts = (shlex.quote(part) if part else "" for part in word.split(variable))
            return f'"{variable}"'.join(parts)
    return shlex.quote(word)
