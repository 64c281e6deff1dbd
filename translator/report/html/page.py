"""The page as a whole: one file without anything from outside.

Every text goes through jinja2's escaping; besides, the page forbids itself every script but its own, which it names
by its hash (Content Security Policy, https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from translator.report.areas import area
from translator.report.exhibits import Exhibits
from translator.report.headline import headline
from translator.report.html.atlas import atlas
from translator.report.html.findings import by_feature, by_namespace, cause_views, changes
from translator.report.html.ledger import accounts, bar
from translator.report.html.matrix import matrix
from translator.report.html.sheets import Desk
from translator.report.model import Report
from translator.report.render.words import printable, shortened, times
from translator.report.words import change_title, resource_title, verdict_title


def render_html(report: Report) -> str:
    """The whole page."""
    return "".join(render_html_chunks(report))


def render_html_chunks(report: Report) -> Iterator[str]:
    """The same in pieces."""
    exhibits = report.exhibits() if report.exhibits is not None else Exhibits()
    desk = Desk(report, exhibits)
    causes = cause_views(report, desk)
    style, script = own_file("style.css"), own_file("script.js")
    yield from (
        room()
        .get_template("page.html.j2")
        .generate(
            report=report,
            style=style,
            script=script,
            policy=policy_of(style, script),
            headline=headline(report),
            causes=causes,
            areas=sorted({area(cause.first.code) for cause in causes}),
            namespaces=list(enumerate(desk.namespaces)),
            tallies=(
                ("Feature", "area", by_feature(causes)),
                ("Namespace", "namespace", by_namespace(causes, desk)),
            ),
            changes=changes(report),
            whole=bar(report.summary.fates, report.summary.leaves),
            accounts=accounts(report),
            desk=desk,
            map=atlas(report, exhibits),
            matrix=matrix(exhibits),
        )
    )


def room() -> Environment:
    """Where templates are filled in: all text is escaped, and what is not given is an error."""
    made = Environment(
        loader=PackageLoader("translator.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        line=printable,
        shortened=shortened,
        change=change_title,
        verdict=verdict_title,
        named=resource_title,
        path=breakable,
    )
    made.globals.update(times=times, area=area)
    return made


def breakable(text: str) -> Markup:
    """A name that may go on in the next line after each slash, instead of in the middle of a word."""
    return Markup("/<wbr>").join(text.split("/"))  # joining escapes every part


def own_file(name: str) -> Markup:
    """A style or script of ours, to stand in a page as it is."""
    folder = resources.files("translator.report.html") / "templates"
    return Markup((folder / name).read_text(encoding="utf-8"))  # noqa: S704  # a file of ours


def policy_of(style: str, script: str) -> str:
    """The policy of a page that has nothing but this style and this script."""
    return f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
