"""``networking.istio.io`` VirtualService: the rules of one host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ir.attachment import Audience, EnforcedAt, Reach
from ir.match import AllOf, Cidr, Part, Pattern, PatternKind, Presence, Test
from ir.provenance import Traced
from ir.resilience import Fault, Retry, RetryCondition
from ir.traffic import (
    AS_ASKED,
    Backend,
    Destination,
    FixedAnswer,
    HeaderAction,
    HeaderEdit,
    HeaderSide,
    Mirror,
    Protocol,
    Redirect,
    Rewrite,
    Route,
    RouteMatch,
    RouteTable,
)
from translator.api import Manifest, Options, Said, Tree
from translator.exporters.istio.legalise.server_names import more_hosts, names_of, spelt
from translator.exporters.istio.write.cross_origin import cors_tree

NETWORKING = "networking.istio.io/v1"
_KINDS = {PatternKind.EXACT: "exact", PatternKind.PREFIX: "prefix", PatternKind.REGEX: "regex"}
_WORDS = {RetryCondition.RATE_LIMITED: "envoy-ratelimited"}


def write_virtual_service(table: RouteTable, options: Options) -> Manifest:
    """The object of one service and one set of clients, or of names at a gateway."""
    if table.attachment.enforced_at is EnforcedAt.GATEWAY:
        return _at_gateway(table, options)
    subject = table.attachment.subject
    if subject.name is None or table.home is None:
        raise TypeError(table)
    of_host = tuple(v for v in (subject.name, subject.namespace, subject.trail) if v is not None)
    space = "" if subject.namespace is None else subject.namespace.value
    name = host_of(subject.name.value, space, options)
    hosts: list[Tree] = [Said(name, of_host)]
    hosts.extend(
        Said(spelt(one.value), (one,)) for one in more_hosts((*table.hosts, *names_of(table)), name)
    )
    spec: dict[str, Tree] = {"hosts": hosts}
    audience = table.attachment.audience
    if audience is not None and audience.reach is Reach.NAMESPACES:
        own = [n.value for n in audience.namespaces] == [table.home.value]
        spec["exportTo"] = [
            Said("." if own else n.value, (n, audience.trail)) for n in audience.namespaces
        ]
    purpose = (table.trail, table.name, *((audience.trail,) if audience is not None else ()))
    spec.update(_rules(table, options))
    if table.protocol in (Protocol.TCP, Protocol.TLS):
        purpose = (*purpose, *(r.name for r in table.routes if r.name is not None))
    return Manifest(
        api_version=NETWORKING,
        kind="VirtualService",
        namespace=table.home.value,
        name=table.name.value,
        tree={"metadata": {"namespace": table.home}, "spec": spec},
        purpose=purpose,
    )


def _at_gateway(table: RouteTable, options: Options) -> Manifest:
    """The rules of names at a gateway; without names those of every name."""
    audience = table.attachment.audience
    if table.home is None or audience is None:
        raise TypeError(table)
    own = (table.trail, *table.hosts)
    hosts: list[Tree] = [Said(spelt(one.value), own) for one in more_hosts(table.hosts, "")]
    spec: dict[str, Tree] = {
        "hosts": hosts,
        "gateways": [Said(n.value, (n, audience.trail)) for n in audience.listeners],
    }
    spec.update(_rules(table, options))
    names = (r.name for r in table.routes if r.name is not None and table.protocol is not Protocol.HTTP)  # fmt: skip
    return Manifest(
        api_version=NETWORKING,
        kind="VirtualService",
        namespace=table.home.value,
        name=table.name.value,
        tree={"metadata": {"namespace": table.home}, "spec": spec},
        purpose=(table.trail, table.name, *table.hosts, *names),
    )


def _rules(table: RouteTable, options: Options) -> Iterator[tuple[str, Tree]]:
    if table.protocol in (Protocol.TCP, Protocol.TLS):
        yield table.protocol.value, [_stream(route, table, options) for route in table.routes]
    else:
        yield "http", [_rule(route, options) for route in table.routes]


def host_of(name: str, space: str, options: Options) -> str:
    """The host by which a service is known; without a namespace the name as it stands."""
    return f"{name}.{space}.svc.{options.cluster_domain}" if space else name


def _stream(route: Route, table: RouteTable, options: Options) -> Tree:
    """Connections to the ports of the table, by what is known of them before anything is read."""
    tree: dict[str, Tree] = {}
    ports: list[dict[str, Tree]] = [
        {"port": port.derive(int(port.value.port))} for port in table.attachment.ports
    ]
    asked = [dict(_opening(match)) for match in route.matches]
    if ports or (asked and all(asked)):
        tree["match"] = [{**port, **one} for one in asked or [{}] for port in ports or [{}]]
    tree["route"] = [_backend(backend, options) for backend in route.backends]
    return tree


def _opening(match: RouteMatch) -> Iterator[tuple[str, Tree]]:
    """What an alternative asks of a connection: its addresses, the name in its TLS hello, who opened it."""
    for test in match.requests.tests:
        if test.part is Part.SERVER_NAME:
            names = (term for term in test.any_of if isinstance(term.value, Pattern))
            yield "sniHosts", [Said(spelt(t.value), (t,)) for t in names]  # type: ignore[arg-type]
        elif test.part is Part.DESTINATION_ADDRESS:
            blocks = ((t, t.value) for t in test.any_of if isinstance(t.value, Cidr))
            yield "destinationSubnets", [Said(block.block, (t,)) for t, block in blocks]
        else:
            yield from _tests(replace(match.requests, tests=(test,)))
    if match.audience is not None:
        yield from _clients(match.audience)


def _rule(route: Route, options: Options) -> Tree:
    tree: dict[str, Tree] = {}
    if route.name is not None:
        tree["name"] = route.name
    matches = [match for match in route.matches if _asks(match)]
    if matches:
        tree["match"] = [_match(match) for match in matches]
    elif route.matches:
        tree["match"] = [{"uri": {"prefix": Said("/", _trails(route.matches))}}]
    if route.redirect is not None:
        tree["redirect"] = _redirect(route.redirect)
    elif route.answer is not None:
        tree["directResponse"] = _answer(route.answer)
    else:
        tree["route"] = [_backend(backend, options) for backend in route.backends]
    tree.update(_effects(route, options))
    return tree


def _effects(route: Route, options: Options) -> Iterator[tuple[str, Tree]]:
    if route.rewrite is not None:
        yield "rewrite", _rewrite(route.rewrite, route.matches)
    if route.timeouts is not None and route.timeouts.request is not None:
        yield "timeout", route.timeouts.request.map(duration)
    if route.retry is not None:
        yield "retries", _retry(route.retry)
    if route.fault is not None:
        yield "fault", _fault(route.fault)
    if route.mirrors:
        yield "mirrors", [_mirror(mirror, options) for mirror in route.mirrors]
    if route.cross_origin is not None:
        yield "corsPolicy", cors_tree(route.cross_origin)
    headers = _headers(route.header_edits)
    if headers:
        yield "headers", headers


def _trails(matches: Sequence[RouteMatch]) -> tuple[Traced[object], ...]:
    return tuple(v for m in matches for v in (m.trail, m.requests.trail))


def _asks(match: RouteMatch) -> bool:
    return bool(match.requests.tests) or match.audience is not None


def _match(match: RouteMatch) -> Tree:
    tree = dict(_tests(match.requests))
    if match.audience is not None:
        tree.update(_clients(match.audience))
    return tree


def _clients(audience: Audience) -> Iterator[tuple[str, Tree]]:
    labels = audience.labels
    if labels is not None:
        yield (
            "sourceLabels",
            {one.key: Said(one.values[0], (labels,)) for one in labels.value.requirements},
        )
    if audience.namespaces:
        yield "sourceNamespace", audience.namespaces[0]


def _tests(request: AllOf) -> Iterator[tuple[str, Tree]]:
    maps: dict[str, dict[str, Tree]] = {}
    for test in request.tests:
        match test.part:
            case Part.PATH:
                yield "uri", _pattern(test)
                if any(isinstance(t.value, Pattern) and t.value.ignore_case for t in test.any_of):
                    yield "ignoreUriCase", Said(True, tuple(test.any_of))
            case Part.METHOD | Part.AUTHORITY | Part.SCHEME:
                yield test.part.value, _pattern(test)
            case Part.SERVICE_PORT:
                (term,) = test.any_of
                if not isinstance(term.value, Pattern):
                    raise TypeError(test)
                yield "port", term.derive(int(term.value.text))
            case Part.HEADER | Part.QUERY:
                if test.name is None:
                    raise TypeError(test)
                absent = test.presence is not None and test.presence.value is Presence.ABSENT
                without = absent or bool(test.none_of)
                query = test.part is Part.QUERY
                field = "queryParams" if query else "withoutHeaders" if without else "headers"
                maps.setdefault(field, {})[test.name.value] = _pattern(test)
            case _:
                message = f"a route cannot match the {test.part}"
                raise TypeError(message)
    yield from maps.items()


def _pattern(test: Test) -> Tree:
    terms = test.any_of or test.none_of
    name = () if test.name is None else (test.name,)
    if not terms:
        if test.presence is None:
            raise TypeError(test)
        if test.part is Part.QUERY:
            return {"regex": Said(".*", (test.presence, *name))}
        return Said({}, (test.presence, *name))
    (term,) = terms
    if not isinstance(term.value, Pattern):
        raise TypeError(test)
    return {_KINDS[term.value.kind]: Said(term.value.text, (term, *name))}


def _destination(destination: Destination, options: Options) -> dict[str, Tree]:
    space = "" if destination.namespace is None else destination.namespace.value
    by = tuple(
        v for v in (destination.name, destination.namespace, destination.trail) if v is not None
    )
    tree: dict[str, Tree] = {"host": Said(host_of(destination.name.value, space, options), by)}
    if destination.subset is not None:
        tree["subset"] = destination.subset
    if destination.port is not None:
        tree["port"] = {"number": destination.port.map(lambda port: port.port)}
    return tree


def _backend(backend: Backend, options: Options) -> Tree:
    tree: dict[str, Tree] = {"destination": _destination(backend.destination, options)}
    if backend.weight is not None:
        tree["weight"] = backend.weight
    headers = _headers(backend.header_edits)
    if headers:
        tree["headers"] = headers
    return tree


def _headers(edits: Sequence[HeaderEdit]) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    for side in HeaderSide:
        own = [edit for edit in edits if edit.side is side]
        block: dict[str, Tree] = {}
        for action in (HeaderAction.SET, HeaderAction.ADD):
            values = {
                e.name.value: Said("" if e.value is None else e.value.value,
                                   tuple(v for v in (e.value, e.name) if v is not None))
                for e in own
                if e.action is action
            }  # fmt: skip
            if values:
                block[action.value] = dict(values)
        gone = [e.name for e in own if e.action is HeaderAction.REMOVE]
        if gone:
            block["remove"] = list(gone)
        if block:
            tree[side.value] = block
    return tree


def _redirect(redirect: Redirect) -> Tree:
    said: dict[str, Traced[str] | Traced[int] | None] = {
        "uri": redirect.path,
        "prefixRewrite": redirect.prefix,
        "authority": redirect.authority,
        "scheme": redirect.scheme,
        "redirectCode": redirect.status,
    }
    tree: dict[str, Tree] = {key: value for key, value in said.items() if value is not None}
    if redirect.port is not None:
        if redirect.port.value == AS_ASKED:
            tree["derivePort"] = redirect.port.derive("FROM_REQUEST_PORT")
        else:
            tree["port"] = redirect.port.derive(int(redirect.port.value))
    return tree


def _answer(answer: FixedAnswer) -> Tree:
    tree: dict[str, Tree] = {"status": answer.status}
    if answer.body is not None:
        tree["body"] = {"string": answer.body}
    return tree


_EVERY_PATH = "/.*"


def _literally(path: str) -> str:
    """The path as what is put in the place of a match, where a backslash begins the number of a group."""
    return path.replace("\\", "\\\\")


def _is_whole(match: RouteMatch) -> bool:
    tests = (test for test in match.requests.tests if test.part is Part.PATH)
    terms = [term.value for test in tests for term in test.any_of]
    kinds = (PatternKind.EXACT, PatternKind.REGEX)
    return bool(terms) and all(isinstance(t, Pattern) and t.kind in kinds for t in terms)


def _rewrite(rewrite: Rewrite, matches: Sequence[RouteMatch]) -> Tree:
    """``uri`` puts a path in the place of a matched prefix: of a path that is not matched whole, an expression finds all."""
    tree: dict[str, Tree] = {}
    path = rewrite.path or rewrite.prefix
    if rewrite.path is not None and not (matches and all(map(_is_whole, matches))):
        text = rewrite.path.map(_literally)
        tree["uriRegexRewrite"] = {"match": Said(_EVERY_PATH, (rewrite.path,)), "rewrite": text}
    elif path is not None:
        tree["uri"] = path
    if rewrite.pattern is not None and rewrite.substitution is not None:
        match = rewrite.pattern.derive(rewrite.pattern.value.text)
        tree["uriRegexRewrite"] = {"match": match, "rewrite": rewrite.substitution}
    if rewrite.authority is not None:
        tree["authority"] = rewrite.authority
    return tree


def _retry(retry: Retry) -> Tree:
    tree: dict[str, Tree] = {"attempts": Said(retry.attempts.value, (retry.attempts, retry.trail))}
    if retry.per_try_timeout is not None:
        tree["perTryTimeout"] = retry.per_try_timeout.map(duration)
    words = [_WORDS.get(c.value, c.value.value) for c in retry.conditions]
    words += [str(status.value) for status in retry.statuses]
    if words:
        text = ",".join(dict.fromkeys(words))
        tree["retryOn"] = Said(text, (*retry.conditions, *retry.statuses))
    if retry.backoff is not None:
        tree["backoff"] = retry.backoff.map(duration)
    if retry.other_hosts is not None:
        tree["retryIgnorePreviousHosts"] = retry.other_hosts
    if retry.other_localities is not None:
        tree["retryRemoteLocalities"] = retry.other_localities
    return tree


def _fault(fault: Fault) -> Tree:
    tree: dict[str, Tree] = {}
    if fault.delay is not None:
        tree["delay"] = {
            "fixedDelay": fault.delay.map(duration),
            **_share(fault.delay_percent),
        }
    abort: dict[str, Tree] = {}
    if fault.abort_status is not None:
        abort["httpStatus"] = fault.abort_status
    if fault.abort_grpc_status is not None:
        abort["grpcStatus"] = fault.abort_grpc_status
    if abort:
        tree["abort"] = {**abort, **_share(fault.abort_percent)}
    return tree


def _share(percent: Traced[float] | None) -> dict[str, Tree]:
    return {} if percent is None else {"percentage": {"value": Said(percent.value, (percent,))}}


def _mirror(mirror: Mirror, options: Options) -> Tree:
    return {"destination": _destination(mirror.destination, options), **_share(mirror.percent)}


def duration(seconds: float) -> str:
    """A time in seconds or milliseconds."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"
