"""Annotations of Services: failing endpoints. They are read live; no pod is made anew.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config``, 2.13 and later.
"""

from __future__ import annotations

from ir.resilience import Outliers
from translator.api import Edit, Said
from translator.exporters.linkerd.legalise.endpoints import seconds_text

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
