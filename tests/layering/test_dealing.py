"""The order of the tests: none is lost, and long files come first, each whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import dealing

FILES = ("tests/host/test_a.py", "tests/chaos/test_b.py", "tests/stories/test_c.py",
         "tests/stories/test_d.py")  # fmt: skip


@given(st.lists(st.sampled_from(FILES), max_size=40))
def test_every_test_is_there_once_and_files_stay_together(files: list[str]):
    names = [f"{file}::test_{number}" for number, file in enumerate(sorted(files))]
    order = dealing.in_order(names)
    assert sorted(order) == sorted(names)
    for file in FILES:
        of_file = [name for name in names if name.startswith(file)]
        at = order.index(of_file[0]) if of_file else 0
        assert order[at : at + len(of_file)] == of_file


def test_long_files_come_first():
    long = [f"tests/stories/test_{file}.py::test" for file in "ab"]
    short = [f"tests/host/test_c.py::test_{number}" for number in range(8)]
    assert dealing.in_order([*short, *long])[:2] == long
