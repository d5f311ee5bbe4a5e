"""What axe found on each page that the tests looked at, as one table (build/pages/axe/*.json).

Exits with 1 for any violation. "to look at" is what axe cannot decide, as contrast over a pattern.
"""

from __future__ import annotations

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "build" / "pages" / "axe"
COLUMNS = ("path", "language", "width", "rules passed", "violations", "to look at")


def main() -> int:
    reports = [json.loads(path.read_text()) for path in FOLDER.glob("*.json")]
    reports.sort(key=lambda each: (each["path"], each["language"], each["width"] or 0))
    print(" | ".join(COLUMNS))
    for each in reports:
        shown = {**each, "violations": len(each["violations"]),
                 "to look at": ", ".join(each["to look at"])}  # fmt: skip
        print(" | ".join(str(shown[column]) for column in COLUMNS))
        print("".join(f"    {wrong}\n" for wrong in each["violations"]), end="")
    count = sum(len(each["violations"]) for each in reports)
    print(f"{len(reports)} pages, {count} violations")
    return 1 if count or not reports else 0


if __name__ == "__main__":
    sys.exit(main())
