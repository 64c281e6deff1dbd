"""Certificates for made-up identities, so that a real proxy reads them off real connections."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """An authority that signs for whoever is named."""

    def __init__(self, folder: Path) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._client_key = ec.generate_private_key(ec.SECP256R1())
        self._known: dict[str, ssl.SSLContext] = {}

    def _signed(self, key: EllipticCurvePrivateKey, identity: str) -> x509.Certificate:
        """A certificate for the identity; without one the authority's own."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        def name(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(name("someone" if identity else "authority"))
            .issuer_name(name("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_LONG_AGO)
            .not_valid_after(_LONG_AGO + timedelta(days=365 * 50))
            .add_extension(x509.BasicConstraints(ca=not identity, path_length=None), critical=True)
        )
        if identity:
            names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _pem(self, certificate: x509.Certificate) -> str:
        from cryptography.hazmat.primitives import serialization

        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _key_pem(self, key: EllipticCurvePrivateKey) -> str:
        from cryptography.hazmat.primitives import serialization

        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @cached_property
    def server(self) -> dict[str, object]:
        """The context of a server that asks for a certificate and takes connections without one."""
        own = self._pem(self._signed(self._key, ""))
        return {
            "common_tls_context": {
                "tls_certificates": [
                    {
                        "certificate_chain": {"inline_string": own},
                        "private_key": {"inline_string": self._key_pem(self._key)},
                    }
                ],
                "validation_context": {"trusted_ca": {"inline_string": own}},
            }
        }

    def client(self, identity: str) -> ssl.SSLContext:
        """The context of a client that shows a certificate for the identity."""
        if identity not in self._known:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            signed = self._pem(self._signed(self._client_key, identity))
            with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".pem") as file:
                file.write(signed + self._key_pem(self._client_key))
                file.flush()
                context.load_cert_chain(file.name)
            self._known[identity] = context
        return self._known[identity]
