"""Calls that were seen: read from what Hubble exports, or from an answer of Prometheus about edges of a mesh.

Hubble writes a flow a line (https://docs.cilium.io/en/stable/observability/hubble/configuration/export/); replies and
refused flows do not count. Of Prometheus, an instant query's JSON with the labels of Istio's ``istio_requests_total``
(https://istio.io/latest/docs/reference/config/metrics/) or of Linkerd's outbound ``response_total``
(https://linkerd.io/2/reference/proxy-metrics/).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KINDS = ("deployment", "statefulset", "daemonset", "replicaset", "job", "pod")
"""Labels by which Linkerd names a workload, the most telling first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A caller and a server, each ``namespace/workload``, or for the caller its ``account``; and how often, as it was counted."""

    caller: str
    account: str
    server: str
    amount: float


class FlowError(Exception):
    """The text is no export that is known; says what was found and what was expected."""


def read_flows(text: str) -> tuple[Seen, ...]:
    """The calls of an export, each pair once, in order of their names.

    Raises:
        FlowError: it is neither flows of Hubble nor an answer of Prometheus.
    """
    found: dict[tuple[str, str, str], float] = {}
    for one in _seen(text):
        key = one.caller, one.account, one.server
        found[key] = found.get(key, 0.0) + one.amount
    return tuple(Seen(*key, amount) for key, amount in sorted(found.items()))


def _seen(text: str) -> Iterator[Seen]:
    stripped = text.lstrip()
    try:
        whole = json.loads(stripped)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and "data" in whole:
        yield from _of_prometheus(whole)
    else:
        yield from _of_hubble(stripped)


# --- Hubble --------------------------------------------------------------------------------------


def _of_hubble(text: str) -> Iterator[Seen]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            message = f"line {number}: expected a flow as JSON or an answer of Prometheus, found no JSON ({error})"
            raise FlowError(message) from error
        flow = row.get("flow", row) if isinstance(row, dict) else None
        if not isinstance(flow, dict) or "source" not in flow or "destination" not in flow:
            if isinstance(row, dict) and ("node_status" in row or "lost_events" in row):
                continue
            message = f'line {number}: expected a flow with "source" and "destination"'
            raise FlowError(message)
        if flow.get("verdict") == "FORWARDED" and not _is_reply(flow):
            caller, server = _end(flow["source"]), _end(flow["destination"])
            if caller and server:
                yield Seen(caller, "", server, 1.0)


def _is_reply(flow: Mapping[str, object]) -> bool:
    return flow.get("is_reply") is True or flow.get("reply") is True


def _end(value: object) -> str:
    """``namespace/workload`` of an end; empty for what is no pod."""
    end = value if isinstance(value, dict) else {}
    workloads = end.get("workloads")
    first = workloads[0] if isinstance(workloads, list) and workloads else {}
    name = first.get("name") if isinstance(first, dict) else None
    space = end.get("namespace")
    return f"{space}/{name}" if space and name else ""


# --- Prometheus ----------------------------------------------------------------------------------


def _of_prometheus(answer: Mapping[str, object]) -> Iterator[Seen]:
    data = answer.get("data")
    result = data.get("result") if isinstance(data, dict) else None
    if answer.get("status") != "success" or not isinstance(result, list):
        message = f'expected an answer with "status": "success" and "data.result", found status {answer.get("status")!r}'
        raise FlowError(message)
    for number, row in enumerate(result):
        metric = row.get("metric") if isinstance(row, dict) else None
        value = row.get("value") if isinstance(row, dict) else None
        if not isinstance(metric, dict) or not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004
            message = f'result {number}: expected "metric" and "value" of an instant query'
            raise FlowError(message)
        try:
            amount = float(value[1])
        except (TypeError, ValueError) as error:
            message = f"result {number}: expected a number, found {value[1]!r}"
            raise FlowError(message) from error
        one = _edge(metric, amount)
        if one is not None and amount > 0:
            yield one


def _edge(metric: Mapping[str, str], amount: float) -> Seen | None:
    """An edge by the labels of either mesh; nothing where an end is not known."""
    principal = metric.get("source_principal", "").removeprefix("spiffe://").split("/")
    account = f"{principal[2]}/{principal[4]}" if len(principal) == 5 else ""  # noqa: PLR2004
    server = _named(
        metric.get("destination_workload_namespace"), metric.get("destination_workload")
    )
    caller = _named(metric.get("source_workload_namespace"), metric.get("source_workload"))
    if server and (caller or account):
        return Seen(caller, account, server, amount)
    server = _named(metric.get("dst_namespace"), _workload(metric, "dst_"))
    caller = _named(metric.get("namespace"), _workload(metric, ""))
    return Seen(caller, "", server, amount) if server and caller else None


def _workload(metric: Mapping[str, str], prefix: str) -> str | None:
    return next((metric[prefix + kind] for kind in KINDS if metric.get(prefix + kind)), None)


def _named(space: str | None, name: str | None) -> str:
    known = space and name and "unknown" not in (space, name)
    return f"{space}/{name}" if known else ""
