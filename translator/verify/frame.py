"""The space of requests that two configurations of one port tell apart, and where each condition holds in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from ir.access import Evidence
from ir.behaviour.languages import language_of
from ir.behaviour.precedence import stems
from ir.behaviour.stages import Access, Condition, Rule, Way
from ir.language import Language, Opaque
from ir.match import (
    HTTP_PARTS,
    Cidr,
    Part,
    PathForm,
    Pattern,
    PatternKind,
    Presence,
    Term,
    Unreadable,
    View,
)
from translator.verify.callers import CALLER_DIMENSION, World
from translator.verify.dimensions import (
    Paths,
    Strings,
    addresses_of,
    hosts_of,
    methods_of,
    paths_of,
    strings,
    values_of,
)
from translator.verify.holding import Seen, callers_meeting, classes, holding
from translator.verify.space import Space, Sure, sure

CALLER, ADDRESS, SERVER_NAME, SCHEME, PATH, METHOD, AUTHORITY, FIRST_NAME = range(8)
"""The dimensions in order; headers and query parameters follow, each with one of its own."""

_ADDRESSES = frozenset((Part.PEER_ADDRESS, Part.CLIENT_ADDRESS))
_CALLS = {Part.RPC_SERVICE: "/{}(?:/.*)?", Part.RPC_METHOD: "/[^/]*/{}(?:/.*)?"}
_TOKENS = frozenset((Part.TOKEN_PRINCIPAL, Part.TOKEN_AUDIENCE, Part.TOKEN_CLAIM))
_PLAIN = {Part.SERVER_NAME: SERVER_NAME, Part.SCHEME: SCHEME, Part.METHOD: METHOD}

GET = Pattern(PatternKind.EXACT, "GET")
POST = Pattern(PatternKind.EXACT, "POST")

Name = tuple[Part, str]


@dataclass(slots=True)
class Asked:
    """All patterns that are in play, by dimension."""

    callers: set[Seen] = field(default_factory=set)
    blocks: set[Cidr] = field(default_factory=set)
    server_names: set[Pattern] = field(default_factory=set)
    schemes: set[Pattern] = field(default_factory=set)
    paths: set[tuple[Pattern, PathForm]] = field(default_factory=set)
    methods: set[Pattern] = field(default_factory=lambda: {GET})
    hosts: set[tuple[Pattern, bool]] = field(default_factory=set)
    names: dict[Name, set[Pattern]] = field(default_factory=dict)
    parts: set[Part] = field(default_factory=set)
    """Parts that may be absent and that some condition looks at, be it for their presence alone."""

    def add(self, seen: Seen) -> None:
        """Notes the patterns of a condition."""
        condition, view, _ = seen
        part = condition.part
        patterns = {t for t in (*condition.any_of, *condition.none_of) if isinstance(t, Pattern)}
        self.parts.add(Part.AUTHORITY if _is_host(condition) else part)
        if part in CALLER_DIMENSION:
            self.callers.add(seen)
        elif part in _ADDRESSES:
            self.blocks.update(
                t for t in (*condition.any_of, *condition.none_of) if isinstance(t, Cidr)
            )
        elif part is Part.PATH:
            self.paths.update((p, view.path) for p in patterns)
        elif part in _CALLS:
            self.paths.update((_call(part, p), PathForm.RAW) for p in patterns)
            self.methods.add(POST)
        elif part is Part.METHOD:
            self.methods.update(patterns)
        elif part is Part.AUTHORITY or _is_host(condition):
            self.hosts.update((p, view.authority_has_port) for p in patterns)
        elif part in (Part.HEADER, Part.QUERY):
            self.names.setdefault((part, condition.name), set()).update(patterns)
        elif part is Part.SERVER_NAME:
            self.server_names.update(patterns)
        elif part is Part.SCHEME:
            self.schemes.update(patterns)

    def add_hosts(self, patterns: Iterable[Pattern], view: View) -> None:
        """Notes the hosts that a table is for."""
        for one in patterns:
            self.parts.add(Part.AUTHORITY)
            self.hosts.add((one, view.authority_has_port))


def _is_host(condition: Condition) -> bool:
    return condition.part is Part.HEADER and condition.name == "host"


def _call(part: Part, pattern: Pattern) -> Pattern:
    """Paths of the remote calls whose service or method is the one named.

    Raises:
        Opaque: the pattern is not one name.
    """
    if pattern.kind is not PatternKind.EXACT or pattern.ignore_case or "/" in pattern.text:
        raise Opaque("a pattern on a remote call that is not one name")
    text = "".join(c if c.isalnum() or c == "_" else f"\\x{ord(c):02x}" for c in pattern.text)
    return Pattern(PatternKind.REGEX, _CALLS[part].format(text))


def _rules(access: Access) -> Iterator[Rule]:
    yield from access.outside
    for gate in access.gates:
        yield from (*gate.refusals, *gate.grants)
    for one in access.exits:
        yield from (*one.refusals, *one.grants)


def callers_of(access: Access) -> Iterator[Way]:
    """The alternatives by which the access tells callers apart."""
    for rule in _rules(access):
        yield from rule.callers
        yield rule.always
    for one in access.exits:
        yield from one.closed


def conditions(access: Access) -> Iterator[Seen]:
    """All conditions on which the access rests."""
    for rule in _rules(access):
        for condition in chain(*rule.callers, *rule.requests, rule.always):
            yield condition, rule.view, rule.evidence
    for way in (way for one in access.exits for way in one.closed):
        yield from ((condition, View(), Evidence.LABEL) for condition in way)
    for guard in (guard for gate in access.gates for guard in gate.guards):
        for passage in guard.passages:
            for condition in chain(*passage.matches, *chain(*passage.admissions)):
                yield condition, guard.view, Evidence.CERTIFICATE


def asked_of(*both: Access) -> Asked:
    """The patterns of two sides together.

    Raises:
        Opaque: a pattern is not known exactly.
    """
    asked = Asked()
    for access in both:
        for seen in conditions(access):
            asked.add(seen)
        checks = (*access.probed, *access.called)
        asked.paths.update((Pattern(PatternKind.EXACT, p), PathForm.RAW) for p in checks)
        asked.methods.update((POST,) if access.called else ())
        for guard in (guard for gate in access.gates for guard in gate.guards):
            ways = [way for passage in guard.passages for way in passage.matches]
            asked.paths.update((stem, guard.view.path) for stem in stems(ways))
    return asked


PLAIN_QUERY = "a query has no escapes and no parameter twice"
"""What is taken for granted where a rule asks for parameters."""


class Frame:
    """The space of all requests, read as HTTP or not, that some patterns tell apart."""

    def __init__(
        self,
        asked: Asked,
        world: World,
        *,
        http: bool,
        audiences: Iterable[int] = (),
        by_form: bool = False,
    ) -> None:
        """Finds the atoms of every dimension; ``audiences``: sets of callers to be told apart too.

        ``by_form``: paths in normal form are told from others too.

        Raises:
            Opaque: a pattern is not known exactly, or too much has to be told apart.
        """
        self.world = world
        self.http = http
        self.callers = classes(asked.callers, audiences, world)
        self.addresses = addresses_of(frozenset(asked.blocks))
        self.server_names = values_of(frozenset(asked.server_names))
        self.paths: Paths = paths_of(
            frozenset(asked.paths) if http else frozenset(), by_form=by_form
        )
        nothing: frozenset[Pattern] = frozenset()
        self.methods = methods_of(frozenset(asked.methods) if http else nothing)
        self.hosts = hosts_of(frozenset(asked.hosts if http else ()))
        self.schemes = strings(
            asked.schemes if http else (), _language, _SCHEMES, absent=False, prefer=("http",)
        )
        self.names: dict[Name, Strings] = {
            name: values_of(frozenset(patterns))
            for name, patterns in sorted(asked.names.items() if http else ())
        }
        sizes = (
            len(self.callers),
            len(self.addresses.samples),
            len(self.server_names.samples) if Part.SERVER_NAME in asked.parts else 1,
            len(self.schemes.samples),
            len(self.paths.atoms),
            len(self.methods.samples),
            len(self.hosts.samples) if Part.AUTHORITY in asked.parts and http else 1,
            *(len(values.samples) for values in self.names.values()),
        )
        self.space = Space(sizes)
        self._known: dict[Seen, Sure] = {}

    # --- where conditions hold -------------------------------------------------------------------

    def rule(self, rule: Rule) -> Sure:
        """Where the rule holds."""
        if rule.asks_http and not self.http and rule.view.on_unreadable is Unreadable.SKIP_RULE:
            return sure(0)
        return (
            self.any_way(rule.callers, rule.view, rule.evidence)
            & self.any_way(rule.requests, rule.view, rule.evidence)
            & self.way(rule.always, rule.view, rule.evidence)
        )

    def any_way(self, ways: Iterable[Way], view: View, evidence: Evidence) -> Sure:
        """Where one of the alternatives holds; none at all always do."""
        found = [self.way(way, view, evidence) for way in ways]
        whole = sure(0 if found else self.space.full)
        for one in found:
            whole |= one
        return whole

    def way(self, way: Way, view: View, evidence: Evidence) -> Sure:
        """Where all conditions hold."""
        found = sure(self.space.full)
        for condition in way:
            found &= self.condition((condition, view, evidence))
        return found

    def condition(self, seen: Seen) -> Sure:
        """Where one condition holds; in doubt where a plain request does not tell."""
        if seen not in self._known:
            self._known[seen] = self._condition(seen)
        return self._known[seen]

    def _condition(self, seen: Seen) -> Sure:
        condition, view, evidence = seen
        part = condition.part
        if not self.http and part in HTTP_PARTS:
            ignored = view.on_unreadable is Unreadable.IGNORE_TEST
            return sure(self.space.full if ignored else 0)
        if part in CALLER_DIMENSION:
            members = callers_meeting(condition, evidence, self.world)
            return sure(self.space.lift(CALLER, self._caller_atoms(members)))
        if part in _TOKENS:
            return self._token(condition)
        if part in _CALLS:
            return self._remote_call(condition)
        place = self._place(condition, view)
        if place is None:
            return Sure(0, self.space.full)
        dimension, everything, absent = place
        atoms = holding(
            condition, everything, absent, lambda term: self._atoms(condition, term, view)
        )
        return sure(self.space.lift(dimension, atoms))

    def _caller_atoms(self, members: int) -> int:
        return sum(1 << n for n, group in enumerate(self.callers) if group & members)

    def calls_of(self, members: int) -> int:
        """The requests of these callers."""
        return self.space.lift(CALLER, self._caller_atoms(members))

    def named_hosts(self) -> int:
        """The requests that name a host, as all of HTTP/1.1 and HTTP/2 do; all where no rule asks for it."""
        if self.space.sizes[AUTHORITY] == 1:
            return self.space.full
        return self.space.full & ~self.space.lift(AUTHORITY, self.hosts.absent)

    def hosts_among(self, patterns: Iterable[Pattern], view: View) -> int:
        """The requests whose authority is among the patterns, or which name none."""
        atoms = self.hosts.absent
        for one in patterns:
            atoms |= self.hosts.covered.get((one, view.authority_has_port), 0)
        return self.space.lift(AUTHORITY, atoms & ((1 << self.space.sizes[AUTHORITY]) - 1))

    def _place(self, condition: Condition, view: View) -> tuple[int, int, int] | None:
        """The dimension of the part, all its atoms, and that of requests without the part."""
        part = condition.part
        if part in _ADDRESSES:
            return ADDRESS, self.addresses.everything, 0
        if part is Part.PATH and not view.path_has_query:
            return PATH, (1 << len(self.paths.atoms)) - 1, 0
        if part is Part.AUTHORITY or _is_host(condition):
            return AUTHORITY, (1 << self.space.sizes[AUTHORITY]) - 1, self.hosts.absent
        if part in _PLAIN:
            dimension = _PLAIN[part]
            absent = self.server_names.absent if part is Part.SERVER_NAME else 0
            return dimension, (1 << self.space.sizes[dimension]) - 1, absent
        name = part, condition.name
        if name in self.names and not condition.name.startswith(":"):
            dimension = FIRST_NAME + list(self.names).index(name)
            return dimension, self.names[name].everything, self.names[name].absent
        return None

    def _atoms(self, condition: Condition, term: Term, view: View) -> int:
        """The atoms of the part's dimension that the term covers."""
        if isinstance(term, Cidr):
            return self.addresses.covered.get(term, 0)
        if not isinstance(term, Pattern):
            return 0
        if condition.part is Part.PATH:
            return self.paths.covered.get((term, view.path), 0)
        if condition.part is Part.AUTHORITY or _is_host(condition):
            return self.hosts.covered.get((term, view.authority_has_port), 0)
        plain = {
            Part.METHOD: self.methods,
            Part.SERVER_NAME: self.server_names,
            Part.SCHEME: self.schemes,
        }
        held = plain.get(condition.part) or self.names[condition.part, condition.name]
        return held.covered.get(term, 0)

    def _token(self, condition: Condition) -> Sure:
        """Without a token the part is absent; what a token says is not known."""
        atoms = holding(condition, 1, 1, lambda _: 0)
        held = sure(self.space.full if atoms else 0)
        carried = self.carried()
        return Sure(held.must & ~carried, held.may | carried)

    def carried(self) -> int:
        """Requests that carry what may be a token in the usual places."""
        found = 0
        for place, (part, name) in enumerate(self.names):
            if name in ("authorization", "access_token"):
                values = self.names[part, name]
                found |= self.space.lift(FIRST_NAME + place, values.everything & ~values.absent)
        return found

    def _remote_call(self, condition: Condition) -> Sure:
        if condition.presence is not Presence.EITHER or condition.missing_is_empty:
            return Sure(0, self.space.full)
        post = self.space.lift(METHOD, self.methods.covered[POST])

        def covered(terms: Iterable[Term]) -> int:
            found = 0
            for term in terms:
                if isinstance(term, Pattern):
                    called = (_call(condition.part, term), PathForm.RAW)
                    found |= self.space.lift(PATH, self.paths.covered[called])
            return found & post

        wanted = covered(condition.any_of) if condition.any_of else self.space.full
        return sure(wanted & ~covered(condition.none_of))

    def exact_path(self, path: str) -> int:
        """Requests for this very path."""
        one = Pattern(PatternKind.EXACT, path), PathForm.RAW
        return self.space.lift(PATH, self.paths.covered.get(one, 0))

    def method(self, pattern: Pattern) -> int:
        """Requests by this method."""
        return self.space.lift(METHOD, self.methods.covered.get(pattern, 0))


_SCHEMES = Language.exact("http") | Language.exact("https")


def _language(one: object) -> Language:
    if not isinstance(one, Pattern):
        raise TypeError(one)
    return language_of(one)
