"""A checker of certificates that shares nothing with what made them: it imports no other module of ours.

A certificate holds, for each port, the rules of both sides as they were read, the callers, and the claim whether some
request is newly allowed or newly denied. The checker finds all kinds of requests by means of its own (it runs the
patterns of each part side by side over all strings until nothing new turns up), decides each kind on both sides in the
plainest way, and compares what it finds with the claim. What it does not understand it does not confirm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import product
from math import prod
from re import _constants as words  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]  # it parses; nothing is matched by it
from typing import Any

Json = dict[str, Any]
_TOP, _MOST = 128, 2_000_000
_ASCII = (1 << _TOP) - 1
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_BEYOND = re.compile(r"\[:|\[\[|&&|~~|--|\|\||\{,|\\[sSbBAZzpPQEC]|\(\?[^:i]|\(\?i[^)]")
_ESCAPE = "%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])"
_DOMAINS = {
    "path": (r"/[!\"$->@-~]*", rf".*(/\.{{1,2}}(/.*)?|{_ESCAPE}.*|\\.*)"),
    "method": (r"[!#$%&'*+.^_`|~0-9A-Za-z-]+",),
    "scheme": ("https?",),
    "authority": ("[a-z0-9._-]*[a-z0-9_-]",),
}
"""What a part of a request can be: what the first covers, less what the others do. A path is taken to be in normal form,
an authority to have no port; all other parts are values of headers, without blanks at their ends.
"""
_VALUE = (r"([!-~]([ \t!-~]*[!-~])?)?",)


class NotUnderstood(Exception):  # noqa: N818  # it names what happened
    """A piece of the certificate that this checker cannot judge."""


class Machine:
    """A regular expression that reads one character after the other: known is what may still follow, the best first.

    ``full``: it covers a string after which nothing need follow. Else that ends all that is worse, so that only the best
    way counts, and it must read the whole (leftmost-first search).
    """

    def __init__(self, text: str, *, full: bool = True, fold: bool = False) -> None:
        try:
            tree = parser.parse(text, re.ASCII)
            flags = tree.state.flags
        except (re.error, RecursionError) as error:
            raise NotUnderstood(text) from error
        if len(tree) > 1 and (tree[0][1], tree[-1][1]) == (words.AT_BEGINNING, words.AT_END):
            tree, full = tree[1:-1], True
        self._full, self._fold = full, fold or bool(flags & re.IGNORECASE)
        self.sets: set[int] = set()
        self.start = self._rests([self._built(tree)])

    def _built(self, tree: Any) -> Any:
        """A sequence of sets of characters, of choices (``"or"``) and of repetitions (``"star"``)."""
        found: tuple[Any, ...] = ()
        for word, inner in tree:
            if word is words.BRANCH:
                found += (("or", *(self._built(one) for one in inner[1])),)
            elif word is words.SUBPATTERN and not inner[1] and not inner[2]:
                found += self._built(inner[3])
            elif word in (words.MAX_REPEAT, words.MIN_REPEAT):
                found += self._repeated(inner, 1 if word is words.MAX_REPEAT else -1)
            else:
                held = _characters(word, inner)
                letters = (chr(n) for n in range(_TOP if self._fold else 0) if held >> n & 1)
                held |= _among("".join(one.swapcase() for one in letters))
                self.sets.add(held)
                found += (held,)
        return found

    def _repeated(self, inner: Any, order: int) -> Any:
        least, most, again = inner
        body, more = self._built(again), tuple[Any, ...]()
        if most is words.MAXREPEAT:
            return body * least + (("star", order, body),)
        for _ in range(most - least):
            more = (("or", *((*body, *more), ())[::order]),)
        return body * least + more

    def _rests(self, starts: Sequence[Any]) -> Any:
        found, seen, stack = dict[Any, None](), set[Any](), [*starts[::-1]]
        while stack:
            rest = stack.pop()
            if rest in seen:
                continue
            seen.add(rest)
            if not rest or isinstance(rest[0], int):
                found[rest] = None
                if not (rest or self._full):
                    break
            elif rest[0][0] == "or":
                stack += [(*way, *rest[1:]) for way in rest[0][:0:-1]]
            else:
                _, order, body = rest[0]
                stack += [rest[1:], (*body, *rest)][::order]
        return frozenset(found) if self._full else tuple(found)

    def step(self, known: Any, char: str) -> Any:
        """What is known after one more character."""
        return self._rests([rest[1:] for rest in known if rest and rest[0] >> ord(char) & 1])

    def covers(self, text: str) -> bool:
        """Whether the text is covered."""
        known = self.start
        for char in text:
            known = self.step(known, char)
        return () in known


def _among(letters: str) -> int:
    return sum(1 << ord(one) for one in dict.fromkeys(letters))


def _characters(word: Any, inner: Any) -> int:
    if word is words.RANGE and inner[1] < _TOP:
        return sum(1 << n for n in range(inner[0], inner[1] + 1))
    if word is words.ANY or (word in (words.LITERAL, words.NOT_LITERAL) and inner < _TOP):
        one = 1 << (ord("\n") if word is words.ANY else int(inner))
        return one if word is words.LITERAL else _ASCII & ~one
    if word is words.CATEGORY and str(inner) in ("CATEGORY_DIGIT", "CATEGORY_WORD"):
        return _among("0123456789" + (_LETTERS if str(inner) == "CATEGORY_WORD" else ""))
    if word is not words.IN:
        raise NotUnderstood(str(word))
    negated, found = inner[0][0] is words.NEGATE, 0
    for one in inner[negated:]:
        found |= _characters(*one)
    return _ASCII & ~found if negated else found


@cache
def _machine(kind: str, text: str, dialect: str | None, *, fold: bool) -> Machine:
    if kind == "regex":
        if _BEYOND.search(text.replace("\\\\", "")) or not text.isascii() or dialect == "go_search":
            raise NotUnderstood(text)
        return Machine(text, full=dialect != "rust_span", fold=fold)
    plain, stem, wild = re.escape(text), re.escape(text.rstrip("/")), {"{*}": "[^/]+", "{**}": ".*"}
    written = {
        "exact": plain, "prefix": f"{plain}.*", "suffix": f".*{plain}", "contains": f".*{plain}.*",
        "element_prefix": f"{stem}(/.*)?" if stem else ".*", "non_empty": ".+",
        "glob": ".*".join(map(re.escape, text.split("*"))),
        "template": "/".join(wild.get(part, re.escape(part)) for part in text.split("/")),
    }  # fmt: skip
    return Machine(written[kind], fold=fold)


def _of(term: Json) -> Machine:
    return _machine(term["kind"], term["text"], term["dialect"], fold=term["ignore_case"])


def _kinds(machines: Sequence[Machine], domain: Sequence[str]) -> set[tuple[bool, ...]]:
    """All combinations of answers that the machines give to a string of the domain."""
    every, inside = [*machines, *map(Machine, domain)], len(machines)
    sets = sorted({one for machine in every for one in machine.sets})
    alphabet = {tuple(one >> n & 1 for one in sets): chr(n) for n in range(9, 127)}
    queue, found = [tuple(one.start for one in every)], set()
    seen = {*queue}
    for state in queue:
        told = [() in known for known in state]
        if told[inside] and not any(told[inside + 1 :]):
            found.add(tuple(told[:inside]))
        for char in alphabet.values():
            after = tuple(one.step(known, char) for one, known in zip(every, state, strict=True))
            if after[inside] and after not in seen:
                seen.add(after)
                queue.append(after)
        if len(seen) > _MOST // 10:
            raise NotUnderstood("more states than can be told apart")
    return found


def _parts(tree: Any, key: str) -> Iterator[Json]:
    """All pieces of some rules that have the key."""
    if isinstance(tree, dict) and key in tree:
        yield tree
    for inner in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from _parts(inner, key)


def _exact(text: str, *, fold: bool = False) -> Json:
    return {"kind": "exact", "text": text, "ignore_case": fold, "dialect": None}


def _stem(term: Json) -> str:
    return str(term["text"].rstrip("/") if term["kind"] == "element_prefix" else term["text"])


def _addresses(blocks: Sequence[str]) -> list[Any]:
    """An address of each kind: every block begins and ends at one of them."""
    nets = [ip_network(block, strict=False) for block in blocks]
    ends = [(net, int(net.broadcast_address) + 1) for net in nets]
    tried = [
        ip_address("10.1.0.1"),
        IPv4Address(0),
        IPv6Address(0),
        *(n.network_address for n in nets),
    ]
    tried += [type(n.network_address)(end) for n, end in ends if end < 1 << n.max_prefixlen]
    return [*{tuple(address in net for net in nets): address for address in tried}.values()]


class _Port:
    """All kinds of requests to a port that has these rules on one side or the other; read as HTTP or not."""

    def __init__(self, sides: list[Json], callers: list[Json], *, http: bool) -> None:
        self.http, self.known = http, dict[tuple[int, int], bool]()
        self.terms: dict[str, list[Json]] = {"path": [], "method": [_exact("GET")], "address": []}
        tests = [*_parts(sides, "of")]
        who = [test for test in tests if test["of"].startswith("caller ")]
        for test in (one for one in tests if not one["of"].startswith("caller ")):
            self.terms.setdefault(test["of"], []).extend([*test["any_of"], *test["none_of"]])
        blocks = {b for t in self.terms.pop("address") for b in (t["block"], *t["excluding"])}
        self.terms["path"] += [_exact(path) for side in sides for path in side["probed"]]
        stems = [t for t in self.terms["path"] if t["kind"] in ("prefix", "element_prefix")]
        self.terms["path"] += [_exact(_stem(one), fold=one["ignore_case"]) for one in stems]
        self.terms["path"] += [_exact("/")]  # where no path asked for counts as much as one
        alike = {
            (
                *(self._holds(test, {}, {"caller": one}) for test in who),
                *map(bool, one.values()),
            ): one
            for one in callers
        }
        self.atoms = {"caller": [*alike.values()], "address": _addresses(sorted(blocks))}
        for slot, terms in self.terms.items():
            found = sorted(_kinds([*map(_of, terms)], _DOMAINS.get(slot, _VALUE)))
            absent = [] if slot in ("path", "method", "scheme") else [None]
            self.atoms[slot] = [*absent, *found] if http or slot == "server_name" else [None]
        if prod(map(len, self.atoms.values())) > _MOST:
            raise NotUnderstood("more kinds of requests than can be told apart")

    def _covered(self, term: Json, slot: str, atom: Any) -> bool:
        if slot.startswith("caller "):
            return any(_of(term).covers(text) for text in atom[slot[7:]])
        if slot == "address":
            own, *others = (
                atom in ip_network(b, strict=False) for b in (term["block"], *term["excluding"])
            )
            return own and not any(others)
        return bool(atom[self.terms[slot].index(term)])

    def _holds(self, test: Json, view: Json, at: Json) -> bool:
        part, _, name = test["of"].partition(" ")
        if not self.http and part not in ("caller", "address", "server_name"):
            return bool(view["on_unreadable"] == "ignore_test")
        atom = at["caller" if part == "caller" else test["of"]]
        key = id(test), id(atom)
        if key not in self.known:
            there = bool(atom[name]) if part == "caller" else atom is not None
            some, bar = (
                [
                    self._covered(term, test["of"], atom)
                    if there
                    else test["missing_is_empty"] and _of(term).covers("")
                    for term in test[which]
                ]
                for which in ("any_of", "none_of")
            )
            wanted = {"either": True, "present": there, "absent": not there}[test["presence"]]
            self.known[key] = wanted and not any(bar) and (not some or any(some))
        return self.known[key]

    def _any(self, ways: list[list[Json]], view: Json, at: Json) -> bool:
        return not ways or any(all(self._holds(test, view, at) for test in way) for way in ways)

    def _rule(self, rule: Json, at: Json) -> bool:
        view = rule["view"]
        if rule["asks_http"] and not self.http and view["on_unreadable"] == "skip_rule":
            return False
        each = rule["callers"], rule["requests"], [rule["always"]]
        return all(self._any(ways, view, at) for ways in each)

    def _gate(self, gate: Json, at: Json) -> bool:
        if any(self._rule(one, at) for one in gate["refusals"]):
            return False
        granted = any(self._rule(one, at) for one in gate["grants"])
        door, best = granted or not gate["closed"], None
        if not gate["guards"] or not self.http:
            return door
        for guard, passage in ((g, p) for g in gate["guards"] for p in g["passages"]):
            for way in (w for w in passage["matches"] if self._any([w], guard["view"], at)):
                stands = self._standing(guard["order"], way, at)
                if best is None or stands > best[0]:
                    best = stands, guard["view"], passage["admissions"]
        if best is None:
            return door and gate["guards"][0]["no_match"] == "pass"
        return granted or any(self._any(callers, best[1], at) for callers in best[2])

    def _standing(self, order: str, way: list[Json], at: Json) -> tuple[Any, ...]:
        """How a route stands among others: host, characters of the path, headers, parameters, method."""
        if order not in ("list", "rank"):
            raise NotUnderstood(order)
        host, length, slots = (0, 0), 1, [test["of"].partition(" ")[0] for test in way]
        for slot, term in ((test["of"], term) for test in way for term in test["any_of"]):
            if slot not in ("authority", "path") or at[slot] is None:
                continue
            if slot == "authority" and self._covered(term, slot, at[slot]):
                host = max(host, (2 if term["kind"] == "exact" else 1, len(term["text"])))
            elif slot == "path" and self._covered(term, slot, at[slot]):
                met = (t for t in self.terms[slot] if self._covered(t, slot, at[slot]))
                whole = next((len(one["text"]) for one in met if one["kind"] == "exact"), _MOST)
                length = max(length, len(_stem(term)) if "prefix" in term["kind"] else whole)
        counts = slots.count("header"), slots.count("query"), "method" in slots
        return () if order == "list" else (*host, length, *counts)

    def lets_in(self, side: Json, at: Json) -> bool:
        layers = {gate["layer"]: self._gate(gate, at) for gate in side["gates"]}
        proven = bool(at["caller"]["certificate"]) or not side["demanded"]
        asked = [*map(_exact, side["probed"])] if self.http else []
        check = any(self._covered(one, "path", at["path"]) for one in asked)
        check = check and self._covered(_exact("GET"), "method", at["method"])
        return (
            side["bypassed"]
            or (proven and all(layers.values()))
            or (check and side["open_probes"] and layers.get("network", True))
            or (check and side["rewritten_probes"] and bool(at["caller"]["probe"]))
        )


def changes(before: Json, after: Json, callers: list[Json]) -> tuple[bool, bool]:
    """Whether some request is newly allowed at a port, and whether some is newly denied.

    Raises:
        NotUnderstood: it cannot be told.
    """
    more = less = False
    for port in (_Port([before, after], callers, http=http) for http in (True, False)):
        for chosen in product(*port.atoms.values()):
            at = dict(zip(port.atoms, chosen, strict=True))
            was, becomes = port.lets_in(before, at), port.lets_in(after, at)
            more, less = more or (becomes and not was), less or (was and not becomes)
    return more, less
