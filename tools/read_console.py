"""Read a hub's console: write the names of the source into its error reports.

    read_console.py [--names build/firmware/names.json] [FILE]

Private names are short on a hub (`hub_names`). The build that made the hub's application also made
the table that turns them back: keep it with each release. Prints FILE, or standard input.

A chip's application has no line numbers: it says line 1 for each (`LEFT_OUT` of the build). Of a
file that holds several modules the function's name tells which; where it is that of several, all
are named.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

NAMES = pathlib.Path(__file__).resolve().parents[1] / "build" / "firmware" / "names.json"
_FRAME = re.compile(r'File "(?P<module>[\w.]+)", line (?P<line>\d+), in (?P<name>\w+)')
NO_LINE = 1  # what MicroPython says where there is none
_SHORT = re.compile(r"\b_\w{1,2}\b")


def readable(lines: Iterable[str], names: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The lines, with the names of the source in error reports.

    The line after the last frame is the error's own; it may name what that frame's module names.
    """
    module = ""
    for line in lines:
        frame = _FRAME.search(line)
        if frame:
            module, place = _place(frame["module"], int(frame["line"]), frame["name"], names)
            yield line[: frame.start("module")] + place + line[frame.end("name") :]
            continue
        own = names.get(module, {})
        module = ""
        yield _SHORT.sub(lambda short, own=own: own.get(short[0], short[0]), line)  # type: ignore[misc]


def _place(
    file: str, line: int, name: str, names: Mapping[str, Mapping[str, str]]
) -> tuple[str, str]:
    """Module of a line in a hub's file (`hub_groups`), and what to print: module, line, name."""
    starts = {int(key): module for key, module in names.get(file, {}).items() if key.isdecimal()}
    if starts and line == NO_LINE:
        owners = [module for module in starts.values() if name in names.get(module, {})]
        told = " or ".join(f"{module}.{names[module][name]}" for module in owners) or name
        return (owners[0] if len(owners) == 1 else file), f'{file}", in {told}'
    first = max((start for start in starts if start <= line), default=0)
    module = starts.get(first, file)
    full = names.get(module, {}).get(name, name)
    return module, f'{module}", line {line - first + 1 if first else line}, in {full}'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=argparse.FileType(errors="replace"),
                        default=sys.stdin)  # fmt: skip
    parser.add_argument("--names", type=pathlib.Path, default=NAMES)
    args = parser.parse_args()
    for line in readable(args.file, json.loads(args.names.read_text())):
        print(line, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
