"""What all tests share: hypothesis without time limits, since shared machines are noisy; Ctrl-C;
and the longest first."""

from __future__ import annotations

import os
import signal
import threading

import hypothesis
import pytest

import dealing

hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000)
# A gate must not be red for what another change did; new examples are found at people's desks.
hypothesis.settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
DEFAULT = "ci" if os.environ.get("CI") else "local"
hypothesis.settings.load_profile(os.environ.get("VARDE_HYPOTHESIS", DEFAULT))

# A shell lets what it starts in the background ignore SIGINT, and so does all that this starts:
# then no command under test could be told to stop. With a handler here, children begin afresh.
is_deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
if is_deaf and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones."""
    places = {name: at for at, name in enumerate(dealing.in_order([i.nodeid for i in items]))}
    items.sort(key=lambda item: places[item.nodeid])
