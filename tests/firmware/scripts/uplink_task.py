"""The task of link, time and exchange against a network that the test plays."""

import asyncio
import struct

import fake_hub

from varde_firmware.core import backoff, link, uplink
from varde_firmware.shell import (
    data_meter,
    exchange_round,
    hub_time,
    inbox,
    link_task,
    uplink_task,
    wifi_link,
)
from varde_protocols import cose, exchange, hub_config, records, sealing
from varde_protocols.crypto import ed25519
from varde_protocols.errors import HttpError

COLLECTOR = ed25519.SigningKey(bytes([7] * 32))
COLLECTOR_KID = sealing.key_id(COLLECTOR.public)
NOW_MS = 1_767_600_000_000  # 2026-01-05T08:00:00Z
NETWORKS = [hub_config.Network("home", "password1")]


class Response:
    def __init__(self, status, body, now_ms, retry_after_s=0):
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s
        self.sent_ms = now_ms - 40
        self.received_ms = now_ms


class Refused(Exception):
    detail = 2


class Expired(Refused):
    detail = 3


class Ports:
    """Network, time server and collector; `answers` are what becomes of the posts, in turn."""

    Refused = Refused

    def __init__(self, hub, answers):
        self.hub = hub
        self.answers = answers
        self.exclusive = hub.exclusive
        self.store = self
        self.joined = None
        self.posts = []
        self.seen = set()
        self.events = []
        self.closed = 0
        self.floors_ms = []
        self.time_fails = False
        self.told = 0

    def join(self, ssid, password):
        self.joined = (ssid, password)

    def leave(self):
        self.joined = None

    def is_joined(self):
        return self.joined is not None

    def why_not(self):
        return records.WIFI_NO_ADDRESS

    def signal_dbm(self):
        return -60

    def data_used(self):
        return b""

    def set_data_used(self, blob):
        pass

    def utc_floor_ms(self):
        return self.floors_ms[-1] if self.floors_ms else 0

    def set_utc_floor_ms(self, utc_ms):
        self.floors_ms.append(utc_ms)

    def damage_told(self):
        return self.told

    def set_damage_told(self, count):
        self.told = count

    def random_bytes(self, count):
        return bytes([len(self.posts) + 1] * count)

    async def ask_time(self, host, port, packet, now_ms):
        assert (host, port) == ("ntp.example", 123)
        if self.time_fails:
            raise OSError(110)
        seconds = NOW_MS // 1000 + 2_208_988_800
        stamp = struct.pack(">II", seconds & 0xFFFFFFFF, 0)
        raw = b"\x24\x02\x06\xec" + bytes(20) + packet[40:] + stamp + stamp
        return raw, now_ms() - 10, now_ms()

    async def post(self, parts, now_ms):
        message, raw_records = exchange.split_body(b"".join(parts))
        key = ed25519.VerifyKey(self.hub.identity.signing_key.public)
        request = exchange.verify_request(message, key, raw_records)
        self.posts.append(request)
        for raw in raw_records:
            record = records.decode(cose.Sign1.parse(raw).unverified_payload)
            if isinstance(record, records.Event) and record.seq not in self.seen:
                self.seen.add(record.seq)
                self.events.append((record.code, record.detail))
        answer = self.answers.pop(0) if self.answers else good
        made = answer(self.hub, request, [seq_of(raw) for raw in raw_records])
        if isinstance(made, Exception):
            raise made
        return made if isinstance(made, Response) else Response(200, made, now_ms())

    def close(self):
        self.closed += 1


def seq_of(raw):
    return records.decode(cose.Sign1.parse(raw).unverified_payload).seq


def joined(seqs):
    """Ranges of these numbers, as the collector's."""
    ranges = []
    for seq in seqs:
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1][1] = seq
        else:
            ranges.append([seq, seq])
    return ranges


def answer(hub, request, seqs, key=COLLECTOR, nonce=None, ranges=None, refused=()):
    """What the collector sends; all is acknowledged that is not refused."""
    left = [seq for i, seq in enumerate(seqs) if i not in [row[0] for row in refused]]
    made = exchange.Answer(
        nonce or request.nonce,
        hub.identity.hub_id,
        joined(left) if ranges is None else ranges,
        NOW_MS + hub.clock.now_ms(),
        600,
        1,
        [list(row) for row in refused],
    )
    return exchange.encode_answer(key, COLLECTOR_KID, made)


good = answer


def forged(hub, request, seqs):
    return answer(hub, request, seqs, key=ed25519.SigningKey(bytes(32)))


def replayed(hub, request, seqs):
    return answer(hub, request, seqs, nonce=bytes(16))


def greedy(hub, request, seqs):
    return answer(hub, request, seqs, ranges=[[seqs[0], seqs[-1] + 100]])


def garbled(hub, request, seqs):
    return answer(hub, request, seqs)[:-1]


def refusing_the_first(hub, request, seqs):
    return answer(hub, request, seqs, refused=[[0, seqs[0], 3]])


def a_page(hub, request, seqs):
    return HttpError("http-chunked", "HTTP response", "no")


def nobody(hub, request, seqs):
    return OSError(104)


def stranger(hub, request, seqs):
    return Refused("somebody else")


def out_of_date(hub, request, seqs):
    return Expired("validity has expired")


def next_century(hub, request, seqs):
    request_time = exchange.Answer(
        request.nonce, hub.identity.hub_id, joined(seqs), 1 << 47, 600, 1, []
    )
    return exchange.encode_answer(COLLECTOR, COLLECTOR_KID, request_time)


def busy(hub, request, seqs):
    return Response(503, b"", hub.clock.now_ms())


def play(answers, *steps, time_fails=False, event=True, prepare=None):
    """Run the task until the steps are done; return the hub and its ports."""
    hub = fake_hub.Hub()
    hub.keeper.on_record = hub.inbox.wake
    if event:
        hub.keeper.event(5, records.EVENT_BOOT, 1)
    ports = Ports(hub, list(answers))
    ports.time_fails = time_fails
    if prepare:
        prepare(hub)
    exchanger = exchange_round.Exchanger(
        hub.identity, COLLECTOR.public, 4, hub.journal, ports, hub.exclusive, hub.keeper,
        ports.random_bytes, hub.clock,
    )  # fmt: skip
    time = hub_time.HubTime("ntp.example", 123, ports, hub.board, hub.keeper, hub.clock)
    decisions = link.Link(1, backoff.Backoff(20, 40, hub.jitter))
    links = link_task.LinkTask(
        wifi_link.WifiLink(NETWORKS, ports, decisions, hub.keeper, hub.clock),
        data_meter.DataMeter(0, ports, hub.keeper, time, hub.clock),
        inbox.Inbox(1, 0), hub.upkeep, hub.clock,
    )  # fmt: skip
    task = uplink_task.UplinkTask(
        exchanger, links, time, hub.keeper, ports,
        uplink.Uplink(900, backoff.Backoff(20, 40, hub.jitter)), hub.inbox, hub.clock,
    )  # fmt: skip
    healthy = []
    task.on_healthy = lambda: healthy.append(1)
    link.JOIN_MS = 100

    def is_delivered():
        return not hub.journal.pending_count and healthy

    both = asyncio.gather(links.run(), task.run())
    fake_hub.run_until(both, *(steps or (is_delivered,)))
    return hub, ports


def all_is_delivered_and_the_time_is_known():
    hub, ports = play([good])
    assert ports.joined == ("home", "password1")
    # session, event; and the anchor, which the time server's answer made before the exchange; then
    # the anchor by the collector's own word, which that answer brought
    assert [request.record_count for request in ports.posts] == [3, 1]
    assert ports.posts[0].config_number == 4
    assert ports.closed >= 1
    assert abs(hub.board.rtc[0] - NOW_MS) < 9_000
    assert len(ports.floors_ms) == 1  # a second one within a day would wear the flash for nothing
    assert abs(ports.floors_ms[0] - NOW_MS) < 9_000
    assert hub.upkeep.facts.link_up


def time_comes_from_the_answer_if_no_server_tells():
    hub, ports = play([good, good], time_fails=True)
    assert abs(hub.board.rtc[0] - NOW_MS) < 1_000, hub.board.rtc
    assert len(ports.posts) == 2  # the anchor is news of its own


def bad_answers_release_nothing_and_are_told():
    for bad, detail in ((forged, 1), (replayed, 2), (garbled, 3), (greedy, 4)):
        _hub, ports = play([bad, bad])
        assert len(ports.posts) == 4, bad  # the last one for the anchor that the good one brought
        assert ports.posts[0].first_seq == ports.posts[2].first_seq, bad
        # one complaint, although it happened twice
        assert ports.events.count((records.EVENT_BAD_ACK, detail)) == 1, (bad, ports.events)


def refused_records_are_released_and_told_once():
    _hub, ports = play([refusing_the_first, refusing_the_first, good])
    # the refused one is told of, and an anchor comes with that; that the telling is refused, too,
    # is not told again
    assert [request.record_count for request in ports.posts] == [3, 2], ports.posts
    assert [code for code, _detail in ports.events].count(records.EVENT_RECORD_REFUSED) == 1


def the_worlds_failures_are_tried_again():
    _hub, ports = play([nobody, a_page, busy, good])
    assert len(ports.posts) == 5  # of which one delivers, and one the anchor
    assert ports.closed >= 4


def a_stranger_is_told_of():
    _hub, ports = play([stranger, good])
    assert (records.EVENT_SERVER_REFUSED, 2) in ports.events


def a_certificate_out_of_time_sets_the_chip_again():
    hub, ports = play([out_of_date, good])
    assert (records.EVENT_SERVER_REFUSED, 3) in ports.events
    assert len(hub.board.rtc) == 2, hub.board.rtc
    # the time server's word alone is not kept for the next start
    assert len(ports.floors_ms) == 1


def an_impossible_time_is_not_believed():
    hub, ports = play([next_century], time_fails=True)
    assert (hub.board.rtc, ports.floors_ms) == ([], [])


def a_flash_that_cannot_be_read_stops_nobody():
    failures = [1, 1]

    def break_flash():
        flash = hub_of[0].journal._flash
        works = flash.read_into

        def read_into(offset, buffer):
            if failures:
                failures.pop()
                raise OSError(5)
            works(offset, buffer)

        flash.read_into = read_into

    hub_of = []
    _hub, ports = play([good], prepare=lambda hub: (hub_of.append(hub), break_flash()))
    assert not failures
    assert len(ports.posts) == 2  # the second one delivers the anchor


def records_that_vanish_are_told():
    def flip(hub):
        hub.journal._flash._bytes[100] ^= 4  # in the session record

    _hub, ports = play([good, good], prepare=flip)
    assert (records.EVENT_JOURNAL_DAMAGED, 1) in ports.events, ports.events
    assert len(ports.posts) == 2
    assert ports.told == 1


def a_network_that_leads_nowhere_is_left_and_joined_again():
    _hub, ports = play([nobody] * 5 + [good])
    assert len(ports.posts) == 7  # with one for the anchor
    assert ports.events.count((records.EVENT_WIFI_FAILED, records.WIFI_LEADS_NOWHERE)) == 1


CASES = (
    all_is_delivered_and_the_time_is_known,
    time_comes_from_the_answer_if_no_server_tells,
    bad_answers_release_nothing_and_are_told,
    refused_records_are_released_and_told_once,
    the_worlds_failures_are_tried_again,
    a_stranger_is_told_of,
    a_certificate_out_of_time_sets_the_chip_again,
    an_impossible_time_is_not_believed,
    a_flash_that_cannot_be_read_stops_nobody,
    records_that_vanish_are_told,
    a_network_that_leads_nowhere_is_left_and_joined_again,
)


def run(cases):
    for case in cases:
        case()
        print("ok", case.__name__)


if __name__ == "__main__":
    run(CASES)
