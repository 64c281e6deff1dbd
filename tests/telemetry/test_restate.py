"""Expressions in the words of another mesh."""

from __future__ import annotations

import pytest

from translator.telemetry.meshes import CILIUM, ISTIO, LINKERD
from translator.telemetry.promql import Unclear, parse
from translator.telemetry.restate import Restated, Terms, mentions, restate
from translator.telemetry.vocabulary import Vocabulary

BY_NAME = {"db": "StatefulSet", "agent": "DaemonSet", "odd": "CloneSet"}


def kinds(op: str | None, value: str) -> tuple[str, ...]:
    return ("Deployment",) if op is None else (BY_NAME.get(value, "Deployment"),)


def put(
    text: str, source: Vocabulary = ISTIO, target: Vocabulary = LINKERD, **more: object
) -> Restated:
    found = restate(text, Terms(source, target, kinds, **more))  # type: ignore[arg-type]
    parser = pytest.importorskip("promql_parser", reason="promql-parser is not installed")
    parser.parse(found.text)
    assert not mentions(found.text, source) or source is LINKERD
    return found


IN, OUT = 'reporter="destination"', 'reporter="source"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"sum(rate(istio_requests_total{{{IN}}}[5m]))",
            'sum(rate(response_total{direction="inbound"}[5m]))',
        ),
        (
            f'sum(rate(istio_requests_total{{{IN}, response_code=~"5.."}}[5m])) by (destination_workload_namespace)',
            'sum(rate(response_total{direction="inbound", status_code=~"5.."}[5m])) by (namespace)',
        ),
        (
            f'sum(increase(istio_requests_total{{{IN},destination_workload="db"}}[1h]))',
            'sum(increase(response_total{direction="inbound", statefulset="db"}[1h]))',
        ),
        (
            f'sum(rate(istio_requests_total{{{OUT},source_workload="web",destination_workload="agent"}}[5m]))',
            'sum(rate(response_total{direction="outbound", deployment="web", dst_daemonset="agent"}[5m]))',
        ),
        (
            f'sum(rate(istio_requests_total{{{OUT},destination_service="a.shop.svc.cluster.local"}}[5m]))',
            'sum(rate(response_total{direction="outbound", dst_service="a", dst_namespace="shop"}[5m]))',
        ),
        (
            f'sum(rate(istio_requests_total{{{IN},connection_security_policy!="mutual_tls"}}[5m]))',
            'sum(rate(response_total{direction="inbound", tls!="true"}[5m]))',
        ),
        (
            (
                f"sum(rate(istio_requests_total{{{IN}}}[5m])) by (destination_workload_namespace,"
                " destination_service_namespace)"
            ),
            'sum(rate(response_total{direction="inbound"}[5m])) by (namespace)',
        ),
        (
            f"sum(rate(istio_requests_total{{{IN}}}[5m])) # all\n  > 3",
            'sum(rate(response_total{direction="inbound"}[5m])) # all\n  > 3',
        ),
        (
            (
                f"sum by (destination_workload) (rate(istio_requests_total{{{IN}}}[5m])) > on (destination_workload)"
                f" sum by (destination_workload) (rate(istio_requests_total{{{IN}}}[1d]))"
            ),
            (
                'sum by (deployment) (rate(response_total{direction="inbound"}[5m])) > on (deployment)'
                ' sum by (deployment) (rate(response_total{direction="inbound"}[1d]))'
            ),
        ),
        (
            f"sum(rate(istio_requests_total{{{IN}}}[5m])) + sum(rate(other_total[5m])) by (destination_workload)",
            'sum(rate(response_total{direction="inbound"}[5m])) + sum(rate(other_total[5m])) by (destination_workload)',
        ),
    ],
)
def test_istio_in_the_words_of_linkerd(text: str, expected: str) -> None:
    assert put(text).text == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sum(rate(istio_requests_total[5m]))", "does not say who counted"),
        ('sum(rate(istio_requests_total{reporter=~".*"}[5m]))', "does not say who counted"),
        (f"rate(istio_requests_total{{{IN}}}[5m]) > 1", "no sum is taken"),
        (f"avg(rate(istio_requests_total{{{IN}}}[5m]))", '"avg" is taken over'),
        (f"absent(istio_requests_total{{{IN}}})", '"absent" is taken over'),
        (f"sum(rate(istio_requests_total{{{IN}}}[5m])) by (source_workload)", "does not tell"),
        (f'sum(istio_requests_total{{{IN},response_flags="UO"}})', "values of response_flags"),
        (f'sum(istio_requests_total{{{IN},response_code="0"}})', "a status of 0"),
        (f'sum(istio_requests_total{{{IN},made_up="x"}})', '"made_up" is not known'),
        (f"sum without (pod) (istio_requests_total{{{IN}}})", '"without" depends'),
        (f'sum(istio_requests_total{{{IN},destination_workload="odd"}})', "kind of workload"),
        (f'sum(istio_requests_total{{{OUT},destination_service=~"a.*"}})', "does not name one"),
        (f'sum(istio_requests_total{{{OUT},destination_service="a.com"}})', "does not name one"),
        (f"sum(rate(istio_request_bytes_sum{{{IN}}}[5m]))", "does not count"),
        (f"sum(rate(istio_tcp_sent_bytes_total{{{IN}}}[5m]))", "other connections"),
        (
            f'sum(rate(istio_request_duration_milliseconds_bucket{{{IN},le="500"}}[5m]))',
            "the bounds of buckets",
        ),
        ("sum(pilot_xds_pushes)", "no counterpart that is known"),
        ('sum({__name__="istio_requests_total"})', "no counterpart that is known"),
        (
            (
                f"sum(rate(istio_requests_total{{{IN}}}[5m])) by (destination_workload) * on (destination_workload)"
                " kube_x"
            ),
            "is a label of other metrics too",
        ),
        (
            (
                f"sum(rate(istio_requests_total{{{IN}}}[5m])) by (destination_workload)"
                " / sum(other_total) by (destination_workload)"
            ),
            "labels by which it is matched change their names, and other_total",
        ),
        (
            (
                f"sum(istio_requests_total{{{IN}}}) by (destination_workload)"
                f" + on (destination_workload) sum(istio_requests_total{{{OUT}}}) by (destination_workload)"
            ),
            "becomes deployment and dst_deployment",
        ),
        (
            f'label_replace(sum(istio_requests_total{{{IN}}}) by (destination_app), "a", "$1", "destination_app", "(.*)")',
            "is named as a text",
        ),
    ],
)
def test_what_is_not_certain_is_not_restated(text: str, why: str) -> None:
    with pytest.raises(Unclear, match=why.replace("(", r"\(")):
        restate(text, Terms(ISTIO, LINKERD, kinds))


def test_latency_is_restated_and_what_it_measures_is_told() -> None:
    text = f"histogram_quantile(0.9, sum(rate(istio_request_duration_milliseconds_bucket{{{IN}}}[5m])) by (le))"
    found = put(text)
    assert "response_latency_ms_bucket" in found.text
    assert any("first byte" in note for note in found.notes)


def test_seconds_are_no_milliseconds() -> None:
    text = f"histogram_quantile(0.9, sum(rate(istio_request_duration_milliseconds_bucket{{{IN}}}[5m])) by (le))"
    with pytest.raises(Unclear, match="is in seconds"):
        restate(text, Terms(ISTIO, CILIUM, kinds))


def test_istio_in_the_words_of_cilium() -> None:
    text = f'sum(rate(istio_requests_total{{{IN},source_workload="a"}}[5m])) by (response_code)'
    found = put(text, ISTIO, CILIUM)
    assert found.text == (
        'sum(rate(hubble_http_requests_total{reporter="server", source_workload="a"}[5m])) by (status)'
    )
    assert found.words == {"response_code": "status"}
    assert found.notes


def test_linkerd_in_the_words_of_istio() -> None:
    text = (
        'sum(rate(response_total{direction="outbound", dst_deployment="a"}[5m])) by (dst_namespace)'
    )
    assert put(text, LINKERD, ISTIO).text == (
        'sum(rate(istio_requests_total{reporter="source", destination_workload="a"}[5m]))'
        " by (destination_workload_namespace)"
    )


def test_cilium_in_the_words_of_linkerd() -> None:
    text = 'sum(rate(hubble_http_requests_total{reporter="client", status="500"}[5m]))'
    assert put(text, CILIUM, LINKERD).text == (
        'sum(rate(response_total{direction="outbound", status_code="500"}[5m]))'
    )


def test_there_and_back_gives_the_same() -> None:
    text = (
        'sum(rate(istio_requests_total{reporter="source", source_workload="a", response_code="500"}[5m])) '
        "by (destination_workload)"
    )
    there = put(text).text
    assert put(there, LINKERD, ISTIO).text == text


def test_labels_of_recorded_series_follow() -> None:
    words = {"errors:rate5m": {"destination_workload": "deployment"}}
    found = put('errors:rate5m{destination_workload="web"} > 1', recorded=words)
    assert found.text == 'errors:rate5m{deployment="web"} > 1'
    assert found.words == {"destination_workload": "deployment"}


def test_metrics_of_a_common_name_are_the_meshs_own_only_with_its_labels() -> None:
    assert mentions('response_total{direction="inbound"}', LINKERD)
    assert not mentions("sum(response_total)", LINKERD)
    assert not mentions('sum(request_total{job="api"})', LINKERD)


def test_what_does_not_read_the_mesh_stays_as_it_is() -> None:
    text = "sum(rate(http_requests_total[5m])) by (destination_workload)"
    assert put(text).text == text


@pytest.mark.parametrize("text", ["sum(istio_requests_total", 'istio_x{a="b} > 1'])
def test_a_broken_expression_that_names_the_mesh_is_noticed(text: str) -> None:
    assert mentions(text, ISTIO)
    with pytest.raises(Unclear):
        parse(text)
