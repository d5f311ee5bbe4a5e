"""A technician at `varde verify run`: reads what is asked, uses hands, and types."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from varde_host.inventory import items, models, references, store
from varde_host.inventory.references import Given
from varde_host.inventory.who import Who
from varde_host.site import certificates, creation

BY = Who("kalibreringsansvarlig", "k2")
NOW_MS = 1_795_300_000_000
MOST_QUESTIONS = 200
QUESTION = re.compile(r"(?:^|\n)([^\n]*[?:.)] )$")

Answer = str | Callable[[re.Match[str]], Awaitable[str]]


class Desk:
    """A site with an inventory: a sensor to verify, and a reference with its certificate."""

    def __init__(self, folder: Path, model: str, reference: Given, **facts: str) -> None:
        self.site = folder / "site"
        creation.create(self.site, "Fjord", ["c.test"], certificates.Validity())
        if facts:
            lines = "".join(f'{name} = "{value}"\n' for name, value in facts.items())
            (self.site / "sensor-models.toml").write_text(f"[{model}.measures]\n{lines}")
        stock = store.open_inventory(self.site / store.FILE, create=True)

        def fill(connection) -> str:
            draw = iter(range(10_000))
            for name, kind in ((model, models.SENSOR), ("a-reference", models.REFERENCE)):
                models.add(connection, name, kind, BY, NOW_MS, name=name, maker="M")

            def add(name: str, serial: str) -> str:
                return items.add(
                    connection, lambda most: next(draw) * 7 % most, name, BY, NOW_MS, serial=serial
                ).item_id

            item = add(model, "S100")
            references.add(connection, add("a-reference", "R1"), reference, BY, NOW_MS)
            return item

        self.item = stock.write(fill)
        stock.close()


async def work(
    desk: Desk,
    answers: Mapping[str, Answer],
    *options: str,
    watch: Callable[[str], None] = lambda _line: None,
    kill_at: str = "never",
    **environment: str,
) -> tuple[int, str, str]:
    """Answer each question by the first pattern that fits; return status, result, and what was
    read."""
    program = "import sys; from varde_host.cli import main; sys.exit(main())"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "verify", "run", desk.item, "--site", str(desk.site),
        "--by", "lagertekniker:t17", *options,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    read, fresh, unseen, count = "", "", "", 0
    while chunk := await process.stderr.read(4096):
        read += chunk.decode()
        unseen += chunk.decode()
        fresh += chunk.decode()
        *lines, _ = unseen.split("\n")
        unseen = unseen[sum(len(line) + 1 for line in lines) :]
        for line in lines:
            watch(line)
        asked = QUESTION.search(fresh)
        if asked is None:
            continue
        count += 1
        if count > MOST_QUESTIONS or re.search(kill_at, asked[1]):
            process.kill()
            continue
        for pattern, answer in answers.items():
            found = re.search(pattern, asked[1])
            if found is not None:
                line = answer if isinstance(answer, str) else await answer(found)
                process.stdin.write(f"{line}\n".encode())
                fresh = ""
                break
        else:
            process.kill()
            raise AssertionError(f"nobody answers: {asked[1]}")
    out = (await process.stdout.read()).decode()
    return await process.wait(), out, read
