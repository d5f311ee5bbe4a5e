"""An update by cable, the bench's part: what is copied, what becomes of the hub's verdict.

The hub's part, with its own code, is tests/firmware/test_update_by_cable.py.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from varde_host import errors
from varde_host.bench import faults
from varde_host.bench.cable import prompt
from varde_host.bench.making import update
from varde_host.release import blocks, folder
from varde_protocols import release
from varde_protocols import update_words as words

HUB = "00112233aabbccdd"
BUNDLE, IMAGE = b"x" * 9000, b"y" * 5000


def released(path: Path, *contents: tuple[int, bytes]) -> folder.Folder:
    parts = [blocks.component(kind, data, 0) for kind, data in contents]
    payload = release.Release(7, "0.7.0", "x86", parts, 0, 0).encode()
    served = [each for _, data in contents for each in (data, blocks.listing(data))]
    made = folder.write(path, {folder.PAYLOAD: payload}, served)
    made.serve_document(release.digest(payload), b"the document")
    return made


class Work:
    """What the step asks of its board; `said` is the script's last line."""

    def __init__(self, folder_: Path, said: dict[str, Any]) -> None:
        self.finished = {"identity": {"hub": HUB}}
        self.said, self.folder = said, folder_
        self.resets = 0
        self.copied: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    async def execute(self, code: str, _name: str) -> dict[str, Any]:
        compile(code, "folder", "exec")
        return {}

    async def on_hub(self, script: str, put: dict[str, Path], timeout_s: float) -> dict[str, Any]:
        assert (script, timeout_s) == ("release", update.TIMEOUT_S)
        self.copied = {name: path.read_bytes() for name, path in put.items()}
        return self.said

    async def reset(self) -> None:
        self.resets += 1


def bring(
    monkeypatch: pytest.MonkeyPatch, path: Path, said: dict[str, Any], files: dict[str, bytes]
) -> tuple[Work, Any]:
    opened = []

    async def reach(_work: object, hub_id: str) -> dict[str, Any]:
        opened.append(hub_id)
        return {}

    monkeypatch.setattr(prompt, "reach", reach)
    work = Work(path, said)
    try:
        came: Any = asyncio.run(update.step(files).run()(work))  # type: ignore[arg-type]
    except faults.Fault as fault:
        came = fault
    assert opened == [HUB]
    assert not list(path.iterdir())  # an assignment holds passwords
    return work, came


def test_what_a_hub_fetches_is_what_is_copied(tmp_path: Path) -> None:
    made = released(tmp_path / "release", (release.APPLICATION, BUNDLE))
    found = update.files_of(b"assigned", made)
    assert found["assignment"] == b"assigned"
    assert sorted(map(len, found.values())) == sorted([8, 12, 3 * 32, 9000])
    assert update.files_of(b"assigned", None) == {"assignment": b"assigned"}


def test_an_interpreter_is_not_brought_by_cable(tmp_path: Path) -> None:
    contents = ((release.APPLICATION, BUNDLE), (release.INTERPRETER, IMAGE))
    made = released(tmp_path / "release", *contents)
    with pytest.raises(errors.InputRefused) as caught:
        update.files_of(b"assigned", made)
    assert caught.value.code == "release-interpreter"


def test_a_hub_that_takes_it_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = {"outcome": "trial", "hub": HUB, "release": 7, "assignment": 2, "reason": 0}
    work, came = bring(monkeypatch, tmp_path, said, {"assignment": b"assigned"})
    assert came == {"hub": HUB, "release": 7, "assignment": 2}
    assert work.resets == 1
    assert work.copied == {"/update/assignment": b"assigned"}


@pytest.mark.parametrize(
    "said",
    [{"outcome": "stopped", "reason": words.SIGNATURE}, {"outcome": "nothing"}, {},
     {"outcome": "stopped", "reason": "loud"}, {"outcome": "stopped", "reason": 99}],
)  # fmt: skip
def test_a_hub_that_does_not_says_why_and_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: dict[str, Any]
) -> None:
    work, came = bring(monkeypatch, tmp_path, said, {"assignment": b"assigned"})
    assert isinstance(came, faults.Fault)
    assert came.code == "update-refused"
    assert work.resets == 0
    assert SimpleNamespace(**came.fields).said
