"""What a route of the target can ask of headers and hosts, and what the source may have seen where it is met.

An **axis** is one header, or the host. Its **options** are what routes can tell apart: the first is a request that no
other option is met by. To each option belong all **signatures** that the source may have seen there: which of the rules'
languages the value is in, a bit each. Whoever grants something to an option grants only what all of its signatures have,
so that nothing gets wider where the two meshes see a value differently:

- a header is compared by the source with all its values joined by commas (envoy source/common/http/header_utility.cc
  ``getAllOfHeaderAsString``), by the target value by value, and by regular expressions only where the value is visible
  ASCII (linkerd2-proxy linkerd/http/route/src/http/match/header.rs, 2.20). What a regular expression says may therefore
  slip past into the first option.
- a host is compared by the source as it is written, with its port; by the target without the port and without the dot
  at its end (linkerd2-proxy linkerd/http/route/src/http/match/host.rs, 2.20).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ir.language import HEADER_VALUE, Dialect, Language, atoms
from ir.match import Pattern, PatternKind, RegexDialect
from translator.exporters.linkerd.legalise.rules import Rule
from translator.exporters.routes.expressions import LIMIT

HOST = ""
"""The key of the axis of hosts; other keys are names of headers."""

AUTHORITY = Language.regex("[!-~]*", Dialect.RE2_FULL)
"""Authorities that the source takes at all (envoy source/common/http/header_utility.cc ``authorityIsValid``)."""

_HOSTNAME = re.compile(r"(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\.)*[a-z0-9](?:[-a-z0-9]*[a-z0-9])?\Z")
_ADDRESS = re.compile(r"[0-9.]+\Z")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that routes can tell apart; ``pattern`` is absent for what no other option is.

    ``spelt``: the target takes other spellings for the same that the source's rules may not know (a repeated header, a
    dot at the end of a host).
    """

    pattern: Pattern | None
    signatures: frozenset[int]
    spelt: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """A header, or the host, with the languages that rules ask about."""

    key: str
    languages: tuple[Language, ...]
    options: tuple[Option, ...]

    def bit(self, language: Language) -> int:
        """The place of a language in signatures."""
        return next(n for n, one in enumerate(self.languages) if one is language)


def axes_of(rules: Sequence[Rule]) -> tuple[Axis, ...]:
    """The axes of some rules: the host first, then headers by name.

    Raises:
        ir.language.Opaque: a pattern has no exact language, or an option needs too long an expression.
    """
    found = []
    hosts = _distinct(language for rule in rules for language, _ in rule.hosts)
    if hosts:
        found.append(_host_axis(hosts, [p for rule in rules for p in rule.host_patterns]))
    for name in sorted({header.name for rule in rules for header in rule.headers}):
        languages = _distinct(h.language for r in rules for h in r.headers if h.name == name)
        found.append(_header_axis(name, languages))
    return tuple(found)


def _distinct(languages: Iterable[Language]) -> tuple[Language, ...]:
    return tuple({id(language): language for language in languages}.values())


def _part(languages: Sequence[Language], signature: int) -> Language:
    whole = Language.anything()
    for number, one in enumerate(languages):
        whole = whole & (one if signature >> number & 1 else ~one)
    return whole


def _header_axis(name: str, languages: tuple[Language, ...]) -> Axis:
    options: list[Option] = []
    others = {0}
    for atom in atoms(languages):
        if not atom.signature:
            continue
        part = _part(languages, atom.signature)
        plain = part & HEADER_VALUE
        witness = plain.witness()
        text = "" if witness is None else witness.decode("ascii")
        if "," not in text and text and part.equals(Language.exact(text)):
            pattern = Pattern(PatternKind.EXACT, text)
        else:
            others.add(atom.signature)
            if witness is None:
                continue
            said = part.to_regex(Dialect.RUST_SPAN, limit=LIMIT, within=HEADER_VALUE)
            pattern = Pattern(PatternKind.REGEX, said, dialect=RegexDialect.RUST_SPAN)
        options.append(Option(pattern, frozenset((atom.signature,)), spelt=True))
    return Axis(name, languages, (Option(None, frozenset(others)), *options))


def _host_axis(languages: tuple[Language, ...], patterns: Sequence[Pattern]) -> Axis:
    """The hosts that some pattern names, the most particular first."""
    names = list(dict.fromkeys(n for p in patterns for n in _hostnames(p)))
    names.sort(key=lambda n: (n.kind is not PatternKind.EXACT, -len(n.text), n.text))
    strict = [_region(n, r"(?::[0-9]*)?") for n in names]
    loose = [_region(n, r"\.?(?::[0-9]*)?", r"(?:[^@]*@)?") for n in names]
    many = len(languages)
    seen: list[set[int]] = [set() for _ in (*names, None)]
    spelt = [False for _ in names]
    for atom in atoms((*languages, *strict, *loose), within=AUTHORITY):
        own = atom.signature & ((1 << many) - 1)
        taken = (n for n in range(len(names)) if _in(atom.signature, many + len(names) + n))
        place = next(taken, None)
        if place is None:
            seen[-1].add(own)
        elif own or _in(atom.signature, many + place):
            seen[place].add(own)
        else:
            spelt[place] = True
    seen[-1].add(0)
    options = (
        Option(name, frozenset(signatures), strange)
        for name, signatures, strange in zip(names, seen, spelt, strict=False)
    )
    return Axis(HOST, languages, (Option(None, frozenset(seen[-1])), *options))


def _in(signature: int, bit: int) -> bool:
    return bool(signature >> bit & 1)


def _hostnames(pattern: Pattern) -> Iterator[Pattern]:
    """The host that a pattern on the authority is about, if the target can name it."""
    text = pattern.text.lower()
    if pattern.kind is PatternKind.EXACT or (
        pattern.kind is PatternKind.PREFIX and text.endswith(":")
    ):
        host = re.sub(r":[0-9]*\Z", "", text)
        if _HOSTNAME.match(host) and not _ADDRESS.match(host):
            yield Pattern(PatternKind.EXACT, host, ignore_case=True)
    elif pattern.kind is PatternKind.SUFFIX and text.startswith(".") and _HOSTNAME.match(text[1:]):
        yield Pattern(PatternKind.SUFFIX, text, ignore_case=True)


def _region(name: Pattern, after: str, before: str = "") -> Language:
    """The authorities that the target takes for this host."""
    stem = "".join(f"[{c}{c.upper()}]" if c.isalpha() else f"[{c}]" for c in name.text)
    if name.kind is PatternKind.SUFFIX:
        before = f"{before}[!-~]+"
    return Language.regex(f"{before}{stem}{after}", Dialect.RE2_FULL)
