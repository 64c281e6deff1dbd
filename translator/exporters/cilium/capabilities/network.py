"""Policies of the network itself that go with the source: they are the target's own, and are said as they are."""

from __future__ import annotations

from dataclasses import replace

from ir.match import Part
from translator.api import Grade, Row
from translator.exporters.cilium.capabilities.rows import ACCESS, NETWORK, field, whole

_ASKED = (
    Part.PATH,
    Part.METHOD,
    Part.AUTHORITY,
    Part.HEADER,
    Part.SERVER_NAME,
    Part.TRANSPORT,
    Part.NAMESPACE,
    Part.NAMESPACE_LABELS,
    Part.SERVICE_ACCOUNT,
    Part.WORKLOAD_LABELS,
    Part.ENTITY,
    Part.PEER_ADDRESS,
    Part.DNS_NAME,
    Part.SERVICE,
    Part.CERTIFICATE,
)

_ROWS: tuple[Row, ...] = (
    whole("Closed", Grade.FULL),
    whole("Grant", Grade.FULL),
    whole("Refusal", Grade.FULL),
    *(field(f"Test.{part}{n}", Grade.FULL, within=ACCESS) for part in _ASKED for n in ("", ".none_of")),
)  # fmt: skip

ROWS: tuple[Row, ...] = tuple(replace(row, surface=NETWORK) for row in _ROWS)
