"""How one target wants its resources: profiles, codes, bundles, and what systems are called.

A style is a target's settings and a secret of the receiver; everything else follows from the
measurement, so the same measurement in the same style is the same bytes each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Resource = dict[str, Any]
"""JSON values; a number is an int or a Decimal, never a float."""

VKP: Final = "vkp"
"""Profiles of HL7Norway/VkpObservation, which Pasientens måledata (PMD) takes as well."""
NO_DOMAIN: Final = "no-domain"
"""Profiles of HL7Norway/no-domain, vital signs."""
PHD: Final = "phd"
"""HL7 Personal Health Device guide alone."""
TARGETS: Final = (VKP, NO_DOMAIN, PHD)

TRANSACTION: Final = "transaction"
BATCH: Final = "batch"
COLLECTION: Final = "collection"
BUNDLES: Final = (TRANSACTION, BATCH, COLLECTION)

ENTRIES: Final = "entries"
"""Devices and coincident times are resources of their own, referred to by `urn:uuid:`."""
CONTAINED: Final = "contained"
"""Each Observation carries them inside: the only way to a store that takes Observations alone."""
NAMED: Final = "named"
"""They are named by identifier and not sent: what a store that refuses the others can have."""
AROUNDS: Final = (ENTRIES, CONTAINED, NAMED)

POST: Final = "POST"
PUT: Final = "PUT"
VERBS: Final = (POST, PUT)

LANGUAGES: Final = ("nb", "nn", "en")
MUNICIPALITY_DIGITS: Final = 4
SECRET_BYTES: Final = 32
DEFAULT_BASE: Final = "urn:varde"


@dataclass(frozen=True, slots=True)
class Style:
    """One target's. Raises ValueError, which names the field, for what no target can be.

    `secret` are 32 bytes of the receiver: identifiers are made with it, so that they never change
    and nobody can guess a value from one. `base` is what the site's own systems begin with, an
    `https:` address or a URN. `municipality` is the four digits that a collection's tag names.
    `verb` is a bundle's request for an Observation; the devices are always updated in place.
    """

    secret: bytes
    target: str = VKP
    bundle: str = TRANSACTION
    base: str = DEFAULT_BASE
    municipality: str | None = None
    language: str = "nb"
    around: str | None = None
    verb: str = POST

    def __post_init__(self) -> None:
        _one_of("target", self.target, TARGETS)
        _one_of("bundle", self.bundle, BUNDLES)
        _one_of("language", self.language, LANGUAGES)
        _one_of("verb", self.verb, VERBS)
        if self.around is not None:
            _one_of("around", self.around, AROUNDS)
        if self.bundle == BATCH and self.around == ENTRIES:
            raise ValueError("around: entries of a batch cannot refer to each other")
        if self.target == PHD and self.around == NAMED:
            raise ValueError("around: PHD's profiles refer to resources")
        if len(self.secret) != SECRET_BYTES:
            raise ValueError("secret: not 32 bytes")
        if not self.base.startswith(("https://", "http://", "urn:")) or self.base[-1] in ":/":
            raise ValueError("base: no http address and no URN, or with a separator at its end")
        known = self.municipality
        if known is not None and not (len(known) == MUNICIPALITY_DIGITS and known.isdecimal()):
            raise ValueError("municipality: not four digits")
        if self.bundle == COLLECTION and known is None:
            raise ValueError("municipality: a collection names it")

    @property
    def place(self) -> str:
        """Where devices stand, one of AROUNDS; PHD's profiles want resources."""
        usual = ENTRIES if self.target == PHD and self.bundle != BATCH else CONTAINED
        return self.around or usual

    def system(self, name: str) -> str:
        """Return the site's own identifier or code system of that name."""
        return f"{self.base}{':' if self.base.startswith('urn:') else '/'}{name}"


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{what}: none of {', '.join(allowed)}")
