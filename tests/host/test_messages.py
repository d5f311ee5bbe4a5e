"""Three languages say the same things, and every command has its texts."""

from __future__ import annotations

import asyncio
import re
import string
from pathlib import Path

import pytest

import varde_host
from varde_host import cli, messages
from varde_host.collector import batch
from varde_host.receiver import events, reports
from varde_protocols import records, update_words

SOURCE = Path(varde_host.__file__).parent
NB, *OTHERS = messages.LANGUAGES
NAMED_BY_DATA = {
    "help", "error", "signature", "refused", "fault", "event", *events.DETAIL_WORDS.values(),
    "action", "fact", "time-source", "update-what", "update-state", "update-reason",
    "bench-page", "network-check",  # test_bench_entry holds these to what asks for them
    "fleet-page",  # test_fleet_view does
    "verify-page",  # test_verify_page does
}  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_keys_and_fields(language: str):
    ours, theirs = messages.catalogue(NB), messages.catalogue(language)
    assert sorted(ours) == sorted(theirs)
    for key, text in ours.items():
        assert fields(text) == fields(theirs[key]), key


def test_a_server_speaks_to_each_in_their_own_language():
    said = []

    async def page(language: str) -> None:
        with messages.spoken(language):
            await asyncio.sleep(0)
            said.append(await asyncio.to_thread(messages.text, "bench.done"))

    async def all_at_once() -> None:
        await asyncio.gather(*map(page, messages.LANGUAGES))

    asyncio.run(all_at_once())
    assert said == [messages.catalogue(each)["bench.done"] for each in messages.LANGUAGES]
    assert messages.speaker.language == NB


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_texts_are_whole(language: str):
    for key, text in messages.catalogue(language).items():
        assert text == text.strip() != "", key
        if key.endswith(".next") or key.startswith("help."):
            assert text[-1] in ".:°" or key.startswith("error."), key
        if key.endswith(".what"):
            assert text[-1] != ".", key


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_command_and_parameter_has_a_help_text(
    language: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(messages.speaker, "language", language)
    cli.command()  # KeyError for a missing one


def test_every_error_that_is_raised_has_its_texts_and_none_is_left_over():
    codes = set()
    for file in SOURCE.rglob("*.py"):
        if file.name != "decode.py":  # words its own
            named = r'"([a-z0-9-]+)"'
            raised = rf"(?:errors\.(?:InputRefused|WorldFailed)\(|PageRefused\(\d+,)\s*{named}"
            codes |= set(re.findall(raised, file.read_text()))
    worded = {key.split(".")[1] for key in messages.catalogue(NB) if key.startswith("error.")}
    assert codes == worded


def test_every_text_is_used():
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")]
    source = "".join(file.read_text() for file in files)
    for key in messages.catalogue(NB):
        start, _, leaf = key.rpartition(".")
        if start.split(".")[0] not in NAMED_BY_DATA:
            assert key in source or f'"{leaf}"' in source, key


def test_every_reason_to_refuse_is_worded_and_no_other():
    worded = {key.split(".")[1] for key in messages.catalogue(NB) if key.startswith("refused.")}
    assert worded == set(batch.REASON_NAMES.values())


def test_every_event_is_worded_and_no_other():
    worded = {key.split(".")[1] for key in messages.catalogue(NB) if key.startswith("event.")}
    assert worded == {*events.NAMES.values(), "unknown"}
    codes = [name for name in vars(records) if name.startswith("EVENT_")]
    assert len(events.NAMES) == len(codes)


def test_every_fact_is_worded_and_no_other():
    worded = {key.split(".")[1] for key in messages.catalogue(NB) if key.startswith("fact.")}
    assert worded == set(reports.NAMES.values())
    assert len(reports.NAMES) == len([name for name in vars(records) if name.startswith("FACT_")])


def test_every_word_of_an_update_is_worded_and_no_other():
    words = [number for name, number in vars(update_words).items() if name.isupper()
             and not name.startswith("_") and name != "TYPE_CHECKING"]  # fmt: skip
    worded = [
        int(key.split(".")[1]) for key in messages.catalogue(NB) if key.startswith("update-")
    ]
    assert sorted(words) == sorted(worded)


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "nb"),
        ([], {"VARDE_LANGUAGE": "nn"}, "nn"),
        (["--language", "en", "site"], {"VARDE_LANGUAGE": "nn"}, "en"),
        (["--language=en"], {}, "en"),
        (["--language"], {}, "nb"),
        (["--language", "xx"], {}, "nb"),
        ([], {"VARDE_LANGUAGE": "xx"}, "nb"),
    ],
)
def test_the_language_asked_for(arguments: list[str], environment: dict[str, str], language: str):
    assert messages.asked_language(arguments, environment) == language
