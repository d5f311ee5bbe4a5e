"""`varde config` as IT types it: drafts, what they change, and pushing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import config_place, site_hands
from host.config_place import (
    MODEM_PASSWORD,
    OTHER_PASSWORD,
    PASSKEY,
    SECRETS,
    WIFI_PASSWORD,
    ConfigPlace,
    error_of,
    ids,
    publish,
)
from host.terminal import Terminal
from varde_host import messages
from varde_host.fleet import drafts, publishing

CUFF = f"slot=2,service=1810,chars=2A35,name=SBM69,bond=passkey,passkey={PASSKEY}"
SCALE = "slot=3,service=181D,chars=2A9D,name=BF720"


@pytest.fixture
def place(
    made: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConfigPlace]:
    yield from config_place.in_time(made, terminal, monkeypatch)


@pytest.mark.parametrize(("quiet_minutes", "is_heard"), [(89, True), (91, False)])
def test_a_hub_without_readings_that_reports_each_hour_is_not_away(
    place: ConfigPlace, quiet_minutes: int, is_heard: bool
):
    """An hour, the heartbeat that ends it, and one that may be lost: of 15 minutes each."""
    publish(place)
    place.reports(place.hubs[0], 1)
    place.clock.now_ms += quiet_minutes * config_place.MINUTE_MS
    now_ms = place.clock.now_ms
    place.run("set", "heartbeat-s=300", "--hub", ids(place)[0])
    _, (row,) = place.json("push", "--hub", ids(place)[0])
    assert row["fetched_before_ms"] == (now_ms + 900_000 if is_heard else None)
    assert row["healed_before_ms"] == (now_ms + 1_560_000 if is_heard else None)


def test_a_change_goes_from_draft_to_published(place: ConfigPlace):
    publish(place)
    place.reports(place.hubs[0], 1)
    one = ids(place)[0]
    status, told = place.json("set", "heartbeat-s=300", "quiet=22:00-07:00", "--hub", one[:6])
    assert status == 0
    assert told == [
        {
            "hub": one,
            "published": 1,
            "changes": [
                {"setting": "heartbeat-s", "before": "900", "after": "300", "secrets_changed": []},
                {"setting": "quiet", "before": "none", "after": "22:00-07:00",
                 "secrets_changed": []},
            ],
        }
    ]  # fmt: skip
    assert place.published(place.hubs[0]).number == 1  # no hub hears of a draft
    _, (row,) = place.json("diff")
    assert (row["in_force"], row["state"], len(row["changes"])) == (1, "confirmed", 2)

    status, (row,) = place.json("push", "--hub", one)
    assert status == 0
    given = place.published(place.hubs[0])
    assert (given.number, given.config.heartbeat_s, given.config.quiet) == (2, 300, [1320, 420])
    heard_ms = place.clock.now_ms
    assert row["fetched_before_ms"] == heard_ms + 900_000  # by the heartbeat that it has now
    assert row["healed_before_ms"] == heard_ms + 900_000 + 660_000
    document = publishing.current(place.opened, place.hubs[0].hub_id).document
    assert row["document_bytes"] == len(document)
    assert drafts.listing(place.directory) == []
    assert place.json("diff") == (0, [])
    assert error_of(place, "push", "--hub", one) == "push-nothing"


def test_diff_shows_what_a_hub_runs_where_it_runs_another(place: ConfigPlace):
    publish(place)
    publish(place, number=2, heartbeat_s=300)
    one = ("--hub", ids(place)[0])
    assert place.json("diff", *one)[1][0]["not_in_force"] is None  # it has said nothing
    place.reports(place.hubs[0], 1)
    (row,) = place.json("diff", *one)[1]
    (lacks,) = row["not_in_force"]
    assert (lacks["setting"], lacks["before"], lacks["after"]) == ("heartbeat-s", "900", "300")
    assert "heartbeat-s" in place.run("diff", *one)[1]
    place.reports(place.hubs[0], 2)
    assert place.json("diff", *one)[1][0]["not_in_force"] is None


def test_what_is_not_named_stays(place: ConfigPlace):
    release = [7, bytes(32)]
    data = site_hands.assigned(
        place.site, place.hubs[0].hub_id, 4, release=release, window=[60, 300],
        allowance_kib=400, source=["code.test", 443, "/v"],
    )  # fmt: skip
    publishing.publish_assignment(place.opened, place.site, data, place.clock.now_ms)
    before = place.published(place.hubs[0])
    one = ids(place)[0]
    place.run("ring", "bench", "--hub", one)
    assert place.run("set", "board=t-sim7670g", "--hub", one)[0] == 0
    assert place.run("push", "--all")[0] == 0
    after = place.published(place.hubs[0])
    assert (after.number, after.ring, after.config.board) == (5, "bench", "t-sim7670g")
    for name in ("release", "window", "allowance_kib", "source"):
        assert getattr(after, name) == getattr(before, name)
    assert after.config.networks == before.config.networks


def test_wifi_sensors_and_modem_come_from_files(place: ConfigPlace):
    publish(place)
    one = ("--hub", ids(place)[0])
    more = place.file("more", f"hytta:{OTHER_PASSWORD}\nhome:{WIFI_PASSWORD}\n")
    sensors = place.file("sensors", CUFF + "\n")
    modem = place.file("modem", f"apn=telenor\nuser=u\npassword={MODEM_PASSWORD}\n")
    status, told = place.json(
        "set", "--add-wifi", more, "--sensors", sensors, "--add-sensor", SCALE, "--modem", modem,
        *one,
    )  # fmt: skip
    assert status == 0
    assert [
        (row["setting"], row["after"], row["secrets_changed"]) for row in told[0]["changes"]
    ] == [
        ("networks", "home, hytta", ["home"]),
        ("sensors", "2: 1810 SBM69, 3: 181D BF720", []),
        ("modem", "telenor", []),
    ]
    assert place.run("set", "--remove-wifi", "home", "--remove-sensor", "3", *one)[0] == 0
    assert place.run("push", *one)[0] == 0
    config = place.published(place.hubs[0]).config
    assert [(n.ssid, n.password) for n in config.networks] == [("hytta", OTHER_PASSWORD)]
    assert [(s.slot, s.passkey) for s in config.sensors] == [(2, int(PASSKEY))]
    assert config.modem.password == MODEM_PASSWORD
    assert place.run("set", "modem=none", *one)[0] == 0
    assert place.run("push", *one)[0] == 0
    assert place.published(place.hubs[0]).config.modem is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["heartbeat-s=300"], "selection-none"),
        (["--hub", "0"], "setting-none"),
        (["heartbeat=300", "--all"], "setting-unknown"),
        (["spo2-min=90", "--all"], "patient-limit"),
        (["systolic-alarm=180", "--all"], "patient-limit"),
        (["heartbeat-s=5", "--all"], "config-refused"),
        (["reminders=08:00 slot=7", "--all"], "config-refused"),
        (["heartbeat-s=300", "heartbeat-s=400", "--all"], "setting-twice"),
        ([f"networks=home:{WIFI_PASSWORD}", "--all"], "setting-file"),
        (["--add-sensor", CUFF, "--all"], "sensor-secret"),
        (["--remove-wifi", "nowhere", "--all"], "setting-absent"),
        (["--remove-sensor", "9", "--all"], "setting-absent"),
        (["--remove-wifi", "home", "--all"], "config-refused"),  # no way out of the home is left
        (["--wifi", "missing", "--all"], "file-read"),
    ],
)
def test_edits_that_are_refused_change_no_draft(
    place: ConfigPlace, arguments: list[str], code: str
):
    for at in range(3):
        publish(place, at)
    assert error_of(place, "set", *arguments) == code
    assert drafts.listing(place.directory) == []


def test_a_limit_is_refused_with_the_reason(place: ConfigPlace):
    publish(place)
    command = ("config", "set", "spo2-min=90", "--all", "--site", place.directory)
    status, out, told = place.terminal.run("--language", "en", *command)
    assert (status, out) == (1, "")
    assert "spo2-min" in told
    assert "judges" in told or "judged" in told


def test_one_home_is_not_written_over_another(place: ConfigPlace):
    publish(place, 0)
    publish(place, 1, networks=[site_hands.hub_config.Network("other", WIFI_PASSWORD)])
    wifi = place.file("wifi", f"ward:{OTHER_PASSWORD}\n")
    two = ("--hub", ids(place)[0], "--hub", ids(place)[1])
    assert error_of(place, "set", "--wifi", wifi, *two) == "config-homes-differ"
    assert place.run("set", "--add-wifi", wifi, *two)[0] == 0
    assert place.run("push", "--all")[0] == 0
    assert [
        [network.ssid for network in place.published(hub).config.networks]
        for hub in place.hubs[:2]
    ] == [["home", "ward"], ["other", "ward"]]


def test_nor_over_another_that_waits_in_a_draft(place: ConfigPlace):
    """Of hubs that were begun from scratch the drafts are all that is known of the homes."""
    for at in range(2):
        wifi = place.file(f"wifi-{at}", f"home-{at}:{WIFI_PASSWORD}\n")
        one = ("--from-scratch", "collector-host=c.test", "--hub", ids(place)[at])
        assert place.run("set", "--wifi", wifi, *one)[0] == 0
    before = [drafts.load(place.directory, hub) for hub in ids(place)[:2]]
    two = ("--hub", ids(place)[0], "--hub", ids(place)[1])
    assert error_of(place, "set", "--wifi", wifi, *two) == "config-homes-differ"
    assert [drafts.load(place.directory, hub) for hub in ids(place)[:2]] == before


def test_what_is_as_published_is_no_draft(place: ConfigPlace):
    publish(place)
    status, out, _ = place.run("set", "heartbeat-s=900", "--hub", ids(place)[0])
    assert (status, out) == (0, messages.text("config.no-change") + "\n")
    assert drafts.listing(place.directory) == []


def test_a_bad_file_is_named_with_its_line_and_without_its_secret(place: ConfigPlace):
    publish(place)
    one = ("--hub", ids(place)[0])
    for option, text, line in (
        ("--wifi", f"home:{WIFI_PASSWORD}\nhytta:{'x' * 70}{OTHER_PASSWORD}\n", ":2"),
        ("--modem", f"apn=telenor\npin=x\npassword={MODEM_PASSWORD}\n", ""),
        ("--sensors", CUFF + "\n" + CUFF.replace("SBM69", "x" * 60) + "\n", ":2"),
    ):
        file = place.file("bad", text)
        status, out, told = place.run("set", option, file, *one)
        assert (status, out) == (1, "")
        assert f"{file}{line}: " in told
        assert not any(secret in told for secret in SECRETS)
    assert error_of(place, "adopt", file) == "adopt-file"
    assert drafts.listing(place.directory) == []


def test_a_hub_of_which_nothing_is_known(place: ConfigPlace):
    one = ids(place)[0]
    assert error_of(place, "set", "heartbeat-s=300", "--hub", one) == "config-unpublished"
    place.reports(place.hubs[0], 6)
    wifi = place.file("wifi", f"home:{WIFI_PASSWORD}\n")
    scratch = ("set", "--from-scratch", "--wifi", wifi, "--hub", one)
    assert error_of(place, *scratch) == "config-refused"  # without a collector
    assert place.run(*scratch, "collector-host=c.test")[0] == 0
    assert place.run("set", "heartbeat-s=300", "--hub", one)[0] == 0
    assert place.run("push", "--hub", one)[0] == 0
    given = place.published(place.hubs[0])
    assert (given.number, given.config.heartbeat_s) == (7, 300)  # above what the hub says it has


def test_what_a_hub_was_made_with_is_adopted(place: ConfigPlace):
    files = []
    for at, hub in enumerate(place.hubs[:2]):
        files.append(place.directory.parent / f"assignment-{at}")
        files[-1].write_bytes(site_hands.assigned(place.site, hub.hub_id, at + 1))
    status, rows = place.json("adopt", *files)
    assert (status, [row["number"] for row in rows]) == (0, [1, 2])
    assert place.published(place.hubs[1]).number == 2
    for_any = place.directory.parent / "any"
    for_any.write_bytes(site_hands.assigned(place.site, None, 9))
    assert error_of(place, "adopt", for_any) == "assignment-unnamed"


def test_a_file_for_a_known_hub_gets_the_next_number_by_itself(place: ConfigPlace):
    publish(place, number=4)
    place.reports(place.hubs[1], 6)
    wifi = place.file("wifi", f"home:{WIFI_PASSWORD}\n")
    command = ("hub", "assignment", "--host", "c", "--wifi", wifi, "--site", place.directory)
    numbers = []
    for at, hub in enumerate((*ids(place), "ff" * 8)):
        out = place.directory.parent / f"made-{at}"
        _, told = place.terminal.json(*command, "--hub", hub, "--out", out)
        numbers.append(told["number"])
    assert numbers == [5, 7, 1, 1]
    out = place.directory.parent / "any"
    assert place.terminal.json(*command, "--out", out)[1]["number"] == 1
    chosen = place.directory.parent / "chosen"
    _, told = place.terminal.json(
        *command, "--hub", ids(place)[0], "--number", "9", "--out", chosen
    )
    assert told["number"] == 9


def test_the_next_trust_is_published_before_what_its_keys_sign(place: ConfigPlace):
    publish(place)
    one = ("--hub", ids(place)[0])
    place.run("set", "heartbeat-s=300", *one)
    site_hands.next_trust(place.directory)
    assert error_of(place, "push", *one) == "trust-unpublished"
    assert drafts.listing(place.directory) == [ids(place)[0]]
    status, told = place.terminal.json("site", "trust", "--publish", "--site", place.directory)
    assert (status, told["epoch"], told["published"]) == (0, 2, [1, 2])
    _, again = place.terminal.json("site", "trust", "--publish", "--site", place.directory)
    assert again["published"] == []
    assert place.run("push", *one)[0] == 0


def test_show(place: ConfigPlace):
    publish(place, modem=site_hands.hub_config.Modem("telenor", "u", MODEM_PASSWORD, ""))
    status, (row, empty, _) = place.json("show", "--all")
    by_id = {each["hub"]: each for each in (row, empty, _)}
    settings = by_id[ids(place)[0]]["settings"]
    assert (status, settings["networks"], settings["modem"]) == (0, "home", "telenor")
    assert settings["local-time"] == "+01:00/eu"
    assert by_id[ids(place)[1]]["settings"] is None
    status, out, _ = place.run("show", "--all")
    assert MODEM_PASSWORD not in out
    status, forms = place.json("show")
    assert set(forms) == set(settings)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_secret_is_ever_said(
    place: ConfigPlace, caplog: pytest.LogCaptureFixture, language: str, terminal: Terminal
):
    caplog.set_level(logging.DEBUG)
    publish(place)
    one = ("--hub", ids(place)[0])
    wifi = place.file("wifi", f"home:{WIFI_PASSWORD}\nhytta:{OTHER_PASSWORD}\n")
    sensors = place.file("sensors", CUFF + "\n")
    modem = place.file("modem", f"apn=telenor\nuser=u\npassword={MODEM_PASSWORD}\n")
    bad = place.file("bad", f"home {WIFI_PASSWORD}\n")
    commands = [
        ("set", "--wifi", wifi, "--sensors", sensors, "--modem", modem, *one),
        ("set", "--wifi", bad, *one),
        ("set", f"networks=x:{WIFI_PASSWORD}", *one),
        ("set", f"modem=telenor,{MODEM_PASSWORD}", *one),
        ("diff",),
        ("push", *one),
        ("diff", *one),
        ("show", *one),
        ("status",),
    ]
    printed = []
    for command in commands:
        for as_json in ((), ("--json",)):
            _, out, told = terminal.run(
                "--language", language, "config", *command, "--site", place.directory, *as_json
            )
            assert out or told
            printed += [out, told]
    text = "".join(printed) + caplog.text
    site_password = site_hands.PASSWORD
    for secret in (*SECRETS, site_password):
        assert secret not in text
    assert place.published(place.hubs[0]).config.modem.password == MODEM_PASSWORD


def test_drop(place: ConfigPlace):
    for at in range(2):
        publish(place, at)
    place.run("set", "heartbeat-s=300", "--hub", ids(place)[0], "--hub", ids(place)[1])
    status, told = place.json("drop", "--hub", ids(place)[0])
    assert (status, told) == (0, {"dropped": [ids(place)[0]]})
    assert place.json("drop", "--all")[1] == {"dropped": [ids(place)[1]]}
    for nothing_left in (("--all",), ("--hub", ids(place)[0])):
        assert error_of(place, "drop", *nothing_left) == "draft-none"
