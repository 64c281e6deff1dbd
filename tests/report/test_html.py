"""The report as one HTML page: what stands in it, before any browser looks."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest

from tests.report.hostile import ATTACKS, hostile_report
from tests.report.large import large_report
from tests.report.reports import FAULT_AT, finding, report, shop
from translator.pipeline import options_of, translate_loaded
from translator.report.exhibits import Exhibits
from translator.report.html.findings import cause_views
from translator.report.html.page import render_html
from translator.report.html.sheets import Desk
from translator.report.model import Impact, Report, Severity, Verification
from translator.source.load import load_text

Attributes = dict[str, str | None]


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.words: list[str] = []
        self.inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """A text."""
        if not {"script", "style"} & {*self.inside[-1:]}:
            self.words.append(data)

    def all(self, tag: str, kind: str = "") -> list[Attributes]:
        """The attributes of all elements of a tag, of a class where one is given."""
        return [
            held
            for name, held in self.elements
            if name == tag and (not kind or kind in (held.get("class") or "").split())
        ]

    def texts(self) -> str:
        """What can be read on the page."""
        return " ".join(" ".join(self.words).split())


@cache
def shop_page() -> Page:
    return Page(render_html(shop()))


@cache
def hostile_page() -> Page:
    return Page(render_html(hostile_report()))


def test_nothing_comes_from_outside() -> None:
    asked = [
        (tag, name)
        for tag, held in shop_page().elements
        for name in ("src", "srcset", "data", "action", "background", "poster")
        if name in held
    ]
    assert asked == []
    assert shop_page().all("link") == []
    links = {str(held.get("href")) for held in shop_page().all("a")}
    assert {one for one in links if not one.startswith(("#", "https://"))} == set()
    assert "url(http" not in render_html(shop())


def test_the_page_allows_itself_its_own_script_and_style_and_no_other() -> None:
    text = render_html(shop())
    (policy,) = [
        str(held["content"])
        for held in Page(text).all("meta")
        if held.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert all("style" not in held for _, held in Page(text).elements)
    assert not [n for _, held in Page(text).elements for n in held if n.startswith("on")]


def test_names_of_the_input_stay_words() -> None:
    page = hostile_page()
    assert len(page.all("script")) == 1
    assert len(page.all("style")) == 1
    assert page.all("img") == []
    assert page.all("b", "x") == []
    said = page.texts()
    for attack in ATTACKS:
        shown = attack.replace("\u202e", "\\u202e")
        assert shown in said, attack
    assert "\u202e" not in render_html(hostile_report())
    allowed = re.compile(r"on[a-z]+$")
    assert not [n for _, held in page.elements for n in held if allowed.match(n)]
    assert not [h for h in page.all("a") if str(h.get("href")).startswith("javascript")]


@pytest.mark.parametrize("page", [shop_page, hostile_page], ids=["shop", "hostile"])
def test_every_link_within_the_page_leads_somewhere(page: object) -> None:
    assert callable(page)
    found: Page = page()
    ids = [str(held["id"]) for _, held in found.elements if "id" in held]
    assert [name for name, number in Counter(ids).items() if number > 1] == []
    inner = {str(h["href"])[1:] for h in found.all("a") if str(h["href"]).startswith("#")}
    tied = {to for _, held in found.elements for to in (held.get("data-to") or "").split()}
    named = {
        name for _, held in found.elements for name in (held.get("aria-labelledby") or "").split()
    }
    assert (inner | tied | named) - set(ids) == set()


def test_lines_are_tied_both_ways() -> None:
    ties = {
        str(held["id"]): set(str(held["data-to"]).split())
        for held in shop_page().all("li")
        if "data-to" in held
    }
    assert len(ties) > 50
    assert [(a, b) for a, others in ties.items() for b in others if a not in ties[b]] == []
    assert {(a[0], b[0]) for a, others in ties.items() for b in others} == {("s", "o"), ("o", "s")}


def test_every_finding_stands_there_once_with_its_source_line() -> None:
    whole = shop()
    page = shop_page()
    assert sorted(str(h["id"]) for h in page.all("details", "f")) == sorted(
        f"f{n}" for n in range(1, len(whole.findings) + 1)
    )
    with_lines = [one for one in whole.findings if one.sources and one.sources[0].line]
    assert len(page.all("pre", "snippet")) == len(with_lines) > 5
    said = page.texts()
    for one in whole.findings:
        assert " ".join(one.message.split()) in said
        assert " ".join(one.advice.split()) in said


def test_bars_add_up_to_the_leaves() -> None:
    for bar in re.findall(r'<svg class="bar".*?</svg>', render_html(shop()), re.DOTALL):
        widths = [float(width) for width in re.findall(r' width="([\d.]+)"', bar)]
        assert sum(widths) == pytest.approx(1000, abs=0.1)
    assert f"= {shop().summary.leaves} of {shop().summary.leaves} leaves" in shop_page().texts()
    named = re.findall(
        r'aria-label="([^"]*)"', "".join(re.findall(r'<svg class="bar"[^>]*>', render_html(shop())))
    )
    counted = [sum(map(int, re.findall(r"\d+", label))) for label in named]
    assert counted[0] == shop().summary.leaves == sum(counted[1:])


def test_features_add_up_to_all_findings() -> None:
    whole = large_report(500)
    page = render_html(whole)
    tally = page[page.index('<table class="tally">') : page.index("</table>")]
    rows = re.findall(r"<b>(\d+)</b></td></tr>", tally)
    assert sum(map(int, rows)) == 500
    assert len(rows) == len({one.code[2] for one in whole.findings}) > 5


@pytest.mark.parametrize("whole", [report(), report(finding())], ids=["none", "one"])
def test_a_report_without_documents_is_a_page_too(whole: Report) -> None:
    said = Page(render_html(whole)).texts()
    assert "Not proved" in said
    assert "No document is shown." in said


def test_a_secret_is_never_shown() -> None:
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: shop}\n"
        "stringData: {password: open-sesame}\ndata: {key: b3Blbi1zZXNhbWU=}\n---\n"
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        "metadata: {name: web, namespace: shop}\n"
        "spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}\n"
    )
    loaded = load_text(text, "in.yaml")
    found = translate_loaded(loaded, options_of(loaded, "istio", "linkerd", {})).report
    page = render_html(found)
    assert "Secret/shop/key" in page
    assert "sesame" not in page
    assert "b3Blbi1zZXNhbWU" not in page


def test_the_same_report_is_the_same_page() -> None:
    assert render_html(hostile_report()) == render_html(hostile_report())


def test_five_thousand_findings_fit_into_a_mail() -> None:
    assert len(render_html(large_report(5000)).encode()) < 10_000_000


def test_controls_and_pictures_have_names() -> None:
    page = shop_page()
    assert all(held.get("aria-label") or held.get("aria-labelledby") or held.get("aria-hidden")
               for held in page.all("svg"))  # fmt: skip
    assert all(held.get("scope") for held in page.all("th"))
    assert all(held.get("aria-label") for held in page.all("div", "scroll"))
    assert page.elements[0] == ("html", {"lang": "en"})


def test_a_finding_without_a_document_has_no_snippet() -> None:
    page = Page(render_html(report(finding())))
    assert page.all("pre", "snippet") == []
    assert f"{FAULT_AT.file}:{FAULT_AT.line}" in page.texts()


def test_a_request_of_the_proof_stands_with_the_finding_that_explains_it() -> None:
    one = finding("MM402", Severity.HIGH, Impact.STRICTER, "the port of web is shut.")
    other = finding("MM402", Severity.HIGH, Impact.STRICTER, "the port of api is shut.")
    changes: tuple[dict[str, object], ...] = tuple(
        {
            "kind": "newly_denied",
            "slice": f"Deployment/shop/{name} port 80",
            "witness": {"source": "shop/a", "destination": name, "port": 80, "method": "GET", "path": f"/{name}"},
            "explained_by": ["MM402"],
        }
        for name in ("web", "api")
    )  # fmt: skip
    because = (((one.code, one.message),), ((other.code, other.message),))
    proof = Verification("DIFFERENT", {"DIFFERENT": 2}, changes, because=because)
    made = replace(report(one, other), verification=proof)
    (view,) = cause_views(made, Desk(made, Exhibits()))
    assert view.shown == ()
    shown = {v.finding.message: [c.slice for c in v.shown] for v in view.findings}
    assert shown == {
        one.message: ["Deployment/shop/web port 80"],
        other.message: ["Deployment/shop/api port 80"],
    }


def test_requests_of_which_only_the_code_is_known_stand_with_the_cause() -> None:
    one = finding("MM402", Severity.HIGH, Impact.STRICTER, "shut.")
    change: dict[str, object] = {"kind": "newly_denied", "explained_by": ["MM402"]}
    made = replace(report(one), verification=Verification("DIFFERENT", {}, (change,)))
    (view,) = cause_views(made, Desk(made, Exhibits()))
    assert len(view.shown) == 1
    assert view.findings[0].shown == ()


def test_a_real_translation_ties_each_change_to_findings_that_are_told() -> None:
    made = shop()
    told = {(one.code, one.message) for one in made.findings}
    proof = made.verification
    assert len(proof.because) == len(proof.changes) > 0
    for change, because in zip(proof.changes, proof.because, strict=True):
        listed = change["explained_by"]
        assert isinstance(listed, list)
        codes = set(listed)
        assert {code for code, _ in because} == codes - {"MM907"}
        assert set(because) <= told
