"""A real API server on loopback: etcd, kube-apiserver and kubectl, with the official CRDs of the meshes.

The programs are those of the folder that ``KUBEBUILDER_ASSETS`` names, as for controller-runtime's envtest, or else those
on the ``PATH``. The CRDs lie beside the project where it is worked on, and nothing of them is kept here. Where any of it is
missing the tests that need it are skipped, and say what.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_PLACE = Path("shared", "schemas")
CRDS = next((p / _PLACE for p in Path(__file__).parents if (p / _PLACE).is_dir()), None)
_GROUPS = r"(?:istio|linkerd|cilium|gateway\.networking\.(?:x-)?k8s)\.io"
_TOKEN = "tests"  # noqa: S105  # for a server on loopback that ends with the test
_PATIENCE = 90.0


def _program(name: str) -> str | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return shutil.which(name, path=assets) if assets else shutil.which(name)


PROGRAMS = {name: _program(name) for name in ("etcd", "kube-apiserver", "kubectl")}
MISSING = [
    *(name for name, found in PROGRAMS.items() if found is None),
    *([] if find_spec("cryptography") else ["cryptography of the extra 'oracle'"]),
    *([] if CRDS else [f"{_PLACE} beside the project"]),
]
"""What the tests would need and is not here."""

needs_server = pytest.mark.skipif(
    bool(MISSING), reason=f"no API server can be run: there is no {', no '.join(MISSING)}"
)

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says: the status, the object or the error, and what it warns of."""

    status: int
    body: Tree
    warnings: tuple[str, ...]

    @property
    def complaint(self) -> str:
        """Why it does not take an object without a word; empty where it does."""
        said = "" if self.status in (200, 201) else str(self.body.get("message", self.status))
        return "; ".join(filter(None, (said, *self.warnings)))


class Server:
    """A server that runs, with the kinds that it has."""

    def __init__(self, port: int, kubeconfig: Path) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # loopback, a certificate of its own making
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", port, context=context, timeout=60
        )
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        self.kinds: dict[tuple[str, str], tuple[str, bool]] = {}

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def kubectl(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl."""
        return subprocess.run(  # noqa: S603  # our own words
            [str(PROGRAMS["kubectl"]), *words],
            cwd=cwd,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def ask(self, method: str, path: str, body: str | None = None, form: str = "json") -> Answer:
        """One request, again while the server says that it is not ready for it; ``form`` is that of the body."""
        for _ in range(40):
            answer = self._ask(method, path, body, form)
            if answer.status != http.client.TOO_MANY_REQUESTS:
                break
            time.sleep(0.25)
        return answer

    def _ask(self, method: str, path: str, body: str | None, form: str) -> Answer:
        headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": f"application/{form}"}
        try:
            self._connection.request(method, path, body=body and body.encode(), headers=headers)
            got = self._connection.getresponse()
            text = got.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise
        found = [value for name, value in got.getheaders() if name.lower() == "warning"]
        with suppress(ValueError):
            return Answer(got.status, json.loads(text), tuple(found))
        return Answer(got.status, {"message": text.decode(errors="replace")}, tuple(found))

    def discover(self) -> None:
        """Learns which kinds there are and where."""
        groups = self.ask("GET", "/apis").body["groups"]
        bases = {v["groupVersion"]: "/apis/" for group in groups for v in group["versions"]}
        for version, base in {"v1": "/api/", **bases}.items():
            for one in self.ask("GET", f"{base}{version}").body["resources"]:
                if "/" not in one["name"]:
                    place = f"{base}{version}", one["name"]
                    self.kinds[version, one["kind"]] = "/".join(place), one["namespaced"]

    def knows(self, value: Tree) -> bool:
        """Whether there is such a kind."""
        return (value["apiVersion"], value["kind"]) in self.kinds

    def folder(self, value: Tree) -> str:
        """Where objects of its kind and namespace are."""
        path, namespaced = self.kinds[value["apiVersion"], value["kind"]]
        base, _, plural = path.rpartition("/")
        space = value["metadata"].get("namespace", "default")
        return f"{base}/namespaces/{space}/{plural}" if namespaced else path

    def tried(self, text: str, value: Tree) -> Answer:
        """What comes of ``kubectl apply --server-side --dry-run=server --validate=strict``."""
        query = "fieldManager=kubectl&force=true&fieldValidation=Strict&dryRun=All"
        path = f"{self.folder(value)}/{value['metadata']['name']}?{query}"
        return self.ask("PATCH", path, text, "apply-patch+yaml")


@contextmanager
def serving() -> Iterator[Server]:
    """A server with the CRDs, stopped in the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        etcd, peers, port = _free(), _free(), _free()
        url = f"http://127.0.0.1:{etcd}"
        _begin(stack, "etcd", folder, f"--data-dir={folder}/etcd", f"--listen-client-urls={url}",
               f"--advertise-client-urls={url}", f"--listen-peer-urls=http://127.0.0.1:{peers}",
               "--unsafe-no-fsync")  # fmt: skip
        key, tokens = folder / "key.pem", folder / "tokens"
        key.write_bytes(_key())
        tokens.write_text(f'{_TOKEN},tests,tests,"system:masters"\n')
        _begin(stack, "kube-apiserver", folder, f"--etcd-servers={url}", f"--secure-port={port}",
               "--bind-address=127.0.0.1", f"--cert-dir={folder}/certificates", f"--token-auth-file={tokens}",
               "--authorization-mode=AlwaysAllow", "--service-account-issuer=https://127.0.0.1/",
               f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
               "--service-cluster-ip-range=10.0.0.0/16", "--allow-privileged=true",
               "--disable-admission-plugins=ServiceAccount")  # fmt: skip
        server = Server(port, _kubeconfig(folder, port))
        stack.callback(server.close)
        _await(server, folder)
        files = (word for file in _crds() for word in ("-f", str(file)))
        ran = server.kubectl("apply", "--server-side", *files)
        assert ran.returncode == 0, ran.stderr
        ran = server.kubectl("wait", "--for=condition=Established", "crd", "--all")
        assert ran.returncode == 0, ran.stderr
        server.discover()
        yield server


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _begin(stack: ExitStack, name: str, folder: Path, *flags: str) -> None:
    log = stack.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(  # noqa: S603  # the program that the tests are for
        [str(PROGRAMS[name]), *flags], stdout=log, stderr=log
    )

    def end() -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    stack.callback(end)


def _kubeconfig(folder: Path, port: int) -> Path:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    tree = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "tests", "user": {"token": _TOKEN}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
        "current-context": "tests",
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(tree))
    return file


def _await(server: Server, folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException):
            if server.ask("GET", "/readyz").status == 200:
                return
        time.sleep(0.2)
    said = (folder / "kube-apiserver.log").read_text(errors="replace")
    message = f"the API server does not start: {said[-2000:]}"
    raise RuntimeError(message)


def _crds() -> Iterator[Path]:
    """The files with CRDs of the meshes: of two of one name that of the experimental channel, or the first."""
    taken: set[str] = set()
    files = sorted(CRDS.rglob("*.yaml")) if CRDS else []
    for file in sorted(files, key=lambda one: "experimental" not in one.parts):
        text = file.read_text(encoding="utf-8")
        names = set(re.findall(rf"(?m)^  name: (\w+\.(?:\w+\.)*{_GROUPS})$", text))
        if "kind: CustomResourceDefinition" in text and names - taken:
            taken |= names
            yield file
