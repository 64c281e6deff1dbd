"""Makes an estate of any size: the same bytes for the same number of services.

Five documents a service on average: a Deployment and a Service each, routes and destination rules for many, access
policies for most, namespaces of twenty services.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

PER_NAMESPACE = 20

_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {space}
spec:
  selector:
    app: {name}
  ports:
    - name: http
      port: 80
      targetPort: 8080
"""

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}-{version}
  namespace: {space}
spec:
  selector:
    matchLabels: {{app: {name}, version: {version}}}
  template:
    metadata:
      labels: {{app: {name}, version: {version}}}
    spec:
      serviceAccountName: {name}
      containers:
        - name: {name}
          image: registry.example.com/{name}:{version}
          ports:
            - name: http
              containerPort: 8080
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
"""

_ROUTES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {name}
  namespace: {space}
spec:
  hosts: [{name}]
  http:
    - match:
        - uri: {{prefix: /static-{number}/}}
      timeout: {seconds}s
      route:
        - destination: {{host: {name}, subset: v1}}
    - match:
        - headers:
            x-canary: {{exact: "{number}"}}
      route:
        - destination: {{host: {name}, subset: v2}}
    - route:
        - destination: {{host: {name}, subset: v1}}
          weight: 95
        - destination: {{host: {name}, subset: v2}}
          weight: 5
"""

_SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {name}
  namespace: {space}
spec:
  host: {name}
  subsets:
    - name: v1
      labels: {{version: v1}}
    - name: v2
      labels: {{version: v2}}
"""

_ALLOW = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: {name}
  namespace: {space}
spec:
  selector:
    matchLabels: {{app: {name}}}
  rules:
    - from:
        - source:
            principals: ["cluster.local/ns/{space}/sa/{caller}"]
      to:
        - operation:
            methods: ["GET", "POST"]
            paths: ["/api/v{kind}/*", "/status"]
"""

_DENY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: {name}-never
  namespace: {space}
spec:
  selector:
    matchLabels: {{app: {name}}}
  action: DENY
  rules:
    - to:
        - operation:
            paths: ["/api/v{kind}/admin/*"]
"""

_NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: {space}
  labels:
    istio-injection: enabled
"""

_STRICT = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: {space}
spec:
  mtls:
    mode: STRICT
"""


def namespaces(services: int) -> Iterator[tuple[str, list[str]]]:
    """Each namespace with its documents."""
    for first in range(0, services, PER_NAMESPACE):
        space = f"team-{first // PER_NAMESPACE:03}"
        found = [_NAMESPACE.format(space=space), _STRICT.format(space=space)]
        for number in range(first, min(first + PER_NAMESPACE, services)):
            found.extend(_service(number, space))
        yield space, found


def _service(number: int, space: str) -> Iterator[str]:
    words = {
        "name": f"svc-{number:05}",
        "caller": f"svc-{max(number - 1, 0):05}",
        "space": space,
        "number": number,
        "seconds": number % 30 + 1,
        "kind": number % 7,
    }
    yield _SERVICE.format(**words)
    yield _DEPLOYMENT.format(**words, version="v1")
    if number % 2 == 0:
        yield _DEPLOYMENT.format(**words, version="v2")
        yield _ROUTES.format(**words)
        yield _SUBSETS.format(**words)
    if number % 5:
        yield _ALLOW.format(**words)
    if number % 3 == 0:
        yield _DENY.format(**words)


def write_estate(folder: Path, services: int) -> int:
    """Writes the estate, a file a namespace, and says how many documents it has."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = 0
    for space, found in namespaces(services):
        documents += len(found)
        (folder / f"{space}.yaml").write_text("---\n".join(found))
    return documents


if __name__ == "__main__":
    print(write_estate(Path(sys.argv[1]), int(sys.argv[2])), "documents")
