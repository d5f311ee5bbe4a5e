"""What the collector says instead of an acknowledgement, and what the hub makes of it."""

from uplink_task import NOW_MS, Ports, Refused, Response, good, play, run

from varde_firmware.core import status
from varde_protocols import records


class Early(Refused):
    detail = 3
    is_early = True


def not_yet_valid(hub, request, seqs):
    return Early("validity starts in the future")


def unknown(hub, request, seqs):
    return Response(403, b'{"error": "unknown-hub", "hint": "enrol"}', hub.clock.now_ms())


def revoked(hub, request, seqs):
    return Response(403, b'{"error": "revoked-hub", "hint": ""}', hub.clock.now_ms())


def overloaded(hub, request, seqs):
    return Response(429, b"{}", hub.clock.now_ms(), 1)


def elsewhere(hub, request, seqs):
    return Response(302, b"", hub.clock.now_ms())


def not_with(bad_seq):
    """A proxy that takes no batch with this record in it."""

    def answers(hub, request, seqs):
        if bad_seq in seqs:
            return Response(413, b"", hub.clock.now_ms())
        return good(hub, request, seqs)

    return answers


def a_hub_without_time_asks_the_collector_and_gives_nothing_meanwhile():
    hub, ports = play([not_yet_valid] * 4 + [good], time_fails=True)
    assert [request.record_count == 0 for request in ports.posts[:6]] == [
        False, False, True, True, True, False,
    ], ports.posts  # fmt: skip
    day_ms = hub.board.rtc[1] - hub.board.rtc[0]
    assert day_ms == 86_400_000, hub.board.rtc
    assert abs(hub.board.rtc[-1] - NOW_MS) < 20_000, hub.board.rtc


def who_is_not_enrolled_is_told_and_asks_at_the_heartbeat():
    for answered, detail in ((unknown, 1), (revoked, 2)):
        hub, ports = play([answered], lambda: not hub_is_enrolled(hub_of), prepare=hub_of.append)
        hub_of.pop()
        assert len(ports.posts) == 1
        assert (records.EVENT_NOT_ENROLLED, detail) in hub.events(), hub.events()
        assert hub.journal.pending_count >= 3  # nothing was released
        assert hub.upkeep.facts.rgb() != status.RGB[status.NO_LINK]


hub_of = []


def hub_is_enrolled(hubs):
    return hubs[0].upkeep.facts.is_enrolled


def the_collectors_word_is_waited_for_and_no_fault_of_the_link():
    _hub, ports = play([overloaded] * 2 + [good])
    assert len(ports.posts) == 4
    assert all(code != records.EVENT_WIFI_FAILED for code, _detail in ports.events)


def a_redirect_is_not_followed():
    _hub, ports = play([elsewhere] * 5 + [good])
    assert len(ports.posts) == 7
    assert all(code != records.EVENT_WIFI_FAILED for code, _detail in ports.events)


def a_record_that_no_batch_may_hold_is_kept_and_does_not_stop_the_others():
    def all_but_one():
        return hub_of[0].journal.pending_count == 1

    hub, ports = play([not_with(2)] * 60, all_but_one, prepare=hub_of.append)
    hub_of.pop()
    assert [seq for seq, _data in hub.journal.batch(9999, 99)] == [2]
    assert ports.events.count((records.EVENT_RECORD_REFUSED, 2)) == 1
    assert len(ports.posts) < 15


def a_collector_that_takes_nothing_is_left_in_peace():
    def has_given_up():
        return hub_of[0].inbox is not None and len(posts_of[0].posts) >= 2

    nothing = [lambda hub, request, seqs: Response(400, b"", hub.clock.now_ms())] * 60
    posts_of = []
    real = Ports.__init__

    def note(self, *args):
        real(self, *args)
        posts_of.append(self)

    Ports.__init__ = note
    hub, _ports = play(nothing, has_given_up, prepare=hub_of.append)
    Ports.__init__ = real
    hub_of.pop()
    assert hub.journal.pending_count >= 3
    assert not [1 for code, _detail in hub.events() if code == records.EVENT_RECORD_REFUSED]


run((
    a_hub_without_time_asks_the_collector_and_gives_nothing_meanwhile,
    who_is_not_enrolled_is_told_and_asks_at_the_heartbeat,
    the_collectors_word_is_waited_for_and_no_fault_of_the_link,
    a_redirect_is_not_followed,
    a_record_that_no_batch_may_hold_is_kept_and_does_not_stop_the_others,
    a_collector_that_takes_nothing_is_left_in_peace,
))  # fmt: skip
