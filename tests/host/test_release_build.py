"""Two builds of one commit, in two folders, under two environments, are the same release."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from host import release_bench
from varde_host import errors
from varde_host.release import bundle, firmware, making

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as they are at this moment: somebody may be working on them."""
    place = tmp_path_factory.mktemp("sources") / "with a space"
    for name in firmware.SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    return place


def test_built_twice_it_is_the_same(sources: Path, tmp_path: Path):
    tool = sources / "tools" / "build_firmware.py"
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "UTC"}
    subprocess.run([sys.executable, tool, "--arch", firmware.HUB, "--quiet"], check=True,
                   timeout=firmware.BUILD_TIMEOUT_S, env=environment)  # fmt: skip
    built = sources / "build" / "firmware" / firmware.HUB
    plan = making.Plan(1, "0.1.0", built, release_bench.SIGNED_MS, source=sources)
    made = making.make(plan)
    second = made.report["second_build"]
    assert second["sequence_sha256"] == made.report["application"]["sequence_sha256"]
    assert second["files"] == len(made.files) > 100
    assert made.given.target == "esp32s3"
    assert bundle.decode(made.served[0]) == made.files
    assert made.given.components[0].size_bytes < 0.65 * sum(map(len, made.files.values()))


def test_sources_that_do_not_build_are_told(tmp_path: Path):
    for name in firmware.SOURCES:
        (tmp_path / name).mkdir()
    (tmp_path / "tools" / "build_firmware.py").write_text("raise SystemExit('no compiler')")
    with pytest.raises(errors.WorldFailed, match="release-build") as caught:
        firmware.again(tmp_path, firmware.HUB)
    assert caught.value.fields["reason"] == "no compiler"


def test_where_git_knows_nothing(tmp_path: Path):
    assert firmware.source_of(tmp_path) is None


def test_the_commit_is_told(tmp_path: Path):
    def git(*arguments: str) -> str:
        named = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        done = subprocess.run(["git", "-C", tmp_path, *named, *arguments], check=True,
                              capture_output=True, text=True)  # fmt: skip
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "firmware").mkdir()
    code = tmp_path / "firmware" / "main.py"
    code.write_text("one")
    git("add", "firmware")
    git("commit", "-q", "-m", "One.")
    assert firmware.source_of(tmp_path) == firmware.Source(git("rev-parse", "HEAD"), False)
    code.write_text("two")
    assert firmware.source_of(tmp_path) == firmware.Source(git("rev-parse", "HEAD"), True)
