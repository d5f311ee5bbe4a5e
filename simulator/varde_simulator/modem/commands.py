"""The AT commands of the A76XX series, as drivers use them; docs/modem.md says from where."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from varde_simulator.modem.command_line import DO, READ, SET, TEST, Command, CommandError, NoAnswer
from varde_simulator.modem.sim_card import READY, WANTS_PUK

if TYPE_CHECKING:
    from varde_simulator.modem.virtual_modem import VirtualModem

SIM_MISSING, SIM_WANTS_PIN, SIM_WANTS_PUK, SIM_BUSY, WRONG_PASSWORD = 10, 11, 12, 14, 16
NO_SERVICE, BAD_PARAMETER, NOT_ALLOWED = 30, 50, 3
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
LTE = 7  # <AcT> of +COPS
FULL, MINIMUM, FLIGHT = 1, 0, 4  # <fun> of +CFUN


@dataclass
class State:
    """What commands have set since power-on; `saved` is kept by the module itself."""

    is_ready: bool = False
    radio_on: bool = True
    attached: bool = True
    apn: str = ""
    dtr_mode: int = 0
    dtr_off: bool = False
    reports: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("CREG", "CGREG", "CEREG"), 0)
    )
    saved: dict[str, int] = field(default_factory=dict)


Handler = Callable[["VirtualModem", str, str], list[str]]
_HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Registers one for these commands."""

    def register(handler: Handler) -> Handler:
        for name in names:
            _HANDLERS[name] = handler
        return handler

    return register


def execute(modem: "VirtualModem", command: Command) -> list[str]:
    """The lines of its answer; raises CommandError or NoAnswer."""
    handler = _HANDLERS.get(command.name)
    if handler is None:
        raise CommandError
    if command.form == TEST:
        return []
    return handler(modem, command.form, command.text)


def stat_of(modem: "VirtualModem", name: str) -> int:
    """<stat> of +CREG and its like."""
    return modem.cell.stat if name != "CGREG" or modem.state.attached else 0


def _number(text: str, allowed: range | tuple[int, ...]) -> int:
    if not text.isdecimal() or int(text) not in allowed:
        raise CommandError(BAD_PARAMETER)
    return int(text)


def _fields(text: str) -> list[str]:
    return [part.strip().strip('"') for part in text.split(",")]


# The module itself


@handles("E")
def _echo(modem: "VirtualModem", _form: str, text: str) -> list[str]:
    modem.commands.echo = text == "1"
    return []


@handles("&D")
def _dtr(modem: "VirtualModem", _form: str, text: str) -> list[str]:
    modem.state.dtr_mode = _number(text or "0", range(3))
    return []


@handles("&F", "Z")
def _defaults(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    modem.commands.echo = True
    return []


@handles("V", "Q", "X", "S", "&C", "&S", "&W", "W", "+IFC", "+CMGF", "+CSCLK", "+CNMI", "+CGEREP")
def _accepted(_modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return []


@handles("I")
def _identity(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return [
        "Manufacturer: SIMCOM INCORPORATED\r\nModel: "
        f"{modem.settings.model}\r\nRevision: 2374B04SIM767XM5A_M\r\nIMEI: 860000000000001"
    ]


@handles("+CGMI", "+GMI")
def _maker(_modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return ["SIMCOM INCORPORATED"]


@handles("+CGMM", "+GMM", "+SIMCOMATI")
def _model(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return [modem.settings.model]


@handles("+CGMR", "+GMR")
def _revision(_modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return ["+CGMR: 2374B04SIM767XM5A_M"]


@handles("+CGSN", "+GSN")
def _imei(_modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return ["860000000000001"]


@handles("+CMEE")
def _errors(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f"+CMEE: {modem.commands.error_form}"]
    modem.commands.error_form = _number(text, range(3))
    return []


@handles("+IPR", "+IPREX")
def _speed(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f"+IPR: {modem.line.baud}"]
    baud = _number(text, BAUDS)
    modem.later(0.05, lambda: setattr(modem.line, "baud", baud))  # after its OK has gone
    return []


@handles("+CPOF", "+CPOWD")
def _power_off(modem: "VirtualModem", _form: str, text: str) -> list[str]:
    modem.later(0.2, modem.power.switch_off)
    if text == "1":
        modem.say("\r\nNORMAL POWER DOWN\r\n")
        raise NoAnswer
    return []


@handles("+CRESET")
def _restart(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    modem.later(0.2, modem.power.restart)
    return []


@handles("+CFUN")
def _function(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f"+CFUN: {FULL if modem.state.radio_on else FLIGHT}"]
    parts = text.split(",")
    mode = _number(parts[0], (MINIMUM, FULL, FLIGHT, 6))
    if mode == 6 or parts[1:] == ["1"]:
        return _restart(modem, DO, "")
    modem.state.radio_on = mode == FULL
    modem.later(0.1, modem.sim_changed)
    return []


# The SIM


@handles("+CPIN")
def _pin(modem: "VirtualModem", form: str, text: str) -> list[str]:
    state = modem.sim_state()
    if form == READ:
        return [f"+CPIN: {state}"]
    codes = _fields(text)
    if not all(code.isdecimal() for code in codes):
        raise CommandError(BAD_PARAMETER)
    if state == READY:
        raise CommandError(NOT_ALLOWED)
    if state == WANTS_PUK:
        is_open = len(codes) == 2 and modem.sim.unblock(codes[0], codes[1])
    else:
        wrong = "wrong-pin" in modem.faults
        is_open = modem.sim.enter("" if wrong else codes[0])
    if not is_open:
        wants_puk = modem.sim.state == WANTS_PUK
        raise CommandError(SIM_WANTS_PUK if wants_puk else WRONG_PASSWORD)
    modem.later(0.3, lambda: modem.say("\r\n+CPIN: READY\r\n"))
    modem.later(0.3, modem.sim_changed)
    return []


@handles("+SPIC")
def _tries(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    modem.sim_state()
    return [f"+SPIC: {modem.sim.pin_tries},{modem.sim.puk_tries},3,10"]


@handles("+CICCID", "+CCID")
def _card_number(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    modem.sim_state()
    return ["+ICCID: 89470000000000000017"]


@handles("+CIMI")
def _subscriber(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    _need_open(modem)
    return ["242000000000001"]


def _need_open(modem: "VirtualModem") -> None:
    state = modem.sim_state()
    if state != READY:
        raise CommandError(SIM_WANTS_PUK if state == WANTS_PUK else SIM_WANTS_PIN)


# The network


@handles("+CSQ")
def _signal(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return [f"+CSQ: {modem.cell.csq},99"]


def _report(name: str) -> Handler:
    def handler(modem: "VirtualModem", form: str, text: str) -> list[str]:
        if form == SET:
            modem.state.reports[name] = _number(text, range(3))
            return []
        return [f"+{name}: {modem.state.reports[name]},{stat_of(modem, name)}"]

    return handler


for _name in ("CREG", "CGREG", "CEREG"):
    _HANDLERS[f"+{_name}"] = _report(_name)


@handles("+COPS")
def _operator(modem: "VirtualModem", form: str, _text: str) -> list[str]:
    if form == READ and modem.cell.is_registered:
        return [f'+COPS: 0,0,"{modem.settings.operator}",{LTE}']
    return ["+COPS: 0"] if form == READ else []


@handles("+CPSI")
def _cell_info(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    if not modem.cell.is_registered:
        return ["+CPSI: NO SERVICE,Online"]
    return ["+CPSI: LTE,Online,242-01,0x5A29,187214780,308,EUTRAN-BAND20,6300,3,0,-10,-95,-64,14"]


@handles("+CNMP")
def _radio_mode(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f"+CNMP: {modem.state.saved.get('CNMP', 2)}"]
    modem.state.saved["CNMP"] = _number(text, (2, 13, 38))
    return []


@handles("+CGDCONT")
def _context(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f'+CGDCONT: 1,"IP","{modem.state.apn}","0.0.0.0",0,0,0,0']
    parts = _fields(text)
    if parts[0] != "1" or parts[1:2] not in (["IP"], ["IPV4V6"], ["IPV6"]):
        raise CommandError(BAD_PARAMETER)
    modem.state.apn = parts[2] if parts[2:] else ""
    return []


@handles("+CGATT")
def _attach(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f"+CGATT: {int(modem.state.attached and modem.cell.is_registered)}"]
    _need_open(modem)
    wanted = _number(text, range(2))
    if wanted and not modem.cell.is_registered:
        raise CommandError(NO_SERVICE)
    modem.state.attached = bool(wanted)
    return []


@handles("+CGACT")
def _activate(modem: "VirtualModem", form: str, _text: str) -> list[str]:
    if form == READ:
        return [f"+CGACT: 1,{int(modem.call is not None)}"]
    if not modem.cell.is_registered:
        raise CommandError(NO_SERVICE)
    return []


@handles("+CGAUTH")
def _login(_modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    return []


# Time


def _saved(name: str) -> Handler:
    def handler(modem: "VirtualModem", form: str, text: str) -> list[str]:
        if form == READ:
            return [f"+{name}: {modem.state.saved.get(name, 0)}"]
        modem.state.saved[name] = _number(text, range(2))
        return []

    return handler


for _name in ("CTZU", "CTZR", "CLTS"):
    _HANDLERS[f"+{_name}"] = _saved(_name)


@handles("+CCLK")
def _clock(modem: "VirtualModem", form: str, text: str) -> list[str]:
    if form == READ:
        return [f'+CCLK: "{modem.rtc.text()}"']
    if not modem.rtc.set_text(text):
        raise CommandError(BAD_PARAMETER)
    return []


# Calls


@handles("D")
def _dial(modem: "VirtualModem", _form: str, text: str) -> list[str]:
    if not text.upper().lstrip("TP").startswith("*99"):
        raise CommandError
    modem.dial()
    raise NoAnswer


@handles("+CGDATA")
def _data(modem: "VirtualModem", _form: str, text: str) -> list[str]:
    if _fields(text)[:1] != ["PPP"]:
        raise CommandError(BAD_PARAMETER)
    modem.dial()
    raise NoAnswer


@handles("O")
def _online(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    if modem.call is None:
        modem.say("\r\nNO CARRIER\r\n")
    else:
        modem.dial()
    raise NoAnswer


@handles("H", "+CHUP")
def _hang_up(modem: "VirtualModem", _form: str, _text: str) -> list[str]:
    if modem.call is not None:
        modem.call.end(None)
    return []
