"""Read a hub's console: write the names of the source into its error reports.

    read_console.py [--names build/firmware/names.json] [FILE]

Private names are short on a hub (`hub_names`). The build that made the hub's application also made
the table that turns them back: keep it with each release. Prints FILE, or standard input.
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
_SHORT = re.compile(r"\b_\w{1,2}\b")


def readable(lines: Iterable[str], names: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """The lines, with the names of the source in error reports.

    The line after the last frame is the error's own; it may name what that frame's module names.
    """
    module = ""
    for line in lines:
        frame = _FRAME.search(line)
        if frame:
            module, number = _place(frame["module"], int(frame["line"]), names)
            full = names.get(module, {}).get(frame["name"], frame["name"])
            yield (line[: frame.start("module")] + f'{module}", line {number}, in {full}'
                   + line[frame.end("name") :])  # fmt: skip
            continue
        own = names.get(module, {})
        module = ""
        yield _SHORT.sub(lambda short, own=own: own.get(short[0], short[0]), line)  # type: ignore[misc]


def _place(file: str, line: int, names: Mapping[str, Mapping[str, str]]) -> tuple[str, int]:
    """Module and line in the source of a line in a hub's file (`hub_groups`)."""
    first = max((int(key) for key in names.get(file, {}) if key.isdecimal() and int(key) <= line),
                default=0)  # fmt: skip
    return (names[file][str(first)], line - first + 1) if first else (file, line)


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
