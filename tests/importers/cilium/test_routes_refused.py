"""Routes of Gateway API that their API server would refuse."""

from __future__ import annotations

import pytest

from tests.importers.cilium.envoy import Shop
from translator.errors import InputError

TWICE = {"set": [{"name": "x", "value": "1"}, {"name": "X", "value": "2"}]}


def route(*filters: object) -> dict[str, object]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": "api", "port": 80}],
            "rules": [{"filters": [*filters], "backendRefs": [{"name": "api", "port": 80}]}],
        },
    }


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([{"type": "RequestHeaderModifier", "requestHeaderModifier": TWICE}], "edited twice"),
        ([{"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch"}}}], "replacePrefixMatch"),
    ],
)  # fmt: skip
def test_what_the_api_server_refuses_is_an_error(filters: list[object], message: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        _ = Shop(route(*filters)).read
    assert caught.group_contains(InputError, match=message)


def test_a_rewrite_of_nothing_is_told_as_a_filter_that_is_not_read() -> None:
    result = Shop(route({"type": "URLRewrite", "urlRewrite": {}})).to("istio")
    assert not {f.code for f in result.report.findings} & {"MM901", "MM902"}
