"""One board with a modem: WiFi and 4G proven, then locked and tried by a port with reset lines."""

from __future__ import annotations

from pathlib import Path

from stories.bench_stage import Program, Stage

ROOT = Path(__file__).resolve().parents[2]
BOARD = "lilygo_t_sim7670g_s3"


def heard(stage: Stage, bench: Program) -> list[str]:
    """Run it to its end; what became of each step."""
    for news in bench.rest():
        if news["event"] == "person" and news.get("code") == "hold-boot":
            stage.press_into_loader(1)
    assert bench.end() == 0, bench.news[-3:]
    return [
        f"{n['step']} {n['event']}" for n in bench.news if n["event"] in ("finished", "stands")
    ]


def test_both_links_and_the_lock_by_reset_lines(tmp_path: Path) -> None:
    with Stage(tmp_path, ROOT, 1, ("--modem",)) as stage:
        (tmp_path / "modem").write_text("apn=internet\n")
        options = ("--modem", str(tmp_path / "modem"), "--board", BOARD)
        stage.press_into_loader(1)
        heard(stage, stage.bench(*options, "--until", "links"))
        links = stage.status()[stage.chip(1)]["links"]
        assert [link["link"] for link in links["links"]] == ["wifi", "4g"]
        boots = [link["boot"] for link in links["links"]]
        assert boots[0] < boots[1]
        assert links["assignment"] == 3, "without WiFi for the while, then as it was"

        stage.unplug(1)
        stage.by_lines = frozenset({1})
        stage.plug(1)
        said = heard(stage, stage.bench(*options, "--until", "lock"))
        assert said == [
            "detect stands", "interpreter stands", "application stands", "identity stands",
            "assignment stands", "links stands", "sensors finished", "lock finished",
        ]  # fmt: skip
        lock = stage.status()[stage.chip(1)]["lock"]
        assert "reset line" in lock["tried"]
        assert lock["heard_bytes"] > 0
        known_by_its_service_line(stage, options)
        not_erased_by_a_bench_that_does_not_know_it(stage, options)


def known_by_its_service_line(stage: Stage, options: tuple[str, ...]) -> None:
    """Locked, and on a port without reset lines: nobody has to press anything."""
    stage.unplug(1)
    stage.by_lines = frozenset()
    stage.plug(1)
    bench = stage.bench(*options, "--until", "lock")
    said = heard(stage, bench)
    assert all(line.endswith("stands") for line in said)
    assert not [news for news in bench.news if news["event"] == "person"]


def not_erased_by_a_bench_that_does_not_know_it(stage: Stage, options: tuple[str, ...]) -> None:
    """Another inventory: the board's journal says that it is a hub with records."""
    stage.press_into_loader(1)
    other = stage.folder / "other.sqlite"
    bench = stage.bench(*options, "--inventory", str(other), "--until", "interpreter")
    ended = [news for news in bench.rest() if news["event"] == "given-up"]
    assert bench.end() == 1
    assert [news["code"] for news in ended] == ["holds-readings"]
