"""`access.toml`: read whole, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from varde_host import errors
from varde_host.access import site_rules


@pytest.mark.parametrize(
    "text",
    [
        "x = 1", "[local]\nallow = true", "[local]\nallowed = 1", "local = 7", "[oidc]",
        '[oidc]\nissuer = "http://login.test"\nclient_id = "v"',
        '[oidc]\nissuer = "ftp://login.test"\nclient_id = "v"',
        '[oidc]\nissuer = "https://u:p@login.test"\nclient_id = "v"',
        '[oidc]\nissuer = "https://login.test"\nclient_id = ""',
        '[oidc]\nissuer = "https://login.test"\nclient_id = "v"\nscopes = ["groups"]',
        '[oidc]\nissuer = "https://l.test"\nclient_id = "v"\n[oidc.groups]\n"x" = ["sjef"]',
        '[oidc]\nissuer = "https://l.test"\nclient_id = "v"\n[oidc.groups]\n"x" = "revisor"',
        '[oidc]\nissuer = "https://l.test"\nclient_id = "v"\nclient_secret = "s"',
        "[sessions]\nidle_minutes = 0", "[sessions]\nidle_minutes = 61",
        "[sessions]\nwhole_hours = 13", "[sessions]\nidle_minutes = true",
        '[data]\ninventory = "postgresql://u:p@h/n"', "[", "\x00",
    ],
)  # fmt: skip
def test_rules_that_are_not_quite_right_let_nobody_in(tmp_path: Path, text: str):
    (tmp_path / site_rules.FILE).write_text(text)
    with pytest.raises(errors.InputRefused) as caught:
        site_rules.load(tmp_path)
    assert caught.value.code == "access-file"


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats()
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["oidc", "local", "groups", "issuer", "client_id", "allowed", "acr"]),
        inner, max_size=4), max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["oidc", "local", "sessions", "data", "x"]), _TREES))
def test_rules_of_any_shape_are_read_or_refused(data: dict[str, Any]):
    def read() -> str:
        try:
            site_rules.read(data, Path("access.toml"))
        except errors.InputRefused as error:
            return error.code
        return "access-file"

    assert read() == "access-file"
