"""An apt of our own: the machine's mirror and keyring, another release's packages.

`apt-get` does all the work and all the checking (signed Release file, hashes of the indexes,
hash of each package); this module only gives it folders of its own, so that no root is needed
and nothing on the machine changes.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

SOURCES = pathlib.Path("/etc/apt")
DEFAULT_KEYRINGS = {
    "debian": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "ubuntu": "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
}
APT_TIMEOUT_S = 300  # the indexes of two architectures are some 20 MB


class AptError(Exception):
    """apt could not do it; the text says what it said."""


def os_release() -> dict[str, str]:
    """The fields of /etc/os-release, an empty dict where there is none (macOS)."""
    path = pathlib.Path("/etc/os-release")
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {key: value.strip('"') for key, value in pairs}


def machine_mirror(codename: str) -> tuple[str, str | None]:
    """(mirror URI, Signed-By value or None) that the machine itself uses for `codename`."""
    for stanza in _stanzas():
        if codename in stanza.get("suites", "").split() and "deb" in stanza["types"].split():
            return stanza["uris"].split()[0], stanza.get("signed-by")
    raise AptError(f"no apt source for {codename} found under {SOURCES}")


def _stanzas() -> list[dict[str, str]]:
    stanzas = []
    for path in sorted(SOURCES.glob("sources.list.d/*.sources")):
        stanzas += [_deb822(block) for block in re.split(r"\n\s*\n", path.read_text())]
    one_line = [SOURCES / "sources.list", *sorted(SOURCES.glob("sources.list.d/*.list"))]
    for path in one_line:
        lines = path.read_text().splitlines() if path.exists() else []
        stanzas += [found for line in lines if (found := _one_line(line))]
    return [stanza for stanza in stanzas if {"types", "uris"} <= stanza.keys()]


def _deb822(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and key:
            fields[key] += "\n" + line  # a key block of several lines stays as it is
        elif ":" in line:
            key, value = line.split(":", 1)
            key = key.strip().lower()
            fields[key] = value.strip()
    return fields


def _one_line(line: str) -> dict[str, str] | None:
    match = re.match(r"(deb)\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+\S", line.strip())
    if not match:
        return None
    stanza = {"types": match[1], "uris": match[3], "suites": match[4]}
    signed = re.search(r"signed-by=(\S+)", match[2] or "")
    if signed:
        stanza["signed-by"] = signed[1]
    return stanza


class PrivateApt:
    """One release of one architecture, seen through folders below `home`; or, with `kind`
    "deb-src", that release's source packages."""

    def __init__(
        self, home: pathlib.Path, codename: str, architecture: str, kind: str = "deb"
    ) -> None:
        content = architecture if kind == "deb" else "source"
        self.home = home / f"{codename}-{content}"
        self.codename = codename
        release = os_release()
        mirror, signed_by = machine_mirror(release.get("VERSION_CODENAME", codename))
        keyring = signed_by or DEFAULT_KEYRINGS[release.get("ID", "debian")]
        for folder in ("lists/partial", "cache/archives/partial", "parts", "debs"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        components = "main universe" if release.get("ID") == "ubuntu" else "main"
        (self.home / "parts" / "release.sources").write_text(
            f"Types: {kind}\nURIs: {mirror}\nSuites: {codename}\n"
            f"Components: {components}\nSigned-By: {keyring}\n"
        )
        self._options = self._make_options(architecture)

    def _make_options(self, architecture: str) -> list[str]:
        settings = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.home / "parts",
            "Dir::State::lists": self.home / "lists",
            "Dir::State::status": self.home / "status",
            "Dir::Cache": self.home / "cache",
            "APT::Architecture": architecture,
            "APT::Architectures::": architecture,
            "APT::Install-Recommends": "0",
            "Acquire::Languages": "none",
            "Debug::NoLocking": "1",
        }
        if os.geteuid() == 0:
            # root's apt would drop to a user that may not read a folder below a home
            settings["APT::Sandbox::User"] = "root"
        return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]

    def _run(self, *command: str, cwd: pathlib.Path | None = None) -> str:
        done = subprocess.run(
            [command[0], *self._options, *command[1:]],
            cwd=cwd, capture_output=True, text=True, check=False, timeout=APT_TIMEOUT_S,
        )
        if done.returncode:
            raise AptError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def update(self) -> None:
        """Fetch the release's package lists. Raises AptError."""
        self._run("apt-get", "-q", "update", "--error-on=any")

    def version(self, package: str) -> str | None:
        """The version the release has, None if it has none."""
        match = re.search(r"Candidate: (\S+)", self._run("apt-cache", "policy", package))
        return None if match is None or match[1] == "(none)" else match[1]

    def unpack(
        self, package: str, root: pathlib.Path, *, alone: bool = False, wanted: str = ""
    ) -> None:
        """Download `package` and (unless `alone`) all it depends on; unpack below `root`.

        Of what it depends on only the names that match `wanted`, a regular expression.
        """
        names = [package]
        if not alone:
            plan = self._run("apt-get", "-q", "--simulate", "install", package)
            needed = re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
            names = [name for name in needed if name == package or re.match(wanted, name)]
        debs = self.home / "debs"
        self._run("apt-get", "-q", "download", *names, cwd=debs)
        root.mkdir(parents=True, exist_ok=True)
        for name in names:
            for deb in sorted(debs.glob(f"{name.split(':')[0]}_*.deb")):
                subprocess.run(["dpkg-deb", "-x", str(deb), str(root)], check=True)

    def download_source(self, package: str, version: str) -> list[pathlib.Path]:
        """The files of a source package, checked by apt against the signed index (`kind`
        "deb-src"). Raises AptError."""
        folder = self.home / "sources" / f"{package}_{version}"
        folder.mkdir(parents=True, exist_ok=True)
        self._run("apt-get", "-q", "source", "--download-only", f"{package}={version}", cwd=folder)
        return sorted(folder.iterdir())

    def source_versions(self, package: str) -> list[str]:
        """The versions of the source package that the release has (`kind` "deb-src")."""
        text = self._run("apt-cache", "showsrc", "--only-source", package)
        return re.findall(r"^Version: (\S+)", text, re.MULTILINE)
