"""What the pages and their tests need besides Python: scripts from npm, and a browser from apt.

Both are optional, as the pages work without script: what is missing is said, and what cannot be
tested is skipped.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess

import private_apt

ROOT = pathlib.Path(__file__).resolve().parents[1]
LISTED = ROOT / "tools" / "npm"
# its node_modules: htmx, axe-core, oidc-provider, and FHIR validators (130 MB of definitions)
NPM = ROOT / ".cache" / "npm"
HTMX = ROOT / "host" / "varde_host" / "pages" / "static" / "htmx.min.js"
NPM_TIMEOUT_S = 300
# npm's own patience is over a minute, at each `make` of a machine without a network
NPM_HURRIES = ("--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
               "--fetch-retry-maxtimeout=2000")
BROWSER = ROOT / ".cache" / "chromium"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
# What a page is drawn with, and not: the C library (the machine's is the same), and drivers of
# graphics cards with their compiler, which are half of it all.
WANTED = r"chromium-common|fontconfig-config|fonts-dejavu-core|lib(?!c6$|llvm|z3|gl(?!ib))"
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{own}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


class PagesError(Exception):
    """What could not be had, and what to install."""


def fetch_scripts() -> None:
    """Fetch what the lock names, each file checked by its hash, and lay htmx where pages serve
    it. Raises PagesError, OSError, SubprocessError."""
    npm = shutil.which("npm")
    if npm is None:
        raise PagesError("install nodejs and npm")
    NPM.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(LISTED / name, NPM / name)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *NPM_HURRIES],
        cwd=NPM, capture_output=True, text=True, check=False, timeout=NPM_TIMEOUT_S,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "failed").splitlines()
        raise PagesError(f"npm ci: {next((line for line in said if 'code' in line), said[0])}")
    made = HTMX.with_suffix(".new")
    shutil.copyfile(NPM / "node_modules" / "htmx.org" / "dist" / "htmx.min.js", made)
    os.replace(made, HTMX)


def machine_browser() -> str | None:
    """Return the machine's own Chromium, if it has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def fetch_browser(architecture: str) -> None:
    """Unpack this release's headless Chromium with its libraries and a font; `chromium` beside
    it runs it. Raises AptError, PagesError, OSError, SubprocessError."""
    if machine_browser():
        return
    if shutil.which("apt-get") is None:
        raise PagesError("install chromium")
    codename = private_apt.os_release().get("VERSION_CODENAME", "stable")
    apt = private_apt.PrivateApt(ROOT / ".cache" / "apt", codename, architecture)
    apt.update()
    if apt.version(NAMES[0]) is None:
        raise PagesError(f"{codename} has no package {NAMES[0]}: install chromium")
    root = BROWSER / "root"
    apt.unpack(NAMES[0], root, wanted=WANTED)
    program = _runner(root)
    subprocess.run([program, "--version"], check=True, capture_output=True, timeout=60)


def _runner(root: pathlib.Path) -> pathlib.Path:
    fonts = BROWSER / "fonts.conf"
    own, cache = root / "usr/share/fonts", BROWSER / "fonts"
    fonts.write_text(FONTS.format(own=own, cache=cache))
    libraries = (*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*"))
    folders = [*libraries, *(each / "pulseaudio" for each in libraries)]
    program = BROWSER / "chromium"
    program.write_text(
        f"#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(':'.join(map(str, folders)))} "
        f"FONTCONFIG_FILE={shlex.quote(str(fonts))} "
        f'exec {shlex.quote(str(root / "usr/lib/chromium" / NAMES[0]))} "$@"\n'
    )
    program.chmod(0o755)
    return program
