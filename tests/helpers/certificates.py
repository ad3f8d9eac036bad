"""Certificates for servers of tests, by an authority of the tests' own."""

from __future__ import annotations

import subprocess
from pathlib import Path


def authority_of(name: str, folder: Path) -> tuple[Path, Path]:
    """An authority (PEM), and the certificate of a host that it has signed, whose key lies beside it (`.key`)."""
    authority, certificate = folder / "authority.pem", folder / f"{name}.pem"
    _openssl("-days", "2", "-subj", "/CN=authority", "-keyout", f"{authority}.key", "-out", str(authority))
    signed = ["-CA", str(authority), "-CAkey", f"{authority}.key", "-addext", f"subjectAltName=DNS:{name}"]
    signed += ["-addext", "basicConstraints=critical,CA:FALSE"]
    _openssl(*signed, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{certificate}.key", "-out", str(certificate))
    return authority, certificate


def _openssl(*arguments: str) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *arguments]
    subprocess.run(command, check=True, capture_output=True)
