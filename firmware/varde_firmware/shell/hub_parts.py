"""Builds a hub's parts from the ports, once in a boot; `app` unloads this module then.

So no part may hold on to what is here: they get each other, and never the builder.
"""

from varde_firmware.core import (
    advertising,
    drivers,
    journal,
    link,
    recorder,
    scanner,
    status,
    unload,
    uplink,
    value_ring,
)
from varde_firmware.core.backoff import Backoff, Jitter
from varde_firmware.shell import (
    bond_keeper,
    clock,
    damage,
    data_meter,
    exchange_round,
    hub_time,
    identity,
    inbox,
    keeper,
    link_task,
    sensor_task,
    tester,
    upkeep_task,
    uplink_task,
    wifi_link,
)
from varde_protocols._compat import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable, Dict

    from varde_firmware.ports import Board, Ports
    from varde_firmware.shell.failover import Failover
    from varde_protocols.assignment import Assignment
    from varde_protocols.hub_config import HubConfig
    from varde_protocols.trust import Trust


# The radio comes back in a second or not soon; five minutes of deafness are the most.
RADIO_FIRST_MS = 1_000
RADIO_MOST_MS = 60_000


class Parts:
    """Builds all of one boot: `upkeep`, `sensors`, `links` and `uplink` are the tasks."""

    def __init__(
        self, ports: "Ports", on_healthy: "Callable[[], None]", who: identity.Identity,
        trust: "Trust", assignment: "Assignment",
    ) -> None:  # fmt: skip
        """`on_healthy` is called when the collector has acknowledged something.

        Neither document may outlive this call: an object keeps its module, which then stays in
        the heap.
        """
        self._ports = ports
        self._clock = clock.Clock()
        self._identity = who
        config = assignment.config
        board = ports.make_board(config.board)
        jitter = Jitter(int.from_bytes(ports.random_bytes(4), "big"))
        self.upkeep = upkeep_task.Upkeep(board, status.Facts(), self._clock)
        self.upkeep.show()
        self._wind_rtc(board)
        self._open_journal(trust.receiver_public, board)
        self.sensors = self._make_sensor_task(config, jitter)
        self._time = hub_time.HubTime(
            config.ntp_host, config.ntp_port, ports, board, self.keeper, self._clock
        )
        self.links = self._make_link_task(config, board, jitter)
        self._time.on_bytes = self.links.count
        self.uplink = self._make_uplink_task(trust, assignment, jitter)
        self.uplink.on_healthy = on_healthy
        self.uplink.report_of = (
            ports, (assignment.number, config.board, trust.epoch), self._recorder, self.keeper,
            self.sensors, self.links, self._time,
        )  # fmt: skip
        self.uplink.update_seen = assignment.number
        self.uplink.local_time = config.local_time
        self.sensors.utc_at = self._time.utc_ms
        on_press = None
        if config.reminders:
            from varde_firmware.shell import reminder_task  # noqa: PLC0415  (not every home)

            self.keeper.reminders = reminder_task.ReminderTask(
                config, ports.make_signals(config.board), self.upkeep, self._time.utc_ms,
                self._clock,
            )  # fmt: skip
            on_press = self.keeper.reminders.on_press
        self.tester = tester.Tester(self.uplink, self.upkeep, board, on_press)
        self.service = None
        console = ports.make_console()
        if console is not None:
            from varde_firmware.shell import service_task  # noqa: PLC0415  (on locked hubs)

            self.service = service_task.ServiceTask(
                console, who.hub_id, self.keeper, self._clock, self.tester.begin
            )

    def look_at_trial(self) -> None:
        """One is on, or how it ended is to be told."""
        from varde_firmware.shell import trial  # noqa: PLC0415  (seldom)

        trial.look(
            self._ports, self.keeper, self._recorder, self.upkeep.facts, self._clock, self.uplink
        )

    def _wind_rtc(self, board: "Board") -> None:
        """Without power the chip's clock falls to 2000; certificates need a later year.

        The last time known for sure is no time to stamp anything with, and nothing is; but a
        certificate that was not valid yet then is not asked to be.
        """
        floor_ms = self._ports.store.utc_floor_ms()
        if board.rtc_ms() < floor_ms:
            board.set_rtc_ms(floor_ms)

    def _open_journal(self, receiver_public: bytes, board: "Board") -> None:
        """Mount, and write what this boot begins with. No radio is on yet: no handler comes."""
        log = journal.Journal(self._ports.flash)
        report = log.mount()
        unload.unload("varde_firmware.core.journal_mount")
        print("varde: journal", report)
        self._journal = log
        who = self._identity
        log_recorder = recorder.Recorder(log, who.signing_key, who.hub_id, who.boot)
        log_recorder.start(
            self._clock.now_ms(), board.reset_cause(), report.torn, report.unsettled_seq
        )
        damage.tell_found(log_recorder, self._ports.store, report, self._clock.now_ms())
        unload.unload("varde_firmware.shell.damage")
        try:
            private = self._ports.random_bytes(identity.SEED_BYTES)
            log_recorder.session(self._clock.now_ms(), private, receiver_public)
        except journal.JournalFull:
            pass  # the first reading that finds room begins it
        self._recorder = log_recorder
        self.keeper = keeper.Keeper(self._ports.exclusive, log_recorder)

    def _make_sensor_task(self, config: "HubConfig", jitter: Jitter) -> sensor_task.SensorTask:
        keys = bond_keeper.BondKeeper(
            self._ports.exclusive, self._ports.bond_store, config.sensors
        )
        keys.load()
        for sensor in config.sensors:
            drivers.load(sensor)  # now, while the heap has no holes
        matcher = advertising.AdvertMatcher(config.sensors, keys)
        ring = value_ring.ValueRing()
        self.sensor_inbox = inbox.Inbox()
        radio = self._ports.make_radio(matcher, ring, self.keeper, keys, self._clock.now_ms)
        decisions = scanner.Scanner(
            Backoff(RADIO_FIRST_MS, RADIO_MOST_MS, jitter),
            [drivers.hold_off_ms(sensor) for sensor in config.sensors],
        )
        return sensor_task.SensorTask(
            config.sensors, radio, matcher, ring, self.sensor_inbox, self.keeper, decisions,
            self.upkeep, self._clock, keys, self._ports.spare_heap_bytes,
        )  # fmt: skip

    def _make_link_task(
        self, config: "HubConfig", board: "Board", jitter: Jitter
    ) -> link_task.LinkTask:
        decisions = link.Link(
            len(config.networks), Backoff(link.BACKOFF_FIRST_MS, link.BACKOFF_MOST_MS, jitter)
        )
        wifi = wifi_link.WifiLink(
            config.networks, self._ports.wifi, decisions, self.keeper, self._clock
        )
        meter = data_meter.DataMeter(
            config.data_budget_kib, self._ports.store, self.keeper, self._time, self._clock
        )
        reserve = None
        if config.modem is not None and board.modem_pins is not None:
            reserve = self._make_failover(config, board.modem_pins, jitter, wifi, meter)
            decisions.has_reserve = True
        if not config.networks:
            self._ports.wifi.leave()  # it was on for the random source
        return link_task.LinkTask(
            wifi, meter, inbox.Inbox(1, 0), self.upkeep, self._clock, reserve
        )

    def _make_failover(
        self, config: "HubConfig", pins: "Dict[str, int]", jitter: Jitter,
        wifi: wifi_link.WifiLink, meter: data_meter.DataMeter,
    ) -> "Failover":  # fmt: skip
        from varde_firmware.core import ladder  # noqa: PLC0415  (few hubs have a modem)
        from varde_firmware.shell import failover, modem_link  # noqa: PLC0415

        assert config.modem is not None
        modem = modem_link.ModemLink(
            config.modem, self._ports.make_modem(pins), self._ports.store, self._time,
            self.keeper, inbox.Inbox(1, 0), self._clock,
        )  # fmt: skip
        return failover.Failover(
            ladder.Ladder(bool(config.networks), jitter), wifi, modem, self.keeper, meter,
            self.upkeep.facts, self._clock,
        )  # fmt: skip

    def _make_uplink_task(
        self, trust: "Trust", assignment: "Assignment", jitter: Jitter
    ) -> uplink_task.UplinkTask:
        ports, config = self._ports, assignment.config
        self.uplink_inbox = inbox.Inbox(1, 0)  # only to be woken
        client = ports.make_client(config.collector_host, config.collector_port, trust.roots)
        client.on_bytes = self.links.count
        trust.roots.clear()  # TLS has made its own of them, and nobody else asks: some KB
        exchanger = exchange_round.Exchanger(
            self._identity, trust.collector_public, assignment.number, self._journal, client,
            ports.exclusive, self.keeper, ports.random_bytes, self._clock,
        )  # fmt: skip
        decisions = uplink.Uplink(
            config.heartbeat_s,
            Backoff(uplink.BACKOFF_FIRST_MS, uplink.BACKOFF_MOST_MS, jitter),
        )
        return uplink_task.UplinkTask(
            exchanger, self.links, self._time, self.keeper, ports.store, decisions,
            self.uplink_inbox, self._clock,
        )  # fmt: skip
