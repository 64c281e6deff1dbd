"""The traced values of the rules of a port, for what is made of them to keep their trails."""

from __future__ import annotations

from collections.abc import Sequence

from ir.access import Grant, MtlsMode, PeerMtls, Refusal
from ir.attachment import WorkloadPort
from ir.inventory import Workload
from ir.match import CALLER_PARTS, Cidr, Part, Pattern, Test
from ir.model import Fact
from ir.provenance import Traced, Trail, derived
from ir.walk import traced
from translator.exporters.linkerd.callers import Clause, Who


class Terms:
    """The values by what they speak of; what no output says is left for the trail of the server."""

    def __init__(self, here: Sequence[Fact]) -> None:
        self.here = here
        self.used: set[int] = set()
        self._tests: list[Test] = []
        for fact in here:
            if isinstance(fact, (Grant, Refusal)):
                alternatives = (*fact.callers, *fact.requests)
                self._tests.extend(t for a in alternatives for t in a.tests)
                self._tests.extend(fact.always)

    def of(self, *parts: Part) -> tuple[Traced[object], ...]:
        """The terms of all tests on these parts."""
        return tuple(
            term for t in self._tests if t.part in parts for term in (*t.any_of, *t.none_of)
        )

    def headers(self, name: str) -> tuple[Test, ...]:
        """The tests on a header, which stand in an output from now on."""
        found = tuple(
            t
            for t in self._tests
            if t.part is Part.HEADER and t.name is not None and t.name.value.lower() == name
        )
        for test in found:
            self.used.update(id(v) for v in (test.name, *asked_of(test)))
        return found

    def use(self, *parts: Part) -> None:
        """Notes that the terms of these parts stand in an output."""
        self.used.update(id(term) for term in self.of(*parts))

    def subjects(self) -> tuple[list[Traced[object]], list[Traced[object]]]:
        """Namespaces and labels of the subjects of all rules."""
        spaces: list[Traced[object]] = []
        labels: list[Traced[object]] = []
        for fact in self.here:
            subject = fact.attachment.subject  # type: ignore[union-attr]  # rulings have one
            if subject.namespace is not None:
                spaces.append(subject.namespace)
            if subject.labels is not None:
                labels.append(subject.labels)
        self.used.update(id(t) for t in (*spaces, *labels))
        return spaces, labels

    def ports(self, port: int, workload: Workload) -> list[Traced[object]]:
        """What names this port: tests on the port, ports of attachments."""
        found = [
            term
            for term in self.of(Part.PORT)
            if isinstance(term.value, Pattern) and term.value.text == str(port)
        ]
        for fact in self.here:
            for own in fact.attachment.ports:  # type: ignore[union-attr]
                value = own.value
                if isinstance(value, WorkloadPort) and value.covers(
                    port, workload.port_number(value.port)
                ):
                    found.append(own)
        self.used.update(id(t) for t in found)
        return found

    def callers(self, clause: Clause) -> tuple[Traced[object], ...]:
        """The terms that name a caller; those of all callers where it was made from several."""
        everybody = self.of(*CALLER_PARTS)
        words = {clause.namespace, clause.account} - {""}
        exact = tuple(t for t in everybody if words and _names(t.value, clause))
        modes = tuple(f.mode for f in self.here if isinstance(f, PeerMtls) and f.mode.origin)
        found = exact or (
            everybody + modes if clause.who is not Who.AUTHENTICATED else modes + everybody
        )
        self.used.update(id(t) for t in found)
        return found

    def networks(self, blocks: Sequence[Cidr]) -> tuple[Traced[object], ...]:
        """The terms that name a network; none for those that an option gives."""
        terms = self.of(Part.PEER_ADDRESS)
        mine = tuple(t for t in terms if _within(t.value, blocks))
        self.used.update(id(t) for t in mine)
        return mine

    def grants(self, what: str) -> Trail:
        """A trail that names the grants."""
        return derived(what, [f.trail for f in self.here if isinstance(f, Grant)] or self.trails())

    def demands(self) -> list[Traced[object]]:
        """The modes that demand a certificate."""
        found: list[Traced[object]] = [
            f.mode
            for f in self.here
            if isinstance(f, PeerMtls) and f.mode.value is MtlsMode.DEMANDED
        ]
        self.used.update(id(mode) for mode in found)
        return found

    def trails(self) -> list[Traced[object]]:
        """The trails of all rules."""
        return [f.trail for f in self.here]

    def rest(self, what: str) -> Trail:
        """A trail with all that no output said yet."""
        return derived(what, [t for f in self.here for t in traced(f) if id(t) not in self.used])


def asked_of(test: Test) -> tuple[Traced[object], ...]:
    """What a test asks for: its terms, or that the part is there at all."""
    there = () if test.presence is None else (test.presence,)
    return (*test.any_of, *test.none_of, *there)


def _names(value: object, clause: Clause) -> bool:
    if not isinstance(value, Pattern):
        return False
    text = value.text
    if clause.who is Who.ACCOUNT:
        return text.endswith((f"ns/{clause.namespace}/sa/{clause.account}",)) or text == (
            f"{clause.namespace}/{clause.account}"
        )
    return text == clause.namespace or f"/ns/{clause.namespace}/" in text


def _within(value: object, blocks: Sequence[Cidr]) -> bool:
    if not isinstance(value, Cidr):
        return False
    return any(
        value.block.partition("/")[0] in b.block or value.block in b.excluding for b in blocks
    )
