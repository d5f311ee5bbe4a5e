"""What a change of a link's security means, and what to tell of it.

The sensor may be the one who asks for encryption, so a change may come in any step.

A bond that the sensor has lost is not given up. It is set aside, so that the next session pairs
anew; if that fails, because nobody holds the sensor's button, the session after tries the old key
again. So the hub recovers by itself when the sensor is in its pairing mode, and nobody who merely
answers for a sensor can make it forget a key.
"""

from varde_protocols import hub_config, records
from varde_protocols._compat import TYPE_CHECKING, const

from . import sensor_words as words

if TYPE_CHECKING:
    from typing import List, Tuple

    from varde_protocols.value import Value

    from .steps import Facts

# So often in a row a sensor may go away while we encrypt; then it is not the link that is bad.
TRIES = const(3)


def note(facts: "Facts", event: words.Secured) -> "List[Value]":
    """Note what the radio says; return what to tell."""
    is_enough = event.authenticated or facts.sensor.bond < hub_config.BOND_AUTHENTICATED
    facts.is_encrypted = bool(event.encrypted and is_enough)
    if not event.encrypted:
        return []
    facts.refusals = 0
    facts.is_bond_aside = False
    if facts.has_bond or not event.bonded:
        return []
    facts.has_bond = True
    return [words.Tell(records.EVENT_PAIRED)]


def refused(facts: "Facts") -> "Tuple[str, List[Value]]":
    """Return outcome and actions when the sensor has said no."""
    facts.refusals = 0
    if facts.has_bond:
        facts.has_bond = False
        facts.is_bond_aside = True
        told = words.Tell(records.EVENT_BOND_LOST)
        return words.BOND_LOST, [words.SetBondAside(), told]
    failed: "List[Value]" = [words.Tell(records.EVENT_PAIRING_FAILED)]
    if facts.is_bond_aside:
        facts.is_bond_aside = False
        failed.append(words.RestoreBond())
    return words.PAIRING_FAILED, failed


def unanswered(facts: "Facts") -> "Tuple[str, List[Value]]":
    """Return the same when it went away, or said nothing.

    Some hang up instead of refusing. Once is a bad link; again and again is an answer.
    """
    facts.refusals += 1
    if facts.has_bond and facts.refusals < TRIES:
        return words.LOST, []
    return refused(facts)


def passkey(facts: "Facts", event: words.PasskeyAsked) -> "List[Value]":
    """Return the answer, none if there is none: nobody is here to read or to compare."""
    if facts.sensor.passkey is None or event.action == words.PASSKEY_COMPARE:
        return []
    return [words.GivePasskey(event.action, facts.sensor.passkey)]
