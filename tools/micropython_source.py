"""Fetch MicroPython's own source package, for the tests in it. Nothing of it is committed.

The version is the hub interpreter's: the same package of the same release where the interpreter
came from one, otherwise the newest release that has that version. apt checks the files against the
release's signature; `tests/` and `tools/` are unpacked below .cache/.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import tarfile

import private_apt
import setup_interpreter

HOME = setup_interpreter.HOME
WANTED = (("tests",), ("tools",))
_PACKAGE = re.compile(r"package micropython (\S+) of (\S+) \((\S+)\)")


def fetch() -> pathlib.Path:
    """The folder with `tests` and `tools`. Raises AptError or SetupError."""
    description = json.loads((HOME / "interpreter.json").read_text())
    package = _PACKAGE.match(str(description["origin"]))
    if package:
        known = HOME / f"source-{package[1]}"
        if not known.exists():
            _unpack(_download(package[2], package[3], package[1]), known)
        return known
    return _fetch_version(str(description["version"]))


def _fetch_version(wanted: str) -> pathlib.Path:
    for known in sorted(HOME.glob(f"source-{wanted}*")):
        return known
    release = private_apt.os_release()
    reasons = []
    for codename in reversed(setup_interpreter.NEWER_RELEASES.get(release.get("ID", ""), [])):
        architecture = setup_interpreter.architectures()[-1]
        try:
            apt = private_apt.PrivateApt(HOME / "apt", codename, architecture, "deb-src")
            apt.update()
            for version in apt.source_versions("micropython"):
                if version.startswith(wanted):
                    folder = HOME / f"source-{version}"
                    _unpack(apt.download_source("micropython", version), folder)
                    return folder
            reasons.append(f"{codename}: has no {wanted}")
        except private_apt.AptError as error:
            reasons.append(f"{codename}: {error}")
    raise setup_interpreter.SetupError(
        "\n  ".join([f"no source package of MicroPython {wanted} to be had:", *reasons])
    )


def _download(codename: str, architecture: str, version: str) -> list[pathlib.Path]:
    apt = private_apt.PrivateApt(HOME / "apt", codename, architecture, "deb-src")
    apt.update()
    return apt.download_source("micropython", version)


def _unpack(files: list[pathlib.Path], folder: pathlib.Path) -> None:
    """The upstream tarball's `WANTED`, without its first folder; whole or not at all."""
    upstream = next(path for path in files if ".orig.tar." in path.name)
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(upstream) as archive:
        for member in archive:
            parts = pathlib.PurePosixPath(member.name).parts[1:]
            content = archive.extractfile(member) if member.isfile() else None
            if content and parts[:1] in WANTED and ".." not in parts:
                path = unfinished.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
    unfinished.rename(folder)
