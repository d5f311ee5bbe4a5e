"""Errors for the peer's bad input. Ours are TypeError and ValueError; the world's are OSError."""


class WireError(Exception):
    """Bytes from a peer that break the format or its rules.

    `code` is a short stable name for programs and logs ("cbor-truncated"), `where` what was being
    read and what is wrong with it, `hint` what the reader of the message can do.
    """

    def __init__(self, code: str, where: str, hint: str) -> None:
        super().__init__(code, where, hint)
        self.code = code
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return "%s: %s; %s" % (self.where, self.code.replace("-", " "), self.hint)


class CborError(WireError):
    """Not deterministic CBOR, or beyond our limits."""


class CoseError(WireError):
    """A COSE message that is malformed, badly signed or not for us."""


class RecordError(WireError):
    """A journal record that does not follow its format."""


class DocumentError(WireError):
    """A signed document that breaks its format, or does not hold here."""


class ExchangeError(WireError):
    """A request or an answer of the exchange that does not follow its format."""


class GattError(WireError):
    """A characteristic value that does not follow its specification."""


class HttpError(WireError):
    """An HTTP response outside the subset that the hub takes."""
