"""The committed golden vectors are what the code makes now: a format never changes unseen."""

from __future__ import annotations

import pytest

from golden import vectors

BUILT = vectors.build()


@pytest.mark.parametrize("name", sorted(BUILT))
def test_golden_file(name: str) -> None:
    committed = (vectors.VECTORS / name).read_text()
    assert committed == BUILT[name], "a format changed; if it is meant, run golden.vectors"
