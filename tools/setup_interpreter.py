"""Find or fetch the hub interpreter (MicroPython 1.25 or newer, unix port), and say which.

Order: the one named by VARDE_MICROPYTHON; `micropython` on PATH if it will do; the package of this
Debian or Ubuntu release; the same package of a newer release, unpacked under .cache/ and run with
its own loader. A 32-bit build is preferred where the machine runs one: its words, small ints and
objects are the ESP32's, so `-X heapsize` means there what it means on the chip.

Writes .cache/micropython/{micropython,interpreter.json}, and `callgrind`, which counts that
interpreter's instructions; what needs the counts does without where there is none.
"""

from __future__ import annotations

import json
import os
import pathlib
import platform
import shlex
import shutil
import subprocess
import sys

import private_apt

HOME = pathlib.Path(__file__).resolve().parents[1] / ".cache" / "micropython"
NEEDED = (1, 25)
NEWER_RELEASES = {
    "debian": ["bookworm", "trixie", "forky", "sid"],
    "ubuntu": ["jammy", "noble", "questing", "resolute", "devel"],
}
CHECK = """
import sys
import _thread, asyncio, cryptolib, ffi, hashlib, select, socket, tls, uctypes, vfs
vfs.VfsLfs2
@micropython.viper
def square(x: int) -> int:
    return x * x
assert square(7) == 49
print(*sys.implementation[1][:3], 32 if sys.maxsize < 2**31 else 64)
"""


class SetupError(Exception):
    """What could not be done, and what the reader can do."""


def examine(command: list[str]) -> dict[str, object] | None:
    """{"version", "word_bits"} if `command` is an interpreter that will do, else None."""
    try:
        done = subprocess.run(
            [*command, "-c", CHECK], capture_output=True, text=True, timeout=20, check=False
        )
    except OSError:
        return None
    if done.returncode:
        return None
    *version, word_bits = (int(word) for word in done.stdout.split())
    if tuple(version) < NEEDED:
        return None
    return {"version": ".".join(str(part) for part in version), "word_bits": word_bits}


def install(command: list[str], origin: str, facts: dict[str, object]) -> dict[str, object]:
    """Write the wrapper and the description; returns the description."""
    HOME.mkdir(parents=True, exist_ok=True)
    wrapper = HOME / "micropython"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    wrapper.chmod(0o755)
    description = {**facts, "origin": origin, "command": command}
    (HOME / "interpreter.json").write_text(json.dumps(description, indent=1) + "\n")
    return description


def loader_command(root: pathlib.Path, program: str) -> list[str]:
    """Run `program` of an unpacked root by that root's own dynamic loader and libraries."""
    loaders = sorted(path for path in root.glob("usr/lib*/**/ld-linux*.so*") if path.is_file())
    folders = sorted(str(path) for path in root.glob("usr/lib/*-linux-gnu*"))
    if not loaders or not folders:
        raise SetupError(f"no loader in {root}; delete {HOME} and try again")
    return [str(loaders[0]), "--library-path", ":".join(folders), str(root / program)]


def architectures() -> list[str]:
    """Debian's names of what this machine runs, the one to prefer first."""
    native = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return ["i386", native] if native == "amd64" else [native]


def fetch() -> tuple[list[str], str, dict[str, object], private_apt.PrivateApt]:
    """Get the package by apt. Raises SetupError with every reason met on the way."""
    release = private_apt.os_release()
    names = NEWER_RELEASES.get(release.get("ID", ""), [])
    here = release.get("VERSION_CODENAME", "")
    reasons = []
    for codename in names[names.index(here):] if here in names else [here, *names]:
        for architecture in architectures():
            try:
                return _fetch_one(codename, architecture)
            except (private_apt.AptError, SetupError, subprocess.SubprocessError) as error:
                reasons.append(f"{codename} {architecture}: {error}")
    raise SetupError("\n  ".join(["no MicroPython 1.25 or newer to be had:", *reasons]))


def _fetch_one(
    codename: str, architecture: str
) -> tuple[list[str], str, dict[str, object], private_apt.PrivateApt]:
    apt = private_apt.PrivateApt(HOME / "apt", codename, architecture)
    print(f"  asking {codename} ({architecture}) for micropython", flush=True)
    apt.update()
    version = apt.version("micropython")
    if version is None:
        raise SetupError("has no micropython")
    root = HOME / architecture
    apt.unpack("micropython", root)
    command = loader_command(root, "usr/bin/micropython")
    facts = examine(command)
    if facts is None:
        raise SetupError(f"{version} does not run here or lacks a module")
    return command, f"package micropython {version} of {codename} ({architecture})", facts, apt


def find() -> dict[str, object]:
    """The whole order of the module's head. Raises SetupError."""
    named = os.environ.get("VARDE_MICROPYTHON")
    if named:
        facts = examine([named])
        if facts is None:
            raise SetupError(f"VARDE_MICROPYTHON={named} is not MicroPython 1.25 or newer "
                             "with threads, tls, ffi and littlefs; unset it or name another")
        return install([named], "VARDE_MICROPYTHON", facts)
    on_path = shutil.which("micropython")
    if on_path and (facts := examine([on_path])):
        return install([on_path], f"on PATH: {on_path}", facts)
    if platform.system() != "Linux" or shutil.which("apt-get") is None:
        raise SetupError("no `micropython` 1.25 or newer on PATH. macOS: `brew install "
                         "micropython`; elsewhere: install it, or set VARDE_MICROPYTHON")
    command, origin, facts, _apt = fetch()
    return install(command, origin, facts)


def fetch_valgrind() -> None:
    """Write `callgrind` beside the wrapper: the same release's valgrind for its machine code."""
    description = json.loads((HOME / "interpreter.json").read_text())
    origin = str(description["origin"])
    if not origin.startswith("package"):
        raise SetupError("instructions are counted only for an interpreter this setup fetched")
    codename, architecture = origin.split(" of ")[1].rstrip(")").split(" (")
    root = HOME / architecture
    if not (root / "usr/libexec/valgrind").exists():
        private_apt.PrivateApt(HOME / "apt", codename, architecture).unpack(
            "valgrind", root, alone=True
        )
    machine = {"i386": "x86", "amd64": "amd64", "arm64": "arm64"}[architecture]
    tools = root / "usr/libexec/valgrind"
    script = HOME / "callgrind"
    script.write_text(
        "#!/bin/sh\n# prints callgrind's summary; `Collected : N` is the instruction count\n"
        f"VALGRIND_LIB={tools} VALGRIND_LAUNCHER={root}/usr/bin/valgrind \\\n"
        f"exec {tools}/callgrind-{machine}-linux --tool=callgrind "
        '--callgrind-out-file="${CALLGRIND_OUT:-/dev/null}" $CALLGRIND_OPTS '
        f'{shlex.join(description["command"])} "$@"\n'
    )
    script.chmod(0o755)


def current() -> dict[str, object] | None:
    """The interpreter set up earlier, if it still runs and nothing else is asked for."""
    path = HOME / "interpreter.json"
    named = os.environ.get("VARDE_MICROPYTHON")
    if not path.exists():
        return None
    description: dict[str, object] = json.loads(path.read_text())
    command = [str(part) for part in description["command"]]  # type: ignore[attr-defined]
    if named and command != [named]:
        return None
    return description if examine(command) else None


def main() -> int:
    try:
        description = current() or find()
    except (SetupError, private_apt.AptError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    print(f"  hub interpreter: MicroPython {description['version']}, "
          f"{description['word_bits']}-bit, {description['origin']}")
    try:
        if not (HOME / "callgrind").exists():
            fetch_valgrind()
    except (SetupError, private_apt.AptError, OSError) as error:
        print(f"  no instruction counts: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
