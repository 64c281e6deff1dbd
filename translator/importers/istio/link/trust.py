"""The trust domains of a mesh: identities of its own, of its aliases, and of the literal ``cluster.local`` are the same.

istio/istio pilot/pkg/security/trustdomain/bundle.go ``ReplaceTrustDomainAliases``, 1.31: only principals of all five
parts are replaced; patterns of fewer, and foreign trust domains, stay as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ir.match import AllOf, Part, Pattern, PatternKind, Term, Test
from ir.provenance import Traced
from translator.api import Options
from translator.importers.istio.model import AuthorizationPolicy, AuthorizationRule, MeshConfig

_POINTER = "cluster.local"
_PARTS = 5


@dataclass(frozen=True, slots=True)
class Trust:
    """The mesh's own trust domain first, then its aliases."""

    domains: tuple[str, ...]

    def names(self, domain: str) -> bool:
        """Whether identities of this trust domain are those of the mesh."""
        return domain == _POINTER or domain in self.domains


def trust_of(config: MeshConfig, options: Options) -> Trust:
    """The trust domains of a run."""
    aliases = (alias.value for alias in config.trust_domain_aliases)
    return Trust(tuple(dict.fromkeys((options.trust_domain, *aliases))))


def trusted(policy: AuthorizationPolicy, trust: Trust) -> AuthorizationPolicy:
    """The policy with every identity of the mesh under each of its trust domains."""
    return replace(policy, rules=tuple(_rule(rule, trust) for rule in policy.rules))


def _rule(rule: AuthorizationRule, trust: Trust) -> AuthorizationRule:
    return replace(
        rule,
        callers=tuple(_all_of(one, trust) for one in rule.callers),
        always=_tests(rule.always, trust),
    )


def _all_of(one: AllOf, trust: Trust) -> AllOf:
    return replace(one, tests=_tests(one.tests, trust))


def _tests(tests: Sequence[Test], trust: Trust) -> tuple[Test, ...]:
    return tuple(_test(test, trust) if test.part is Part.IDENTITY else test for test in tests)


def _test(test: Test, trust: Trust) -> Test:
    return replace(
        test,
        any_of=tuple(term for one in test.any_of for term in _terms(one, trust)),
        none_of=tuple(term for one in test.none_of for term in _terms(one, trust)),
    )


def _terms(term: Traced[Term], trust: Trust) -> Iterator[Traced[Term]]:
    pattern = term.value
    if not isinstance(pattern, Pattern) or not _is_whole(pattern):
        yield term
        return
    domain, _, rest = pattern.text.partition("/")
    if not trust.names(domain):
        yield term
        return
    for own in trust.domains:
        same = own == domain
        yield term if same else term.derive(replace(pattern, text=f"{own}/{rest}"))


def _is_whole(pattern: Pattern) -> bool:
    """Whether the principal has five parts, and its trust domain is written out."""
    return (
        pattern.kind in (PatternKind.EXACT, PatternKind.PREFIX)
        and len(pattern.text.split("/")) == _PARTS
    )
