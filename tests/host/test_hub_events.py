"""What a hub says of itself comes out dated, worded, and only if the hub signed it."""

from __future__ import annotations

from host.conftest import NOW_MS, Bench
from host.virtual_hub import VirtualHub
from varde_host import messages
from varde_host.receiver import events, source, verified_log
from varde_protocols import records


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


def test_a_code_of_a_later_version_is_shown_as_it_is():
    event = events.Happening(bytes(8), 1, 4711, None, 9, None)
    assert "4711" in event.text()
    assert "9" in event.text()


def test_what_another_key_signed_is_no_event_of_this_hub(hub: VirtualHub):
    stranger = VirtualHub(2)
    forged = verified_log.Delivered(1, NOW_MS, stranger.event())
    broken = verified_log.Delivered(2, NOW_MS, b"\x80")
    assert events.of_hub(hub.hub_id, hub.public, [forged, broken]) == []
