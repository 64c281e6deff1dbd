"""The commands, and the one place where a run begins and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from translator.cli.config import read_settings
from translator.cli.errors import asks_for_detail, guarded
from translator.cli.flags import with_flags
from translator.cli.options import (
    Aim,
    Format,
    Gate,
    Judging,
    Reading,
    Talk,
    Telling,
    Threshold,
    Writing,
)
from translator.registry import pairs

PathArguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="Files, folders, or - for stdin.", show_default=False),
]
EstateArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME=]PATH...",
        help="Files or folders; those of one name together.",
        show_default=False,
    ),
]
From = Annotated[str, typer.Option("--from", metavar="MESH", help="The source; auto detects it.")]
To = Annotated[str, typer.Option("--to", metavar="MESH[@VERSION]", help="The target.")]

app = typer.Typer(
    name="meshmigrate",
    help="Translates service-mesh configuration, with an account of every value.",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Options may also be set in meshmigrate.yaml or in [tool.meshmigrate] of "
    "pyproject.toml, and as MESHMIGRATE_FAIL_ON and the like.",
)


def _show_version(given: bool) -> None:  # noqa: FBT001  # called by typer
    if given:
        raise typer.Exit(show_version())


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show it.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Translates service-mesh configuration, with an account of every value."""


def _pair(source: str, target: str) -> Callable[..., int]:
    """The command of one pair."""

    def command(
        reading: Reading,
        aim: Aim,
        gate: Gate,
        writing: Writing,
        talk: Talk,
        paths: PathArguments = None,
    ) -> int:
        from translator.cli.translate import run_translation

        return run_translation(source, target, paths or [], reading, aim, gate, writing, talk)

    command.__doc__ = f"Translate {source} manifests to {target}."
    return command


for _source, _target in pairs():
    app.command(f"{_source}-to-{_target}")(with_flags(_pair(_source, _target)))


@app.command("convert")
@with_flags
def convert(  # noqa: PLR0913, PLR0917  # its options
    reading: Reading,
    aim: Aim,
    gate: Gate,
    writing: Writing,
    talk: Talk,
    to: To,
    paths: PathArguments = None,
    from_: From = "auto",
) -> int:
    """Translate manifests from one mesh to another."""
    from translator.cli.translate import run_translation

    return run_translation(from_, to, paths or [], reading, aim, gate, writing, talk)


@app.command("why")
@with_flags
def why(
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="The value asked about.")],
    reading: Reading,
    aim: Aim,
    to: To,
    paths: PathArguments = None,
    from_: From = "auto",
) -> int:
    """Show what became of the values on one line, and why."""
    from translator.cli.why import run_why

    return run_why(place, paths or [], from_, to, reading, aim)


@app.command("verify")
@with_flags
def verify(  # noqa: PLR0913, PLR0917  # its options
    reading: Reading,
    aim: Aim,
    talk: Talk,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A file, a folder, or -.")] = "",
    after: Annotated[str, typer.Argument(metavar="AFTER", help="What to compare with.")] = "",
    from_: Annotated[
        str, typer.Option("--from", metavar="MESH", help="The mesh of BEFORE; auto detects it.")
    ] = "auto",
    to: Annotated[
        str, typer.Option("--to", metavar="MESH[@VERSION]", help="The mesh of AFTER; the same.")
    ] = "auto",
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text, json or markdown.")
    ] = "text",
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="FILE", help="Write it too: .json, .md or .txt."),
    ] = None,
    certificate: Annotated[
        str, typer.Option("--certificate", metavar="FILE", help="Write a certificate: .json.")
    ] = "",
    check: Annotated[
        str, typer.Option("--check", metavar="FILE", help="Judge a certificate; needs no sides.")
    ] = "",
    fail_on: Annotated[
        Threshold, typer.Option("--fail-on", help="End with 3 for open questions from here on.")
    ] = Threshold.HIGH,
    *,
    overlay: Annotated[
        bool, typer.Option("--overlay", help="AFTER is applied over BEFORE: the rest stays.")
    ] = False,
) -> int:
    """Compare what two trees of manifests do, exactly, over all requests."""
    if check:
        from translator.cli.check import run_check

        return run_check(check)
    from translator.cli.verify import Wanted, run_verify

    if not before or not after:
        message = "name what is to be compared: BEFORE and AFTER, or a certificate with --check."
        raise typer.BadParameter(message)
    wanted = Wanted(form, tuple(report or ()), certificate, fail_on)
    sides, meshes = (before, after), (from_, to)
    return run_verify(sides, meshes, wanted, reading, aim, talk, overlay=overlay)


@app.command("audit")
@with_flags
def audit(  # noqa: PLR0913, PLR0917  # its options
    reading: Reading,
    judging: Judging,
    telling: Telling,
    talk: Talk,
    paths: EstateArguments = None,
    from_: From = "auto",
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="MESH[@VERSION]", help="A target; repeatable; else all."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text, json, markdown, csv or html.")
    ] = "text",
) -> int:
    """Show what is in manifests and what each target would make of them."""
    from translator.cli.audit import run_audit

    return run_audit(paths or [], from_, to or [], form, reading, judging, telling, talk)


@app.command("plan")
@with_flags
def plan(  # noqa: PLR0913, PLR0917  # its options
    reading: Reading,
    aim: Aim,
    talk: Talk,
    to: To,
    paths: PathArguments = None,
    from_: From = "auto",
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="markdown, text, json or html.")
    ] = "markdown",
    output_dir: Annotated[
        str, typer.Option("-o", "--output-dir", metavar="DIR", help="Write the waves there.")
    ] = "",
    report: Annotated[
        list[str] | None,
        typer.Option("--report", metavar="FILE", help="Write it too: .html, .md, .json or .txt."),
    ] = None,
    actuals: Annotated[
        str, typer.Option("--actuals", metavar="FILE", help="What work took so far: .json.")
    ] = "",
    flows: Annotated[
        str,
        typer.Option("--flows", metavar="FILE", help="Calls seen: Hubble's or Prometheus' JSON."),
    ] = "",
    fail_on: Annotated[
        Threshold, typer.Option("--fail-on", help="End with 3 from this severity on.")
    ] = Threshold.NEVER,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
) -> int:
    """Plan the way from one mesh to another, wave by wave, each checked."""
    from translator.cli.plan import Wanted, run_plan

    wanted = Wanted(form, output_dir, tuple(report or ()), actuals, flows, fail_on, force)
    return run_plan(paths or [], (from_, to), wanted, reading, aim, talk)


@app.command("ir")
@with_flags
def ir(
    reading: Reading,
    paths: PathArguments = None,
    from_: From = "auto",
    form: Annotated[Format, typer.Option("--format", help="The form.")] = Format.YAML,
) -> int:
    """Show the neutral model of manifests."""
    from translator.cli.neutral import run_neutral

    return run_neutral(paths or [], from_, reading, form)


@app.command("capabilities")
def capabilities(
    from_: From = "",
    to: To = "",
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text, json or markdown.")
    ] = "text",
) -> int:
    """Show what the targets can say."""
    from translator.cli.matrix import run_capabilities

    return run_capabilities(from_, to, form)


@app.command("explain")
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as MM301.")] = "",
    *,
    every: Annotated[bool, typer.Option("--list", help="All codes with their titles.")] = False,
) -> int:
    """Show the page of a finding."""
    from translator.cli.pages import run_explain

    return run_explain(code, every=every)


@app.command("schema")
def schema(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="report, audit, plan, ir or config.")],
) -> int:
    """Print a JSON Schema."""
    from translator.cli.pages import run_schema

    return run_schema(what)


@app.command("version")
def show_version() -> int:
    """Show the version."""
    from translator.cli.pages import run_version

    return run_version()


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)

    configured = [
        *(f"{a}-to-{b}" for a, b in pairs()),
        "convert",
        "why",
        "verify",
        "audit",
        "plan",
        "ir",
    ]

    def start() -> object:
        asked = any(name in given for name in configured)
        settings = read_settings(Path()) if asked else {}
        return typer.main.get_command(app).main(
            given,
            prog_name="meshmigrate",
            standalone_mode=False,
            default_map=dict.fromkeys(configured, settings),
        )

    return guarded(start, verbose=asks_for_detail(given))
