"""What has to be typed before triage is on: a sentence that says what the receiver then is.

Software that gives a patient's values colours is meant to help decide about that patient, which
makes it a medical device (Regulation (EU) 2017/745 article 2(1) and Annex VIII rule 11; MDCG
2019-11 rev. 1). No option and no environment variable switches it on: somebody reads and types.
"""

from __future__ import annotations

from typing import Final

from varde_host import errors, messages

MAX_TYPED: Final = 200


def sentence() -> str:
    """Return the sentence in the language in use."""
    return messages.text("triage.sentence")


def check(typed: str) -> str:
    """Return the sentence that was typed. Raises InputRefused `triage-sentence` for another.

    A full stop, blanks around it and capitals are as one likes.
    """
    if len(typed) > MAX_TYPED or _plain(typed) != _plain(sentence()):
        raise errors.InputRefused("triage-sentence")
    return typed.strip()


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".").rstrip().casefold()
