"""A tray of eight boards, from bare to labelled, with all that happens on a technician's table.

    1  a port with reset lines (RFC 2217); after step 3 its cable is moved: another port
    2  an ESP32-C3, also with lines: refused, the others go on
    3  loses power in the middle of writing the application
    4  its cable is pulled while the interpreter is flashed, and comes back under another name
    5  its cable is pulled while it proves its links
    6-8 nothing happens to them

And the bench itself is killed while all are at work, and started again. No step that was finished
is done again: the tools' own invocations say so. In real time.
"""

from __future__ import annotations

import base64
import io
import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from stories.bench_stage import News, Program, Stage
from varde_host.bench import steps
from varde_host.flash import partition_table

ROOT = Path(__file__).resolve().parents[2]
WITH_LINES = frozenset({1, 2})
HUBS = (1, 3, 4, 5, 6, 7, 8)
BEFORE_THE_KILL = (3, 6, 7, 8)
"""The first application on one of these, and the bench is killed."""
PULLED = {(1, "finished", "application"), (4, "started", "interpreter"), (5, "started", "links")}
LABEL = """
municipality = "Eksempel kommune"
fault_phone = "00 00 00 00"
hours = "hverdager 08.00-15.30"
"""


class Technician:
    """Hears the bench and does what it asks; and pulls cables, by the plan above."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.done: set[str] = set()
        self.out: set[int] = set()
        """Boards whose cable hangs loose."""

    def once(self, name: str) -> bool:
        is_first = name not in self.done
        self.done.add(name)
        return is_first

    def number_of(self, news: News) -> int:
        for number in self.stage.boards:
            if news.get("board") == self.stage.chip(number):
                return number
            if not news.get("board") and news.get("port") == self.stage.port(number):
                return number
        return 0

    def hear(self, bench: Program, news: News) -> None:
        number = self.number_of(news)
        what = (number, news["event"], news.get("step", ""))
        if news.get("code") == "hold-boot" and news["event"] == "person" and number:
            self.stage.press_into_loader(number)
        elif "question" in news:
            bench.say(self.answer(news))
        elif what == (3, "started", "application") and self.once("cut 3"):
            self.stage.table.say("cut 3 300")
            self.out.add(3)
        elif what in PULLED and self.once(f"unplug {number}"):
            self.stage.unplug(number)
            self.out.add(number)
        elif news["event"] == "waiting" and number in self.out:
            self.plug(number)

    def plug(self, number: int) -> None:
        """What lost its power in its loader comes back with the button held, as people do it."""
        self.out.discard(number)
        self.stage.by_lines = self.stage.by_lines - {number}
        self.stage.plug(number, elsewhere=True, in_loader=number in (3, 4))

    def answer(self, news: News) -> str:
        if news["question"] == "labelling.scan":
            return scanned(Path(news["file"]))
        assert news["question"] == "pairing.scan"
        return ""  # no sensors in this kit


def scanned(pdf: Path) -> str:
    """What a scanner reads from the label, as it is printed."""
    page = pypdfium2.PdfDocument(io.BytesIO(pdf.read_bytes()))[0]
    found = zxingcpp.read_barcodes(page.render(scale=4).to_pil())
    assert len(found) == 1
    return str(found[0].text)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bench")
    options = ("--wrong", "2")
    with Stage(folder, ROOT, 8, options, by_lines=WITH_LINES) as stage:
        (stage.site / "label.toml").write_text(LABEL)
        for number in HUBS[1:]:
            stage.press_into_loader(number)
        technician = Technician(stage)
        first = stage.bench("--scan")
        while True:
            news = first.hear()
            assert news is not None, first.news[-3:]
            technician.hear(first, news)
            is_application = (news["event"], news.get("step")) == ("finished", "application")
            if is_application and technician.number_of(news) in BEFORE_THE_KILL:
                break
        first.end(signal.SIGKILL)
        for number in sorted(technician.out):
            technician.plug(number)
        second = stage.bench("--scan")
        for news in second.rest():
            technician.hear(second, news)
        status = second.end()
        told = [*first.news, *second.news]
        yield stage, technician, told, status


@pytest.fixture(scope="module")
def finished(story) -> dict[int, dict[str, Any]]:
    """What `varde bench status` says of each hub, by its number on the table."""
    stage = story[0]
    found = stage.status()
    assert stage.chip(2) not in found
    return {number: found[stage.chip(number)] for number in HUBS}


@pytest.fixture(scope="module")
def seeds(story, finished) -> dict[int, bytes]:
    """The private keys that the hubs have made."""
    return {
        number: seed_in(flash_of(story[0], number), bytes.fromhex(done["identity"]["public"]))
        for number, done in finished.items()
    }


def test_every_board_becomes_a_hub_but_the_wrong_one(story, finished):
    _stage, technician, told, status = story
    done = {technician.number_of(news) for news in told if news["event"] == "done"}
    assert done == set(HUBS)
    assert status == 1, "one was given up"
    given_up = [news for news in told if news["event"] == "given-up"]
    assert {(technician.number_of(news), news["code"]) for news in given_up} == {(2, "wrong-kind")}
    assert all(set(done) == set(steps.names()) for done in finished.values())
    print_times(finished)


def print_times(finished: dict[int, Any]) -> None:
    """Machine and hands, for each step: fewest and most seconds of all boards."""
    for name in steps.names():
        took = [done[name]["took"] for done in finished.values()]
        machine = sorted(row["machine_ms"] / 1000 for row in took)
        hands = max(row["hands_ms"] / 1000 for row in took)
        print(f"{name:<12} {machine[0]:6.1f} to {machine[-1]:6.1f} s, hands up to {hands:.1f} s")


def test_all_that_was_planned_has_happened(story):
    stage, technician, told, _status = story
    assert technician.done == {"unplug 1", "cut 3", "unplug 4", "unplug 5"}
    waited = {technician.number_of(news) for news in told if news["event"] == "waiting"}
    assert {1, 5} <= waited
    ports = defaultdict(set)
    for news in told:
        if news["event"] == "seen" and news["board"]:
            ports[technician.number_of(news)].add(news["port"])
    assert ports[1] == {*filter(is_by_network, ports[1]), stage.port(1)}
    assert stage.by_lines == {2}


def is_by_network(port: str) -> bool:
    return port.startswith("rfc2217://")


def test_no_finished_step_is_done_again(story):
    """By the programs that ran: none for a step after that step was finished."""
    _stage, _technician, told, _status = story
    finished: dict[str, set[str]] = defaultdict(set)
    ran = 0
    for news in told:
        if news["event"] == "finished":
            assert news["step"] not in finished[news["board"]]
            finished[news["board"]].add(news["step"])
        elif news["event"] == "tool" and news.get("step"):
            ran += 1
            assert news["step"] not in finished[news["board"]], news
    assert ran > 50


def test_each_step_is_proven_by_what_was_read_back(finished):
    for done in finished.values():
        assert done["detect"]["flash_wraps"] is False
        assert done["interpreter"]["blank"]
        assert done["interpreter"]["says"]["version"] >= [1, 25]
        assert done["application"]["files"] > 100
        assert len(done["identity"]["public"]) == 64
        assert done["assignment"]["trust"] == done["application"]["trust"]
        (link,) = done["links"]["links"]
        assert link["link"] == "wifi"
        assert link["anchor"] > link["report"]
        assert done["lock"]["locked"] is True
    assert len({done["label"]["kit"] for done in finished.values()}) == len(HUBS)


def flash_of(stage: Stage, number: int) -> bytes:
    return (stage.folder / "boards" / f"bench-{number}.flash").read_bytes()


def seed_in(flash: bytes, public: bytes) -> bytes:
    """The private key that the hub has made, found by trying all that stands in its NVS."""
    rows = partition_table.for_flash(len(flash))
    nvs = partition_table.find(rows, "nvs")
    data = flash[nvs.offset : nvs.end]
    for at in range(len(data) - 32):
        candidate = data[at : at + 32]
        if candidate.count(0xFF) > 16:
            continue
        key = ed25519.Ed25519PrivateKey.from_private_bytes(candidate)
        if key.public_key().public_bytes_raw() == public:
            return candidate
    raise AssertionError("the hub's key is not in its NVS")


def site_secrets(stage: Stage) -> list[bytes]:
    found = []
    for path in sorted(stage.site.glob("*.key")):
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if hasattr(key, "private_bytes_raw"):
            found.append(key.private_bytes_raw())
        else:
            found.append(key.private_numbers().private_value.to_bytes(32, "big"))
    return found


def forms(secret: bytes) -> list[bytes]:
    """As it could stand in a text: both halves of it, too."""
    parts = [secret, secret[:16], secret[16:]]
    texts = [part.hex().encode() for part in parts]
    alphabets = [base64.b64encode(secret)[:40], base64.urlsafe_b64encode(secret)[:40]]
    return [*parts, *texts, *(text.upper() for text in texts), *alphabets, repr(secret).encode()]


def test_no_private_key_crosses_the_wire(story, seeds):
    """The whole serial traffic of each board, both ways, from the first byte to the last."""
    stage, _technician, _told, _status = story
    secrets = [*site_secrets(stage), *seeds.values()]
    heard = 0
    for path in sorted((stage.folder / "boards").glob("*.to-*")):
        traffic = path.read_bytes()
        heard += len(traffic)
        for secret in secrets:
            assert not any(form in traffic for form in forms(secret)), path.name
    assert heard > 1_000_000


def test_no_two_hubs_share_a_secret(story, finished, seeds):
    """But the site's WiFi password, which all must know. What the bench flashes is the same on
    all of them, and holds no private key of the site."""
    stage, _technician, _told, _status = story
    flashes = {number: flash_of(stage, number) for number in HUBS}
    for flash in flashes.values():
        assert not any(secret in flash for secret in site_secrets(stage))
    assert len(set(seeds.values())) == len(HUBS)
    for number, seed in seeds.items():
        assert [other for other in HUBS if seed in flashes[other]] == [number]
    assert len({done["application"]["image"] for done in finished.values()}) == 1
