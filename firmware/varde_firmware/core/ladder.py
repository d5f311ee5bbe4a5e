"""WiFi first, 4G second, one of them up at a time.

A link is worth what it carries: only an exchange that the collector acknowledged over it counts.
4G is dialled when `core.link` has tried every network in vain, and kept for a quarter of an hour
at least; then WiFi is probed, while the modem stays registered, and only an acknowledged exchange
ends 4G. One at a time, because lwIP moves its default route only when an interface goes down
(espressif/esp-idf issue 11472): so WiFi waits until the modem has hung up.

While WiFi carries, the reserve path is proven once a day: a path that nobody has tried for months
is none. WiFi stays until the modem is registered and no sensor is connected, and is off for some
ten seconds.

States, and what each means:

    OFF       not begun
    WIFI      WiFi is to carry; deadline: the next proof
    MODEM     4G is to carry; deadline: the next probe, or until when it must have carried
    TO_PROBE  the modem hangs up, WiFi is next; PROBING: does WiFi carry again?
    WARMING   WiFi carries, the modem registers; PROVING: 4G is to carry one exchange
    TO_WIFI   the modem switches off, WiFi is next
    RESTING   no WiFi is configured, and 4G has failed; deadline: the next try
"""

from varde_protocols import records
from varde_protocols._compat import TYPE_CHECKING, const
from varde_protocols.value import Value

from . import decider
from . import ladder_words as words
from .backoff import Backoff

if TYPE_CHECKING:
    from typing import List, Optional

    from .backoff import Jitter
    from .decider import Outcome

OFF = "off"
WIFI = "wifi"
MODEM = "modem"
TO_PROBE = "to-probe"
PROBING = "probing"
WARMING = "warming"
PROVING = "proving"
TO_WIFI = "to-wifi"
RESTING = "resting"

# From off to an acknowledged exchange a modem takes 20 s to 5 min.
TRY_MS = const(480_000)
PROVE_MS = const(120_000)  # from registered to acknowledged
FREE_MS = const(60_000)  # PPP is given so long to close
# Probes: a quarter of an hour at least, later and later: each stops 4G for a minute.
PROBE_FIRST_MS = const(1_800_000)  # its Backoff takes up to half off
PROBE_MOST_MS = const(14_400_000)
PROBE_MS = const(240_000)
# 4G that failed is left alone for so long, WiFi tried meanwhile.
REST_FIRST_MS = const(60_000)
REST_MOST_MS = const(1_800_000)
REDIAL_AFTER_FAILURES = const(2)
LEAVE_AFTER_FAILURES = const(4)
PROOF_FAILURES = const(2)
# After a power cut in a whole region not all hubs shall prove their path in the same hour.
PROOF_FIRST_MS = const(900_000)
PROOF_FIRST_SPREAD_MS = const(21_600_000)
PROOF_EVERY_MS = const(79_200_000)  # 22 h, and up to 4 more
PROOF_SPREAD_MS = const(14_400_000)
# After a failure, later and later, if the data budget allows; half of it may be taken off.
PROOF_AGAIN_FIRST_MS = const(7_200_000)
PROOF_AGAIN_MOST_MS = const(86_400_000)
QUIET_AGAIN_MS = const(60_000)


class Ladder(decider.Decider):
    """Decides which link is to be up."""

    MOVES = {
        (OFF, words.Begin): "_begin",
        (WIFI, words.WifiExhausted): "_wifi_exhausted",
        (WIFI, words.Acknowledged): "_wifi_carries",
        (WIFI, decider.Expired): "_warm",
        (MODEM, words.ModemGaveUp): "_modem_failed",
        (MODEM, words.Acknowledged): "_modem_carries",
        (MODEM, words.ExchangeFailed): "_modem_exchange_failed",
        (MODEM, decider.Expired): "_probe",
        (TO_PROBE, words.ModemAsWished): "_to_probe",
        (TO_PROBE, words.ModemGaveUp): "_to_probe",
        (TO_PROBE, decider.Expired): "_to_probe",
        (PROBING, words.WifiExhausted): "_probe_failed",
        (PROBING, decider.Expired): "_probe_failed",
        (PROBING, words.Acknowledged): "_wifi_is_back",
        (WARMING, words.WifiExhausted): "_use_modem",
        (WARMING, words.ModemAsWished): "_prove",
        (WARMING, words.ModemGaveUp): "_not_warm",
        (WARMING, decider.Expired): "_still_warm",
        (PROVING, words.Acknowledged): "_proved",
        (PROVING, words.ExchangeFailed): "_proof_exchange_failed",
        (PROVING, words.ModemGaveUp): "_not_proved",
        (PROVING, decider.Expired): "_not_proved",
        (TO_WIFI, words.ModemAsWished): "_to_wifi",
        (TO_WIFI, decider.Expired): "_to_wifi",
        (RESTING, decider.Expired): "_use_modem",
    }

    def __init__(self, has_wifi: bool, jitter: "Jitter") -> None:
        super().__init__(OFF)
        self._has_wifi = has_wifi
        self._jitter = jitter
        self._rests = Backoff(REST_FIRST_MS, REST_MOST_MS, jitter)
        self._probes = Backoff(PROBE_FIRST_MS, PROBE_MOST_MS, jitter)
        self._proofs = Backoff(PROOF_AGAIN_FIRST_MS, PROOF_AGAIN_MOST_MS, jitter)
        self._in_use = records.LINK_WIFI if has_wifi else records.LINK_MODEM
        self._modem_from_ms = 0  # it has failed, and is left alone until then
        self._failures = 0  # exchanges in a row over the modem
        self._carries = False  # the link of this state has carried something
        self._proof_ms = 0  # when the next is due
        self._is_warm = False  # while WARMING: the modem is registered
        self._was_good: "Optional[bool]" = None  # the last proof's result
        self.proven_ms: "Optional[int]" = None  # when 4G last carried an exchange
        self.is_quiet = True  # no sensor is connected
        self.allows_more = True  # the data budget has room for more than one proof a day

    def _move_for(self, kind: type) -> "Optional[str]":
        """What a link tells late, or again, changes nothing."""
        name = super()._move_for(kind)
        if name is None and self.state != OFF and kind is not words.Begin:
            return "_nothing"
        return name

    def _nothing(self, _event: Value, _now_ms: int) -> "Outcome":
        return self.state, self.deadline_ms, []

    def _begin(self, event: Value, now_ms: int) -> "Outcome":
        if not self._has_wifi:
            return self._use_modem(event, now_ms)
        self._proof_ms = now_ms + PROOF_FIRST_MS + self._jitter.below(PROOF_FIRST_SPREAD_MS)
        return WIFI, self._proof_ms, [words.UseWifi(True)]

    def _switched(self, link: int) -> "List[Value]":
        if self._in_use == link:
            return []
        self._in_use = link
        return [words.Switched(link)]

    # WiFi is to carry

    def _wifi_carries(self, _event: Value, _now_ms: int) -> "Outcome":
        self._carries = True
        return WIFI, self.deadline_ms, self._switched(records.LINK_WIFI)

    def _wifi_exhausted(self, event: Value, now_ms: int) -> "Outcome":
        self._carries = False
        if now_ms < self._modem_from_ms:
            return self._nothing(event, now_ms)
        self._probes.reset()
        return self._use_modem(event, now_ms)

    def _use_modem(self, _event: Value, now_ms: int) -> "Outcome":
        self._failures = 0
        self._carries = False
        actions: "List[Value]" = [words.UseWifi(False)] if self._has_wifi else []
        actions.append(words.UseModem(words.MODEM_CALL))
        return MODEM, now_ms + TRY_MS, actions

    def _warm(self, _event: Value, now_ms: int) -> "Outcome":
        if not (self.is_quiet and self._carries):
            return WIFI, now_ms + QUIET_AGAIN_MS, []
        self._is_warm = False
        return WARMING, now_ms + TRY_MS, [words.UseModem(words.MODEM_READY)]

    def _still_warm(self, event: Value, now_ms: int) -> "Outcome":
        return self._prove(event, now_ms) if self._is_warm else self._not_warm(event, now_ms)

    def _prove(self, _event: Value, now_ms: int) -> "Outcome":
        self._is_warm = True
        if not self.is_quiet:
            return WARMING, now_ms + QUIET_AGAIN_MS, []
        self._failures = 0
        actions = [words.UseWifi(False), words.UseModem(words.MODEM_CALL)]
        return PROVING, now_ms + PROVE_MS, actions

    def _not_warm(self, _event: Value, now_ms: int) -> "Outcome":
        self._plan_next_proof(now_ms)
        actions = self._result(False)
        actions.append(words.UseModem(words.MODEM_OFF))
        return WIFI, self._proof_ms, actions

    def _proof_exchange_failed(self, event: Value, now_ms: int) -> "Outcome":
        self._failures += 1
        if self._failures >= PROOF_FAILURES:
            return self._not_proved(event, now_ms)
        return self._nothing(event, now_ms)

    def _proved(self, _event: Value, now_ms: int) -> "Outcome":
        self._note_proof(now_ms)
        return self._back_to_wifi(now_ms, self._result(True))

    def _not_proved(self, _event: Value, now_ms: int) -> "Outcome":
        self._plan_next_proof(now_ms)
        return self._back_to_wifi(now_ms, self._result(False))

    def _plan_next_proof(self, now_ms: int) -> None:
        """After one that failed: soon, unless that would cost more than there is."""
        wait_ms = self._proofs.next_ms()
        if not self.allows_more:
            wait_ms = PROOF_EVERY_MS + self._jitter.below(PROOF_SPREAD_MS)
        self._proof_ms = now_ms + wait_ms

    def _result(self, is_good: bool) -> "List[Value]":
        is_news = not is_good or self._was_good is not True
        self._was_good = is_good
        return [words.Proved(is_good)] if is_news else []

    def _note_proof(self, now_ms: int) -> None:
        """4G has carried something, for whatever reason."""
        self.proven_ms = now_ms
        self._proofs.reset()
        self._proof_ms = now_ms + PROOF_EVERY_MS + self._jitter.below(PROOF_SPREAD_MS)

    def _back_to_wifi(self, now_ms: int, actions: "List[Value]") -> "Outcome":
        actions.append(words.UseModem(words.MODEM_OFF))
        return TO_WIFI, now_ms + FREE_MS, actions

    def _to_wifi(self, _event: Value, now_ms: int) -> "Outcome":
        self._carries = False
        return WIFI, max(now_ms, self._proof_ms), [words.UseWifi(True)]

    # 4G is to carry

    def _modem_carries(self, _event: Value, now_ms: int) -> "Outcome":
        self._note_proof(now_ms)
        self._failures = 0
        self._rests.reset()
        deadline_ms = self.deadline_ms
        if not self._carries:
            self._carries = True
            deadline_ms = now_ms + self._probes.next_ms() if self._has_wifi else None
        return MODEM, deadline_ms, self._switched(records.LINK_MODEM)

    def _modem_exchange_failed(self, event: Value, now_ms: int) -> "Outcome":
        self._failures += 1
        if self._failures >= LEAVE_AFTER_FAILURES:
            return self._led_nowhere(event, now_ms)
        if self._failures == REDIAL_AFTER_FAILURES:
            return MODEM, self.deadline_ms, [words.Redial()]
        return self._nothing(event, now_ms)

    def _modem_failed(self, _event: Value, now_ms: int) -> "Outcome":
        self._modem_from_ms = now_ms + self._rests.next_ms()
        if self._has_wifi:
            return self._back_to_wifi(now_ms, [])
        return RESTING, self._modem_from_ms, [words.UseModem(words.MODEM_OFF)]

    def _led_nowhere(self, event: Value, now_ms: int) -> "Outcome":
        state, deadline_ms, actions = self._modem_failed(event, now_ms)
        actions.insert(0, words.LedNowhere())
        return state, deadline_ms, actions

    def _probe(self, event: Value, now_ms: int) -> "Outcome":
        if not self._carries:
            return self._led_nowhere(event, now_ms)
        return TO_PROBE, now_ms + FREE_MS, [words.UseModem(words.MODEM_READY)]

    def _to_probe(self, _event: Value, now_ms: int) -> "Outcome":
        return PROBING, now_ms + PROBE_MS, [words.UseWifi(True)]

    def _probe_failed(self, event: Value, now_ms: int) -> "Outcome":
        return self._use_modem(event, now_ms)

    def _wifi_is_back(self, _event: Value, _now_ms: int) -> "Outcome":
        actions = self._switched(records.LINK_WIFI)
        actions.append(words.UseModem(words.MODEM_OFF))
        self._carries = True
        return WIFI, self._proof_ms, actions
