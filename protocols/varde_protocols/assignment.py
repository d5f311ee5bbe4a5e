"""What a hub of a site shall run: its config and its release, signed by the site's IT.

    {1: site id, 2: number, 3: hub id or null, 4: config, 5: [release number, SHA-256] or null,
     6: signed_ms, 7: window [from, to] or null, 8: allowance_kib or null,
     9: source [host, port, path] or null, 10: ring}

With no hub id it is for any hub of the site. `number` only rises; it is what a hub says of itself
in requests and reports. The release is named by its number and the SHA-256 of its payload, so
that a hub takes exactly what IT saw; null: whatever the hub has. The config is as in
`hub_config`. A key that a program does not know is refused, since a limit that is silently
dropped is worse than none.

The release is fetched in the window, two local minutes of the day (`to` exclusive, also across
midnight), null for any time; with at most so many KiB over the modem, null for what the month's
budget has left; from `https://host:port/path/<hash>`, null for the collector's own /v1/blobs.
The ring of the rollout is for people.

Errors: DocumentError, codes `assignment-...`; ConfigError for the config, window, allowance,
source and ring (`hub_config_checks.check_terms`). Shape: protocols/cddl/assignment.cddl.
"""

from . import cbor, documents, hub_config, records
from ._compat import TYPE_CHECKING, const
from .errors import DocumentError
from .field_checks import FieldChecks
from .value import Value

if TYPE_CHECKING:
    from typing import Any

    from .trust import Trust

MAX_NUMBER = (1 << 32) - 1  # what requests have room for (exchange.MAX_CONFIG_NUMBER)
HUB_ID_BYTES = const(8)
DIGEST_BYTES = const(32)

_checks = FieldChecks(DocumentError, "assignment")


class Assignment(Value):
    """See above; `config` is a HubConfig, `release` a list of two or None."""

    FIELDS = ("site_id", "number", "hub_id", "config", "release", "signed_ms", "window",
              "allowance_kib", "source", "ring")  # fmt: skip
    site_id: bytes
    number: int
    hub_id: "bytes | None"
    config: hub_config.HubConfig
    release: "list[Any] | None"
    signed_ms: int
    window: "list[int] | None"
    allowance_kib: "int | None"
    source: "list[Any] | None"
    ring: str

    def _check(self) -> None:
        size = documents.SITE_ID_BYTES
        _checks.byte_string(self.site_id, size, size, "site id")
        _checks.uint(self.number, 1, MAX_NUMBER, "number")
        if self.hub_id is not None:
            _checks.byte_string(self.hub_id, HUB_ID_BYTES, HUB_ID_BYTES, "hub id")
        if type(self.config) is not hub_config.HubConfig:
            raise TypeError("config is no HubConfig")
        if self.release is not None:
            if type(self.release) is not list or len(self.release) != 2:
                raise DocumentError("assignment-shape", "release", "send number and SHA-256")
            _checks.uint(self.release[0], 1, MAX_NUMBER, "release number")
            _checks.byte_string(self.release[1], DIGEST_BYTES, DIGEST_BYTES, "release SHA-256")
        _checks.uint(self.signed_ms, 0, records.MAX_MS, "signed_ms")
        hub_config.checks().check_terms(self)

    def encode(self) -> bytes:
        """Return the payload of the document."""
        fields = dict(enumerate(self._items(), 1))
        fields[4] = self.config.fields()
        return cbor.encode(fields)

    def check_for(self, trust: "Trust", hub_id: bytes) -> None:
        """Raise DocumentError unless it is for this hub, of this site."""
        if self.site_id != trust.site_id:
            raise DocumentError("assignment-site", "assignment", "send this site's")
        if self.hub_id is not None and self.hub_id != hub_id:
            raise DocumentError("assignment-hub", "assignment", "send this hub's")


def decode(payload: bytes) -> Assignment:
    """Return the assignment of a payload; raises DocumentError, ConfigError, CborError."""
    fields = cbor.decode(payload, max_bytes=documents.MAX_DOCUMENT_BYTES)
    values = _checks.values(fields, len(Assignment.FIELDS), "assignment")
    values[3] = hub_config.from_fields(values[3])
    return Assignment(*values)


def verify(data: bytes, trust: "Trust", hub_id: bytes, after: int = 0) -> Assignment:
    """Return the assignment in `data` if this hub may take it after that of number `after`.

    The same number with other content would let the two take turns.
    Raises DocumentError, ConfigError, CoseError, CborError.
    """
    given = decode(trust.open(data, documents.ASSIGNMENT))
    given.check_for(trust, hub_id)
    if given.number <= after:
        where = "number %d after %d" % (given.number, after)
        raise DocumentError("assignment-number", where, "send a later one")
    return given


def unverified(data: bytes) -> Assignment:
    """Return what a document says without asking who signed it: for one that is in place."""
    return decode(documents.unverified(data, documents.ASSIGNMENT))
