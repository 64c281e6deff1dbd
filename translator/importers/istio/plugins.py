"""``extensions.istio.io`` WasmPlugin and TrafficExtension: code that runs in the proxy.

istio/api extensions/v1alpha1/{wasm,extension}.proto, 1.31. What the code does is not known; its phase says what it may
touch at most.
"""

from __future__ import annotations

from collections.abc import Callable

from ir.attachment import EnforcedAt
from ir.opaque import Column, Intent
from ir.provenance import absorb
from translator.importers.istio.envoy.intent import EVERYTHING
from translator.importers.istio.model.extensions import Extension, Piece
from translator.importers.istio.selector import leaves_of_targets, read_selector
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor

PHASES = {
    "UNSPECIFIED_PHASE": EVERYTHING,
    "AUTHN": EVERYTHING,
    "AUTHZ": EVERYTHING,
    "STATS": (Column.TELEMETRY, Column.HEADERS),
}
"""What code in a phase may touch: before routing anything; code for statistics is trusted to observe."""

_WASM = (
    "url", "sha256", "imagePullPolicy", "imagePullSecret", "verificationKey", "pluginConfig", "pluginName", "priority",
    "failStrategy", "type", "vmConfig", "match",
)  # fmt: skip
_EXTENSION = ("priority", "match", "wasm", "lua")

Reader = Callable[[Cursor, Meta], Extension]


def _reader(fields: tuple[str, ...], kind: str) -> Reader:
    def read(root: Cursor, meta: Meta) -> Extension:
        node = absorb(meta.fact(kind), root.empty("spec"))
        spec = root.opt_map("spec")
        if spec is None:
            return Extension(meta=meta, selector=None, targets=None, pieces=(), trail=node)
        selector, spent = read_selector(spec)
        phase = spec.opt_enum("phase", PHASES)
        leaves = [] if phase is None else list(phase.origin)
        for field in fields:
            found = spec.opt(field)
            if found is not None:
                leaves.extend(found.leaves())
        piece = Piece(
            kind=kind,
            intent=Intent.SCRIPT if spec.has("lua") else Intent.PLUGIN,
            may_touch=EVERYTHING if phase is None else phase.value,
            enforced_at=EnforcedAt.SERVER,
            trail=meta.fact("plugin", *leaves),
        )
        targets = leaves_of_targets(spec)
        return Extension(
            meta=meta,
            selector=selector,
            targets=targets,
            pieces=(piece,),
            trail=absorb(node, spent),
        )

    return read


read_wasm_plugin = _reader(_WASM, "WasmPlugin")
"""The resource as written; raises ``InputError`` for a phase that is none."""

read_traffic_extension = _reader(_EXTENSION, "TrafficExtension")
"""The resource as written; raises ``InputError`` for a phase that is none."""
