"""``workload.linkerd.io`` ExternalWorkload: a machine outside the cluster that Services may select.

linkerd2 controller/gen/apis/externalworkload/v1beta1/types.go, 2.20.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ir.edge import ExternalEndpoint, ExternalWorkload
from ir.inventory import equal_to
from ir.match import Labels
from ir.model import Fact
from ir.provenance import Traced, absorb, trail
from translator.api import Options
from translator.importers.linkerd.model import Machine, Statement
from translator.resources.kubernetes.metadata import Meta
from translator.source.cursor import Cursor


def machine_reader(options: Options) -> Callable[[Cursor, Meta], Machine]:
    """The reader for the trust domain that the options name."""

    def read_machine(root: Cursor, meta: Meta) -> Machine:
        spec = root.map("spec")
        tls = spec.map("meshTLS")
        addresses = [item.str("ip") for item in spec.opt_list("workloadIPs")]
        ports = [(item.opt_str("name"), item.int("port")) for item in spec.opt_list("ports")]
        kinds = [item.opt_str("protocol") for item in spec.opt_list("ports")]
        spent = [*addresses[1:], tls.str("serverName"), *(kind for kind in kinds if kind)]
        own = f"spiffe://{options.trust_domain}/ns/{meta.namespace.value}/sa/"
        identity = tls.str("identity")
        return Machine(
            meta=meta,
            endpoint=ExternalEndpoint(
                address=addresses[0] if addresses else None,
                ports=tuple(
                    number.derive(
                        ("" if name is None else name.value, number.value),
                        *(() if name is None else (name,)),
                    )
                    for name, number in ports
                ),
                labels=_labels(root),
                account=identity.map(lambda text: text.removeprefix(own)),
                trail=trail("machine"),
            ),
            trail=absorb(meta.fact("ExternalWorkload"), *spent),
        )

    return read_machine


def _labels(root: Cursor) -> Traced[Labels] | None:
    """The labels as they are read with every object: they stay there, and are not spent on the fact."""
    entries = root.map("metadata").opt_string_map("labels")
    if not entries:
        return None
    because = tuple(leaf for _, value in entries for leaf in value.origin)
    return Traced(equal_to({key: value.value for key, value in entries}), (), because)


def machine_facts(statements: Sequence[Statement]) -> Iterator[Fact]:
    """The workloads outside."""
    for one in statements:
        if isinstance(one, Machine):
            yield ExternalWorkload(
                name=Traced(one.meta.name.value, (), one.meta.because),
                namespace=one.meta.namespace,
                endpoint=one.endpoint,
                trail=one.trail,
            )
