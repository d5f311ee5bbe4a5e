"""What `core.ladder` hears and says."""

from varde_protocols._compat import const
from varde_protocols.value import Value

# Wishes for the modem.
MODEM_OFF = const(0)
MODEM_READY = const(1)  # registered, without a call
MODEM_CALL = const(2)


class Begin(Value):
    """Bring the first link up."""


class WifiExhausted(Value):
    """Every network was tried, and none carried."""


class ModemGaveUp(Value):
    """There will be no call."""


class ModemAsWished(Value):
    """It is registered, if READY was wished; if OFF was, there is no call any more."""


class Acknowledged(Value):
    """An exchange over the link that is up now was good."""


class ExchangeFailed(Value):
    """An exchange over the link that is up now came to nothing."""


class UseWifi(Value):
    """Switch WiFi on or off."""

    FIELDS = ("is_on",)
    is_on: bool


class UseModem(Value):
    """The modem is to be so (MODEM_...)."""

    FIELDS = ("wish",)
    wish: int


class Redial(Value):
    """The call stands and carries nothing."""


class LedNowhere(Value):
    """The modem had a call, or took too long to get one, and nothing was carried."""


class Switched(Value):
    """This link carries now (records.LINK_...)."""

    FIELDS = ("link",)
    link: int


class Proved(Value):
    """The reserve path carried an exchange, or not; told when it fails or that has changed."""

    FIELDS = ("is_good",)
    is_good: bool
