"""Everybody who may call: the closed world of what is listed, what rules name, and a stranger of each kind.

A set of callers is one int, a bit a caller. Nobody is left out by sampling: rules see callers only through the parts
that are asked here, so callers of equal bits fare alike.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ir.access import Evidence
from ir.behaviour.languages import language_of
from ir.behaviour.request import Caller
from ir.inventory import contains, meets
from ir.language import Dialect, Language
from ir.match import Cidr, Labels, Part, Pattern, PatternKind, Term
from ir.model import Model

CALLER_DIMENSION = frozenset(
    (
        Part.CERTIFICATE,
        Part.IDENTITY,
        Part.NAMESPACE,
        Part.SERVICE_ACCOUNT,
        Part.TRUST_DOMAIN,
        Part.WORKLOAD_LABELS,
        Part.ENTITY,
        Part.SERVICE,
    )
)
"""Parts that speak of who the caller is; its address is a dimension of its own."""

_ACCOUNT = (Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN)
_FOREIGN = "foreign.example"
_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_SHAPES: Mapping[Part, Language] = {
    Part.IDENTITY: Language.regex(
        rf"[a-z0-9.-]+/ns/{_NAME}/sa/[a-z0-9]([a-z0-9.-]*[a-z0-9])?", Dialect.RE2_FULL
    ),
    Part.NAMESPACE: Language.regex(_NAME, Dialect.RE2_FULL),
    Part.SERVICE_ACCOUNT: Language.regex(
        rf"{_NAME}/[a-z0-9]([a-z0-9.-]*[a-z0-9])?", Dialect.RE2_FULL
    ),
    Part.TRUST_DOMAIN: Language.regex(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", Dialect.RE2_FULL),
}
"""How the names of callers are spelt."""


@dataclass(frozen=True, slots=True)
class Member:
    """One caller; ``listed``: it is in the inventory, so a change for it is a change of today."""

    caller: Caller
    listed: bool = False


Named = tuple[Part, Pattern]


class World:
    """The callers of two configurations, in the order in which witnesses prefer them."""

    def __init__(self, models: Iterable[Model], named: Iterable[Named], trust_domain: str) -> None:
        self.members = tuple(_members(tuple(models), sorted(named, key=str), trust_domain))
        self.everybody = (1 << len(self.members)) - 1
        self._inventory = next(iter(models)).inventory if self.members else None
        self._having: dict[tuple[Part, bool], int] = {}
        self._sets: dict[tuple[Part, bool, Term], int] = {}
        self._selected: dict[Hashable, int] = {}
        self._texts: dict[tuple[Part, bool], dict[str, int]] = {}
        self.listed = self._where(lambda m: m.listed)
        self.certified = self._where(lambda m: certified(m.caller))
        self.probes = self._where(lambda m: m.caller.probe)

    def _where(self, holds: Callable[[Member], bool]) -> int:
        return sum(1 << n for n, member in enumerate(self.members) if holds(member))

    def select(self, holds: Callable[[Caller], bool], known_as: Hashable = None) -> int:
        """The callers for which it holds; remembered under a name where one is given."""
        if known_as is None:
            return self._where(lambda member: holds(member.caller))
        if known_as not in self._selected:
            self._selected[known_as] = self._where(lambda member: holds(member.caller))
        return self._selected[known_as]

    def of_namespace(self, name: str | None) -> int:
        """The callers of a namespace."""
        return self.select(lambda caller: caller.namespace == name, ("namespace", name))

    def having(self, part: Part, evidence: Evidence) -> int:
        """Callers that have the part at all."""
        key = part, evidence is Evidence.LABEL
        if key not in self._having:
            found = 0
            for bits in self._by_text(*key).values():
                found |= bits
            self._having[key] = found
        return self._having[key]

    def meeting(self, part: Part, term: Term, evidence: Evidence) -> int:
        """Callers whose part is what the term says."""
        key = part, evidence is Evidence.LABEL, term
        if key not in self._sets:
            self._sets[key] = self._meeting(*key)
        return self._sets[key]

    def _meeting(self, part: Part, labelled: bool, term: Term) -> int:  # noqa: FBT001  # a cache key
        if isinstance(term, Labels):
            by_label = self._where(lambda m: meets(m.caller.labels, term))
            return by_label & self.having(part, Evidence.LABEL)
        if isinstance(term, Cidr):
            return 0
        texts = self._by_text(part, labelled)
        if term.kind is PatternKind.EXACT and not term.ignore_case:
            return texts.get(term.text, 0)
        language = language_of(term)
        found = 0
        for text, bits in texts.items():
            if language.accepts(text):
                found |= bits
        return found

    def _by_text(self, part: Part, labelled: bool) -> dict[str, int]:  # noqa: FBT001
        key = part, labelled
        if key not in self._texts:
            texts: dict[str, int] = {}
            for number, member in enumerate(self.members):
                for text in self._read(part, member.caller, labelled=labelled):
                    texts[text] = texts.get(text, 0) | 1 << number
            self._texts[key] = texts
        return self._texts[key]

    def _read(self, part: Part, caller: Caller, *, labelled: bool) -> tuple[str, ...]:
        """The texts of a part of a caller, as ``concrete_match`` has them."""
        account = f"{caller.namespace}/{caller.service_account}"
        identity = f"{caller.trust_domain}/ns/{caller.namespace}/sa/{caller.service_account}"
        if part in (Part.CERTIFICATE, Part.IDENTITY):
            return (identity,) if certified(caller) else ()
        if part in _ACCOUNT:
            known = certified(caller) or (labelled and bool(caller.namespace))
            texts = (caller.namespace, account, caller.trust_domain)
            return (texts[_ACCOUNT.index(part)],) if known else ()
        if part is Part.WORKLOAD_LABELS:
            return ("",) if caller.namespace or caller.labels else ()
        return self._services(caller) if part is Part.SERVICE else _entities(caller)

    def _services(self, caller: Caller) -> tuple[str, ...]:
        services = {} if self._inventory is None else self._inventory.services
        return tuple(
            f"{namespace}/{name}"
            for (namespace, name), service in sorted(services.items())
            if namespace == caller.namespace
            and service.selector
            and contains(caller.labels, service.selector)
        )


def _entities(caller: Caller) -> tuple[str, ...]:
    if caller.probe:
        return ("host", "kubelet", "cluster", "all")
    return ("cluster" if caller.namespace else "world", "all")


def certified(caller: Caller) -> bool:
    """Whether the caller shows a certificate; the node's agent never does."""
    return caller.mtls and not caller.probe


def _members(models: tuple[Model, ...], named: list[Named], domain: str) -> Iterator[Member]:
    listed = dict.fromkeys(
        (w.namespace, w.service_account, tuple(sorted(w.labels.items())))
        for model in models
        for w in model.inventory.workloads
    )
    pods = [
        Caller(namespace=n, service_account=a, labels=dict(labels), trust_domain=domain)
        for n, a, labels in listed
    ]
    yield from (Member(pod, listed=True) for pod in pods)
    yield Member(Caller(mtls=False))
    yield from (Member(replace(pod, mtls=False)) for pod in pods)
    strangers = tuple(_strangers(models, named, domain))
    yield from map(Member, strangers)
    yield from map(Member, _of_other_domains((*pods, *strangers)))
    yield Member(Caller(mtls=False, probe=True))


def _strangers(models: tuple[Model, ...], named: list[Named], domain: str) -> Iterator[Caller]:
    """Who is not listed: someone in each namespace, whoever rules name, and people from nowhere."""
    spaces = dict.fromkeys(w.namespace for m in models for w in m.inventory.workloads)
    spaces.update(dict.fromkeys(name for m in models for name in sorted(m.inventory.namespaces)))
    taken = {w.service_account for m in models for w in m.inventory.workloads}
    texts = [(part, text) for part, pattern in named for text in _texts(part, pattern)]
    nobody = _unused("stranger", taken | {text.rpartition("/")[2] for _, text in texts})
    found: dict[tuple[str, str, str], None] = {(domain, space, nobody): None for space in spaces}
    nowhere = _unused("nowhere", {text for _, text in texts} | set(spaces))
    found[domain, nowhere, nobody] = None
    found[_FOREIGN, nowhere, nobody] = None
    for part, text in texts:
        match part, text.split("/"):
            case Part.IDENTITY, [trust, "ns", space, "sa", account]:
                found[trust, space, account] = None
            case Part.SERVICE_ACCOUNT, [space, account]:
                found[domain, space, account] = None
            case Part.NAMESPACE, [space]:
                found[domain, space, nobody] = None
            case Part.TRUST_DOMAIN, [trust]:
                found[trust, nowhere, nobody] = None
            case _:
                pass
    for trust, space, account in found:
        yield Caller(namespace=space, service_account=account, trust_domain=trust)


def _of_other_domains(known: tuple[Caller, ...]) -> Iterator[Caller]:
    """Callers of every name that is known, in every trust domain that is known."""
    domains = dict.fromkeys(caller.trust_domain for caller in known)
    there = {(c.trust_domain, c.namespace, c.service_account) for c in known}
    for domain in domains:
        for space, account in dict.fromkeys((c.namespace, c.service_account) for c in known):
            if (domain, space, account) not in there:
                yield Caller(namespace=space, service_account=account, trust_domain=domain)


def _texts(part: Part, pattern: Pattern) -> tuple[str, ...]:
    """A text that the pattern covers; none where no name of that shape is covered."""
    shape = _SHAPES.get(part)
    if shape is None:
        return ()
    if pattern.kind is PatternKind.EXACT and not pattern.ignore_case:
        return (pattern.text,)
    word = (language_of(pattern) & shape).witness()
    return () if word is None else (word.decode(),)


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-x"
    return name
