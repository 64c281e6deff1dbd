"""The report for a pull request."""

from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt

from tests.report.reports import FAULT_AT, finding, report
from translator.report.model import Impact, Output, Severity
from translator.report.render.markdown import LARGEST, code, plain, render_markdown

EVIL = "a | b <img src=x> `c` @team [l](http://x) #1 *b* _i_\nnew"


def html(text: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(text))


def test_findings_and_outputs_are_tables() -> None:
    page = html(render_markdown(report(finding())))
    assert page.count("<table>") == 2
    assert "<strong>high</strong>" in page
    assert "<code>HTTPRoute/shop/reviews</code>" in page


def test_text_of_the_input_shows_as_it_is() -> None:
    place = replace(FAULT_AT, file="shop/vs|x.yaml", path="spec.a|b`c")
    page = html(render_markdown(report(finding("MM301", Severity.LOW, Impact.NONE, EVIL, place))))
    assert "<img" not in page
    assert "<a " not in page
    assert "a | b &lt;img src=x&gt;" in page
    assert "<code>shop/vs|x.yaml:20:9</code>" in page[: page.index("<details>")]
    assert "<code>spec.a|b`c</code>" in page


def test_mentions_are_escaped() -> None:
    assert plain("@team") == "\\@team"


def test_code_with_backticks_is_fenced_with_more_of_them() -> None:
    assert code("a`b``c") == "``` a`b``c ```"


def test_findings_of_one_cause_are_one_row_with_their_number() -> None:
    page = html(render_markdown(report(finding(message="a"), finding(message="b"))))
    head = page[: page.index("<details>")]
    assert head.count("<td>MM301</td>") == 1
    assert "<td>MM301</td>\n<td>2</td>" in head


def test_below_the_head_each_message_names_five_places_and_counts_the_rest() -> None:
    places = tuple(replace(FAULT_AT, line=line) for line in range(1, 9))
    page = render_markdown(report(replace(finding(), sources=places), finding(message="other")))
    folded = page[page.index("All findings") :]
    assert "and 3 more" in folded
    assert folded.count("- **high** MM301: ") == 2


def test_a_page_holds_the_head_and_a_comment_holds_everything() -> None:
    many = [
        finding(f"MM{number}", Severity.LOW, Impact.NONE, f"{number} {place} " + "long " * 60)
        for number in range(100, 160)
        for place in range(10)
    ]
    page = render_markdown(report(*many))
    head = page[: page.index("<details>")]
    assert len(head.splitlines()) <= 40
    assert "40 further causes (400 findings) below." in head
    assert len(page) <= LARGEST
    assert "do not fit here" in page


def test_many_outputs_leave_room_for_the_findings() -> None:
    many = tuple(Output(f"HTTPRoute/shop/{n}", "v1", f"out/{n}.yaml") for n in range(5000))
    page = render_markdown(replace(report(finding()), outputs=many))
    assert len(page) <= LARGEST
    assert "more outputs do not fit here" in page
    assert "- **high** MM301: " in page


def test_nothing_found_is_said() -> None:
    page = render_markdown(report())
    assert "### Findings\n\nNone." in page
