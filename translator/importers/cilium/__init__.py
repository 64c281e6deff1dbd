"""Cilium as a source: ``read`` each resource, then ``link`` them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ir.model import Fact, Inactive, Model
from ir.provenance import Assumption
from ir.walk import traced
from translator.api import Import, Inert, Loss, Options
from translator.errors import InputError
from translator.importers.cilium.agent import Agent, read_agent
from translator.importers.cilium.cidr_group import read_cidr_group
from translator.importers.cilium.envoy.config import EnvoyConfig, read_envoy_config
from translator.importers.cilium.link.clusters import defaults as of_clusters
from translator.importers.cilium.link.envoy import link_envoy
from translator.importers.cilium.link.policies import link_policies
from translator.importers.cilium.model import CidrGroup, Piece, Policy, Statement
from translator.importers.cilium.network_policy import NARROW, WIDE, notes_of, read_policy
from translator.importers.cilium.routes import read_routes
from translator.importers.cilium.silence import defaults
from translator.importers.cilium.unread import (
    ADDRESSES,
    INSTALLED,
    PIECES,
    kind_not_read,
    read_piece,
)
from translator.importers.cilium.words import read_services
from translator.importers.linked import AGE
from translator.importers.route_objects.places import is_mixed, is_of_services
from translator.resources.kubernetes.metadata import Meta, read_metadata
from translator.resources.kubernetes.network_policy import network_of
from translator.resources.kubernetes.read import read_inventory
from translator.source.cursor import Cursor, root_cursor
from translator.source.leaves import Resource, leaves_below

GROUP = "cilium.io"

AGENT = (
    Assumption("localhost", "the agent lets the node of a pod in whatever policies say (allow-localhost: always)"),
    Assumption("labels", "the labels that make an identity are those that the agent takes where nobody says otherwise"),
)  # fmt: skip
"""Install settings that the input does not show."""


def _assumed(agent: Agent) -> tuple[Assumption, ...]:
    """What is taken for granted, less what the input says."""
    keys = {"localhost": "allow-localhost"}
    return tuple(one for one in AGENT if keys.get(one.name, one.name) not in agent.said)


ENVOY = ("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig")
Reader = Callable[[Cursor, Meta], Statement]


def read_mesh(resources: Sequence[Resource], options: Options) -> Import:
    """The facts that Cilium makes of these resources.

    Raises:
        ExceptionGroup: of ``InputError``, all of the run together.
    """
    reads: set[int] = set()
    inert: list[Inert] = []
    losses: list[Loss] = []
    claimed = tuple(r for r in resources if r.api_version.rpartition("/")[0] == GROUP)
    inventory = read_inventory(resources, options.namespace, complete=options.complete)
    agent = read_agent(resources, reads)
    groups: dict[str, CidrGroup] = {}
    policy = partial(read_policy, groups=groups, inventory=inventory, agent=agent)
    told = _Told(reads, inert, losses)
    statements, errors = _statements(claimed, policy, groups, options, told)
    routes = read_routes(resources, inventory, options, reads)
    errors.extend(routes.errors)
    if errors:
        message = "input that the API server would refuse"
        raise ExceptionGroup(message, errors)
    linked = link_policies(statements, inventory, agent, options)
    losses.extend(linked.losses)
    facts: list[Fact] = [*linked.facts, *agent.doubts, *routes.facts]
    configs = [s for s in statements if isinstance(s, EnvoyConfig)]
    envoy = link_envoy(configs, routes.facts, inventory, options)
    facts.extend(envoy.facts)
    facts.extend(f for s in statements if isinstance(s, Piece) for f in s.facts)
    facts.extend(read_services(resources, options, reads))
    inactive = [*linked.inactive, *routes.inactive, *envoy.inactive, *_unused(statements, facts)]
    facts.extend(network_of(resources, options.namespace, options.cluster_networks))
    policies = any(isinstance(one, Policy) for one in statements)
    model = Model(
        facts=tuple(facts),
        defaults=(
            *defaults(facts, options, agent.retries),
            *of_clusters(envoy.clusters, options),
        ),
        objects=tuple(s.meta.source for s in (*statements, *routes.found.mine)),
        inactive=tuple(inactive),
        assumptions=(
            *(_assumed(agent) if policies else ()),
            *((AGE,) if routes.guesses_age else ()),
            *routes.assumptions,
        ),
        inventory=inventory,
    )
    return Import(
        model=model,
        claimed=(*claimed, *routes.claimed),
        inert=(*inert, *envoy.inert, *routes.found.inert),
        reads=frozenset(reads),
        losses=(*losses, *routes.found.losses),
        shared=tuple(r for r in routes.claimed if is_of_services(r) or is_mixed(r)),
        edits=tuple(routes.found.edits),
        spoken=routes.found.spoken,
        standing=routes.standing,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What readers tell besides."""

    reads: set[int]
    inert: list[Inert]
    losses: list[Loss]


def _statements(
    claimed: Sequence[Resource],
    policy: Reader,
    groups: dict[str, CidrGroup],
    options: Options,
    told: _Told,
) -> tuple[list[Statement], list[InputError]]:
    """What the resources say, one by one, and what their API server would refuse; named blocks first."""
    found: list[Statement] = []
    errors: list[InputError] = []
    readers: dict[str, Reader] = {
        "CiliumCIDRGroup": read_cidr_group,
        NARROW: policy,
        WIDE: policy,
        **dict.fromkeys(ENVOY, read_envoy_config),
        **dict.fromkeys(PIECES, read_piece),
    }
    for resource in sorted(claimed, key=lambda r: r.kind != "CiliumCIDRGroup"):
        quiet = INSTALLED.get(resource.kind) or ADDRESSES.get(resource.kind)
        if quiet:
            told.inert.extend(Inert(leaf, quiet) for leaf in leaves_below(resource))
            continue
        reader = readers.get(resource.kind)
        if reader is None:
            told.losses.append(kind_not_read(resource))
            continue
        root = root_cursor(resource, told.reads)
        try:
            meta, own = read_metadata(root, options.namespace)
            statement = reader(root, meta)
            told.inert.extend(own)
            if isinstance(statement, Policy):
                told.inert.extend(Inert(n, f"{key} is for people") for n, key in notes_of(root))
            if isinstance(statement, CidrGroup):
                groups[meta.name.value] = statement
            found.append(statement)
        except InputError as error:
            errors.append(error)
    return found, errors


def _unused(statements: Sequence[Statement], facts: Sequence[Fact]) -> list[Inactive]:
    """Blocks of addresses that no policy in force names."""
    used = {leaf for fact in facts for value in traced(fact) for leaf in value.origin}
    found = []
    for group in statements:
        if isinstance(group, CidrGroup):
            leaves = {leaf for value in (*group.blocks, group.trail) for leaf in value.origin}
            left = tuple(sorted(leaves - used))
            if left:
                found.append(
                    Inactive(leaves=left, winner="", why="no policy of the input names it")
                )
    return found
