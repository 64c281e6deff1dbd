"""What a rule asks of a request: tests on its parts, and the form in which the parts are seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ir.provenance import Traced, Trail
from ir.roles import Role, roles


class PatternKind(StrEnum):
    """How the text of a pattern is compared with a string."""

    EXACT = "exact"
    PREFIX = "prefix"
    """A string prefix: ``/foo`` covers ``/foobar``."""
    SUFFIX = "suffix"
    CONTAINS = "contains"
    ELEMENT_PREFIX = "element_prefix"
    """A prefix of whole path elements: ``/foo`` and ``/foo/`` cover ``/foo`` and ``/foo/x``, not ``/foobar``."""
    TEMPLATE = "template"
    """A path with ``{*}`` (one element) and ``{**}`` (any elements)."""
    REGEX = "regex"
    NON_EMPTY = "non_empty"
    GLOB = "glob"
    """``*`` stands for any text, anywhere."""


class RegexDialect(StrEnum):
    """The language and anchoring of a regular expression; the values are those of :mod:`ir.language`."""

    RE2_FULL = "re2_full"
    """RE2 syntax, the whole string must match."""
    RUST_SPAN = "rust_span"
    """Rust ``regex`` syntax, leftmost-first search, and the span found must be the whole string."""
    GO_SEARCH = "go_search"
    """RE2 syntax, found anywhere in the string."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of strings. ``dialect`` is given for regular expressions only."""

    kind: PatternKind
    text: str
    ignore_case: bool = False
    dialect: RegexDialect | None = None


@dataclass(frozen=True, slots=True)
class Cidr:
    """A block of addresses in CIDR form, less some blocks inside it."""

    block: str
    excluding: tuple[str, ...] = ()


class Operator(StrEnum):
    """How a requirement compares a label."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One demand on a label. ``NOT_IN`` and ``DOES_NOT_EXIST`` are met by objects without it."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """A label selector: all requirements must hold; none at all selects everything."""

    requirements: tuple[Requirement, ...] = ()


Term = Pattern | Cidr | Labels
"""One value that a test compares with."""


class Part(StrEnum):
    """The part of a request, of its connection or of its caller that a test looks at."""

    PATH = "path"
    METHOD = "method"
    AUTHORITY = "authority"
    SCHEME = "scheme"
    HEADER = "header"
    QUERY = "query"
    RPC_SERVICE = "rpc_service"
    RPC_METHOD = "rpc_method"
    PORT = "port"
    """The port of the workload."""
    SERVICE_PORT = "service_port"
    """The port of the service that the client addressed."""
    SERVER_NAME = "server_name"
    """The name in the TLS hello."""
    DESTINATION_ADDRESS = "destination_address"
    TRANSPORT = "transport"
    """The protocol below: ``TCP`` for all requests of this model; ``UDP``, ``SCTP``, ``icmpv4/8`` and such for others."""

    CERTIFICATE = "certificate"
    """Whether the caller proved an identity of the mesh at all."""
    IDENTITY = "identity"
    """``<trust domain>/ns/<namespace>/sa/<service account>`` from the caller's certificate."""
    NAMESPACE = "namespace"
    SERVICE_ACCOUNT = "service_account"
    """``<namespace>/<service account>``, whatever the trust domain."""
    TRUST_DOMAIN = "trust_domain"
    PEER_ADDRESS = "peer_address"
    """The address of the connection's other end."""
    CLIENT_ADDRESS = "client_address"
    """The address that trusted proxies report, else the peer's."""
    TOKEN_PRINCIPAL = "token_principal"  # noqa: S105  # the name of a part, not a secret
    TOKEN_AUDIENCE = "token_audience"  # noqa: S105
    TOKEN_CLAIM = "token_claim"  # noqa: S105
    WORKLOAD_LABELS = "workload_labels"
    NAMESPACE_LABELS = "namespace_labels"
    """The labels of the caller's namespace, among them ``kubernetes.io/metadata.name``."""
    ENTITY = "entity"
    """``all``, and ``world`` or one of :data:`INSIDE`; of what is in the cluster and no pod, its kind too: host (the node of the
    pod), kubelet, remote-node, health, ingress, kube-apiserver, unmanaged."""
    DNS_NAME = "dns_name"
    SERVICE = "service"
    EXTENSION = "extension"
    """A key that only an extension of the source understands."""


INSIDE = ("cluster", "cluster-mesh")
"""Entities that whatever is in this cluster is; the second is whatever is in clusters that are joined with it too."""

CALLER_PARTS = frozenset(Part) - frozenset(
    (
        Part.PATH,
        Part.METHOD,
        Part.AUTHORITY,
        Part.SCHEME,
        Part.HEADER,
        Part.QUERY,
        Part.RPC_SERVICE,
        Part.RPC_METHOD,
        Part.PORT,
        Part.SERVICE_PORT,
        Part.SERVER_NAME,
        Part.DESTINATION_ADDRESS,
        Part.TRANSPORT,
        Part.EXTENSION,
    )
)
"""Parts that speak of who calls; the others speak of what is asked."""

HTTP_PARTS = frozenset(
    (
        Part.PATH,
        Part.METHOD,
        Part.AUTHORITY,
        Part.SCHEME,
        Part.HEADER,
        Part.QUERY,
        Part.RPC_SERVICE,
        Part.RPC_METHOD,
        Part.TOKEN_PRINCIPAL,
        Part.TOKEN_AUDIENCE,
        Part.TOKEN_CLAIM,
    )
)
"""Parts that exist only where a request is read as HTTP."""


class Presence(StrEnum):
    """Whether the part must be there at all."""

    EITHER = "either"
    PRESENT = "present"
    ABSENT = "absent"


@roles(
    part=Role.CONDITION,
    name=Role.CONDITION,
    any_of=Role.CONDITION,
    none_of=Role.CONDITION,
    presence=Role.CONDITION,
    missing_is_empty=Role.CONDITION,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Holds for a request whose ``part`` is among ``any_of`` (where given) and is not among ``none_of``.

    A request that lacks the part fails ``any_of`` and passes ``none_of``; with ``missing_is_empty`` it counts as the
    empty string instead. ``name`` is the header's, the query parameter's or the claim's. ``none_of`` is over
    requests: a caller without identity is "not identity x".
    """

    part: Part
    name: Traced[str] | None = None
    any_of: tuple[Traced[Term], ...] = ()
    none_of: tuple[Traced[Term], ...] = ()
    presence: Traced[Presence] | None = None
    missing_is_empty: bool = False
    trail: Trail
    __test__: ClassVar[bool] = False
    """Not for test runners, whatever its name says."""


def texts_of(test: Test) -> list[str]:
    """The texts of the patterns of which one must hold."""
    return [t.value.text for t in test.any_of if isinstance(t.value, Pattern)]


@roles(tests=Role.CONDITION)
@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """One alternative: holds where all its tests hold; without tests it always holds."""

    tests: tuple[Test, ...] = ()
    trail: Trail


class PathForm(StrEnum):
    """What is done to a path before predicates see it."""

    RAW = "raw"
    NORMAL = "normal"
    """Dot elements resolved, backslashes turned, escapes of unreserved characters undone; ``//`` and ``%2F`` stay."""
    MERGED = "merged"
    """``NORMAL`` with runs of slashes merged."""
    DECODED_AND_MERGED = "decoded_and_merged"


class Unreadable(StrEnum):
    """What a test on HTTP means on a connection that is not read as HTTP."""

    SKIP_RULE = "skip_rule"
    """The rule that holds it matches nothing."""
    IGNORE_TEST = "ignore_test"
    """The test is taken as met, the rest of the rule stands."""
    NO_MATCH = "no_match"


@roles(
    path=Role.CONDITION,
    path_has_query=Role.CONDITION,
    authority_has_port=Role.CONDITION,
    headers_joined=Role.CONDITION,
    regex_reads_bytes=Role.CONDITION,
    on_unreadable=Role.CONDITION,
)
@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The form in which an enforcement point sees a request; predicates are evaluated through it.

    ``authority_has_port``: as it was sent; else without its port and without the dot at its end. ``headers_joined``:
    several values of one header count as one, with commas between; else each is compared. ``regex_reads_bytes``: a
    regular expression is compared with any value of a header; else only with those in visible ASCII.
    """

    path: PathForm = PathForm.RAW
    path_has_query: bool = False
    authority_has_port: bool = True
    headers_joined: bool = False
    regex_reads_bytes: bool = True
    on_unreadable: Unreadable = Unreadable.NO_MATCH
