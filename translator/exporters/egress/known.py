"""Who knows of what is declared outside, and whose ways out are limited at all."""

from __future__ import annotations

from collections.abc import Sequence

from ir.edge import EgressPolicy, UnknownEgress
from ir.provenance import Traced


def refuses(policy: EgressPolicy) -> bool:
    """Whether what nobody declared does not pass."""
    return policy.unknown is not None and policy.unknown.value is UnknownEgress.REFUSE


def sees(
    filters: Sequence[Sequence[Traced[str]]], home: str, host: str, client: str | None
) -> bool:
    """Whether clients know of a host that is declared in the namespace ``home``.

    ``client``: their namespace; absent where it is not known which one it is.
    """
    return all(_knows([word.value for word in words], home, host, client) for words in filters)


def words_for(
    filters: Sequence[Sequence[Traced[str]]], home: str, host: str, client: str | None
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
