"""How the host's programs are run."""

import pytest

from varde_simulator.host_programs import HostPrograms


class Clock:
    path = "clock"


@pytest.mark.parametrize(("user", "used"), [(None, "en"), ("nn", "nn")])
def test_they_speak_english_as_the_simulator_does_unless_the_user_says_otherwise(
    monkeypatch, tmp_path, user, used
):
    monkeypatch.delenv("VARDE_LANGUAGE", raising=False)
    if user is not None:
        monkeypatch.setenv("VARDE_LANGUAGE", user)
    assert HostPrograms(Clock(), tmp_path)._environment()["VARDE_LANGUAGE"] == used
