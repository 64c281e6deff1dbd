"""``--gateway-selector``: the labels of the pods that serve gateways, as ``selector`` of Istio's Gateway has them.

``istio=ingressgateway`` is for all gateways, ``shop/inner:istio=inner,zone=a`` for the one of that namespace and name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from translator.api import Options
from translator.errors import TargetError

EVERY = ""
"""The gateway that stands for all that have no labels of their own."""

_KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?\Z")
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?\Z")
_GATEWAY = re.compile(r"[a-z0-9-]+/[a-z0-9.-]+\Z")


def selectors_of(options: Options) -> Mapping[str, Mapping[str, str]]:
    """Labels by gateway (``namespace/name``), those for all under :data:`EVERY`.

    Raises:
        TargetError: a text is none of these forms, or two are for the same gateway.
    """
    found: dict[str, dict[str, str]] = {}
    for text in options.gateway_selector:
        gateway, colon, words = text.rpartition(":")
        labels = dict(_label(word, text) for word in words.split(","))
        if colon and not _GATEWAY.match(gateway):
            raise _refused(text)
        if gateway in found:
            whom = gateway or "all gateways"
            message = (
                f"--gateway-selector {text}: {whom} has labels already. Join them with commas."
            )
            raise TargetError(message)
        found[gateway] = labels
    return found


def labels_for(gateway: str, options: Options) -> Mapping[str, str] | None:
    """The labels of the pods that serve a gateway; ``None`` where none are given."""
    chosen = selectors_of(options)
    return chosen.get(gateway, chosen.get(EVERY))


def _label(word: str, text: str) -> tuple[str, str]:
    key, equals, value = word.strip().partition("=")
    if not (equals and _KEY.match(key) and _VALUE.match(value)):
        raise _refused(text)
    return key, value


def _refused(text: str) -> TargetError:
    return TargetError(
        "--gateway-selector: expected labels such as istio=ingressgateway, for one gateway "
        f'shop/inner:istio=inner, found "{text}".'
    )
