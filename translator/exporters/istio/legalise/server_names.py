"""Names in the TLS hello, by which ``tls`` rules choose: each must be among the hosts of its VirtualService.

istio/istio pkg/config/validation/virtualservice.go ``validateTLSMatch``, 1.31: a name is a host or lies within one, and the
hosts of one object do not overlap. A host binds the rules to whatever else is known by it, too: to another service, or to a
ServiceEntry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ir.edge import ExternalService, narrower
from ir.inventory import Inventory, Service
from ir.match import Part, Pattern, PatternKind
from ir.model import Fact
from ir.provenance import Traced, derived
from ir.traffic import Route, RouteTable
from translator.api import Loss, Options
from translator.exporters.istio.legalise.order import Unsayable
from translator.report.model import Fate, Impact, Severity, Support

Asked = tuple[Traced[Pattern], ...]
"""Names that a rule asks for, each exact or a suffix that begins with a dot."""


def asked_names(route: Route) -> Asked:
    """The names of a rule, each once.

    Raises:
        Unsayable: it asks for something else, or for no name.
    """
    found: dict[str, list[Traced[Pattern]]] = {}
    for match in route.matches:
        for test in match.requests.tests:
            if test.part is not Part.SERVER_NAME or test.none_of:
                message = f"a rule for connections asks for the {test.part.value.replace('_', ' ')}"
                raise Unsayable(message)
            for term in test.any_of:
                pattern = term.value
                if not isinstance(pattern, Pattern):
                    raise TypeError(test)
                found.setdefault(spelt(pattern), []).append(derived(pattern, (term,)))
    names = tuple(derived(own[0].value, own) for own in found.values())
    if not names:
        message = "a rule for TLS connections of every name has no form: tls rules must name hosts"
        raise Unsayable(message)
    return names


def spelt(pattern: Pattern) -> str:
    """The name as it is written: in small letters, as Envoy has it (its TLS inspector), with a star before a suffix."""
    text = pattern.text.lower()
    return f"*{text}" if pattern.kind is PatternKind.SUFFIX else text


def check_names(
    names: Asked, service: Service, facts: Sequence[Fact], inventory: Inventory, options: Options
) -> None:
    """Whether the rules stay with their service though the names are hosts of their object.

    Raises:
        Unsayable: a name has no form there, or something else is known by it.
    """
    own = host_of(service, options)
    outside = [
        host.value for fact in facts if isinstance(fact, ExternalService) for host in fact.hosts
    ]
    others = [
        Pattern(PatternKind.EXACT, host_of(one, options))
        for one in inventory.services.values()
        if one is not service
    ]
    for name in (one.value for one in names):
        text = spelt(name)
        if name.kind not in (PatternKind.EXACT, PatternKind.SUFFIX) or not _is_host(name):
            raise Unsayable(f'"{text}" is no host that a VirtualService can name')
        if name.kind is PatternKind.SUFFIX and own.endswith(name.text.lower()):
            raise Unsayable(
                f'"{text}" covers the name of the service, beside which it cannot stand'
            )
        if any(narrower(name, other) is not None for other in others):
            raise Unsayable(
                f'"{text}" is the name of other services too, which would get the rules'
            )
        if any(narrower(name, other) is not None for other in outside):
            raise Unsayable(f'"{text}" is declared as a name outside, which would get the rules')


def _is_host(name: Pattern) -> bool:
    """A name of two labels or more; a short one would be completed with the namespace of the object."""
    text = name.text
    whole = text[1:] if name.kind is PatternKind.SUFFIX else text
    dotted = text.startswith(".") if name.kind is PatternKind.SUFFIX else True
    return dotted and "." in whole and "*" not in whole and whole.strip(".") == whole


def host_of(service: Service, options: Options) -> str:
    """The full name of a service."""
    return f"{service.name}.{service.namespace}.svc.{options.cluster_domain}"


def names_of(table: RouteTable) -> Asked:
    """The names for which the rules of a table are."""
    return tuple(
        derived(term.value, (term,))
        for route in table.routes
        for match in route.matches
        for test in match.requests.tests
        if test.part is Part.SERVER_NAME
        for term in test.any_of
        if isinstance(term.value, Pattern)
    )


def more_hosts(names: Asked, own: str) -> Iterator[Traced[Pattern]]:
    """The hosts that the object needs beside the name ``own`` (of its service), each once, none within another."""
    wild = own.startswith("*")
    first = Pattern(PatternKind.SUFFIX if wild else PatternKind.EXACT, own[1:] if wild else own)
    each = {spelt(name.value): name for name in reversed(names)}
    for name in dict.fromkeys(spelt(name.value) for name in names):
        pattern = each[name].value
        others = (first, *(o.value for word, o in each.items() if word != name))
        if not any(narrower(pattern, other) is pattern for other in others):
            yield each[name]


def heard_elsewhere(names: Asked, service: Service, options: Options) -> Iterator[Loss]:
    """What else may get the rules: whatever is declared by one of the names."""
    more = tuple(more_hosts(names, host_of(service, options)))
    if more:
        words = ", ".join(spelt(one.value) for one in more)
        yield Loss(
            code="MM213",
            impact=Impact.DIFFERENT,
            support=Support.PARTIAL,
            severity=Severity.LOW,
            fate=Fate.APPROXIMATED,
            sites=more,
            message=f"the rules of {service.key} for TLS connections name {words} as hosts of their VirtualService: a "
            "ServiceEntry for one of these names would get them too.",
            why="A name that a tls rule asks for must be a host of its VirtualService.",
            advice="Declare these names in no ServiceEntry, or take the rules of the one for those of the other.",
        )
