"""Nothing gets wider whatever the source does to paths: each spelling of a path that is refused stays refused."""

from __future__ import annotations

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from tests.exporters.linkerd.istio import WORKLOAD, policy
from tests.importers.istio.test_mesh_config import config_map
from tests.translation import to_linkerd
from translator.after import as_source, in_force
from translator.registry import load_importer
from translator.source.load import load_text

PATHS = (
    "/admin", "//admin", "/./admin", "/x/../admin", "/admin/", "/admin//x", "/%61dmin", "/admin%2Fx",
    "/x%2F..%2Fadmin", "/x%5c..%5cadmin", "/x\\..\\admin", "/api/a", "/api//a", "/api/%2e%2e/admin", "/public",
)  # fmt: skip
DENY = {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/admin*", "/x/admin"]}}]}]}
ALLOW = {"rules": [{"to": [{"operation": {"paths": ["/api/*", "/public"]}}]}]}


@pytest.mark.parametrize("form", ["NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"])
@pytest.mark.parametrize("rules", [DENY, ALLOW], ids=["deny", "allow"])
def test_no_spelling_of_a_path_gets_in_that_was_refused(
    form: str, rules: dict[str, object]
) -> None:
    mesh = config_map({"pathNormalization": {"normalization": form}})
    text = "\n---\n".join((WORKLOAD, mesh, policy(rules)))
    result = to_linkerd(text)
    there = in_force(load_text(text), result, result.options)
    after = load_importer("linkerd")(there.resources, as_source(result.options)).model
    caller = Caller(namespace="shop", service_account="web")
    let_in = 0
    for path in PATHS:
        request = Request(caller=caller, workload="Deployment/shop/api", port=8080, path=path)
        allowed = decide_access(after, request).allowed
        assert not allowed or decide_access(result.model, request).allowed, path
        let_in += allowed
    assert let_in
