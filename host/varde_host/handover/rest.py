"""A FHIR R4 server over REST: each measurement once, however often it is sent.

What is new is created if nothing with its identifier is there (conditional create,
hl7.org/fhir/R4/http.html#ccreate); what is amended takes the place of what has its identifier
(conditional update, #cond-update), as do messages. So an answer that was lost does no harm: the
same is sent again and found to be there.

Three ways, by the target's style and `send`:

- *transaction*: up to `most` measurements with their devices in one bundle, all or nothing. A
  bundle that is refused is halved until the one that is not wanted is alone;
- *batch*, and `send = "single"`: each by itself, answered by itself;
- *collection*: one measurement a bundle, under the bundle's identifier.

A measurement that a server breaks on, alone, while others get through, is refused at the third
time (`breaking`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from varde_host import errors
from varde_host.fhir import bundle, exact_json, identifier, style
from varde_host.handover import (
    answers,
    breaking,
    file_drop,
    helse_id,
    http_calls,
    rendering,
    sending,
)

BUNDLE: Final = "bundle"
SINGLE: Final = "single"
SENDS: Final = (BUNDLE, SINGLE)
MOST: Final = 20
"""Measurements a bundle: servers bound entries and time of a transaction."""
MOST_EVER: Final = 200

Calling = Callable[[str, str, Mapping[str, str], bytes], http_calls.Answer]
"""Method, address, headers, body; raises CallFailed, NotLetIn."""
Resource = dict[str, Any]

_TYPE: Final = "application/fhir+json"
# About the content as it is: of a bundle, one of its measurements may be meant.
_OF_CONTENT: Final = answers.REFUSED | {409, 500}
# An address of R4 (http.html#create, Location): an id has no more than 64 characters.
_LOCATION: Final = re.compile(
    r"(?:^|/)([A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?$"
)


class _Stop(Exception):  # noqa: N818 not an error: nothing more is asked in this round
    def __init__(self, later: sending.Later) -> None:
        super().__init__(later.why)
        self.later = later


@dataclass(frozen=True, slots=True)
class _Ready:
    """An item with the person in place, and where its result belongs."""

    number: int
    item: sending.Outgoing
    resources: list[Resource]

    @property
    def change(self) -> str:
        return bundle.CREATE if self.item.change == sending.CREATE else bundle.AMEND

    def entries(self) -> list[bundle.Entry]:
        first, *around = self.resources
        return [*(bundle.Entry(each) for each in around), bundle.Entry(first, self.change)]

    @property
    def name(self) -> str:
        return f"{file_drop.stem(self.item.identifier)}-{self.item.version}"


class RestSender:
    """Sends to one server. A `sending.Sender`."""

    def __init__(
        self,
        base: str,
        chosen: style.Style,
        subjects: rendering.Subjects,
        calling: Calling,
        *,
        send: str = BUNDLE,
        most: int = MOST,
    ) -> None:
        """`base` is the server's service address, without a slash at its end."""
        self._base = base
        self._style = chosen
        self._subjects = subjects
        self._calling = calling
        self._is_single = send == SINGLE
        self._most = most if not self._is_single and chosen.bundle != style.COLLECTION else 1
        self._breaking = breaking.Breaking()

    def send(self, items: Sequence[sending.Outgoing]) -> Sequence[sending.Sent]:
        """Send all; who is not asked any more in this round gets the same answer as the last."""
        results: dict[int, sending.Sent] = {}
        stuck: set[int] = set()
        ready = [each for number, item in enumerate(items)
                 if (each := self._ready(number, item, results)) is not None]  # fmt: skip
        try:
            self._deliver_all(ready, results, stuck)
        except _Stop as stop:
            results = {**dict.fromkeys(range(len(items)), stop.later), **results}
        in_order = [results[number] for number in range(len(items))]
        return self._breaking.judged(items, in_order, stuck)

    def _deliver_all(
        self, ready: list[_Ready], results: dict[int, sending.Sent], stuck: set[int]
    ) -> None:
        """Send in groups; note what became of each. Raises _Stop."""
        in_a_row = 0
        while ready:
            group, ready = ready[: self._most], ready[self._most :]
            self._deliver(group, results, stuck)
            said = [results[each.number] for each in group]
            is_taken = any(isinstance(each, sending.Delivered) for each in said)
            in_a_row = 0 if is_taken else in_a_row + sum(each.number in stuck for each in group)
            if in_a_row >= breaking.IN_A_ROW and isinstance(said[-1], sending.Later):
                raise _Stop(said[-1])

    def _ready(
        self, number: int, item: sending.Outgoing, results: dict[int, sending.Sent]
    ) -> _Ready | None:
        try:
            resources = rendering.with_subject(item, self._style, self._subjects)
        except errors.InputRefused as error:
            results[number] = sending.Refused(error.code)
            return None
        return _Ready(number, item, resources)

    def _deliver(
        self, group: list[_Ready], results: dict[int, sending.Sent], stuck: set[int]
    ) -> None:
        """Send a group; note what became of each. Raises _Stop."""
        made = None if self._is_single else self._bundle(group)
        answer = self._asked(group[0], made)
        if 200 <= answer.status < 300:
            self._noted(group, made, answer, results)
            return
        failed = answers.failed(answer, answers.words(answers.resource(answer)))
        is_of_one = self._is_single and answer.status in breaking.STATUSES
        if answer.status not in _OF_CONTENT and not is_of_one:
            raise _Stop(failed) if isinstance(failed, sending.Later) else TypeError(answer.status)
        if len(group) == 1:
            results[group[0].number] = failed
            if answer.status in breaking.STATUSES:
                stuck.add(group[0].number)
            return
        half = len(group) // 2
        self._deliver(group[:half], results, stuck)
        self._deliver(group[half:], results, stuck)
        if all(isinstance(results[each.number], sending.Delivered) for each in group):
            self._most = min(self._most, half)  # it was the size

    def _bundle(self, group: list[_Ready]) -> Resource:
        entries = [entry for each in group for entry in each.entries()]
        first = group[0]
        return bundle.of(entries, self._style, name=first.name, made_ms=first.item.made_ms)

    def _asked(self, first: _Ready, made: Resource | None) -> http_calls.Answer:
        headers = {"Content-Type": _TYPE, "Accept": _TYPE, "Prefer": "return=minimal"}
        method, address, resource = "POST", self._base, made
        if resource is None:
            resource = first.resources[0]
            asked = bundle.request(bundle.Entry(resource, first.change), self._style)
            method, address = asked["method"], f"{self._base}/{asked['url']}"
            if "ifNoneExist" in asked:
                headers["If-None-Exist"] = asked["ifNoneExist"]
        elif self._style.bundle == style.COLLECTION:
            headers["If-None-Exist"] = bundle.search({"identifier": [resource["identifier"]]})
        try:
            return self._calling(method, address, headers, exact_json.dumps(resource))
        except http_calls.CallFailed as error:
            raise _Stop(sending.Later(answers.SOON_S, error.why)) from None
        except helse_id.NotLetIn as error:
            raise _Stop(error.later) from None

    def _noted(
        self,
        group: list[_Ready],
        made: Resource | None,
        answer: http_calls.Answer,
        results: dict[int, sending.Sent],
    ) -> None:
        """Note what an answer says that all is well. Raises _Stop for one that no server gives."""
        if made is None or self._style.bundle == style.COLLECTION:
            if not _is_fhir(answer):
                raise _Stop(_strange(answer))
            results[group[0].number] = sending.Delivered(_name_of(answer))
            return
        said = _entries(answer, len(made["entry"]))
        if said is None:
            raise _Stop(_strange(answer))
        places = {each["fullUrl"]: number for number, each in enumerate(made["entry"])}
        for each in group:
            place = places[identifier.full_url(each.resources[0])]
            results[each.number] = _of_entry(said[place], answer)


def _is_fhir(answer: http_calls.Answer) -> bool:
    """Tell a FHIR server's yes from that of something in front of it."""
    found = answers.resource(answer)
    if found:
        return not answers.has_error(found)
    return answer.content == b""  # some servers say no more of what they have


def _entries(answer: http_calls.Answer, count: int) -> list[Mapping[str, Any]] | None:
    """Return the entries of a bundle's answer (#transaction-response), None if it is none."""
    found = answers.resource(answer)
    entries = found.get("entry")
    if found.get("resourceType") != "Bundle" or not str(found.get("type")).endswith("-response"):
        return None
    if not isinstance(entries, list) or len(entries) != count:
        return None
    return [each if isinstance(each, Mapping) else {} for each in entries]


def _of_entry(entry: Mapping[str, Any], answer: http_calls.Answer) -> sending.Sent:
    said = entry.get("response")
    said = said if isinstance(said, Mapping) else {}
    digits = str(said.get("status", ""))[:3]
    status = int(digits) if digits.isdecimal() and len(digits) == 3 else 0
    if 200 <= status < 300:
        return sending.Delivered(_remote(said.get("location")))
    alone = http_calls.Answer(status, answer.headers, None)
    return answers.failed(alone, answers.words(said.get("outcome")))


def _remote(location: object) -> str:
    """Return what the server calls it, as `Type/id`, whichever version; "" if that is not said."""
    found = _LOCATION.search(location) if isinstance(location, str) else None
    return found[1] if found else ""


def _name_of(answer: http_calls.Answer) -> str:
    found = answers.resource(answer)
    known = f"{found.get('resourceType')}/{found.get('id')}" if "id" in found else ""
    return _remote(answer.header("location") or known)


def _strange(answer: http_calls.Answer) -> sending.Later:
    what = "answer too long" if answer.content is None else "answer is not a FHIR server's"
    return sending.Later(answers.MEND_S, f"HTTP {answer.status} {what}")
