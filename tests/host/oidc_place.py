"""A real OpenID Provider in a process of its own, and somebody with a browser who uses it."""

from __future__ import annotations

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

SCRIPT = pathlib.Path(__file__).with_name("oidc_server.mjs")
ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / ".cache" / "npm" / "node_modules" / "oidc-provider" / "lib" / "index.js"
CLIENT, SECRET = "varde", "a secret of the tests, long enough"
ACCOUNTS = {
    "lise": {"groups": ["Varde lager", "Varde kalibrering", "Ansatte"],
             "name": "Lise Prøve", "pid": "01019012345", "short_id": "l7"},
    "omar": {"groups": ["Ansatte"], "short_id": "Omar Prøve"},
    "nora": {"groups": "Varde drift"},
}  # fmt: skip


@dataclass(frozen=True)
class Provider:
    issuer: str
    redirect: str

    def toml(self, groups: str = "", more: str = "") -> str:
        """What the site's access.toml says of it."""
        groups = groups or (
            '"Varde lager" = ["lagertekniker"]\n"Varde kalibrering" = ["kalibreringsansvarlig"]\n'
            '"Varde drift" = ["it-drift"]\n'
        )
        return (
            f'[oidc]\nissuer = "{self.issuer}"\nclient_id = "{CLIENT}"\n'
            f'client_secret_file = "oidc.secret"\nscopes = ["openid", "groups"]\n{more}'
            f"[oidc.groups]\n{groups}"
        )

    def configure(self, site: pathlib.Path, groups: str = "", more: str = "") -> None:
        """Let people of this provider in at a site."""
        secret = site / "oidc.secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        (site / "access.toml").write_text(self.toml(groups, more))

    def answer(self, address: str, account: str) -> str:
        """Log in there as `account`; return the address that the browser is sent back to."""
        with httpx.Client(trust_env=False) as browser:
            for _ in range(10):
                if address.startswith(self.redirect):
                    return address
                reply = browser.get(address)
                if reply.status_code == httpx.codes.OK:
                    address += f"?as={account}"
                else:
                    address = urljoin(address, reply.headers["location"])
        raise AssertionError(f"never came back: {address}")


@contextlib.contextmanager
def running(redirect: str, **options: Any) -> Iterator[Provider]:
    """Start a provider that sends people back to `redirect`; skips where there is none."""
    node = shutil.which("node")
    if node is None or not LIBRARY.is_file():
        pytest.skip("needs node and npm's oidc-provider: make setup")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [redirect],
              "post_logout_redirect_uris": [redirect.replace("/back", "")],
              **options.pop("client", {})}  # fmt: skip
    issuer = f"http://127.0.0.1:{port}"
    told = {"issuer": issuer, "port": port, "clients": [client], "accounts": ACCOUNTS, **options}
    started = subprocess.Popen(
        [node, str(SCRIPT), str(LIBRARY), json.dumps(told)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert started.stdout is not None
        assert started.stdout.readline().strip() == "listening"
        yield Provider(issuer, redirect)
    finally:
        started.kill()
        started.wait()
        started.stdout.close()
