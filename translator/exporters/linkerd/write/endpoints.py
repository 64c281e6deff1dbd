"""Annotations of Services: failing endpoints, and requests without a route. They are read live; no pod is made anew.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config``, 2.13 and later.
"""

from __future__ import annotations

from ir.resilience import Outliers
from ir.traffic import RouteTable
from translator.api import Edit, Said
from translator.exporters.linkerd.legalise.endpoints import seconds_text
from translator.exporters.linkerd.legalise.kept_routes import SERVICE
from translator.exporters.linkerd.write.route import annotations_of

ACCRUAL = "balancer.linkerd.io/failure-accrual"


def failure_accrual(fact: Outliers) -> Edit:
    """Endpoints are out after so many failures in a row, first for the least time, in the end for the longest."""
    subject = fact.attachment.subject
    errors, first, longest = fact.consecutive_errors, fact.ejection_time, fact.longest_ejection
    if errors is None or first is None or longest is None or subject.name is None:
        raise TypeError(fact)
    space = "" if subject.namespace is None else subject.namespace.value
    names = tuple(v for v in (subject.namespace, subject.name) if v is not None)
    values = {
        "": Said("consecutive", (fact.trail, *names)),
        "-consecutive-max-failures": Said(str(errors.value), (errors,)),
        "-consecutive-min-penalty": Said(seconds_text(first), (first,)),
        "-consecutive-max-penalty": Said(seconds_text(longest), (longest, fact.trail)),
    }
    return Edit(
        resource=f"Service/{space}/{subject.name.value}",
        put=tuple(
            (("metadata", "annotations", f"{ACCRUAL}{key}"), said) for key, said in values.items()
        ),
        restart=False,
    )


def is_of_service(table: RouteTable) -> bool:
    """Whether a table is what a Service says of requests of which no route says anything."""
    return table.object.startswith(f"{SERVICE}/")


def words_of_requests(table: RouteTable) -> Edit:
    """Retries and time limits of requests to a Service of which no route says anything.

    What goes without saying stays unsaid: a limit that is written is one for calls too.
    """
    found = annotations_of(table, by_field=False)
    return Edit(
        resource=table.object,
        put=tuple(
            (("metadata", "annotations", key), said) for key, said in found.items() if said.origin
        ),
        restart=False,
    )
