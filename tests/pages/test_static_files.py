"""Files of the pages: under a name that holds their hash, and no other file at all; and what all
templates, styles and scripts keep to."""

from __future__ import annotations

import gzip
import hashlib
import pathlib
import re
import tomllib

import pytest

from pages.asking import Asker
from pages.demonstration import Demonstration
from varde_host.inventory import who
from varde_host.pages import rendering, static_files

HOST = pathlib.Path(__file__).resolve().parents[2] / "host" / "varde_host"
TEMPLATES = sorted(HOST.glob("*/templates/**/*.html"))
OWN = sorted(path for path in HOST.glob("*/static/**/*") if path.name != "htmx.min.js")
MAX_STYLE_BYTES = 12 * 1024
MAX_KEYS_BYTES = 4 * 1024
# what stands in a template besides tags: names of keys, of ourselves, units, and levels (N1 to N3)
NAMES = {"Enter", "Esc", "Varde", "F", "N", "kB", "V", "dBm", "ms", "kg", "mmHg"}


@pytest.fixture
def asker() -> Asker:
    return Asker(Demonstration().pages())


@pytest.mark.parametrize("name", ["pages/style.css", "pages/keys.js", "pages/icon.svg"])
def test_a_file_is_kept_for_ever_under_its_hash(asker: Asker, name: str):
    url = static_files.of_packages().url(name)
    content = (HOST / name.replace("/", "/static/")).read_bytes()
    assert hashlib.sha256(content).hexdigest()[:12] in url
    packed = asker.get(url, accept_encoding="gzip")
    plain = asker.get(url, accept_encoding="identity")
    assert plain.content == packed.content == content
    assert "content-encoding" not in plain.headers
    for answer in (packed, plain):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(packed.headers["content-length"]) <= len(content)


def test_what_gains_nothing_is_not_packed():
    files = static_files.Files({"pages/a.png": b"1" * 99, "pages/b.svg": b"x"})
    assert files.url("pages/a.png").endswith(".png")
    assert not files.has("pages/c.svg")
    with pytest.raises(KeyError):
        files.url("pages/c.svg")
    assert gzip.decompress(gzip.compress(b"x")) == b"x"


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/pages", "/static/pages/style.css", "/static/pages/style.000.css",
        "/static/../shell.py", "/static/%2e%2e/shell.py", "/static/pages/..%2f..%2fshell.py",
        "/static//etc/passwd", "/static/pages/%00", "/static/pages/style.css%00.css",
        "/static/..\\shell.py", "/static/pages/templates/layout.html", "/static/~root",
    ],
)  # fmt: skip
def test_there_is_no_way_out_of_the_files(asker: Asker, path: str):
    for method in ("GET", "HEAD"):
        assert asker.ask(method, path).status_code == 404


def test_a_file_takes_no_form(asker: Asker):
    url = static_files.of_packages().url("pages/style.css")
    assert asker.as_(who.TECHNICIAN).post(url, {}).status_code == 405


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(HOST)))
def test_a_template_holds_no_text_script_style_or_address(path: pathlib.Path):
    source = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", source)
    assert not re.search(r"(?:https?:)?//[\w.]", source)
    assert "|safe" not in source.replace(" ", "")
    source = re.sub(r"\{% set given %\}.*?\{% endset %\}", "", source)  # attributes of a tag
    bare = re.sub(r"\{\{.*?\}\}", "", source, flags=re.DOTALL)
    bare = re.sub(r"\{% macro [^%]*%\}/\S*?\{% endmacro %\}", "", bare)  # an address
    bare = re.sub(r"\{%.*?%\}", "", bare, flags=re.DOTALL)
    bare = re.sub(r"<code>[^<]*</code>|<[^>]*>|&\w+;", " ", bare)
    words = set(re.findall(r"[^\W\d_]+", bare))
    assert words <= NAMES, "text belongs into the messages"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(HOST)))
def test_a_form_that_changes_something_holds_its_token(path: pathlib.Path):
    for form in re.findall(r"<form[^>]*>.*?</form>", path.read_text(), flags=re.DOTALL):
        if 'method="post"' in form:
            assert 'name="csrf" value="{{ csrf }}"' in form


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(HOST)))
def test_a_template_is_one(path: pathlib.Path):
    package, _, name = path.relative_to(HOST).as_posix().partition("/templates/")
    assert rendering.environment().get_template(f"{package}/{name}")


@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.relative_to(HOST)))
def test_a_file_of_ours_fetches_nothing(path: pathlib.Path):
    if path.suffix in (".css", ".js", ".svg"):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|\beval\(|new Function|innerHTML|<script", text)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        *[(name, f"{name}-bg") for name in ("good", "note", "bad", "person")],
        *[(name, on) for name in ("ink", "soft", "main", "bad") for on in ("paper", "card")],
        ("main", "tint"), ("soft", "tint"), ("card", "main"), ("card", "deep"), ("focus", "paper"),
    ],
)  # fmt: skip
def test_colours_are_far_enough_apart(text: str, on: str):
    """WCAG 2.1, 1.4.3: 4.5 to 1."""
    source = (HOST / "pages/static/style.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6}|[0-9a-f]{3})\b", source))
    light, dark = sorted((luminance(colours[text]), luminance(colours[on])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Of a colour's red, green and blue, as WCAG 2.1 defines it."""
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [at / 12.92 if at <= 0.03928 else ((at + 0.055) / 1.055) ** 2.4 for at in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_wheel_carries_all_that_is_no_module():
    settings = tomllib.loads((HOST.parents[1] / "pyproject.toml").read_text())
    carried = settings["tool"]["setuptools"]["package-data"]["varde_host"]
    found = {path for pattern in carried for path in HOST.glob(pattern)}
    others = {
        path
        for path in HOST.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and path.name != "script.py.mako"
    }
    assert others - found == set()


def test_style_and_keys_stay_small():
    assert (HOST / "pages/static/style.css").stat().st_size <= MAX_STYLE_BYTES
    assert (HOST / "pages/static/keys.js").stat().st_size <= MAX_KEYS_BYTES
