"""The command that compares two trees of manifests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import meshmigrate
from tests.cli.conftest import Run
from translator.cli.options import Threshold
from translator.cli.verify import exit_code

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      serviceAccountName: api
      containers: [{name: api, ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {ports: [{port: 80, targetPort: 8080, name: http}], selector: {app: api}}
---
"""
POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
    to: [{operation: {methods: [GET], paths: ["/items*"]}}]
---
"""
ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http:
  - timeout: 3s
    route: [{destination: {host: api}}]
---
"""
OUTLIERS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 7}}
"""
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [edge]
  http:
  - match: [{uri: {prefix: /a}}]
    route: [{destination: {host: api}}]
"""
BASE = POD + POLICY + ROUTE + OUTLIERS


@pytest.fixture
def sides(folder: Path) -> Path:
    (folder / "before").mkdir()
    (folder / "after").mkdir()
    (folder / "before" / "all.yaml").write_text(BASE)
    (folder / "after" / "all.yaml").write_text(BASE)
    return folder


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "after" / "all.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_two_trees_that_say_the_same_are_equal(run: Run, sides: Path) -> None:
    assert sides.is_dir()
    ran = run("verify", "before", "after")
    assert ran.code == 0
    assert ran.out.endswith("verdict: EQUAL_EXACT\n")
    assert "compared: 4 EQUAL_EXACT" in ran.out


def test_wider_access_is_shown_by_a_request_and_the_rules_that_decide_it(
    run: Run, sides: Path
) -> None:
    change(sides, '"/items*"', '"/item*"')
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert ran.out.startswith("newly allowed: Deployment/shop/api ")
    assert "request: GET /item from shop/web (mutual TLS)\n" in ran.out
    line = next(n for n, one in enumerate(BASE.splitlines(), 1) if "principals" in one)
    assert "[before/all.yaml:" in ran.out
    assert f"[after/all.yaml:{line}:" in ran.out
    assert "--globoff http://api.shop:80/item\n" in ran.out
    assert "# from a pod in shop with a proxy of the mesh (service account web" in ran.out


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("methods: [GET]", "methods: [GET, PUT]", "newly_allowed"),
        ("shop/sa/web", "shop/sa/shop", "newly_denied"),
        ("timeout: 3s", "timeout: 4s", "timeout"),
        ("timeout: 3s", "retries: {attempts: 7}", "retry"),
        ("consecutive5xxErrors: 7", "consecutive5xxErrors: 8", "ejection"),
        ("consecutive5xxErrors: 7", "consecutive5xxErrors: 7, interval: 3s", "ejection_manner"),
        ("[{destination: {host: api}}]", "[{destination: {host: other}}]", "rerouted"),
        ("timeout: 3s", "rewrite: {uri: /x}\n    timeout: 3s", "rewritten"),
    ],
)
def test_a_change_of_any_kind_is_found(
    run: Run, sides: Path, old: str, new: str, kind: str
) -> None:
    change(sides, old, new)
    ran = run("verify", "before", "after", "--format", "json")
    assert ran.code == 5
    told = json.loads(ran.out)
    assert told["verdict"] == "DIFFERENT"
    assert kind in {one["kind"] for one in told["changes"]}
    for one in told["changes"]:
        assert one["curl"].startswith("curl ")
        assert one["before"]["text"] != one["after"]["text"]


def test_a_setting_that_no_request_tells_is_a_difference_too(run: Run, sides: Path) -> None:
    limits = "trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}, outlierDetection:"
    for side in ("before", "after"):
        file = sides / side / "all.yaml"
        file.write_text(file.read_text().replace("trafficPolicy: {outlierDetection:", limits))
    change(sides, "maxConnections: 7", "maxConnections: 8")
    ran = run("verify", "before", "after", "--format", "json")
    assert ran.code == 5
    told = json.loads(ran.out)
    assert told["changes"] == []
    (one,) = told["settings"]
    assert one["what"] == "limits of connections"
    assert one["before"]["rules"][0]["file"] == "before/all.yaml"
    assert one["before"]["text"] != one["after"]["text"]


def test_routes_at_a_gateway_are_compared_by_requests_from_outside(run: Run, sides: Path) -> None:
    for side in ("before", "after"):
        (sides / side / "edge.yaml").write_text(GATEWAY)
    assert run("verify", "before", "after").code == 0
    (sides / "after" / "edge.yaml").write_text(GATEWAY.replace("prefix: /a", "prefix: /b"))
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert "Gateway/shop/edge port 80" in ran.out
    assert '--connect-to ::"$GATEWAY_IP":80' in ran.out


def test_an_answer_of_its_own_is_not_what_is_not_found(run: Run, sides: Path) -> None:
    for side in ("before", "after"):
        (sides / side / "edge.yaml").write_text(GATEWAY)
    answer = f"{GATEWAY}  - directResponse: {{status: 503}}\n"
    (sides / "after" / "edge.yaml").write_text(answer)
    assert run("verify", "before", "after").code == 5


def test_policies_at_a_gateway_are_no_matter_of_indifference(run: Run, sides: Path) -> None:
    policy = POLICY.replace("name: api", "name: edge").replace(
        "selector: {matchLabels: {app: api}}",
        "targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: edge}]",
    )
    for side in ("before", "after"):
        (sides / side / "edge.yaml").write_text(policy)
    assert run("verify", "before", "after").code in (0, 3)
    (sides / "after" / "edge.yaml").write_text(policy.replace("/items*", "/*"))
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert "who gets in at a gateway" in ran.out


def test_gateways_that_stay_whatever_the_mesh_are_compared(run: Run, sides: Path) -> None:
    gateway = GATEWAY.partition("---")[0].replace(
        "networking.istio.io", "gateway.networking.k8s.io"
    )
    gateway = gateway.partition("spec:")[0] + (
        "spec: {gatewayClassName: istio, listeners: [{name: h, port: 443, protocol: HTTP}]}\n"
    )
    for side in ("before", "after"):
        (sides / side / "edge.yaml").write_text(gateway)
    assert run("verify", "before", "after").code == 0
    (sides / "after" / "edge.yaml").write_text(gateway.replace("443", "444"))
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert "a listener of a gateway of Gateway shop/edge port 444" in ran.out


def test_who_gets_in_by_a_service_that_is_not_listed_is_told(run: Run, sides: Path) -> None:
    policy = POLICY.replace("name: api", "name: far").replace(
        "selector: {matchLabels: {app: api}}",
        "targetRefs: [{kind: Service, name: far}]",
    )
    for side in ("before", "after"):
        (sides / side / "far.yaml").write_text(policy)
    assert run("verify", "before", "after").code == 0
    (sides / "after" / "far.yaml").write_text(policy.replace("/items*", "/*"))
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert "who gets in by a service that is not listed" in ran.out


def test_objects_of_one_name_in_two_groups_are_two(run: Run, sides: Path) -> None:
    (sides / "before" / "edge.yaml").write_text(GATEWAY)
    (sides / "after" / "all.yaml").write_text(
        GATEWAY.partition("spec:")[0].replace("networking.istio.io", "gateway.networking.k8s.io")
        + "spec: {gatewayClassName: other, listeners: [{name: h, port: 80, protocol: HTTP}]}\n"
    )
    ran = run("verify", "before", "after", "--overlay", "--from", "istio", "--to", "istio")
    assert "newly denied: Gateway" not in ran.out
    assert (
        "a listener of a gateway of Gateway shop/edge port 80\n    before: nothing is said"
        in ran.out
    )
    assert ran.code == 5


def test_what_a_query_is_taken_to_be_is_named_where_a_rule_asks(run: Run, sides: Path) -> None:
    named = "a query has no escapes"
    assert named not in run("verify", "before", "after").out
    match = '  - match: [{queryParams: {q: {exact: "1"}}}]\n    timeout: 3s'
    for side in ("before", "after"):
        (sides / side / "all.yaml").write_text(BASE.replace("  - timeout: 3s", match))
    ran = run("verify", "before", "after")
    assert ran.code == 0
    assert named in ran.out


def test_routes_at_a_gateway_that_is_not_listed_are_not_called_equal_unseen(
    run: Run, sides: Path
) -> None:
    route = GATEWAY.partition("---\n")[2]
    for side in ("before", "after"):
        (sides / side / "edge.yaml").write_text(route)
    assert run("verify", "before", "after").code == 0
    (sides / "after" / "edge.yaml").write_text(route.replace("prefix: /a", "prefix: /b"))
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert "routes at a gateway" in ran.out


def test_what_is_not_read_leaves_the_question_open_unless_both_sides_have_it(
    run: Run, sides: Path
) -> None:
    change(sides, "  rules:", "  oddity: true\n  rules:")
    ran = run("verify", "before", "after")
    assert ran.code == 3
    assert "open (MAY_DIFFER): Deployment/shop/api port 8080" in ran.out
    assert run("verify", "before", "after", "--fail-on", "never").code == 0
    ran = run("verify", "after", "after")
    assert ran.code == 0
    assert "is the same on both sides and does the same" in ran.out


def test_an_extension_that_is_the_same_on_both_sides_is_an_assumption(
    run: Run, sides: Path
) -> None:
    plugin = (
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n"
        "metadata: {name: odd, namespace: shop}\nspec: {url: 'oci://x/y', phase: AUTHZ}\n"
    )
    for side in ("before", "after"):
        (sides / side / "plugin.yaml").write_text(plugin)
    ran = run("verify", "before", "after")
    assert ran.code == 0
    assert "assumed: a WasmPlugin" in ran.out or "assumed: WasmPlugin" in ran.out
    (sides / "after" / "plugin.yaml").write_text(plugin.replace("x/y", "x/z"))
    assert run("verify", "before", "after").code in {3, 5}


def test_one_of_two_extensions_of_a_kind_that_differs_is_not_hidden_by_the_other(
    run: Run, sides: Path
) -> None:
    plugin = (
        "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\n"
        "metadata: {name: NAME, namespace: shop}\nspec: {url: 'oci://x/NAME', phase: AUTHZ}\n"
    )
    for side in ("before", "after"):
        for name in ("one", "two"):
            (sides / side / f"{name}.yaml").write_text(plugin.replace("NAME", name))
    assert run("verify", "before", "after").code == 0
    for name in ("one", "two"):
        changed = plugin.replace("oci://x/NAME", "oci://z/NAME").replace("NAME", name)
        (sides / "after" / f"{name}.yaml").write_text(changed)
        assert run("verify", "before", "after").code == 3
        (sides / "after" / f"{name}.yaml").write_text(plugin.replace("NAME", name))


def test_between_meshes_policies_for_pods_that_are_not_in_the_input_are_an_open_question(
    run: Run, sides: Path
) -> None:
    (sides / "before" / "all.yaml").write_text(POLICY)
    (sides / "after" / "all.yaml").write_text(POLICY)
    ran = run("verify", "before", "after", "--to", "linkerd")
    assert ran.code == 3
    assert "rules for pods that are not in the input are not compared" in ran.out


@pytest.mark.parametrize(
    ("old", "new"),
    [("methods: [GET]", "methods: [GET, PUT]"), ("{app: api}}\n  rules", "{app: web}}\n  rules")],
)
def test_policies_for_pods_that_are_not_in_the_input_are_compared(
    run: Run, sides: Path, old: str, new: str
) -> None:
    for side in ("before", "after"):
        (sides / side / "all.yaml").write_text(POLICY + ROUTE)
    ran = run("verify", "before", "after")
    assert ran.code == 0
    assert "compared on pods made up for them" in ran.out
    change(sides, old, new)
    ran = run("verify", "before", "after")
    assert ran.code == 5
    assert "Pod/shop/(not listed) app-api" in ran.out


def test_a_translation_laid_over_its_source_is_compared_with_it(run: Run, sides: Path) -> None:
    assert run("istio-to-linkerd", "before", "-o", "out", "-q").code in {0, 3}
    ran = run("verify", "before", "out", "--overlay", "--format", "json")
    told = json.loads(ran.out)
    assert told["before"]["mesh"]["mesh"] == "istio"
    assert told["after"]["mesh"]["mesh"] == "linkerd"
    assert "newly_allowed" not in {one["kind"] for one in told["changes"]}
    assert not [q for q in told["open"] if "one side lists" in " ".join(q["reasons"])]
    assert (sides / "out").is_dir()


def test_the_mesh_that_is_not_clear_has_to_be_named(run: Run, sides: Path) -> None:
    (sides / "after" / "all.yaml").write_text(POD)
    assert run("verify", "before", "after").code == 5
    (sides / "before" / "all.yaml").write_text(POD)
    ran = run("verify", "before", "after")
    assert ran.code == 2
    assert "--from" in ran.err
    assert run("verify", "before", "after", "--from", "linkerd").code in {0, 3}


def test_reports_are_written_in_the_form_of_their_name(run: Run, sides: Path) -> None:
    change(sides, "methods: [GET]", "methods: [GET, PUT]")
    ran = run("verify", "before", "after", "--format", "markdown", "--report", "r.json")
    assert ran.code == 5
    assert ran.out.startswith("# DIFFERENT\n")
    assert "## Newly allowed: `Deployment/shop/api port 8080`" in ran.out
    assert json.loads((sides / "r.json").read_text())["schema_version"] == 1
    assert run("verify", "before", "after", "--report", "r.html").code == 2
    assert run("verify", "before", "after", "--format", "xml").code == 2


def test_open_questions_end_with_3_from_their_severity_on() -> None:
    assert exit_code("DIFFERENT", Threshold.NEVER) == 5
    assert exit_code("MAY_DIFFER", Threshold.HIGH) == 3
    assert exit_code("UNKNOWN", Threshold.BLOCKER) == 0
    assert exit_code("NOTHING_TO_COMPARE", Threshold.HIGH) == 0
    assert exit_code("NOTHING_TO_COMPARE", Threshold.MEDIUM) == 3
    assert exit_code("EQUAL_UNDER", Threshold.LOW) == 0


def test_the_library_compares_too(sides: Path) -> None:
    change(sides, "methods: [GET]", "methods: [GET, PUT]")
    found = meshmigrate.verify(["before"], ["after"])
    assert found.verdict == "DIFFERENT"
    assert found.to_text().startswith("newly allowed")
    assert json.loads(found.to_json())["verdict"] == "DIFFERENT"


def test_a_certificate_is_confirmed_and_a_false_one_is_not(run: Run, sides: Path) -> None:
    change(sides, "methods: [GET]", "methods: [GET, PUT]")
    assert run("verify", "before", "after", "--certificate", "c.json").code == 5
    ran = run("verify", "--check", "c.json")
    assert ran.code == 0
    assert "some requests are newly allowed, nothing is newly denied" in ran.out
    assert ran.out.endswith("verdict: confirmed\n")

    told = json.loads((sides / "c.json").read_text())
    for entry in told["ports"]:
        entry["newly_allowed"] = False
    (sides / "false.json").write_text(json.dumps(told))
    ran = run("verify", "--check", "false.json")
    assert ran.code == 5
    assert "WRONG: " in ran.out
    assert ran.out.endswith("verdict: not confirmed\n")


@pytest.mark.parametrize(
    ("tampered", "code"),
    [
        ({"verdict": "EQUAL_EXACT"}, 5),
        ({"ports": [], "routes": []}, 3),
        ({"certificate": 2}, 4),
        ({"gateways": [{"ports": ["x"]}]}, 4),
        ({"exits": [{"ports": ["x"]}]}, 4),
        ({"callers": []}, 5),
        ({"ports": [{"ports": ["x"]}]}, 4),
    ],
)
def test_a_certificate_that_was_tampered_with_is_not_confirmed(
    run: Run, sides: Path, tampered: dict[str, object], code: int
) -> None:
    change(sides, "methods: [GET]", "methods: [GET, PUT]")
    assert run("verify", "before", "after", "--certificate", "c.json").code == 5
    told = json.loads((sides / "c.json").read_text())
    (sides / "false.json").write_text(json.dumps({**told, **tampered}))
    ran = run("verify", "--check", "false.json")
    assert ran.code == code
    assert "verdict: confirmed" not in ran.out


def test_what_all_claims_rest_on_is_said_once(run: Run, sides: Path) -> None:
    change(sides, "methods: [GET]", "methods: [GET, PUT]")
    assert run("verify", "before", "after", "--certificate", "c.json").code == 5
    told = json.loads((sides / "c.json").read_text())
    claims = [*told["ports"], *told["routes"]]
    assert len(claims) == 2
    for claim in claims:
        claim["if"] = ["all pods are listed"]
    claims[0]["if"].append("nobody forwards requests")
    (sides / "more.json").write_text(json.dumps(told))
    lines = run("verify", "--check", "more.json").out.splitlines()
    assert [line for line in lines if "all pods are listed" in line] == [
        "all that is confirmed holds if all pods are listed"
    ]
    assert lines.count("    if nobody forwards requests") == 1


TWO_ROUTES = """\
  - name: slow
    match: [{uri: {prefix: /slow}}]
    timeout: 9s
    route: [{destination: {host: api}}]
  - name: rest
    route: [{destination: {host: api}}]
"""


def test_a_certificate_of_routes_is_confirmed_and_a_false_one_is_not(run: Run, sides: Path) -> None:
    one = "  - timeout: 3s\n    route: [{destination: {host: api}}]\n"
    for side in ("before", "after"):
        file = sides / side / "all.yaml"
        file.write_text(file.read_text().replace(one, TWO_ROUTES))
    change(sides, "timeout: 9s", "timeout: 8s")
    assert run("verify", "before", "after", "--certificate", "c.json").code == 5
    ran = run("verify", "--check", "c.json")
    assert ran.code == 0
    assert "2 pairs of routes win before and after, differing in timeout" in ran.out

    told = json.loads((sides / "c.json").read_text())
    (entry,) = (one for one in told["routes"] if len(one["classes"]) > 1)
    dropped = entry["classes"].pop()
    (sides / "false.json").write_text(json.dumps(told))
    ran = run("verify", "--check", "false.json")
    assert ran.code == 5
    assert f"{dropped['before']} before and {dropped['after']} after" in ran.out
    assert "is not claimed" in ran.out
    entry["classes"].append({**dropped, "otherwise": [], "before": "slow", "after": "rest"})
    (sides / "false.json").write_text(json.dumps(told))
    ran = run("verify", "--check", "false.json")
    assert ran.code == 5
    assert "WRONG: Service/shop/api port 80: the witness of" in ran.out


EDGE = """\
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [www.example]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: www, namespace: shop}
spec:
  hosts: [www.example]
  gateways: [door]
  http: [{name: all, timeout: 9s, route: [{destination: {host: api}}]}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: pay, namespace: shop}
spec:
  hosts: [pay.example]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: ["*/*"]}]
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""


def test_gateways_and_ways_out_are_in_the_certificate(run: Run, sides: Path) -> None:
    for side in ("before", "after"):
        file = sides / side / "all.yaml"
        file.write_text(f"{file.read_text().rstrip()}\n{EDGE}")
    change(sides, "timeout: 9s", "timeout: 8s")
    change(sides, "hosts: [pay.example]", "hosts: [other.example]")
    assert run("verify", "before", "after", "--certificate", "c.json").code == 5
    ran = run("verify", "--check", "c.json")
    assert ran.code == 0
    assert "confirmed: Gateway/shop/door port 80: 2 pairs of routes" in ran.out
    assert "confirmed: what leaves shop, port 443: some requests are newly allowed, some" in ran.out

    told = json.loads((sides / "c.json").read_text())
    for false in (
        {"gateways": [{**one, "classes": one["classes"][:1]} for one in told["gateways"]]},
        {"exits": [{**one, "newly_allowed": False} for one in told["exits"]]},
    ):
        (sides / "false.json").write_text(json.dumps({**told, **false}))
        ran = run("verify", "--check", "false.json")
        assert ran.code == 5
        assert "WRONG: " in ran.out


def test_a_certificate_of_another_form_is_refused_with_what_to_do(run: Run, sides: Path) -> None:
    old = {"certificate": 2, "tool": "meshmigrate 0.0.9", "ports": [], "routes": []}
    (sides / "old.json").write_text(json.dumps(old))
    ran = run("verify", "--check", "old.json")
    assert ran.code == 4
    assert "expected a certificate of form 4, found one of form 2 by meshmigrate 0.0.9" in ran.err
    assert "judge it with the version that wrote it" in ran.err


def test_a_certificate_is_of_the_files_that_were_compared(run: Run, sides: Path) -> None:
    assert run("verify", "before", "after", "--certificate", "c.json").code == 0
    change(sides, "methods: [GET]", "methods: [PUT]")
    ran = run("verify", "--check", "c.json")
    assert ran.code == 3
    assert "changed since: after/all.yaml\n" in ran.out


def test_what_is_no_certificate_is_an_input_error(run: Run, sides: Path) -> None:
    (sides / "c.json").write_text("{}")
    assert run("verify", "--check", "c.json").code == 4
    assert run("verify", "--check", "before/all.yaml").code == 4
    assert run("verify", "--check", "nowhere.json").code == 4
    assert run("verify", "before").code == 2


def test_the_commands_of_the_page_on_the_proof_do_what_they_say(run: Run, sides: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")
    commands = re.findall(r"^meshmigrate verify ([^#\n]*)", page, re.MULTILINE)
    (sides / "out").mkdir()
    (sides / "out" / "all.yaml").write_text(BASE)
    assert len(commands) == 4
    assert [run("verify", *command.split()).code for command in commands] == [0, 0, 0, 0]


DOOR = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {gatewayClassName: envoy, listeners: [{name: h, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: door}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /a}}]
    backendRefs: [{name: web, port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def test_gateways_that_stay_as_they_are_are_compared_all_the_same(run: Run, tmp_path: Path) -> None:
    for side, text in (("one", DOOR), ("other", DOOR.replace("value: /a", "value: /b"))):
        (tmp_path / side).mkdir()
        (tmp_path / side / "edge.yaml").write_text(text)
    told = ("--from", "gateway-api", "--to", "gateway-api")
    ran = run("verify", str(tmp_path / "one"), str(tmp_path / "other"), *told)
    assert ran.code == 5
    assert "newly allowed: Gateway/shop/door port 80" in ran.out
    assert run("verify", str(tmp_path / "one"), str(tmp_path / "one"), *told).code == 0
