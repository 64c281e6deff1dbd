"""Everybody who may call: the closed world of what is listed, what rules name, and a stranger of each kind.

A set of callers is one int, a bit a caller. Nobody is left out by sampling: rules see callers only through the parts
that are asked here, so callers of equal bits fare alike.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from ir.access import Evidence
from ir.behaviour.languages import language_of
from ir.behaviour.request import Caller
from ir.behaviour.stages import Way
from ir.inventory import contains, meets
from ir.match import INSIDE, Cidr, Labels, Part, PatternKind, Term
from ir.model import Model
from translator.verify.identities import CAPPED as NAMES_CAPPED
from translator.verify.identities import Named, met_at_once
from translator.verify.strangers import (
    CAPPED,
    MOST,
    NAME_LABEL,
    labelled,
    of_other_domains,
    parts_of_the_cluster,
    strangers,
)

CALLER_DIMENSION = frozenset(
    (
        Part.CERTIFICATE,
        Part.IDENTITY,
        Part.NAMESPACE,
        Part.SERVICE_ACCOUNT,
        Part.TRUST_DOMAIN,
        Part.WORKLOAD_LABELS,
        Part.NAMESPACE_LABELS,
        Part.ENTITY,
        Part.SERVICE,
    )
)
"""Parts that speak of who the caller is; its address is a dimension of its own."""

_ACCOUNT = (Part.NAMESPACE, Part.SERVICE_ACCOUNT, Part.TRUST_DOMAIN)


@dataclass(frozen=True, slots=True)
class Member:
    """One caller; ``listed``: it is in the inventory, so a change for it is a change of today."""

    caller: Caller
    listed: bool = False


class World:
    """The callers of two configurations, in the order in which witnesses prefer them."""

    def __init__(  # noqa: PLR0913  # who is meant, and what else each of them is
        self,
        models: Iterable[Model],
        named: Iterable[Named],
        trust_domain: str,
        ways: Iterable[Way] = (),
        *,
        twins: bool = False,
        also: Callable[[Caller], Caller] | None = None,
        keep: Callable[[Caller], bool] | None = None,
    ) -> None:
        """Everybody; ``named`` and ``ways``: the names and the alternatives by which rules speak of callers.

        ``twins``: each of them in clear text too; ``also``: each of them as that, too. ``keep``: those alone for whom it
        holds.
        """
        self.capped: tuple[str, ...] = ()
        names = sorted(named, key=str)
        at_once = met_at_once(names)
        if not at_once.complete:
            self.capped += (NAMES_CAPPED,)
        every = _members(tuple(models), names, at_once.callers, trust_domain)
        found = (*every, *self._made_up(tuple(models), tuple(every), tuple(ways)))
        found = (*found, *_as(also, found)) if also is not None else found
        found = (*found, *_twins(found)) if twins else found
        self.members = tuple(m for m in found if keep is None or keep(m.caller))
        self.everybody = (1 << len(self.members)) - 1
        self._inventory = next(iter(models)).inventory if self.members else None
        self._bits: dict[Hashable, int] = {}
        self._having: dict[tuple[Part, bool], int] = {}
        self._sets: dict[tuple[Part, bool, Term], int] = {}
        self._selected: dict[Hashable, int] = {}
        self._texts: dict[tuple[Part, bool], dict[str, int]] = {}
        self.listed = self._where(lambda m: m.listed)
        self.certified = self._where(lambda m: certified(m.caller))
        self.probes = self._where(lambda m: m.caller.probe)

    def _made_up(
        self, models: tuple[Model, ...], every: tuple[Member, ...], ways: tuple[Way, ...]
    ) -> Iterator[Member]:
        known = tuple(member.caller for member in every)
        spaces = (name for model in models for name in model.inventory.namespaces)
        found = tuple(islice(labelled(ways, known, spaces), MOST + 1))
        self.capped += (CAPPED,) if len(found) > MOST else ()
        yield from (Member(caller) for caller in (*parts_of_the_cluster(ways), *found[:MOST]))

    def _where(self, holds: Callable[[Member], bool]) -> int:
        return sum(1 << n for n, member in enumerate(self.members) if holds(member))

    def select(self, holds: Callable[[Caller], bool], known_as: Hashable = None) -> int:
        """The callers for which it holds; remembered under a name where one is given."""
        if known_as is None:
            return self._where(lambda member: holds(member.caller))
        if known_as not in self._selected:
            self._selected[known_as] = self._where(lambda member: holds(member.caller))
        return self._selected[known_as]

    def bit_of(self, caller: Caller) -> int:
        """The caller as a set of its own; nobody where it is not among them."""
        if not self._bits:
            numbered = reversed([*enumerate(self.members)])
            self._bits.update({_spelt(m.caller): n for n, m in numbered})
        number = self._bits.get(_spelt(caller))
        return 0 if number is None else 1 << number

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
            by_label = self._where(lambda m: meets(_labels_for(part, m.caller), term))
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
        if part is Part.NAMESPACE_LABELS:
            return ("",) if caller.namespace else ()
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


def _labels_for(part: Part, caller: Caller) -> Mapping[str, str]:
    """The labels that a selector looks at: the caller's, or those of its namespace."""
    if part is not Part.NAMESPACE_LABELS:
        return caller.labels
    return {**caller.namespace_labels, NAME_LABEL: caller.namespace}


def _entities(caller: Caller) -> tuple[str, ...]:
    if caller.probe:
        return ("host", "kubelet", *INSIDE, "all")
    if caller.entity:
        # A node that the API server runs on is one of the others (pkg/identity/numericidentity.go of Cilium, 1.20).
        node = ("remote-node",) if caller.entity == "kube-apiserver" else ()
        return (caller.entity, *node, *INSIDE, "all")
    return (*(INSIDE if caller.namespace else ("world",)), "all")


def certified(caller: Caller) -> bool:
    """Whether the caller shows a certificate; the node's agent never does."""
    return caller.mtls and not caller.probe


def _members(
    models: tuple[Model, ...], named: list[Named], at_once: tuple[Caller, ...], domain: str
) -> tuple[Member, ...]:
    spaces = {n: s for model in models for n, s in model.inventory.namespaces.items()}
    listed = dict.fromkeys(
        (w.namespace, w.service_account, tuple(sorted(w.labels.items())))
        for model in models
        for w in model.inventory.workloads
    )
    pods = [
        Caller(
            namespace=n,
            service_account=a,
            labels=dict(labels),
            trust_domain=domain,
            namespace_labels=spaces[n].labels if n in spaces else {},
        )
        for n, a, labels in listed
    ]
    others = tuple(
        replace(c, namespace_labels=spaces[c.namespace].labels) if c.namespace in spaces else c
        for c in _once((*strangers(models, named, domain), *at_once))
    )
    return (
        *(Member(pod, listed=True) for pod in pods),
        Member(Caller(mtls=False)),
        *(Member(replace(pod, mtls=False)) for pod in pods),
        *map(Member, others),
        *map(Member, of_other_domains((*pods, *others))),
        Member(Caller(mtls=False, probe=True)),
    )


def _once(callers: Iterable[Caller]) -> Iterable[Caller]:
    """Each name once."""
    return {(c.trust_domain, c.namespace, c.service_account): c for c in callers}.values()


def twin(caller: Caller) -> Caller:
    """The same caller in clear text."""
    return replace(caller, mtls=False)


def _as(other: Callable[[Caller], Caller], members: tuple[Member, ...]) -> Iterator[Member]:
    """What callers are by then, where nobody is that yet."""
    known = {_spelt(m.caller) for m in members}
    for member in members:
        caller = other(member.caller)
        if _spelt(caller) not in known:
            known.add(_spelt(caller))
            yield Member(caller, member.listed)


def _twins(members: tuple[Member, ...]) -> Iterator[Member]:
    """In clear text those who are there with a certificate alone."""
    known = {_spelt(m.caller) for m in members if not m.caller.mtls}
    for caller in (twin(m.caller) for m in members if certified(m.caller)):
        if _spelt(caller) not in known:
            known.add(_spelt(caller))
            yield Member(caller)


def _spelt(caller: Caller) -> Hashable:
    """What tells callers apart, their addresses aside."""
    account = caller.namespace, caller.service_account, caller.trust_domain, caller.entity
    labels = tuple(sorted(caller.labels.items())), tuple(sorted(caller.namespace_labels.items()))
    return *account, labels, caller.probe, caller.mtls
