"""Who knows of what is declared outside, and whose ways out are limited at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ir.attachment import Reach
from ir.edge import EgressPolicy, ExternalService, UnknownEgress
from ir.match import Pattern
from ir.provenance import Traced
from translator.exporters.egress.names import home_of, text_of

Filters = Sequence[Sequence[Traced[str]]]
"""What each policy in force knows of, where that is not all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The hosts of a service that clients know of, by these ``words``; ``client``: their namespace (absent: all of them)."""

    client: Traced[str] | None
    hosts: tuple[Traced[Pattern], ...]
    words: tuple[Traced[str], ...]


def refuses(policy: EgressPolicy) -> bool:
    """Whether what nobody declared does not pass."""
    return policy.unknown is not None and policy.unknown.value is UnknownEgress.REFUSE


def seen(
    service: ExternalService, at: str | None, filters: Filters, apart: Sequence[str]
) -> Iterator[Seen]:
    """What clients in the namespace ``at`` (absent: in all but those ``apart``) know of a service."""
    for client, also in _clients(service, at, filters, apart):
        where = at if client is None else client.value
        hosts = _hosts(service, filters, where, also=also)
        if hosts:
            yield Seen(client, hosts, _words(service, hosts, filters, where))


def _clients(
    service: ExternalService, at: str | None, filters: Filters, apart: Sequence[str]
) -> Iterator[tuple[Traced[str] | None, bool]]:
    """The clients that it is declared for, and whether they are among others who see some of it."""
    audience = service.audience
    everyone = audience is None or audience.reach is Reach.EVERYONE
    spaces = () if audience is None else audience.namespaces
    if at is not None:
        if everyone or at in [space.value for space in spaces]:
            yield None, False
        return
    if not everyone:
        yield from ((space, False) for space in spaces if space.value not in apart)
        return
    yield None, False
    own = any(word.value.startswith("./") for words in filters for word in words)
    if own and home_of(service) not in apart:
        yield Traced(home_of(service), (), service.name.because, (service.name,)), True


def _hosts(
    service: ExternalService, filters: Filters, where: str | None, *, also: bool
) -> tuple[Traced[Pattern], ...]:
    """The hosts that these clients know of; ``also``: only those that not all of them do."""
    home = home_of(service)

    def known(host: Traced[Pattern], by: str | None) -> bool:
        return sees(filters, home, text_of(host.value), by)

    return tuple(h for h in service.hosts if known(h, where) and not (also and known(h, None)))


def _words(
    service: ExternalService, hosts: Sequence[Traced[Pattern]], filters: Filters, where: str | None
) -> tuple[Traced[str], ...]:
    """The items by which these clients know of the hosts, each once."""
    home = home_of(service)
    found = (w for h in hosts for w in words_for(filters, home, text_of(h.value), where))
    return tuple({id(word): word for word in found}.values())


def sees(filters: Filters, home: str, host: str, client: str | None) -> bool:
    """Whether clients know of a host that is declared in the namespace ``home``.

    ``client``: their namespace; absent where it is not known which one it is.
    """
    return all(_knows([word.value for word in words], home, host, client) for words in filters)


def words_for(
    filters: Filters, home: str, host: str, client: str | None
) -> tuple[Traced[str], ...]:
    """The items by which clients know of a host."""
    return tuple(
        word
        for words in filters
        for word in words
        if not word.value.startswith("~") and _is(word.value, home, host, client)
    )


def knows_all(words: Sequence[Traced[str]]) -> bool:
    """Whether the items of a list hide nothing."""
    texts = [word.value for word in words]
    return "*/*" in texts and not any(text.startswith("~") for text in texts)


def _knows(words: Sequence[str], home: str, host: str, client: str | None) -> bool:
    barred = [w[1:] for w in words if w.startswith("~") and w != "~/*"]
    listed = [w for w in words if not w.startswith("~")]
    if any(_is(word, home, host, client) for word in barred):
        return False
    return any(_is(word, home, host, client) for word in listed)


def _is(word: str, home: str, host: str, client: str | None) -> bool:
    space, _, name = word.partition("/")
    here = space in ("*", home) or (space == "." and client == home)
    fits = name in ("*", host) or (name.startswith("*") and host.endswith(name[1:]))
    return here and fits
