"""A real FHIR server in a process of its own (`fhir_server.mjs`), and what is asked of it."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

PROGRAM = pathlib.Path(__file__).with_name("fhir_server.mjs")
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / ".cache" / "npm" / "node_modules"


@dataclass(frozen=True)
class FhirServer:
    """`origin` is its address; FHIR is below `/fhir`."""

    origin: str

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    def all(self, kind: str = "Observation") -> list[dict[str, Any]]:
        """Return all that it has of a kind."""
        found = self._got(f"/fhir/{kind}?_count=1000")
        return [each["resource"] for each in found.get("entry", [])]

    def history(self, kind: str, number: str) -> list[dict[str, Any]]:
        """Return all versions of a resource."""
        found = self._got(f"/fhir/{kind}/{number}/_history")
        return [each["resource"] for each in found.get("entry", [])]

    def sent(self) -> list[dict[str, Any]]:
        """Return what came with a body: method, url, headers, body."""
        return [each for each in self._got("/sent") if each["body"]]

    def forget(self) -> None:
        """Be as on the first day."""
        httpx.delete(f"{self.origin}/sent", trust_env=False).raise_for_status()

    def _got(self, path: str) -> Any:
        return httpx.get(self.origin + path, trust_env=False, timeout=30).raise_for_status().json()


@contextlib.contextmanager
def running() -> Iterator[FhirServer]:
    """Start one; skips where there is none."""
    node = shutil.which("node")
    if node is None or not (MODULES / "@medplum" / "fhir-router").is_dir():
        pytest.skip("needs node and npm's @medplum/fhir-router: make setup")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [node, str(PROGRAM), str(MODULES), str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline().strip() == "listening"
        yield FhirServer(f"http://127.0.0.1:{port}")
    finally:
        started.kill()
        started.wait()
        started.stdout.close()
