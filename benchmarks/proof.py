"""Times the proof alone: two estates compared, and patterns of paths told apart.

    python benchmarks/proof.py [DESTINATIONS]

Each destination has four policies, of which one in a hundred says something else on the later side. Prints seconds of
processor time, and the peak memory of the process.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Iterator

from ir.language import PATH, Dialect, Language, atoms
from ir.model import Model
from translator.pipeline import options_of
from translator.registry import load_importer
from translator.source.load import load_text
from translator.verify.compare import Terms, compare

PER_NAMESPACE = 50
OTHERWISE = 100
PATTERNS = 200

_WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {name}
      containers: [{{name: app, image: app, ports: [{{containerPort: 8080, name: http}}]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {space}}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: http, port: 80, targetPort: 8080}}]
"""

_POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}-{number}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  action: {action}
  rules:
  - from: [{{source: {{principals: [{caller}]}}}}]
    to: [{{operation: {{methods: [{method}], paths: ["{path}"]}}}}]
"""


def documents(destinations: int, *, later: bool) -> Iterator[str]:
    """The estate before, or after one policy in a hundred was changed."""
    for number in range(destinations):
        space, name = f"team-{number // PER_NAMESPACE}", f"svc-{number}"
        yield _WORKLOAD.format(space=space, name=name)
        for policy in range(4):
            caller = (number + policy * 7) % destinations
            other = later and policy == 1 and number % (OTHERWISE // 4) == 0
            yield _POLICY.format(
                space=space,
                name=name,
                number=policy,
                action="DENY" if policy == 3 else "ALLOW",  # noqa: PLR2004  # the last of four
                caller=f"cluster.local/ns/team-{caller // PER_NAMESPACE}/sa/svc-{caller}",
                method=("GET", "POST", "PUT", "GET")[policy],
                path=("/api/*", "/orders/*", "/items", "/api/internal/*")[policy]
                if not other
                else "/*",
            )


def model(destinations: int, *, later: bool) -> Model:
    """What one side means."""
    loaded = load_text("---\n".join(documents(destinations, later=later)), "estate.yaml")
    options = options_of(loaded, "istio", "linkerd", {})
    return load_importer("istio")(loaded.resources, options).model


def main() -> None:
    """Prints the figures."""
    destinations = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    gc.disable()
    before, after = (model(destinations, later=later) for later in (False, True))
    start = time.process_time()
    proof = compare(before, after, Terms())
    took = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{destinations} destinations, {4 * destinations} policies on each side: {took:.1f} s, {memory:.0f} MiB"
    )
    print(f"  {proof.counts}")
    start = time.process_time()
    paths = [
        *(Language.prefix(f"/api/v{n}/") for n in range(PATTERNS // 2)),
        *(
            Language.regex(f"/shop/[a-z]+/{n}(/.*)?", Dialect.RE2_FULL)
            for n in range(PATTERNS // 2)
        ),
    ]
    found = atoms(paths, within=PATH)
    took = time.process_time() - start
    print(f"{PATTERNS} patterns of paths: {len(found)} atoms, {took:.2f} s")


if __name__ == "__main__":
    main()
