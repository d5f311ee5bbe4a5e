"""Killed at any write, no command leaves half a release, nor one that hubs get too early."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from host import release_bench
from host.cut_process import cut
from host.release_bench import FILES, HOLDERS, WHO, Release
from varde_host.release import folder, judging, signing
from varde_protocols import documents, release

MOST_OPERATIONS = 100


def every_cut(
    folder: Path, work: Callable[[Path], object], look: Callable[[Path], bool], *, torn: bool
) -> int:
    """Cut `work` at its first operation, its second and so on; return how many there were.

    `look` says if what was worked for is there; once it is, it is there whatever comes after.
    """
    appeared = []
    for at in range(MOST_OPERATIONS):
        place = folder / f"{at}-{torn}"
        place.mkdir()
        was_cut = cut(lambda place=place: work(place), at, torn=torn)
        appeared.append(look(place))
        if not was_cut:
            assert appeared[-1]
            assert appeared == sorted(appeared)
            return at
    pytest.fail("it does not end")


@pytest.mark.parametrize("torn", [False, True])
def test_make(tmp_path: Path, torn: bool):
    built = release_bench.write_firmware(tmp_path / "built")
    plan = release_bench.making.Plan(7, "0.7.0", built, release_bench.SIGNED_MS)
    made = release_bench.making.make(plan)

    def look(place: Path) -> bool:
        out = place / "out"
        is_there = out.exists()
        if not is_there:
            made.write(out)  # what the cut left is not in the way
        assert judging.judge(folder.Folder(out), None, FILES).is_good
        assert sorted(place.iterdir()) == [out]
        return is_there

    assert every_cut(tmp_path, lambda place: made.write(place / "out"), look, torn=torn) > 15


@pytest.mark.parametrize("torn", [False, True])
def test_the_second_signature(tmp_path: Path, torn: bool):
    first = release_bench.make(tmp_path / "first").sign(HOLDERS[0])
    before = first.place.document()

    def copy_and_sign(place: Path) -> None:
        release_bench.Release(folder.Folder(place)).sign(HOLDERS[1])

    def look(place: Path) -> bool:
        made = Release(folder.Folder(place))
        document = made.place.document()
        assert document is not None
        payload = documents.unverified(document, documents.RELEASE)
        assert release.decode(payload) == made.given
        assert document == before or len(signing.signatures(document)) == 2
        is_served = made.document.exists()
        assert made.hub() == ("signature" if document == before else "none")
        assert not is_served or made.document.read_bytes() == document
        # whoever was cut off signs again, or has what is there looked at again
        signing.sign(made.place, WHO, [HOLDERS[1]] if document == before else [])
        assert (made.hub(), made.bad()) == ("none", set())
        return is_served

    def prepared(at: int) -> Path:
        return first.copy(tmp_path / f"copy-{at}-{torn}").place.path

    appeared = []
    for at in range(MOST_OPERATIONS):
        place = prepared(at)
        was_cut = cut(lambda place=place: copy_and_sign(place), at, torn=torn)
        appeared.append(look(place))
        if not was_cut:
            break
    assert appeared == sorted(appeared)
    assert appeared[-1]
    assert len(appeared) > 6
