"""What all tests share: hypothesis without time limits, since shared machines are noisy."""

from __future__ import annotations

import os

import hypothesis

hypothesis.settings.register_profile("local", deadline=None, max_examples=60)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000)
# A gate must not be red for what another change did; new examples are found at people's desks.
hypothesis.settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
DEFAULT = "ci" if os.environ.get("CI") else "local"
hypothesis.settings.load_profile(os.environ.get("VARDE_HYPOTHESIS", DEFAULT))
