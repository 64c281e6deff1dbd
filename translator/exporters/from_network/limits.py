"""What the callers' own policies let out by request, held where the requests arrive.

The source looks at requests where they set out, and where they arrive; both must let them pass. A NetworkPolicy lets out by
port alone, so a rule for some requests is opened to its ports there if the mesh holds these callers to the requests: what
lets them in at the server becomes what both ends let pass. That is exact where callers are let in by their service account
alone, which only they have, and nobody comes in without a certificate; else the rule stays shut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ir.access import Closed, Direction, Grant, Refusal
from ir.attachment import Scope, Subject
from ir.behaviour.exits import reached
from ir.coverage import covers
from ir.inventory import Inventory, Workload
from ir.match import HTTP_PARTS, AllOf, Labels, Part, Test, texts_of
from ir.model import Fact
from ir.provenance import derived
from ir.walk import traced
from translator.api import Options
from translator.exporters.from_network.accounts import accounts_of, admits, is_certified, less, only
from translator.exporters.from_network.both_ends import Unfit, both, share_ports, span_of
from translator.exporters.from_network.callers import Account, Callers

_BY_PLACE = (Part.NAMESPACE, Part.NAMESPACE_LABELS, Part.SERVICE, Part.WORKLOAD_LABELS)
"""Parts by which a NetworkPolicy names pods."""
_STRANGE = "it lets out to others than pods that are known by name or label"
_PORTS = "it is for every port"
_CALLERS = "no pod that it is for is listed"
_UNCLOSED = "nothing closes what leaves some of these pods"
_SHARED = "others use the service accounts of these pods"
_UNKNOWN = "it is not known which pods are called"
_NOBODY = "no pod that is called is listed"
_NODES = "some pods that are called are on the network of their node"
_REFUSED = "another rule refuses some of what leaves"
_OPEN = "nothing closes the pods that are called"
_WHOLE = "others than service accounts that are named get in to the pods that are called"
_UNLIKE = "what lets these callers in is for several pods, of which they may reach some alone"
_UNLISTED = "pods that the input does not list may be called by it, and nothing closes these"
_PROBED = "health checks of the port are open to everybody"

Key = tuple[int, ...]
"""The rules by which a pod may reach another, by their identity."""


class Limits:
    """The rules for some requests that leave, and which of them the mesh holds.

    ``network``: what all policies of the network say; ``going``: those of them that go to the mesh. ``plain``: the target
    can leave accounts out of a namespace, and no health check opens a path to everybody.
    """

    def __init__(
        self,
        network: Sequence[Fact],
        going: Sequence[Fact],
        inventory: Inventory,
        options: Options,
        *,
        plain: bool,
    ) -> None:
        """Finds out what is held."""
        self.inventory = inventory
        self.plain = plain
        self._out = {id(grant): grant for grant in _grants(network, Direction.OUTBOUND)}
        self._in = tuple(_grants(network, Direction.INBOUND))
        self._closed_out = _closed(network, Direction.OUTBOUND)
        self._refused = [
            f for f in network if isinstance(f, Refusal) and f.direction is Direction.OUTBOUND
        ]
        self._closed_in = _closed(going, Direction.INBOUND)
        self._spoken = Callers(inventory, options)
        self._keys: dict[tuple[str, str], Key | None] = {}
        self.held: dict[int, Grant] = {}
        self.said: set[int] = set()
        """The rules that some rule of a server says, by identity."""
        self.narrowed: dict[int, Grant] = {}
        """The rules of servers that let in less for it, by identity."""
        self.accounts: set[str] = set()
        """The accounts that are held to some requests."""
        self.unheld: dict[int, str] = {}
        """The rules that stay shut, with the reason."""
        for fact in going:
            grant = self._out.get(id(fact))
            if grant is not None and _asks(grant):
                reason = self._reason(grant)
                if reason:
                    self.unheld[id(grant)] = reason
                else:
                    self.held[id(grant)] = grant

    @property
    def closed(self) -> Sequence[Closed]:
        """What closes the callers of rules that are held."""
        clients = [w for grant in self.spoken for w in self._clients(grant)]
        return [
            f for f in self._closed_out if any(_covered(w, [f], self.inventory) for w in clients)
        ]

    @property
    def spoken(self) -> list[Grant]:
        """The rules that some rule of a server says."""
        return [grant for number, grant in self.held.items() if number in self.said]

    @property
    def idle(self) -> list[Grant]:
        """The rules whose callers nothing lets in where they arrive."""
        return [grant for number, grant in self.held.items() if number not in self.said]

    def by_port(self, fact: Closed | Grant | Refusal) -> Closed | Grant | Refusal:
        """A rule that leaves as the network is to hold it: for its ports, where the mesh holds it to its requests."""
        if not isinstance(fact, Grant) or id(fact) not in self.held:
            return fact
        holding = [v for one in self._holding(fact) for v in (one.trail, *traced(one.attachment))]
        return replace(fact, requests=(), trail=derived(fact.trail.value, (fact.trail, *holding)))

    def _holding(self, grant: Grant) -> Iterator[Closed | Grant]:
        """What closes the pods that a rule lets out to, and what lets in there."""
        rules: tuple[Closed | Grant, ...] = (*self._closed_in, *self._in)
        called = self._called(grant) or ()
        for rule in rules:
            if any(covers(rule.attachment.subject, pod, self.inventory) for pod in called):
                yield rule

    # --- rules of the server -------------------------------------------------------------------------

    def parts(
        self, fact: Grant | Refusal, callers: tuple[AllOf, ...]
    ) -> Iterator[tuple[Grant | Refusal, tuple[AllOf, ...]]]:
        """The rule of a server with its callers, those apart who are held to what they may ask for."""
        limited = self._limited(fact, callers) if isinstance(fact, Grant) and self.held else {}
        if not limited or not isinstance(fact, Grant):
            yield fact, callers
            return
        rest = tuple(left for way in callers if (left := less(way, limited)) is not None)
        if rest:
            yield fact, rest
        pods = self._servers(fact)
        for key in dict.fromkeys(limited.values()):
            own = frozenset(text for text, other in limited.items() if other == key)
            ways = tuple(w for way in callers if (w := only(way, own)) is not None)
            for number in key:
                grant = self._out[number]
                made = both(fact, _as_asked(grant), pods) if self._passes(grant) else None
                if made is not None:
                    self.said.add(number)
                    self.accounts.update(own)
                    self.narrowed[id(fact)] = fact
                    yield made, ways

    def _passes(self, grant: Grant) -> bool:
        return not _asks(grant) or id(grant) in self.held

    def _limited(self, fact: Grant, callers: Sequence[AllOf]) -> Mapping[str, Key]:
        """The accounts that are held to some requests at the server, with the rules that they are held to."""
        found: dict[str, Key] = {}
        for text in dict.fromkeys(map(_text, self.inventory.workloads)):
            key = self._key_at(fact, text) if any(admits(way, text) for way in callers) else None
            own = [self.held[number] for number in key or () if number in self.held]
            if key and any(self._meet(fact, g) for g in own) and not self._unlike(fact, text):
                found[text] = key
        return found

    def _meet(self, fact: Grant, grant: Grant) -> bool:
        """Whether a rule of a server and one of callers may be about one port."""
        return any(share_ports(fact, grant, pod) for pod in self._servers(fact))

    def _key_at(self, fact: Grant, text: str) -> Key | None:
        """The rules by which all pods of an account may reach those of a server's rule, if they may reach them at all.

        ``None``: these are not the same for all of them, or not known.
        """
        keys = {self._key(c, s) for c in self._users(text) for s in self._servers(fact)}
        keys.discard(())
        return next(iter(keys)) if len(keys) == 1 else None

    # --- whether a rule is held ----------------------------------------------------------------------

    def _reason(self, grant: Grant) -> str:
        """Why a rule cannot be held where its requests arrive; empty where it can."""
        tests = [test for way in grant.callers for test in way.tests]
        clients, servers = self._clients(grant), self._called(grant)
        checks = (
            (not grant.callers or not all(map(_is_by_place, tests)), _STRANGE),
            (not grant.attachment.ports, _PORTS),
            (not clients, _CALLERS),
            (not all(_covered(w, self._closed_out, self.inventory) for w in clients), _UNCLOSED),
            (any(u not in clients for c in clients for u in self._users(_text(c))), _SHARED),
            (servers is None, _UNKNOWN),
            (not servers, _NOBODY),
            (any(w.host_network for w in servers or ()), _NODES),
            (self._is_refused(clients, servers or ()), _REFUSED),
            (not all(_covered(w, self._closed_in, self.inventory) for w in servers or ()), _OPEN),
            (not self.inventory.complete and not self._encloses(grant), _UNLISTED),
            (not self.plain and any(_is_probed(w, grant) for w in servers or ()), _PROBED),
        )
        return next((reason for holds, reason in checks if holds), "") or next(
            (r for pod in servers or () for r in self._at(pod, grant, clients) if r), ""
        )

    def _encloses(self, grant: Grant) -> bool:
        """Whether what closes the pods that are called closes all that a rule names, listed or not."""
        return all(
            any(_is_within(way, fact.attachment.subject) for fact in self._closed_in)
            for way in grant.callers
        )

    def _is_refused(self, clients: Sequence[Workload], servers: Sequence[Workload]) -> bool:
        """Whether some of it may be refused on its way out: a NetworkPolicy refuses nothing but what it leaves out."""
        return any(
            reached(fact.callers, pod, self.inventory) is not False
            for fact in self._refused
            if any(covers(fact.attachment.subject, c, self.inventory) for c in clients)
            for pod in servers
        )

    def _at(self, pod: Workload, grant: Grant, clients: Sequence[Workload]) -> Iterator[str]:
        """Why the rules of a server cannot hold the callers; empty for each that can."""
        accounts = {_text(client) for client in clients}
        for fact in self._in:
            own = covers(fact.attachment.subject, pod, self.inventory)
            if not own or _is_of_node(fact) or not share_ports(fact, grant, pod):
                continue
            for way in self._spoken.spoken(fact) if fact.callers else (AllOf(trail=fact.trail),):
                let_in = [text for text in sorted(accounts) if admits(way, text)]
                if not is_certified(way) or (let_in and not self.plain and not accounts_of(way)):
                    yield _WHOLE
                yield from (self._unlike(fact, text) for text in let_in)

    def _unlike(self, fact: Grant, text: str) -> str:
        """Why a rule of a server cannot be said for what some callers may ask for; empty where it can."""
        key = self._key_at(fact, text)
        if key is None:
            return _UNLIKE
        try:
            for number in key:
                both(fact, _as_asked(self._out[number]), self._servers(fact))
        except Unfit as unfit:
            return str(unfit)
        return ""

    # --- who is who ----------------------------------------------------------------------------------

    def _clients(self, grant: Grant) -> list[Workload]:
        subject = grant.attachment.subject
        return [w for w in self.inventory.workloads if covers(subject, w, self.inventory)]

    def _servers(self, fact: Grant) -> list[Workload]:
        return self._clients(fact)

    def _called(self, grant: Grant) -> list[Workload] | None:
        """The pods that a rule lets out to; ``None``: it is not known of some."""
        answers = [(w, reached(grant.callers, w, self.inventory)) for w in self.inventory.workloads]
        if any(answer is None for _, answer in answers):
            return None
        return [w for w, answer in answers if answer]

    def _users(self, text: str) -> list[Workload]:
        return [w for w in self.inventory.workloads if _text(w) == text]

    def _key(self, client: Workload, server: Workload) -> Key | None:
        """The rules by which a pod may reach another; ``None``: that is not known, or nothing limits it."""
        names = client.key, server.key
        if names not in self._keys:
            own = [
                g
                for g in self._out.values()
                if covers(g.attachment.subject, client, self.inventory)
            ]
            answers = [(id(g), reached(g.callers, server, self.inventory)) for g in own]
            known = all(answer is not None for _, answer in answers)
            limited = known and _covered(client, self._closed_out, self.inventory)
            self._keys[names] = tuple(n for n, answer in answers if answer) if limited else None
        return self._keys[names]


def _grants(facts: Sequence[Fact], direction: Direction) -> Iterator[Grant]:
    """The rules that let pass over TCP that way."""
    for fact in facts:
        if isinstance(fact, Grant) and fact.direction is direction:
            spoken = [w for t in fact.always if t.part is Part.TRANSPORT for w in texts_of(t)]
            if not spoken or "TCP" in spoken:
                yield fact


def _closed(facts: Sequence[Fact], direction: Direction) -> list[Closed]:
    return [f for f in facts if isinstance(f, Closed) and f.direction is direction]


def _is_by_place(test: Test) -> bool:
    return test.part in _BY_PLACE and not test.none_of


def _as_asked(grant: Grant) -> Grant:
    """The rule with what it asks of requests; one for questions of names is for whatever is sent, once ports tell them."""
    return grant if _asks(grant) else replace(grant, requests=())


def _asks(grant: Grant) -> bool:
    """Whether it is for some requests alone."""
    return any(test.part in HTTP_PARTS for way in grant.requests for test in way.tests)


def _is_of_node(grant: Grant) -> bool:
    entities = [texts_of(t) for way in grant.callers for t in way.tests if t.part is Part.ENTITY]
    return bool(entities) and all(words == ["host"] for words in entities)


def _is_within(way: AllOf, subject: Subject) -> bool:
    """Whether all pods that an alternative names are among those of a subject."""
    space = None if subject.namespace is None else subject.namespace.value
    spaces = [texts_of(test) for test in way.tests if test.part is Part.NAMESPACE]
    own = [t for test in way.tests if test.part is Part.WORKLOAD_LABELS for t in test.any_of]
    asked = own[0].value if len(own) == 1 else None
    wanted = () if subject.labels is None else subject.labels.value.requirements
    return (
        subject.scope in (Scope.MESH, Scope.NAMESPACE, Scope.WORKLOADS)
        and not subject.excluding
        and (space is None or any(texts == [space] for texts in spaces))
        and (not wanted or (isinstance(asked, Labels) and {*wanted} <= {*asked.requirements}))
    )


def _covered(pod: Workload, closed: Sequence[Closed], inventory: Inventory) -> bool:
    return any(covers(fact.attachment.subject, pod, inventory) for fact in closed)


def _is_probed(pod: Workload, grant: Grant) -> bool:
    """Whether a health check asks for something of a port of the rule."""
    probed = [n for p in pod.probes if (n := pod.port_number(p.port)) is not None]
    spans = [span for p in grant.attachment.ports if (span := span_of(p, pod)) is not None]
    return any(first <= number <= last for first, last in spans for number in probed)


def _text(pod: Workload) -> str:
    account: Account = pod.namespace, pod.service_account
    return "/".join(account)
