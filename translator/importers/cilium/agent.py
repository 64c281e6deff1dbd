"""How the agent is installed: the ConfigMap ``cilium-config``, where it is in the input.

The ConfigMap stays where it is and holds what it held, so its leaves are carried; what it says changes what policies
mean. Keys: cilium/cilium pkg/option/config.go, 1.20 (``enable-policy``, ``policy-audit-mode``, ``allow-localhost``,
``policy-cidr-match-mode``, ``enable-l7-proxy``, ``http-retry-count``, ``enable-non-default-deny-policies``, ``labels``,
``enable-k8s-networkpolicy``). Without it the agent is taken to be installed as the chart does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ir.attachment import Scope, Subject
from ir.membership import Aspect, ProxySetting
from ir.provenance import Traced, trail
from translator.resources.kubernetes.read import below
from translator.source.leaves import Resource, leaf_ref

NAME = "cilium-config"
HOME = "kube-system"

_DOUBTFUL = {"labels": "", "enable-k8s-networkpolicy": "true"}
"""Keys that change who is meant or what adds up in a way that no fact says, with the value that changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What the agent does with policies.

    ``enforcement``: ``default``, ``always`` or ``never``. ``audit``: what policies refuse is told and let through.
    ``localhost``: a pod is reached from its own node whatever policies say; ``blocks``: parts of the cluster that blocks
    of addresses select too. ``requests``: rules on requests are taken. ``additive``: a rule may open without closing.
    ``retries``: how often the listener of a policy tries a failed request again.
    """

    enforcement: Traced[str]
    audit: Traced[bool]
    localhost: bool = True
    blocks: frozenset[str] = frozenset()
    requests: bool = True
    additive: bool = True
    retries: int = 3
    key: str = ""
    said: frozenset[str] = frozenset()
    """The keys that are written."""
    doubts: tuple[ProxySetting, ...] = ()

    @property
    def idle(self) -> Traced[object] | None:
        """What switches all policies off, if something does."""
        if self.enforcement.value == "never":
            return self.enforcement
        return self.audit if self.audit.value else None

    @property
    def closes(self) -> bool:
        """Whether pods are closed that no policy is about."""
        return self.enforcement.value == "always"


AS_INSTALLED = Agent(enforcement=Traced("default"), audit=Traced(False))


def read_agent(resources: Sequence[Resource], reads: set[int]) -> Agent:
    """What the ConfigMap says; of several that of ``kube-system``."""
    found = [r for r in resources if r.kind == "ConfigMap" and r.name == NAME and "/" not in r.api_version]  # fmt: skip
    if not found:
        return AS_INSTALLED
    resource = min(found, key=lambda r: (r.namespace != HOME, r.namespace or ""))
    values = _values(resource)
    wanted = {k: v for k, v in values.items() if k in _KEYS}
    reads.update(leaf for v in wanted.values() for leaf in v.origin)
    return _agent(f"ConfigMap/{resource.namespace or HOME}/{NAME}", wanted)


def _values(resource: Resource) -> dict[str, Traced[str]]:
    data = below(resource.node, "data")
    entries = data.value if data is not None and isinstance(data.value, dict) else {}
    return {
        key: Traced(str(node.value).strip(), (leaf_ref(resource.document.number, node.leaf),))
        for key, node in entries.items()
        if node.leaf >= 0 and node.value is not None
    }


def _agent(key: str, values: Mapping[str, Traced[str]]) -> Agent:
    def is_(name: str, *, otherwise: bool) -> bool:
        value = values.get(name)
        return otherwise if value is None else value.value.lower() == "true"

    def text(name: str, otherwise: str) -> Traced[str]:
        return values.get(name, Traced(otherwise))

    retries = text("http-retry-count", "3").value
    audit = text("policy-audit-mode", "false")
    blocks = text("policy-cidr-match-mode", "").value.replace(",", " ").split()
    return Agent(
        enforcement=text("enable-policy", "default").map(_lower),
        audit=Traced(audit.value.lower() == "true", audit.origin),
        localhost=text("allow-localhost", "auto").value.lower() != "policy",
        blocks=frozenset(blocks) & {"nodes", "pods"},
        requests=is_("enable-l7-proxy", otherwise=True),
        additive=is_("enable-non-default-deny-policies", otherwise=True),
        retries=int(retries) if retries.isdecimal() else 3,
        key=key,
        said=frozenset(values),
        doubts=tuple(
            _doubt(key, name, value)
            for name, value in sorted(values.items())
            if name in _DOUBTFUL and value.value.lower() != _DOUBTFUL[name]
        ),
    )


def _lower(text: str) -> str:
    return text.lower()


def _doubt(owner: str, name: str, value: Traced[str]) -> ProxySetting:
    return ProxySetting(
        subject=Subject(scope=Scope.MESH, trail=trail("the mesh", because=value.origin)),
        object=owner,
        aspect=Aspect.OTHER,
        value=value,
        trail=trail(f"{name} of {owner}", because=value.origin),
    )


_KEYS = frozenset(
    (
        "enable-policy",
        "policy-audit-mode",
        "allow-localhost",
        "policy-cidr-match-mode",
        "enable-l7-proxy",
        "http-retry-count",
        "enable-non-default-deny-policies",
        *_DOUBTFUL,
    )
)
