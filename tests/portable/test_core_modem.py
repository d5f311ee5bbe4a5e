"""The modem's decider: from off to a call, and what it does when that fails."""

import unittest

from varde_firmware.core import at_talk, decider, modem, modem_words, talking_modem
from varde_firmware.core.backoff import Jitter
from varde_protocols import hub_config, records

PIN = "4711"
OK = (at_talk.OK, 0, "")
SILENT = (at_talk.SILENT, 0, "")
NONE = (at_talk.ERROR, at_talk.UNKNOWN, "")


def text(words):
    return (at_talk.OK, 0, words)


def cme(code):
    return (at_talk.ERROR, code, "")


GOOD = {
    "AT": OK, "ATE": OK, "AT+CPIN?": text("READY"), "AT+CGDCONT": OK, "AT+CEREG?": text("0,1"),
    "AT+CREG?": text("0,1"), "AT+CSQ": text("20,99"), "AT+CCLK?": text('"26/03/02,08:00:00+04"'),
    "ATD": (at_talk.CONNECT, 0, ""), "ATH": OK, "AT+CFUN": OK, "AT+CPOF": OK,
    "AT+SPIC": text("3,10,3,10"), "AT+CPIN=": OK,
}  # fmt: skip


class Bench:
    """Plays modem and shell: `answers` by the start of the command, a list is taken in turn."""

    def __init__(self, pin="", pin_state=0, **answers):
        self.core = modem.Modem(hub_config.Modem("internet", "", "", pin), pin_state)
        self.answers = dict(GOOD)
        self.answers.update(answers)
        self.now_ms = 0
        self.commands = []
        self.actions = []

    def answer_to(self, command):
        found = ""
        for start in self.answers:
            if command.startswith(start) and len(start) > len(found):
                found = start
        answer = self.answers[found]
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer

    def hand(self, event):
        """Hand in an event, and what comes of it at once."""
        came = None
        for action in self.core.handle(event, self.now_ms):
            if isinstance(action, modem_words.Send):
                self.commands.append(action.command)
                answer = self.answer_to(action.command)
                self.now_ms += action.timeout_ms if answer == SILENT else 20
                came = modem_words.Answered(*answer)
            elif isinstance(action, modem_words.Press):
                self.now_ms += action.hold_ms
                self.actions.append((action.pin, action.hold_ms))
            else:
                if action == modem_words.Use(modem_words.STOP_PPP):
                    came = modem_words.Stopped()
                self.actions.append(action)
        if came is not None:
            self.hand(came)

    def run(self, until=(modem.PPP, modem.READY, talking_modem.OFF), most_ms=3_600_000):
        """Let time pass to each deadline until it rests."""
        if self.core.state == talking_modem.OFF:
            self.hand(modem_words.SwitchOn())
        while self.core.state not in until and self.now_ms < most_ms:
            assert self.core.deadline_ms is not None, self.core.state
            self.now_ms = max(self.now_ms, self.core.deadline_ms)
            self.hand(decider.Expired())
        return self.core.state

    def gave_up(self):
        return [each.reason for each in self.actions if isinstance(each, modem_words.GaveUp)]

    def troubles(self):
        return [each.reason for each in self.actions if isinstance(each, modem_words.Troubled)]

    def pressed(self):
        return [each[0] for each in self.actions if isinstance(each, tuple)]


class StraightWay(unittest.TestCase):
    def test_a_modem_that_is_on_is_asked_and_dialled(self):
        bench = Bench()
        self.assertEqual(bench.run(), modem.PPP)
        self.assertEqual(bench.pressed(), [])
        self.assertEqual(bench.core.signal_dbm, -73)
        self.assertTrue(modem_words.TimeTold(1_772_434_800_000) in bench.actions)
        self.assertTrue('AT+CGDCONT=1,"IP","internet"' in bench.commands)
        bench.hand(modem_words.PppUp())
        self.assertEqual((bench.core.state, bench.core.deadline_ms), (modem.UP, None))

    def test_one_that_is_off_gets_its_key_pressed_once(self):
        bench = Bench(AT=[SILENT] * 12 + [OK])
        self.assertEqual(bench.run(), modem.PPP)
        self.assertEqual(bench.pressed(), [modem_words.KEY])

    def test_ready_is_enough_if_no_call_is_wanted_and_a_call_follows_when_one_is(self):
        bench = Bench()
        bench.core.wants_call = False
        self.assertEqual(bench.run(), modem.READY)
        self.assertFalse("ATD*99#" in bench.commands)
        bench.core.wants_call = True
        bench.hand(modem_words.SwitchOn())
        self.assertEqual(bench.core.state, modem.PPP)

    def test_hanging_up_stops_ppp_first_and_switching_off_asks_nicely(self):
        bench = Bench()
        bench.run()
        bench.hand(modem_words.PppUp())
        bench.commands.clear()
        bench.hand(modem_words.HangUp())
        self.assertEqual(bench.core.state, modem.READY)
        self.assertEqual(bench.commands, ["ATH"])
        self.assertTrue(modem_words.Use(modem_words.STOP_PPP) in bench.actions)
        bench.hand(modem_words.SwitchOff())
        self.assertEqual(bench.core.state, talking_modem.OFF)
        self.assertEqual(bench.commands, ["ATH", "AT+CPOF"])
        self.assertEqual(bench.pressed(), [modem_words.NOTHING])

    def test_the_operators_time_is_waited_for_only_by_a_hub_without_time(self):
        unset = text('"80/01/06,00:00:40+00"')
        for wants, asked in ((True, modem.TIME_TRIES), (False, 1)):
            bench = Bench(**{"AT+CCLK?": unset})
            bench.core.wants_time = wants
            self.assertEqual(bench.run(), modem.PPP)
            self.assertEqual(bench.commands.count("AT+CCLK?"), asked)

    def test_where_there_is_no_lte_the_other_registration_counts(self):
        bench = Bench(**{"AT+CEREG?": text("0,0"), "AT+CREG?": text("0,5")})
        self.assertEqual(bench.run(), modem.PPP)


class GivingUp(unittest.TestCase):
    CASES = (
        ({"AT": SILENT, "ATH": SILENT, "AT+CPOF": SILENT}, records.MODEM_SILENT),
        ({"AT+CPIN?": cme(10)}, records.MODEM_NO_SIM),
        ({"AT+CPIN?": cme(13)}, records.MODEM_NO_SIM),
        ({"AT+CPIN?": cme(14)}, records.MODEM_SIM_BUSY),
        ({"AT+CPIN?": text("SIM PIN")}, records.MODEM_PIN),
        ({"AT+CPIN?": text("SIM PUK")}, records.MODEM_PIN),
        ({"AT+CEREG?": text("0,3"), "AT+CREG?": text("0,3")}, records.MODEM_DENIED),
        ({"AT+CEREG?": text("0,2"), "AT+CREG?": text("0,2")}, records.MODEM_NO_NETWORK),
        ({"ATD": (at_talk.NO_CARRIER, 0, "")}, records.MODEM_NO_PPP),
        ({"ATD": NONE}, records.MODEM_NO_PPP),
    )

    def test_each_cause_has_its_reason_and_the_modem_is_off_after(self):
        for answers, reason in self.CASES:
            bench = Bench(**answers)
            self.assertEqual(bench.run((talking_modem.OFF,)), talking_modem.OFF, answers)
            self.assertEqual(bench.gave_up(), [reason], answers)
            self.assertTrue(bench.now_ms < 600_000, answers)
            self.assertEqual(bench.actions[-1], modem_words.Use(modem_words.CLOSE))

    def test_silence_is_met_by_reset_and_then_by_the_key(self):
        bench = Bench(AT=SILENT, **{"AT+CPOF": SILENT})
        bench.run((talking_modem.OFF,))
        key, reset, nothing = modem_words.KEY, modem_words.RESET, modem_words.NOTHING
        self.assertEqual(bench.pressed(), [key, reset, key, nothing, key, nothing])

    def test_one_that_falls_silent_midway_hung_and_is_reset(self):
        bench = Bench(**{"AT+CPIN?": [SILENT] * 6 + [text("READY")]})
        self.assertEqual(bench.run(), modem.PPP)
        self.assertEqual(bench.troubles(), [records.MODEM_HUNG])
        self.assertEqual(bench.pressed(), [modem_words.RESET])

    def test_calls_that_fail_twice_restart_it_once(self):
        bench = Bench(ATD=[NONE, NONE, (at_talk.CONNECT, 0, "")])
        self.assertEqual(bench.run(), modem.PPP)
        self.assertEqual(bench.commands.count("AT+CFUN=1,1"), 1)

    def test_ppp_that_does_not_come_is_closed_and_dialled_anew(self):
        bench = Bench()
        for _ in range(2):
            if bench.core.state == modem.READY:
                bench.hand(modem_words.SwitchOn())
            bench.run((modem.PPP,))
            bench.run((modem.READY, talking_modem.RESTARTING, talking_modem.WAKING))
        self.assertEqual(bench.commands.count("AT+CFUN=1,1"), 1)

    def test_a_modem_stuck_in_data_mode_is_called_out_of_it_and_then_reset(self):
        bench = Bench(ATH=[SILENT, OK])
        bench.run()
        bench.hand(modem_words.HangUp())
        self.assertEqual(bench.core.state, modem.READY)
        self.assertTrue(modem_words.Use(modem_words.ESCAPE) in bench.actions)
        bench = Bench(ATH=SILENT)
        bench.run()
        bench.hand(modem_words.HangUp())
        self.assertEqual(bench.troubles(), [records.MODEM_HUNG])
        self.assertEqual(bench.core.state, talking_modem.WAKING)


class Pins(unittest.TestCase):
    def sent(self, bench):
        return bench.commands.count('AT+CPIN="%s"' % PIN)

    def remembered(self, bench):
        return [e.pin_state for e in bench.actions if isinstance(e, modem_words.Remember)]

    def test_a_good_one_opens_the_card_and_is_forgotten(self):
        bench = Bench(PIN, **{"AT+CPIN?": [text("SIM PIN"), text("READY")]})
        self.assertEqual(bench.run(), modem.PPP)
        self.assertEqual(self.sent(bench), 1)
        self.assertEqual(self.remembered(bench), [modem_words.PIN_TRYING, modem_words.PIN_UNTRIED])

    def test_it_is_remembered_before_it_is_sent(self):
        bench = Bench(PIN, **{"AT+CPIN?": text("SIM PIN")})
        bench.hand(modem_words.SwitchOn())
        trying = bench.actions.index(modem_words.Remember(modem_words.PIN_TRYING))
        self.assertTrue(trying >= 0)
        actions = modem.Modem._tries_said(
            Bench(PIN).core, modem_words.Answered(*text("3,10,3,10")), 0
        )[2]
        self.assertEqual(type(actions[0]), modem_words.Remember)
        self.assertEqual(type(actions[1]), modem_words.Send)

    def test_a_refused_one_is_never_sent_again(self):
        bench = Bench(PIN, **{"AT+CPIN?": text("SIM PIN"), "AT+CPIN=": cme(16)})
        bench.run((talking_modem.OFF,))
        self.assertEqual(bench.gave_up(), [records.MODEM_PIN])
        self.assertEqual(self.remembered(bench)[-1], modem_words.PIN_REFUSED)
        bench.run((talking_modem.OFF,))
        self.assertEqual(self.sent(bench), 1)
        later = Bench(PIN, modem_words.PIN_REFUSED, **{"AT+CPIN?": text("SIM PIN")})
        later.run((talking_modem.OFF,))
        self.assertEqual(self.sent(later), 0)

    def test_an_answer_that_is_lost_does_not_send_it_twice(self):
        bench = Bench(PIN, **{"AT+CPIN?": text("SIM PIN"), "AT+CPIN=": SILENT})
        for _ in range(3):
            bench.run((talking_modem.OFF,))
        self.assertEqual(self.sent(bench), 1)

    def test_the_card_must_have_tries_to_spare(self):
        for tries, state, sent in (
            ("3,10", modem_words.PIN_UNTRIED, 1), ("2,10", modem_words.PIN_UNTRIED, 1),
            ("1,10", modem_words.PIN_UNTRIED, 0), ("", modem_words.PIN_UNTRIED, 0),
            ("0,10", modem_words.PIN_UNTRIED, 0), ("2,10", modem_words.PIN_TRYING, 0),
            ("3,10", modem_words.PIN_TRYING, 1), ("3,10", modem_words.PIN_REFUSED, 0),
        ):  # fmt: skip
            answers = {"AT+CPIN?": text("SIM PIN"), "AT+SPIC": text(tries), "AT+CPIN=": cme(16)}
            bench = Bench(PIN, state, **answers)
            bench.run((talking_modem.OFF,))
            self.assertEqual((tries, self.sent(bench)), (tries, sent))
            self.assertEqual(bench.gave_up(), [records.MODEM_PIN])

    def test_a_modem_that_does_not_know_the_tries_is_not_told_the_pin(self):
        bench = Bench(PIN, **{"AT+CPIN?": text("SIM PIN"), "AT+SPIC": NONE})
        bench.run((talking_modem.OFF,))
        self.assertEqual((self.sent(bench), bench.gave_up()), (0, [records.MODEM_PIN]))

    def test_a_card_that_was_opened_is_opened_again_after_the_modems_restart(self):
        bench = Bench(PIN, **{"AT+CPIN?": [text("SIM PIN"), text("READY")] * 2})
        bench.run()
        bench.hand(modem_words.SwitchOff())
        self.assertEqual(bench.core.state, modem.READY)
        bench.hand(modem_words.SwitchOff())
        self.assertEqual(bench.run(), modem.PPP)
        self.assertEqual(self.sent(bench), 2)


class AnyModem(unittest.TestCase):
    def test_whatever_it_says_there_is_an_end_and_the_pin_is_sent_once(self):
        results = (OK, SILENT, NONE, text("READY"), text("SIM PIN"), text("SIM PUK"), cme(10),
                   cme(11), cme(14), cme(16), text("0,1"), text("0,3"), text("3,10,3,10"),
                   (at_talk.CONNECT, 0, ""), (at_talk.NO_CARRIER, 0, ""))  # fmt: skip
        for seed in range(1, 120):
            dice = Jitter(seed * 7919)
            bench = Bench(PIN)
            bench.answer_to = lambda command, d=dice: results[d.below(len(results))]
            rests = (modem.PPP, modem.READY, talking_modem.OFF)
            bench.run(rests, 7_200_000)
            self.assertTrue(bench.core.state in rests, (seed, bench.core.state))
            opened = modem_words.Remember(modem_words.PIN_UNTRIED) in bench.actions
            sent = bench.commands.count('AT+CPIN="%s"' % PIN)
            self.assertTrue(sent <= 1 or opened, seed)


if __name__ == "__main__":
    unittest.main()
