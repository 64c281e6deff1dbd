"""Who gets in: one rule of combination per test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ir.access import (
    Bypass,
    Certainty,
    Closed,
    Direction,
    ExternalDecision,
    Grant,
    Layer,
    MtlsMode,
    PeerMtls,
    ProbeAccess,
    Probes,
    Refusal,
    TokenCheck,
)
from ir.attachment import Audience, Reach, Scope, ServicePort, Subject, WorkloadPort
from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import Answer, Caller, Decision, Request
from ir.match import Cidr, Part, PatternKind, Unreadable, View
from ir.match import Test as Condition
from ir.model import Fact
from ir.provenance import Traced, trail
from ir.traffic import EndpointSubset, NoMatch, Order
from tests.ir.facts import (
    RATINGS,
    REVIEWS,
    REVIEWS_V2,
    at,
    closed,
    for_namespaces,
    grant,
    guarded,
    guarded_route,
    labelled,
    model,
    on,
    pattern,
    refusal,
    subject,
    ways,
)

WEB = Caller(namespace="shop", service_account="web", labels={"app": "web"})
PLAIN = replace(WEB, mtls=False)
GET = Request(caller=WEB, workload=REVIEWS, port=9080)
AS_WEB = ways(on(Part.SERVICE_ACCOUNT, "shop/web"))
AS_OTHER = ways(on(Part.SERVICE_ACCOUNT, "shop/other"))


def answer(request: Request, *facts: Fact) -> Answer:
    return decide_access(model(*facts), request).answer


def demanded(where: Subject | None = None) -> PeerMtls:
    return PeerMtls(
        attachment=at(where), mode=Traced(MtlsMode.DEMANDED, (10,)), trail=trail("mtls")
    )


def probes(access: ProbeAccess) -> Probes:
    return Probes(attachment=at(), access=Traced(access), trail=trail("probes"))


def bypass(direction: Direction, port: int = 9080) -> Bypass:
    return Bypass(attachment=at(None, WorkloadPort(port)), direction=direction, trail=trail("past"))


def test_without_rules_everyone_is_let_in() -> None:
    decision = decide_access(model(), GET)
    assert decision.allowed
    assert decision.rule == "default"


def test_a_closed_port_needs_a_grant() -> None:
    decision = decide_access(model(closed()), GET)
    assert decision.answer is Answer.REFUSED
    assert (decision.rule, decision.leaves) == ("closed", (1,))


def test_a_grant_opens_what_is_closed_and_is_named() -> None:
    decision = decide_access(model(closed(), grant("web", callers=AS_WEB)), GET)
    assert decision.allowed
    assert (decision.rule, decision.leaves) == ("web", (2,))


def test_a_grant_for_somebody_else_opens_nothing() -> None:
    assert answer(GET, closed(), grant(callers=AS_OTHER)) is Answer.REFUSED


def test_all_of_always_must_hold() -> None:
    always = (on(Part.PORT, "9080"), on(Part.METHOD, "POST"))
    assert answer(GET, closed(), grant(always=always[:1])) is Answer.ALLOWED
    assert answer(GET, closed(), grant(always=always)) is Answer.REFUSED


def test_one_alternative_is_enough() -> None:
    either = (*AS_OTHER, *AS_WEB)
    assert answer(GET, closed(), grant(callers=either)) is Answer.ALLOWED


def test_a_refusal_outranks_every_grant() -> None:
    decision = decide_access(model(closed(), grant(), refusal("no-web", callers=AS_WEB)), GET)
    assert decision.answer is Answer.REFUSED
    assert (decision.rule, decision.leaves) == ("no-web", (3,))


def test_a_grant_of_one_layer_does_not_open_another() -> None:
    network = closed(layer=Layer.NETWORK)
    assert answer(GET, network, grant()) is Answer.REFUSED
    assert answer(GET, network, grant(layer=Layer.NETWORK), closed()) is Answer.REFUSED
    assert answer(GET, network, grant(layer=Layer.NETWORK), closed(), grant()) is Answer.ALLOWED


def test_unknown_counts_as_closed_and_no_as_open() -> None:
    assert answer(GET, replace(closed(), certain=Certainty.UNKNOWN)) is Answer.REFUSED
    assert answer(GET, replace(closed(), certain=Certainty.NO)) is Answer.ALLOWED


def test_a_bypassed_port_knows_no_policy() -> None:
    decision = decide_access(model(bypass(Direction.INBOUND), demanded(), closed()), GET)
    assert decision.allowed
    assert decision.rule == "past"
    assert answer(GET, bypass(Direction.INBOUND, 1), closed()) is Answer.REFUSED
    assert answer(GET, bypass(Direction.OUTBOUND), closed()) is Answer.REFUSED


def test_a_demanded_certificate_is_asked_of_everyone() -> None:
    assert answer(replace(GET, caller=PLAIN), demanded()) is Answer.REFUSED
    assert answer(GET, demanded()) is Answer.ALLOWED


def test_a_narrower_fact_takes_its_place_out_of_a_wider_one() -> None:
    narrower = subject(Scope.WORKLOADS, namespace="shop", labels=labelled(app="reviews"))
    wide = demanded(subject(excluding=(narrower,)))
    plain = replace(GET, caller=PLAIN)
    assert answer(plain, wide) is Answer.ALLOWED
    assert answer(replace(plain, workload=RATINGS), wide) is Answer.REFUSED


@pytest.mark.parametrize(
    ("where", "covered"),
    [
        (subject(), (REVIEWS, RATINGS)),
        (subject(Scope.NAMESPACE, namespace="shop"), (REVIEWS, RATINGS)),
        (subject(Scope.NAMESPACE, namespace="bank"), ()),
        (subject(Scope.WORKLOADS, labels=labelled(app="ratings")), (RATINGS,)),
        (subject(Scope.WORKLOADS, namespace="bank", labels=labelled(app="ratings")), ()),
        (subject(Scope.SERVICE, namespace="shop", name="reviews"), (REVIEWS,)),
        (subject(Scope.SERVICE, namespace="shop", name="missing"), ()),
        (subject(Scope.LISTENER, namespace="shop", name="gateway"), ()),
    ],
)
def test_a_subject_covers_workloads_by_its_scope(where: Subject, covered: tuple[str, ...]) -> None:
    refused = [
        key
        for key in (REVIEWS, RATINGS)
        if answer(replace(GET, workload=key), closed(at(where))) is Answer.REFUSED
    ]
    assert tuple(refused) == covered


def test_a_subset_is_a_service_of_its_own() -> None:
    second = EndpointSubset(
        namespace=Traced("shop"),
        name=Traced("reviews-v2"),
        of=Traced("reviews"),
        selector=Traced(labelled(version="v2")),
        trail=trail("subset"),
    )
    where = subject(Scope.SERVICE, namespace="shop", name="reviews-v2")
    assert answer(GET, second, closed(at(where))) is Answer.ALLOWED
    assert answer(replace(GET, workload=REVIEWS_V2), second, closed(at(where))) is Answer.REFUSED


@pytest.mark.parametrize("port", [WorkloadPort(9080), WorkloadPort("http"), ServicePort(80)])
def test_a_port_is_known_by_number_by_name_and_by_its_service(
    port: WorkloadPort | ServicePort,
) -> None:
    where = at(None, port)
    assert answer(GET, closed(where)) is Answer.REFUSED
    assert answer(replace(GET, port=1), closed(where)) is Answer.ALLOWED
    rest = closed(at(excluding_ports=(port,)))
    assert answer(GET, rest) is Answer.ALLOWED
    assert answer(replace(GET, port=1), rest) is Answer.REFUSED


def test_the_port_of_a_service_is_that_of_the_subject() -> None:
    where = subject(Scope.SERVICE, namespace="shop", name="reviews")
    assert answer(GET, closed(at(where, ServicePort(80)))) is Answer.REFUSED
    assert answer(GET, closed(at(where, ServicePort(81)))) is Answer.ALLOWED


def test_a_fact_holds_for_the_callers_of_its_audience() -> None:
    assert answer(GET, closed(at(audience=for_namespaces("shop")))) is Answer.REFUSED
    assert answer(GET, closed(at(audience=for_namespaces("bank")))) is Answer.ALLOWED
    everyone = Audience(reach=Reach.EVERYONE, trail=trail("audience"))
    assert answer(GET, closed(at(audience=everyone))) is Answer.REFUSED
    gateways = Audience(reach=Reach.LISTENERS, trail=trail("audience"))
    assert answer(GET, closed(at(audience=gateways))) is Answer.ALLOWED


def test_rewritten_probes_let_in_the_node_agent_alone() -> None:
    check = replace(GET, path="/healthz?x=1", caller=Caller(probe=True))
    facts = (probes(ProbeAccess.REWRITTEN), demanded(), closed())
    assert answer(check, *facts) is Answer.ALLOWED
    assert answer(replace(check, path="/other"), *facts) is Answer.REFUSED
    assert answer(replace(check, caller=WEB), *facts) is Answer.REFUSED
    assert answer(replace(check, method="POST"), *facts) is Answer.REFUSED


def test_probes_by_path_let_anyone_in_without_a_certificate() -> None:
    check = replace(GET, path="/healthz", caller=PLAIN)
    facts = (probes(ProbeAccess.BY_PATH), demanded(), closed())
    assert answer(check, *facts) is Answer.ALLOWED
    assert answer(replace(check, path="/healthz/x"), *facts) is Answer.REFUSED
    assert answer(replace(check, port=1), *facts) is Answer.REFUSED


def test_a_health_check_by_grpc_comes_in_by_the_agent_and_by_no_path() -> None:
    check = replace(GET, method="POST", path="/a", caller=Caller(probe=True))
    assert answer(check, probes(ProbeAccess.REWRITTEN), closed()) is Answer.ALLOWED
    assert answer(check, probes(ProbeAccess.BY_PATH), closed()) is Answer.REFUSED
    get = replace(check, method="GET")
    assert answer(get, probes(ProbeAccess.REWRITTEN), closed()) is Answer.REFUSED


def test_the_network_stays_closed_to_strangers_on_a_probed_path() -> None:
    check = replace(GET, path="/healthz", caller=PLAIN)
    assert answer(check, probes(ProbeAccess.BY_PATH), closed(layer=Layer.NETWORK)) is Answer.REFUSED


def test_guarded_routes_admit_by_the_winner_alone() -> None:
    routes = guarded(
        guarded_route("all", on(Part.PATH, pattern("/", PatternKind.ELEMENT_PREFIX)), admits=()),
        guarded_route("admin", on(Part.PATH, "/admin"), admits=(on(Part.NAMESPACE, "ops"),)),
    )
    decision = decide_access(model(routes), replace(GET, path="/admin"))
    assert decision.answer is Answer.REFUSED
    assert decision.rule == "admin"
    decision = decide_access(model(routes), replace(GET, path="/other"))
    assert (decision.rule, decision.leaves) == ("all-callers", (5, 6))


def test_a_grant_of_the_layer_opens_the_route_that_wins() -> None:
    routes = guarded(guarded_route("nobody", on(Part.PATH, "/")))
    assert answer(GET, routes) is Answer.REFUSED
    assert answer(GET, routes, grant(callers=AS_WEB)) is Answer.ALLOWED


@pytest.mark.parametrize(
    ("no_match", "expected"),
    [
        (NoMatch.NOT_FOUND, Answer.NOT_FOUND),
        (NoMatch.FORBIDDEN, Answer.REFUSED),
        (NoMatch.PASS, Answer.ALLOWED),
    ],
)
def test_without_a_route_no_grant_helps(no_match: NoMatch, expected: Answer) -> None:
    routes = guarded(guarded_route("a", on(Part.PATH, "/a")), no_match=no_match)
    assert answer(GET, closed(), grant(), routes) is expected


def test_routes_of_one_port_are_one_set() -> None:
    first = guarded(guarded_route("any"))
    second = guarded(guarded_route("exact", on(Part.PATH, "/a"), admits=()))
    assert answer(replace(GET, path="/a"), first, second) is Answer.ALLOWED


def test_routes_of_one_port_in_two_orders_are_refused() -> None:
    with pytest.raises(Unsupported):
        answer(GET, guarded(guarded_route("a")), guarded(guarded_route("b"), order=Order.LIST))


def test_a_connection_that_is_not_http_knows_no_routes() -> None:
    raw = replace(GET, http=False)
    assert answer(raw, guarded(guarded_route("a")), closed(), grant()) is Answer.ALLOWED
    assert answer(raw, guarded(guarded_route("a")), closed()) is Answer.REFUSED


def test_without_http_a_skipped_rule_opens_nothing_and_an_ignored_test_refuses_all() -> None:
    raw = replace(GET, http=False)
    posts = ways(on(Part.METHOD, "POST"))
    skip = View(on_unreadable=Unreadable.SKIP_RULE)
    ignore = View(on_unreadable=Unreadable.IGNORE_TEST)
    either = (*ways(on(Part.PORT, "9080")), *posts)
    assert answer(raw, closed(), grant(requests=either, view=skip)) is Answer.REFUSED
    assert answer(raw, closed(), grant(requests=either)) is Answer.ALLOWED
    assert answer(raw, refusal(requests=posts, view=ignore)) is Answer.REFUSED
    assert answer(GET, refusal(requests=posts, view=ignore)) is Answer.ALLOWED


def test_a_decision_outside_of_the_model_is_not_guessed() -> None:
    asked = ExternalDecision(attachment=at(), provider=Traced("opa"), trail=trail("ask"))
    with pytest.raises(Unsupported, match="opa"):
        answer(GET, asked)
    assert answer(GET, asked, refusal()) is Answer.REFUSED


def test_a_token_check_lets_requests_without_token_pass() -> None:
    check = TokenCheck(attachment=at(), trail=trail("tokens"))
    assert answer(GET, check) is Answer.ALLOWED
    with pytest.raises(Unsupported):
        answer(replace(GET, headers={"Authorization": "Bearer x"}), check)
    elsewhere = replace(check, locations=(Traced("header x-jwt"),))
    assert answer(replace(GET, headers={"Authorization": "Bearer x"}), elsewhere) is Answer.ALLOWED
    with pytest.raises(Unsupported):
        answer(replace(GET, headers={"X-JWT": "x"}), elsewhere)


OUT = at(subject(Scope.NAMESPACE, namespace="shop"))
SHUT: Closed = replace(closed(OUT), direction=Direction.OUTBOUND)


def out(*tests: Condition) -> Grant:
    made = grant(callers=ways(*tests) if tests else (), where=OUT)
    return replace(made, direction=Direction.OUTBOUND)


def test_a_closed_way_out_refuses_its_subject_alone() -> None:
    assert answer(GET, SHUT) is Answer.REFUSED
    assert answer(replace(GET, caller=replace(WEB, namespace="bank")), SHUT) is Answer.ALLOWED
    assert answer(replace(GET, caller=Caller(mtls=False)), SHUT) is Answer.ALLOWED


def test_a_way_out_is_granted_by_who_is_called() -> None:
    reached = on(Part.WORKLOAD_LABELS, labelled(app="reviews"))
    assert answer(GET, SHUT, out(reached)) is Answer.ALLOWED
    assert answer(GET, SHUT, out(on(Part.NAMESPACE, "bank"))) is Answer.REFUSED
    assert answer(GET, SHUT, out(on(Part.ENTITY, "world"))) is Answer.REFUSED


def test_both_ends_must_let_a_request_pass() -> None:
    inside = grant(callers=ways(on(Part.SERVICE_ACCOUNT, "shop/web")))
    assert answer(GET, SHUT, out(), closed(), inside) is Answer.ALLOWED
    assert answer(GET, SHUT, closed(), inside) is Answer.REFUSED
    assert answer(GET, SHUT, out(), closed()) is Answer.REFUSED


def test_a_refusal_outbound_outranks_the_grant() -> None:
    never: Refusal = replace(
        refusal(callers=ways(on(Part.SERVICE_ACCOUNT, "shop/reviews"))),
        attachment=OUT,
        direction=Direction.OUTBOUND,
    )
    assert answer(GET, SHUT, out(), never) is Answer.REFUSED


def test_the_address_of_a_pod_is_not_guessed() -> None:
    block = on(Part.PEER_ADDRESS, Cidr("10.1.0.0/16"))
    with pytest.raises(Unsupported):
        answer(GET, SHUT, out(block))
    assert answer(GET, SHUT, out(on(Part.ENTITY, "world"), block)) is Answer.REFUSED


def test_all_requests_are_over_tcp() -> None:
    asked = ways(on(Part.TRANSPORT, "UDP")), ways(on(Part.TRANSPORT, "TCP", "UDP"))
    assert [answer(GET, closed(), grant(requests=one)) for one in asked] == [
        Answer.REFUSED,
        Answer.ALLOWED,
    ]


def test_a_range_holds_its_ports() -> None:
    near, far = at(None, WorkloadPort(9000, 9080)), at(None, WorkloadPort(9000, 9079))
    assert answer(GET, closed(), grant(where=near)) is Answer.ALLOWED
    assert answer(GET, closed(), grant(where=far)) is Answer.REFUSED


def test_labels_of_the_namespace_are_not_those_of_the_pod() -> None:
    asked = closed(), grant(callers=ways(on(Part.NAMESPACE_LABELS, labelled(team="red"))))
    inside = replace(WEB, namespace_labels={"team": "red"})
    assert answer(replace(GET, caller=inside), *asked) is Answer.ALLOWED
    assert (
        answer(replace(GET, caller=replace(WEB, labels={"team": "red"})), *asked) is Answer.REFUSED
    )


def test_a_part_of_the_cluster_is_no_pod() -> None:
    asked = closed(), grant(callers=ways(on(Part.ENTITY, "remote-node")))
    node = Caller(mtls=False, entity="remote-node")
    assert answer(replace(GET, caller=node), *asked) is Answer.ALLOWED
    assert answer(GET, *asked) is Answer.REFUSED


def test_a_workload_that_is_not_listed_is_refused() -> None:
    with pytest.raises(Unsupported):
        answer(replace(GET, workload="Deployment/shop/missing"))


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (
            "PeerAuthentication of PeerAuthentication/shop/default",
            "PeerAuthentication/shop/default",
        ),
        ("default policy of Deployment/shop/api", "default policy of Deployment/shop/api"),
        ("rule of NetworkPolicy/shop/db", "rule of NetworkPolicy/shop/db"),
    ],
)
def test_a_decision_names_an_object_once_with_its_kind(rule: str, named: str) -> None:
    decision = Decision(Answer.REFUSED, rule, "nobody is let in")
    assert decision.sentence == f"refused by {named}: nobody is let in"
