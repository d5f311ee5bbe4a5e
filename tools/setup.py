"""Everything `make` needs, from a bare Debian or Ubuntu with Python 3.11: one step a line.

Does again only what has changed since the last time (a stamp a step). Uses nothing but the
standard library, apt and the package index that this machine's pip is set up for.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import private_apt
import setup_pages

ROOT = pathlib.Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYCOSE_VENV = ROOT / ".venv-pycose"  # pycose holds cbor2 at 5; the product uses 6
STAMPS = ROOT / ".cache" / "stamps"
LOG = ROOT / "build" / "setup.log"
SOFT_TOKEN = ROOT / ".cache" / "softhsm2"  # stands for the token that holds a site's keys
BALANCER = ROOT / ".cache" / "haproxy"  # what tests put several collectors behind


class SetupError(Exception):
    """What could not be done, and what the reader can do."""


def run(*command: str | pathlib.Path) -> None:
    """Run quietly; all that is printed goes to build/setup.log. Raises SetupError."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        log.flush()
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
    if done.returncode:
        tail = "\n    ".join(LOG.read_text().splitlines()[-8:])
        raise SetupError(f"failed: {' '.join(map(str, command))}\n    {tail}\n  whole log: {LOG}")


def stamp_of(*paths: pathlib.Path) -> str:
    digest = hashlib.sha256(sys.version.encode() + str(ROOT).encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def step(name: str, stamp: str, work: Callable[..., None], *arguments: object) -> None:
    """Do `work(*arguments)` unless it was done with the same stamp before."""
    mark = STAMPS / name
    if mark.exists() and mark.read_text() == stamp:
        return
    print(f"setup: {name} ...", flush=True)
    start_s = time.monotonic()
    work(*arguments)
    STAMPS.mkdir(parents=True, exist_ok=True)
    mark.write_text(stamp)
    print(f"setup: {name} done in {time.monotonic() - start_s:.0f} s", flush=True)


def make_venv(folder: pathlib.Path, lock: pathlib.Path) -> None:
    """A virtual environment holding exactly what `lock` names, each file checked by its hash."""
    with_pip = subprocess.run(
        [sys.executable, "-c", "import ensurepip"], capture_output=True, check=False
    )
    if with_pip.returncode == 0:
        run(sys.executable, "-m", "venv", "--clear", folder)
        pip: list[str | pathlib.Path] = [folder / "bin" / "pip"]
    else:
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
        pip = [folder / "bin" / "python", _pip_wheel() / "pip"]
    run(*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock)


def _pip_wheel() -> pathlib.Path:
    """The distribution's own pip as a wheel, for a Debian whose Python comes without ensurepip."""
    release = private_apt.os_release()
    try:
        apt = private_apt.PrivateApt(
            ROOT / ".cache" / "apt", release.get("VERSION_CODENAME", "stable"), _architecture()
        )
        apt.update()
        apt.unpack("python3-pip-whl", ROOT / ".cache" / "pip", alone=True)
    except (private_apt.AptError, OSError) as error:
        raise SetupError(f"this Python has no ensurepip ({error}); "
                         "install it: apt-get install python3-venv") from error
    return max((ROOT / ".cache/pip/usr/share/python-wheels").glob("pip-*.whl"))


def _architecture() -> str:
    done = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def install_project() -> None:
    """Put `varde`, `varde-sim` and `varde-vm` into the virtual environment, editable."""
    run(VENV / "bin" / "python", ROOT / "tools" / "link_project.py", ROOT)


def interpreter() -> None:
    done = subprocess.run([sys.executable, ROOT / "tools" / "setup_interpreter.py"], check=False)
    if done.returncode:
        raise SetupError("the hub interpreter could not be set up (see above)")


def fetch_balancer() -> None:
    """Unpack this release's haproxy with its libraries (not the C library: the machine's is the
    same); `haproxy` beside it runs it. Raises AptError, SetupError."""
    if shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        return
    if shutil.which("apt-get") is None:
        raise SetupError("install haproxy")
    codename = private_apt.os_release().get("VERSION_CODENAME", "stable")
    apt = private_apt.PrivateApt(ROOT / ".cache" / "apt", codename, _architecture())
    apt.update()
    root = BALANCER / "root"
    apt.unpack("haproxy", root, wanted=r"lib(?!c6$)")
    folders = [*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*")]
    program = BALANCER / "haproxy"
    program.write_text(
        f"#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(':'.join(map(str, folders)))} "
        f'exec {shlex.quote(str(root / "usr/sbin/haproxy"))} "$@"\n'
    )
    program.chmod(0o755)
    run(program, "-v")


def offer_balancer() -> None:
    """Fetch it if that can be done: one test is skipped without it, and says so."""
    try:
        step("load-balancer", stamp_of(ROOT / "tools/setup.py"), fetch_balancer)
    except (SetupError, private_apt.AptError, OSError, subprocess.SubprocessError) as error:
        print(f"setup: no load balancer ({error}): the test of several collectors behind one "
              "is skipped")


def fetch_soft_token() -> None:
    """Unpack this release's SoftHSM 2 with its libraries, as `fetch_balancer` does; what tests
    need is `softhsm2-util` and `libsofthsm2.so`. Raises AptError, SetupError."""
    if shutil.which("softhsm2-util"):
        return
    if shutil.which("apt-get") is None:
        raise SetupError("install softhsm2")
    codename = private_apt.os_release().get("VERSION_CODENAME", "stable")
    apt = private_apt.PrivateApt(ROOT / ".cache" / "apt", codename, _architecture())
    apt.update()
    root = SOFT_TOKEN / "root"
    apt.unpack("softhsm2", root, wanted=r"(lib|softhsm2)(?!c6$)")
    if not list(root.rglob("libsofthsm2.so")):
        raise SetupError("softhsm2 came without its library")


def offer_soft_token() -> None:
    """Fetch it if that can be done: the tests with a token are skipped without it, and say so."""
    try:
        step("soft-token", stamp_of(ROOT / "tools/setup.py"), fetch_soft_token)
    except (SetupError, private_apt.AptError, OSError, subprocess.SubprocessError) as error:
        print(f"setup: no SoftHSM 2 ({error}): the tests of keys in a token are skipped")


def offer_scripts() -> None:
    """Fetch them if that can be done: without, pages are whole but do not change by themselves,
    and the tests of that and of logging in by OpenID Connect are skipped, and say so."""
    listed = (setup_pages.LISTED / "package-lock.json", ROOT / "tools/setup_pages.py")
    if not setup_pages.HTMX.exists():
        (STAMPS / "page-scripts").unlink(missing_ok=True)
    try:
        step("page-scripts", stamp_of(*listed), setup_pages.fetch_scripts)
    except (setup_pages.PagesError, OSError, subprocess.SubprocessError) as error:
        print(f"setup: no htmx ({error}): pages work, but are not live; some of their tests are "
              "skipped")


def offer_browser() -> None:
    """Fetch it if that can be done: tests in a browser are skipped without it, and say so."""
    try:
        step("browser", stamp_of(ROOT / "tools/setup_pages.py"), setup_pages.fetch_browser,
             _architecture() if shutil.which("dpkg") else "")
    except (setup_pages.PagesError, private_apt.AptError, OSError,
            subprocess.SubprocessError) as error:
        print(f"setup: no Chromium ({error}): the tests of pages in a browser are skipped")


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have any Python
        print("setup: Python 3.11 or newer is needed; make PYTHON=/path/to/python3.11 ...",
              file=sys.stderr)
        return 1
    lock, pycose_lock = ROOT / "requirements/dev.txt", ROOT / "requirements/pycose.txt"
    named = os.environ.get("VARDE_MICROPYTHON", "")
    try:
        step("python-packages", stamp_of(lock), make_venv, VENV, lock)
        step("cross-check-packages", stamp_of(pycose_lock), make_venv, PYCOSE_VENV, pycose_lock)
        step("project", stamp_of(lock, ROOT / "pyproject.toml", ROOT / "tools/link_project.py"),
             install_project)
        step("hub-interpreter", stamp_of(ROOT / "tools/setup_interpreter.py") + named, interpreter)
        offer_balancer()
        offer_soft_token()
        offer_scripts()
        offer_browser()
    except (SetupError, OSError, subprocess.SubprocessError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
