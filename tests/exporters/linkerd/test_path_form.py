"""Nothing gets wider whatever the source does to paths: each spelling of a path that is refused stays refused."""

from __future__ import annotations

from itertools import product

import pytest

from ir.behaviour.concrete import decide_access
from ir.behaviour.request import Caller, Request
from ir.language import NORMAL_PATH, PATH, Language
from ir.match import PathForm
from tests.exporters.linkerd.istio import WORKLOAD, policy, spec_of, translated, written
from tests.importers.istio.test_mesh_config import config_map
from tests.translation import to_linkerd
from translator.after import as_source, in_force
from translator.exporters.linkerd.legalise.paths import (
    beyond,
    without_escaped_slashes,
    without_runs,
)
from translator.registry import load_importer
from translator.report.model import Impact
from translator.source.load import load_text

PATHS = (
    "/admin", "//admin", "/./admin", "/x/../admin", "/admin/", "/admin//x", "/%61dmin", "/admin%2Fx",
    "/x%2F..%2Fadmin", "/x%5c..%5cadmin", "/x\\..\\admin", "/api/a", "/api//a", "/api/%2e%2e/admin", "/public",
    "/", "/.", "/a.php", "/x/a.php", "/x/../a.php", "/x/public", "/x/public/../a", "/%78/a", "/a%", "/a%2", "/a%zz",
)  # fmt: skip
DENY = {"action": "DENY", "rules": [{"to": [{"operation": {"paths": ["/admin*", "/x/admin"]}}]}]}
DENY_ROOT_AND_METHOD = {
    "action": "DENY",
    "rules": [
        {"to": [{"operation": {"paths": ["/"]}}]},
        {"to": [{"operation": {"methods": ["DELETE"]}}]},
        {"to": [{"operation": {"paths": ["*.php", "/admin*"], "methods": ["POST"]}}]},
    ],
}
DENY_ROOT_AND_ALL_BUT_SOME_METHODS = {
    "action": "DENY",
    "rules": [
        {"to": [{"operation": {"paths": ["/"]}}]},
        {"to": [{"operation": {"notMethods": ["GET", "POST"]}}]},
    ],
}
ALLOW_ROOT_AND_A_METHOD = {
    "rules": [
        {"to": [{"operation": {"paths": ["/"], "methods": ["POST", "DELETE"]}}]},
        {"to": [{"operation": {"methods": ["GET"]}}]},
    ],
}
DENY_BUT = {
    "action": "DENY",
    "rules": [{"to": [{"operation": {"paths": ["/x/*"], "notPaths": ["/x/public*"]}}]}],
}
ALLOW = {"rules": [{"to": [{"operation": {"paths": ["/api/*", "/public"]}}]}]}


@pytest.mark.parametrize("form", ["NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"])
@pytest.mark.parametrize(
    "rules",
    [
        DENY,
        DENY_ROOT_AND_METHOD,
        DENY_ROOT_AND_ALL_BUT_SOME_METHODS,
        DENY_BUT,
        ALLOW,
        ALLOW_ROOT_AND_A_METHOD,
    ],
    ids=["deny", "deny root", "deny root and methods", "deny but", "allow", "allow root"],
)
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
    for path, method in product(PATHS, ("GET", "POST", "DELETE", "BREW")):
        request = Request(
            caller=caller, workload="Deployment/shop/api", port=8080, path=path, method=method
        )
        allowed = decide_access(after, request).allowed
        assert not allowed or decide_access(result.model, request).allowed, path
        let_in += allowed
    assert let_in


@pytest.mark.parametrize(
    ("form", "normal"),
    [
        (PathForm.NORMAL, NORMAL_PATH),
        (PathForm.MERGED, NORMAL_PATH & without_runs()),
        (PathForm.DECODED_AND_MERGED, NORMAL_PATH & without_escaped_slashes()),
    ],
)
def test_what_is_beyond_a_form_is_all_that_is_not_in_it(form: PathForm, normal: Language) -> None:
    odd = beyond(form)
    assert odd is not None
    assert (odd & PATH).equals(PATH - normal)


def test_a_refusal_of_paths_alone_is_written_as_its_author_put_it() -> None:
    result = translated(policy(DENY))
    routes = {
        tuple(match["path"]["value"] for rule in spec_of(r)["rules"] for match in rule["matches"])
        for r in written(result, "HTTPRoute")
    }
    (refused,) = (paths for paths in routes if "/" not in paths)
    assert {"/admin.*", "/x/admin"} < set(refused)
    assert ("/",) in routes
    assert "MM402" not in {f.code for f in result.report.findings}


def test_what_only_the_root_admits_is_told_where_methods_would_decide() -> None:
    result = translated(policy(ALLOW_ROOT_AND_A_METHOD))
    (finding,) = (f for f in result.report.findings if f.code == "MM402")
    assert 'on the path "/"' in finding.message
    assert finding.impact is Impact.STRICTER
