"""Annotations of Services: failing endpoints. They are read live; no pod is made anew.

linkerd2 policy-controller/k8s/index/src/outbound/index.rs ``parse_accrual_config``, 2.13 and later.
"""

from __future__ import annotations

from ir.resilience import Outliers
from translator.api import Edit, Said
from translator.exporters.linkerd.legalise.endpoints import LONGEST_OUT, seconds_text

ACCRUAL = "balancer.linkerd.io/failure-accrual"


def failure_accrual(fact: Outliers) -> Edit:
    """Endpoints are out after so many failures in a row, first for the least time, in the end for the longest."""
    subject = fact.attachment.subject
    if fact.consecutive_errors is None or fact.ejection_time is None or subject.name is None:
        raise TypeError(fact)
    space = "" if subject.namespace is None else subject.namespace.value
    names = tuple(v for v in (subject.namespace, subject.name) if v is not None)
    longest = fact.ejection_time.derive(max(LONGEST_OUT, fact.ejection_time.value))
    values = {
        "": Said("consecutive", (fact.trail, *names)),
        "-consecutive-max-failures": Said(
            str(fact.consecutive_errors.value), (fact.consecutive_errors,)
        ),
        "-consecutive-min-penalty": Said(seconds_text(fact.ejection_time), (fact.ejection_time,)),
        "-consecutive-max-penalty": Said(seconds_text(longest), (fact.ejection_time, fact.trail)),
    }
    return Edit(
        resource=f"Service/{space}/{subject.name.value}",
        put=tuple(
            (("metadata", "annotations", f"{ACCRUAL}{key}"), said) for key, said in values.items()
        ),
        restart=False,
    )
