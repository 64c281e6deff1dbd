"""Who gets in, by the RBAC filters of the real Envoy and by our model, for a witness of every class of requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from ir.behaviour.concrete import Unsupported, decide_access
from ir.behaviour.request import TCP, Request
from ir.behaviour.stages import Access
from ir.language import Opaque
from ir.match import Cidr, Part, PathForm, Pattern, PatternKind, Presence, RegexDialect, View
from ir.match import Test as Question
from ir.model import Fact, Model
from tests.fixtures.cases import cases
from tests.ir.facts import closed, grant, model, on, pattern, refusal, ways
from tests.oracle.certificates import Authority
from tests.oracle.configuration import FORMS, Unsayable, filters_of
from tests.oracle.envoy import Envoy, Listening, Way, answering, http_filter, needs_envoy, running
from tests.oracle.witnesses import on_loopback, on_the_wire, witnesses
from translator.registry import load_importer
from translator.verify.access import Comparison
from translator.verify.doors import Doors
from translator.verify.frame import Frame, asked_of, conditions

MOST = 250
"""Classes of requests of one port."""

DRAWN, THOROUGHLY = 40, 200
"""Models at random; with ``--thorough`` more."""

OK, REFUSED = 200, 403
MANY, SOME = 2000, 500


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a workload in a model."""

    name: str
    model: Model
    workload: str
    port: int
    access: Access
    frame: Frame

    def listening(self, authority: Authority) -> Listening:
        """A listener of Envoy whose filters decide as the port does."""
        views = {view for _, view, _ in conditions(self.access)}
        forms = {view.path for view in views} or {PathForm.RAW}
        if len(forms) > 1:
            raise Unsayable("paths in several forms")
        settings = dict(FORMS[next(iter(forms))])
        if any(not view.authority_has_port for view in views):
            settings |= {"strip_any_host_port": True, "strip_trailing_host_dot": True}
        routes = [answering("in", {"prefix": ""})]
        found = http_filter(self.name, routes, filters_of(self.access), settings)
        return Listening(self.name, (found,), authority.server)

    def requests(self) -> Iterator[Request]:
        """A witness of every class of requests."""
        for request in witnesses(self.frame, MOST):
            yield replace(request, workload=self.workload, port=self.port)


def ports(name: str, found: Model) -> Iterator[Port]:
    """The ports of a model, one for each way in which access is decided."""
    comparison = Comparison(found, found)
    if not list(comparison.slices()):
        return
    seen: set[Access] = set()
    for door in comparison.doors():
        if not isinstance(door, Doors) or door.before.access.transport != TCP:
            continue
        if door.before.access not in seen:
            seen.add(door.before.access)
            try:
                frame = Frame(asked_of(door.before.access), comparison.world, http=True)
            except Opaque:
                continue
            number = f"{name} {len(seen)}"
            yield Port(number, found, door.workload.key, door.port, door.before.access, frame)


def way_of(request: Request, blocks: frozenset[Cidr], authority: Authority) -> Way | None:
    """How the caller connects; ``None`` where nobody on loopback can.

    Health checks take another door: Istio's agent answers them, no filter sees them.
    """
    caller = request.caller
    if caller.probe:
        return None
    source = on_loopback(caller.address, blocks)
    certified = caller.mtls and not caller.probe
    if source is None or (request.server_name and not certified):
        return None
    identity = f"spiffe://{caller.trust_domain}/ns/{caller.namespace}/sa/{caller.service_account}"
    context = authority.client(identity) if certified else None
    return Way(source, 0, context, request.server_name or None)


def replayed(envoy: Envoy, port: Port, authority: Authority) -> tuple[int, list[object]]:
    """How many requests were asked of both, and those on which they differ."""
    blocks = frozenset(
        term
        for condition, _, _ in conditions(port.access)
        for term in (*condition.any_of, *condition.none_of)
        if isinstance(term, Cidr)
    )
    asked: dict[Way, list[tuple[Request, bytes, bool]]] = {}
    for request in port.requests():
        sent, way = on_the_wire(request), way_of(request, blocks, authority)
        if sent is None or way is None:
            continue
        try:
            ours = decide_access(port.model, request).allowed
        except Unsupported:
            continue
        asked.setdefault(way, []).append((request, sent, ours))
    wrong: list[object] = []
    for way, held in asked.items():
        answers = envoy.ask(port.name, [sent for _, sent, _ in held], way)
        for (request, _, ours), answer in zip(held, answers, strict=True):
            if answer.status != (OK if ours else REFUSED):
                wrong.append((request, ours, answer.status))
    return sum(map(len, asked.values())), wrong


def agree(found: Iterable[Port], folder: Path) -> int:
    """The number of requests that Envoy and the model both decided, alike."""
    authority = Authority(folder)
    told: dict[str, tuple[Port, Listening]] = {}
    for port in found:
        try:
            told[port.name] = port, port.listening(authority)
        except Unsayable:
            continue
    asked = 0
    with running(*(listening for _, listening in told.values())) as envoy:
        for port, _ in told.values():
            number, wrong = replayed(envoy, port, authority)
            assert wrong == [], (port.access, wrong[:3])
            asked += number
    return asked


# --- models at random ----------------------------------------------------------------------------

_PATHS = ("/a", "/a/", "/a/b", "/b", "/")
_KINDS = PatternKind.EXACT, PatternKind.PREFIX, PatternKind.SUFFIX
_CALLERS = (
    (Part.IDENTITY, "cluster.local/ns/shop/sa/web"),
    (Part.IDENTITY, "cluster.local/ns/shop/"),
    (Part.NAMESPACE, "shop"),
    (Part.NAMESPACE, "sh"),
    (Part.SERVICE_ACCOUNT, "shop/web"),
    (Part.TRUST_DOMAIN, "cluster.local"),
)
_BLOCKS = Cidr("127.0.0.0/9", ("127.2.0.0/16",)), Cidr("127.3.0.1/32"), Cidr("0.0.0.0/0")


def drawn_caller(choice: Random) -> Question:
    """A test on the caller."""
    match choice.randrange(4):
        case 0:
            return on(Part.CERTIFICATE, presence=choice.choice(list(Presence)))
        case 1:
            part = choice.choice((Part.PEER_ADDRESS, Part.CLIENT_ADDRESS))
            block = choice.choice(_BLOCKS)
            return on(part, none_of=(block,)) if choice.random() < 0.3 else on(part, block)
        case _:
            part, text = choice.choice(_CALLERS)
            kinds = _KINDS[:1] if part is Part.SERVICE_ACCOUNT else _KINDS
            term = pattern(text, choice.choice(kinds))
            return on(part, none_of=(term,)) if choice.random() < 0.3 else on(part, term)


def drawn_request(choice: Random) -> Question:
    """A test on the request."""
    regex = Pattern(PatternKind.REGEX, "/a(/.*)?|/b", dialect=RegexDialect.RE2_FULL)
    template = pattern(choice.choice(("/a/{*}", "/{**}/b", "/a/{*}/b/{**}")), PatternKind.TEMPLATE)
    path = pattern(choice.choice(_PATHS), choice.choice((*_KINDS, PatternKind.CONTAINS)))
    match choice.randrange(6):
        case 0:
            return on(Part.METHOD, choice.choice(("GET", "POST", "PURGE")))
        case 1:
            host = replace(pattern("a.example", choice.choice(_KINDS)), ignore_case=True)
            return on(Part.AUTHORITY, host)
        case 2:
            return on(Part.HEADER, pattern("a", choice.choice(_KINDS)), name="x-kind")
        case 3:
            return on(Part.HEADER, name="x-kind", presence=choice.choice(list(Presence)[1:]))
        case 4:
            return on(Part.SERVER_NAME, pattern("a.example", choice.choice(_KINDS)))
        case _:
            term = choice.choice((path, path, regex, template))
            return on(Part.PATH, none_of=(term,)) if choice.random() < 0.3 else on(Part.PATH, term)


def drawn(number: int) -> Model:
    """A model at random: a door that is shut, mostly, with grants and refusals."""
    choice = Random(number)  # noqa: S311  # models for a test
    view = View(path=choice.choice(list(PathForm)))

    def several(test: object) -> tuple[Question, ...]:
        assert callable(test)
        return tuple(test(choice) for _ in range(choice.choice((0, 1, 1, 2))))

    rules: list[Fact] = []
    for place in range(choice.randint(1, 4)):
        callers, asked = ways(*several(drawn_caller)), ways(*several(drawn_request))
        if choice.random() < 0.6:
            rules.append(grant(f"g{place}", callers=callers, requests=asked, view=view))
        else:
            rules.append(refusal(f"d{place}", callers=callers, requests=asked, view=view))
    return model(*([closed()] if choice.random() < 0.8 else []), *rules)


@needs_envoy
def test_envoy_lets_in_whom_the_model_lets_in_for_every_class_of_requests(
    tmp_path: Path,
    thorough: bool,  # noqa: FBT001  # a fixture
) -> None:
    numbers = range(THOROUGHLY if thorough else DRAWN)
    found = [port for number in numbers for port in ports(f"drawn {number}", drawn(number))]
    assert agree(found, tmp_path) > MANY


_ADDRESS = re.compile(r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d{1,2}))?\b")


def moved(text: str) -> str:
    """All addresses moved into the loopback network, the last part of each left out."""

    def one(found: re.Match[str]) -> str:
        length = min(int(found[5] or 32) + 8, 32)
        if found[0] == "0.0.0.0/0":
            return found[0]
        return f"127.{found[1]}.{found[2]}.{found[3]}" + (f"/{length}" if found[5] else "")

    return _ADDRESS.sub(one, text)


@needs_envoy
def test_envoy_lets_in_whom_the_fixtures_let_in(tmp_path: Path) -> None:
    found: list[Port] = []
    for case in cases(target="linkerd"):
        if case.mesh == "istio":
            loaded = case.loaded(moved(case.text))
            imported = load_importer("istio")(loaded.resources, case.options())
            found.extend(ports(case.folder.name, imported.model))
    assert agree(found, tmp_path) > SOME
