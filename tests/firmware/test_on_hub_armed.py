"""What a hub says at its prompt of its way back and of its board, on a desk."""

from __future__ import annotations

import hashlib
from pathlib import Path

from firmware import provisioned
from varde_host.acceptance import hub_word


def test_what_would_take_an_update_back(tmp_path: Path) -> None:
    hub = provisioned.on_desk(tmp_path)
    said = hub_word.armed_of(hub.run("armed").result or {})
    assert (said["state"], said["slot"], said["release"], said["spare"]) == (0, "a", 0, None)
    assert said["interpreters"] == 2
    wanted = {
        path: hashlib.sha256(provisioned.FILES[path.removeprefix("/")]).hexdigest()
        for path in hub_word.SUPERVISOR
    }
    assert said["supervisor"] == wanted


def test_what_its_board_can(tmp_path: Path) -> None:
    """Whose interpreter has no ADC, as the virtual one: then it cannot tell of a battery."""
    hub = provisioned.on_desk(tmp_path)
    said = hub_word.armed_of(hub.run("armed", "board='lilygo_t_sim7670g_s3'").result or {})
    able = {"battery": False, "modem": True, "light": True, "buzzer": False, "button": True}
    assert said["can"] == able
