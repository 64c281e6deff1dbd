"""A migration plan as one page that needs nothing else: no script, no network, nothing from outside."""

from __future__ import annotations

from translator.report.html.page import own_file, policy_of, room
from translator.report.html.timeline import NAMES, ROW, WIDTH, timeline
from translator.report.plan import Plan
from translator.report.render.plan import becomes, count, hours, verdict


def plan_html(plan: Plan) -> str:
    """The whole page."""
    own = room()
    own.globals.update(becomes=becomes, count=count, hours=hours, verdict=verdict)
    style = own_file("style.css") + own_file("plan.css")
    return own.get_template("plan.html.j2").render(
        plan=plan,
        style=style,
        policy=policy_of(style, ""),
        drawn=timeline(plan),
        names=NAMES,
        row_height=ROW,
        width=WIDTH,
    )
