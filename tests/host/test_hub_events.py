"""What a hub says of itself comes out dated, worded, and only if the hub signed it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from host.conftest import NOW_MS, Bench
from host.terminal import Terminal
from host.virtual_hub import VirtualHub
from varde_host import messages
from varde_host.receiver import events, source, verified_log
from varde_protocols import records, update_words


def happenings(bench: Bench) -> list[events.Happening]:
    with bench.database.reading() as connection:
        return list(source.happenings(connection, None))


def test_an_event_is_dated_by_the_anchors_of_its_boot(bench: Bench, hub: VirtualHub):
    raws = [hub.start()]
    hub.uptime_ms = 5000
    raws += [hub.anchor(NOW_MS - 60_000, 40), hub.event(2, code=records.EVENT_BOND_LOST)]
    bench.post(hub.body(raws))
    (event,) = happenings(bench)
    assert (event.name, event.detail, event.seq) == ("bond-lost", 2, 3)
    assert event.when.utc_ms == NOW_MS - 60_000


def test_an_event_without_anchor_has_no_time_of_its_own(bench: Bench, hub: VirtualHub):
    bench.post(hub.body([hub.start(), hub.event(code=records.EVENT_HEAP_LOW, detail=900)]))
    (event,) = happenings(bench)
    assert event.when.utc_ms is None


def test_it_says_what_to_do_in_the_language_in_use(monkeypatch):
    event = events.Happening(bytes(8), 1, records.EVENT_BOND_LOST, "bond-lost", 2, None)
    for language, word in (("nb", "koblingsknapp"), ("nn", "koplingsknappen"), ("en", "button")):
        monkeypatch.setattr(messages.speaker, "language", language)
        assert word in event.text()
        assert "2" in event.text()


def test_a_start_says_why_in_words_or_with_the_number_there_is(monkeypatch):
    monkeypatch.setattr(messages.speaker, "language", "en")
    for cause, words in ((3, "The hub started: watchdog."), (77, "The hub started: 77.")):
        event = events.Happening(bytes(8), 1, records.EVENT_BOOT, "boot", cause, None)
        assert event.text() == words


def test_an_update_says_what_which_and_why_with_what_to_do(monkeypatch):
    monkeypatch.setattr(messages.speaker, "language", "en")
    detail = update_words.detail(update_words.CONFIG, update_words.NO_EXCHANGE, 12)
    event = events.Happening(bytes(8), 1, records.EVENT_UPDATE_RETURNED, "update-returned",
                             detail, None)  # fmt: skip
    assert event.text().startswith("The hub went from config 12 back to what worked: nothing was")
    assert "See to WiFi, APN" in event.text()


def test_an_update_of_a_later_version_is_told_by_its_numbers(monkeypatch):
    monkeypatch.setattr(messages.speaker, "language", "en")
    detail = update_words.detail(9, 99, (1 << 32) - 1)
    event = events.Happening(bytes(8), 1, records.EVENT_UPDATE_REFUSED, "update-refused", detail,
                             None)  # fmt: skip
    assert event.text() == "The hub did not take 9 4294967295: 99."


@given(st.integers(0, records.MAX_SEQ))
def test_whatever_detail_a_hub_wrote_has_words(detail: int):
    event = events.Happening(bytes(8), 1, records.EVENT_UPDATE_REFUSED, "update-refused", detail,
                             None)  # fmt: skip
    assert event.text()


def test_an_only_hub_stands_above_the_table_and_two_in_it(
    bench: Bench, hub: VirtualHub, terminal: Terminal, tmp_path: Path
):
    bench.post(hub.body([hub.start(), hub.event(2, code=records.EVENT_BOND_LOST)]))
    command = ("hub", "events", "--database", tmp_path / "collector.sqlite")
    _, out, _ = terminal.run(*command)
    assert out.startswith(f"Hub {hub.hub_id.hex()}\n")
    assert out.count(hub.hub_id.hex()) == 1
    other = bench.enrol(VirtualHub(3, hub.receiver_public))
    bench.post(other.body([other.start(), other.event(4, code=records.EVENT_PAIRED)]))
    _, out, _ = terminal.run(*command)
    assert [out.count(one.hub_id.hex()) for one in (hub, other)] == [1, 1]
    assert not out.startswith("Hub ")


def test_a_code_of_a_later_version_is_shown_as_it_is():
    event = events.Happening(bytes(8), 1, 4711, None, 9, None)
    assert "4711" in event.text()
    assert "9" in event.text()


def test_what_another_key_signed_is_no_event_of_this_hub(hub: VirtualHub):
    stranger = VirtualHub(2)
    forged = verified_log.Delivered(1, NOW_MS, stranger.event())
    broken = verified_log.Delivered(2, NOW_MS, b"\x80")
    assert events.of_hub(hub.hub_id, hub.public, [forged, broken]) == []
