"""A checker of certificates that shares nothing with what made them: it imports no other module of ours.

A certificate holds the rules of both sides of each port as they were read, the callers, and a claim: whether some request
is newly allowed or newly denied, or which routes win and what is done otherwise. The checker finds all kinds of requests
by means of its own (it runs the patterns of each part side by side over all strings until nothing new turns up), decides
each kind on both sides in the plainest way, and compares that with the claim. It confirms nothing that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import cache, reduce
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import product
from math import prod
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _constants as words  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Json = dict[str, Any]
_TOP, _MOST, _SIDES = 128, 2_000_000, ("before", "after")
_CHECK, _BELOW = ("path", "method"), ("server_name", "hello", "looked_up")
_BEYOND = re.compile(r"\[:|\[\[|&&|~~|--|\|\||\{,|\\[sSbBAZzpPQEC]|\(\?[^:i]|\(\?i[^)]")
_ESCAPE = "%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])"
_DOMAINS = {
    "path": (r"/[!\"$->@-~]*", rf".*(/\.{{1,2}}(/.*)?|{_ESCAPE}.*|\\.*)"),
    "method": (r"[!#$%&'*+.^_`|~0-9A-Za-z-]+",), "scheme": ("https?",), "authority": ("[a-z0-9._-]*[a-z0-9_-]",), **dict.fromkeys(("host", *_BELOW[1:]), (r"[a-z0-9_-]+(\.[a-z0-9_-]+)*",)),
}  # fmt: skip
"""What a part of a request can be: what the first covers, less what the others do. A path is taken to be in normal form,
an authority to have no port, what leaves to ask for a name; all other parts are values of headers without blanks around."""
_VALUE = (r"([!-~]([ \t!-~]*[!-~])?)?",)
_SHOWN = "plain", "tls", "certificate", "mesh"  # to a gateway: its callers
OUTSIDE: list[Json] = [{"certificate": [], "probe": False, "shows": [one]} for one in _SHOWN]
_ALL, _BYTES = {"kind": "element_prefix", "text": "/"}, {"on_unreadable": "no_match"}


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
            self._flags = tree.state.flags | (re.IGNORECASE if fold else re.ASCII)
        except (re.error, RecursionError) as error:
            raise NotUnderstood(text) from error
        if len(tree) > 1 and (tree[0][1], tree[-1][1]) == (words.AT_BEGINNING, words.AT_END):
            tree, full = tree[1:-1], True
        self._full, self.sets = full, set[int]()
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
            elif word in (words.LITERAL, words.NOT_LITERAL, words.ANY, words.IN):
                one = compiler.compile(parser.SubPattern(tree.state, [(word, inner)]), self._flags)
                held = sum(1 << n for n in range(_TOP) if one.fullmatch(chr(n)))
                self.sets.add(held)
                found += (held,)
            else:
                raise NotUnderstood(str(word))
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
        return () in reduce(self.step, text, self.start)


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


def _parts(tree: Any, key: str) -> list[Json]:
    """All pieces of some rules that have the key."""
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    own = [tree] if isinstance(tree, dict) and key in tree else []
    return [*own, *(piece for one in inner for piece in _parts(one, key))]


def _exact(text: str, *, fold: bool = False) -> Json:
    return {"kind": "exact", "text": text, "ignore_case": fold, "dialect": None}


def _stem(term: Json) -> str:
    return str(term["text"].rstrip("/") if term["kind"] == "element_prefix" else term["text"])


def _addresses(blocks: Sequence[str]) -> list[Any]:
    """An address of each kind: every block begins and ends at one of them."""
    nets = [ip_network(block, strict=False) for block in blocks]
    tried = [ip_address("10.1.0.1"), IPv4Address(0), IPv6Address(0), *(net[0] for net in nets)]
    tried += [net[-1] + 1 for net in nets if int(net[-1]) + 1 < 1 << net.max_prefixlen]
    return [*{tuple(address in net for net in nets): address for address in tried}.values()]


class _Port:
    """All kinds of requests to a port that has these rules on one side or the other; read as HTTP or not."""

    def __init__(self, sides: list[Json], callers: list[Json], *, http: bool) -> None:
        self.http, self.known = http, dict[tuple[int, int], bool]()
        checks = [check for side in _parts(sides, "checks") for check in side["checks"]]
        asked = [_exact(check["method"]) for check in checks]
        self.terms: dict[str, list[Json]] = {"path": [], "method": asked, "address": []}
        tests = _parts(sides, "of")
        who = [test for test in tests if test["of"].startswith("caller ")]
        for test in (one for one in tests if not one["of"].startswith("caller ")):
            self.terms.setdefault(test["of"], []).extend([*test["any_of"], *test["none_of"]])
        blocks = {b for t in self.terms.pop("address") for b in (t["block"], *t["excluding"])}
        stems = [t for t in self.terms["path"] if t["kind"] in ("prefix", "element_prefix")]
        self.terms["path"] += [_exact(_stem(one), fold=one["ignore_case"]) for one in stems]
        self.terms["path"] += map(_exact, ["/", *(c["path"] for c in checks)])  # "/" is as no path
        self.terms["path"] += [path for won in _parts(sides, "at") for path, _ in won["at"]]
        alike = dict[tuple[bool, ...], Json]()
        for one in callers[::-1]:
            held = (self._holds(test, {}, {"caller": one}) for test in who)
            alike[*held, bool(one["certificate"]), bool(one["probe"])] = one
        self.atoms = {"caller": [*alike.values()], "address": _addresses(sorted(blocks))}
        for slot, terms in self.terms.items():
            found = sorted(_kinds([*map(_of, terms)], _DOMAINS.get(slot, _VALUE)))
            absent = [] if slot in ("path", "method", "scheme") else [None]
            self.atoms[slot] = [*absent, *found] if http or slot in _BELOW else [None]
        if prod(map(len, self.atoms.values())) > _MOST:
            raise NotUnderstood("more kinds of requests than can be told apart")
        kinds = product(*self.atoms.values())
        self.every = (dict(zip(self.atoms, kind, strict=True)) for kind in kinds)

    def _covered(self, term: Json, slot: str, atom: Any) -> bool:
        if slot.startswith("caller "):
            return any(_of(term).covers(text) for text in atom.get(slot[7:], ()))
        if slot == "address":
            nets = [ip_network(b, strict=False) for b in (term["block"], *term["excluding"])]
            return atom in nets[0] and not any(atom in net for net in nets[1:])
        return bool(atom[self.terms[slot].index(term)])

    def _holds(self, test: Json, view: Json, at: Json) -> bool:
        part, _, name = test["of"].partition(" ")
        if not self.http and part not in ("caller", "address", *_BELOW):
            return bool(view["on_unreadable"] == "ignore_test")
        atom = at["caller" if part == "caller" else test["of"]]
        key = id(test), id(atom)
        if key not in self.known:
            there = bool(atom.get(name)) if part == "caller" else atom is not None

            def met(term: Json) -> bool:
                empty = not there and test["missing_is_empty"] and _of(term).covers("")
                return bool(empty or (there and self._covered(term, test["of"], atom)))

            wanted = {"either": True, "present": there, "absent": not there}[test["presence"]]
            some = not test["any_of"] or any(map(met, test["any_of"]))
            self.known[key] = wanted and some and not any(map(met, test["none_of"]))
        return self.known[key]

    def meets(self, ways: list[list[Json]], view: Json, at: Json) -> bool:
        return not ways or any(all(self._holds(t, view, at) for t in way) for way in ways)

    def _rule(self, rule: Json, at: Json) -> bool:
        view = rule["view"]
        if rule["asks_http"] and not self.http and view["on_unreadable"] == "skip_rule":
            return False
        each = rule["callers"], rule["requests"], [rule["always"]]
        return all(self.meets(ways, view, at) for ways in each)

    def _gate(self, gate: Json, at: Json) -> bool:
        if any(self._rule(one, at) for one in gate["refusals"]):
            return False
        granted = any(self._rule(one, at) for one in gate["grants"])
        won, view = self._winner(gate, at) if self.http else ("pass", {})
        if isinstance(won, str):
            return won == "pass" and (granted or not gate["closed"])
        return granted or any(self.meets(callers, view, at) for callers in won["admissions"])

    def _winner(self, side: Json, at: Json) -> tuple[Any, Json]:
        """The route that wins, or what is said of a request that none matches; with the view of its table."""
        about = [t for t in side["tables"] if self.meets(t["about"], t["view"], at)]
        orders, best, paths = [table["order"] for table in about], None, set[Any]()
        tops = [(t["own"], self._host(t["hosts"] * t["by_host"], at), t["place"]) for t in about]
        about = [t for t, top in zip(about, tops, strict=True) if top == max(tops)]
        for table, route in ((one, route) for one in about for route in one["routes"]):
            for way in (one for one in route["matches"] if self.meets([one], table["view"], at)):
                stands = self._standing(orders[0], [*table["hosts"], *way], at)
                terms = [t for test in way if test["of"] == "path" for t in test["any_of"]]
                paths |= {(t["kind"], t["text"]) for t in terms or [_ALL] if t["kind"] != "exact"}
                if best is None or stands > best[0]:
                    best = stands, route, table["view"]
        rest = [table["no_match"] for table in about] or [side["itself"]]
        unlike = len({*orders}) > 1 or (not best and rest[1:] != rest[:-1])
        open_ends = orders[:1] == ["specificity"] and any(kind == "regex" for kind, _ in paths)
        if unlike or (open_ends and len(paths) > 1):
            raise NotUnderstood("routes whose winner cannot be told")
        return best[1:] if best else (rest[0], {})

    def _met(self, way: list[Json], slot: str, at: Json) -> list[Json]:
        terms = (term for test in way if test["of"] == slot for term in test["any_of"])
        return [term for term in terms if at[slot] and self._covered(term, slot, at[slot])]

    def _host(self, way: list[Json], at: Json) -> tuple[int, int]:
        met = self._met(way, "authority", at)
        return max(((1 + (t["kind"] == "exact"), len(t["text"])) for t in met), default=(0, 0))

    def _standing(self, order: str, way: list[Json], at: Json) -> tuple[Any, ...]:
        """How a route stands among others: host, characters of the path, headers, parameters, method."""
        host, length, exact = self._host(way, at), 1, False
        for term in self._met(way, "path", at):
            met = (t for t in self.terms["path"] if self._covered(t, "path", at["path"]))
            whole = next((len(one["text"]) for one in met if one["kind"] == "exact"), _MOST)
            length = max(length, len(_stem(term)) if "prefix" in term["kind"] else whole)
            exact |= term["kind"] == "exact"
        slots = [test["of"].partition(" ")[0] for test in way]
        rest = slots.count("header"), slots.count("query"), "method" in slots
        most_specific = *host, exact, length, rest[-1], *rest
        return {"list": (), "rank": (*host, length, *rest), "specificity": most_specific}[order]

    def placed(self, shown: Json, callers: list[Json]) -> Json:
        """The kind that a request is of."""
        at = {"caller": callers[shown["caller"]], "address": self.atoms["address"][0]}
        for slot, terms in self.terms.items():
            told, text = None, shown.get(slot)
            if text is not None:
                inside, *outside = (Machine(one).covers(text) for one in _DOMAINS.get(slot, _VALUE))
                told = tuple(_of(t).covers(text) for t in terms) if inside > any(outside) else ()
            at[slot] = self.atoms[slot][self.atoms[slot].index(told)]
        return at

    def _served(self, side: Json, at: Json) -> tuple[str, Json]:
        """The route that wins and what it does, for whom the door lets in; else what the door does."""
        door = self._winner(side["doors"], at)[0]
        won = self._winner(side, at)[0] if door["enters"] else door
        own = [does for path, does in won["at"] if self._covered(path, "path", at["path"])]
        return won["name"], {**door["does"], **[*own, won["does"]][0]}

    def fates(self, entry: Json, at: Json) -> tuple[str, ...]:
        """The routes that win on both sides, and in what they do otherwise."""
        (was, one), (becomes, other) = (self._served(entry[side], at) for side in _SIDES)
        return was, becomes, *sorted(key for key in {**one, **other} if one[key] != other[key])

    def lets_in(self, side: Json, at: Json) -> bool:
        here = (gate for gate in side["gates"] if self.meets(gate["where"], {}, at))
        layers = {gate["layer"]: self._gate(gate, at) for gate in here}  # the last of each counts
        proven = bool(at["caller"]["certificate"]) or not side["demanded"]
        doors = {"path": layers.get("network", True), "agent": at["caller"]["probe"]}
        asked = (c for c in side["checks"] if self.http and doors[c["by"]])
        check = any(all(self._covered(_exact(c[s]), s, at[s]) for s in _CHECK) for c in asked)
        return bool(side["bypassed"] or (proven and all(layers.values())) or check)


def changes(entry: Json, callers: list[Json]) -> tuple[bool, bool]:
    """Whether some request (to one of the names, if any) is newly allowed, and whether some is newly denied."""
    ports = (_Port([entry], callers, http=http) for http in (True, False))
    kinds = ((p, at) for p in ports for at in p.every if p.meets(entry["names"], _BYTES, at))
    found = {tuple(port.lets_in(entry[side], at) for side in _SIDES) for port, at in kinds}
    return (False, True) in found, (True, False) in found


def routes(entry: Json, callers: list[Json]) -> set[tuple[str, ...]]:
    """The routes that win before and after, and in what they do otherwise, over all requests to some names."""
    shares = (one["shares"] for one in _parts(entry, "shares"))
    if {sum(Fraction(part) for *_, part in one) for one in shares} - {0, 1}:
        raise ValueError("shares that are not the whole")
    port = _Port([entry], callers, http=True)
    for one in entry["classes"]:
        at, told = port.placed(one["witness"], callers), (one["before"], one["after"])
        shown = port.meets(entry["names"], {}, at) and port.fates(entry, at)
        if shown != (*told, *one["otherwise"]):
            raise ValueError(f"the witness of {told}")
    return {port.fates(entry, at) for at in port.every if port.meets(entry["names"], {}, at)}
