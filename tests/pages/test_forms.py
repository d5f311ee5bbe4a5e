"""Forms: our own, whole, in time, and within their limits; nothing else reaches a page."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import urllib.parse
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.asking import FORM, TOKEN, Asker
from pages.demonstration import Demonstration
from varde_host.inventory import who
from varde_host.pages import csrf, forms, hosts, paths
from varde_host.pages.refusals import PageRefused

ORIGIN = "http://varde.test"
TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=20)


@pytest.fixture
def demo() -> Demonstration:
    return Demonstration()


@pytest.fixture
def asker(demo: Demonstration) -> Asker:
    return Asker(demo.pages()).as_(who.TECHNICIAN)


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"csrf": ""}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": TOKEN + "f"}, {}),
        ({"csrf": "å" * 64}, {}),
        ({}, {"origin": "http://evil.example"}),
        ({}, {"origin": "null"}),
        ({}, {"origin": f"{ORIGIN}.evil.example"}),
        ({}, {"origin": f"{ORIGIN}:8080"}),
        ({}, {"origin": "https://varde.test"}),
        ({}, {"sec_fetch_site": "cross-site"}),
        ({}, {"sec_fetch_site": "same-site"}),
        ({}, {"sec_fetch_site": "none"}),
    ],
)
def test_a_form_that_is_not_ours_changes_nothing(
    asker: Asker, demo: Demonstration, fields: dict[str, str], headers: dict[str, str]
):
    answer = asker.post("/answer", {"answer": "1", **fields}, **headers)
    assert answer.status_code == 403
    assert "FORM-FOREIGN" in answer.text
    assert demo.told == []


def test_a_form_without_its_token_changes_nothing(asker: Asker, demo: Demonstration):
    answer = asker.ask("POST", "/answer", {"content-type": FORM}, b"answer=1")
    assert (answer.status_code, demo.told) == (403, [])


def test_what_is_no_browser_says_nothing_of_where_it_comes_from(
    asker: Asker, demo: Demonstration
):
    answer = asker.post("/answer", {"answer": "1"}, origin="", sec_fetch_site="")
    assert (answer.status_code, len(demo.told)) == (303, 1)


def test_a_form_before_a_session_goes_with_its_own_cookie(demo: Demonstration):
    asker, other = Asker(demo.pages()), Asker(demo.pages())
    token = csrf_of(asker.get("/open").text)
    assert csrf_of(asker.get("/open").text) == token
    assert csrf_of(other.get("/open").text) != token
    assert other.post("/open", {"csrf": token}).status_code == 403
    assert other.post("/open", {"csrf": ""}).status_code == 403
    other.cookies.clear()
    assert other.post("/open", {"csrf": token}).status_code == 403
    assert asker.post("/open", {"csrf": token}).status_code == 303
    known = Asker(demo.pages(), form_key=asker.context.form_key).as_(who.TECHNICIAN)
    known.cookies |= asker.cookies
    assert known.post("/open", {"csrf": token}).status_code == 403  # a session has its own


def csrf_of(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.mark.parametrize("secure", [False, True])
def test_cookies_are_for_no_script_and_no_other_site(demo: Demonstration, secure: bool):
    asker = Asker(demo.pages(), is_tls=secure)
    answer = asker.get("/open")
    (cookie,) = answer.headers.get_list("set-cookie")
    parts = cookie.lower().split("; ")
    assert parts[0].startswith("__host-varde-bench-form=" if secure else "varde-bench-form=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(parts)
    assert ("secure" in parts) is secure
    assert not [part for part in parts if part.startswith("domain")]
    assert ("strict-transport-security" in answer.headers) is secure
    token = csrf_of(answer.text)
    assert asker.post("/open", {"csrf": token}).status_code == 303


def test_the_language_is_chosen_and_kept(asker: Asker):
    answer = asker.post("/language", {"language": "nn", "back": "/kit/K1"})
    assert answer.headers["location"] == "/kit/K1"
    assert 'lang="nn"' in asker.get("/yes").text
    assert asker.post("/language", {"language": "xx"}).status_code == 422
    evil = asker.post("/language", {"language": "en", "back": "//evil.example"})
    assert evil.headers["location"] == "/"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"a=1&a=2", 400),
        (b"a=%00", 400),
        (b"a=%ff", 400),
        (b"a=%7f", 400),
        ("a=å".encode(), 400),
        (b"n" * 65 + b"=1", 400),
        (b"&".join(b"a%d=1" % number for number in range(101)), 413),
        (b"a=" + b"1" * 65_535, 413),
    ],
)
def test_a_form_beyond_its_limits_is_refused(
    asker: Asker, demo: Demonstration, content: bytes, status: int
):
    answer = asker.ask("POST", "/answer", {"content-type": FORM}, content)
    assert (answer.status_code, demo.told) == (status, [])


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "a/b"])
def test_only_forms_are_forms(asker: Asker, kind: str):
    assert asker.ask("POST", "/answer", {"content-type": kind}, b"a=1").status_code == 415


def test_a_length_that_is_none_is_refused():
    for odd in ("-1", "x", "1" * 10, "٣"):
        with pytest.raises(PageRefused) as refused:
            asyncio.run(forms.read({"content-type": FORM, "content-length": odd}, _parts([])))
        assert refused.value.status in (400, 413)


def test_a_body_is_cut_off_where_it_is_too_large_whatever_it_said():
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield b"a" * 1000

    with pytest.raises(PageRefused) as refused:
        asyncio.run(forms.read({"content-type": FORM, "content-length": "10"}, endless()))
    assert (refused.value.status, len(taken)) == (413, 66)


def test_a_body_that_does_not_come_is_waited_for_no_longer_than_that():
    async def slow() -> AsyncIterator[bytes]:
        yield b"a="
        await asyncio.sleep(3600)

    with pytest.raises(PageRefused) as refused:
        asyncio.run(forms.read({"content-type": FORM}, slow(), 0.01))
    assert refused.value.status == 408


async def _parts(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@given(st.binary(max_size=300))
def test_any_bytes_are_fields_or_refused(content: bytes):
    found: dict[str, str] = {}
    with contextlib.suppress(PageRefused):  # and nothing else
        found = forms.fields(content)
    assert len(found) <= forms.MAX_FIELDS
    assert not any("\0" in name + value for name, value in found.items())


@given(st.dictionaries(TEXT, TEXT, max_size=20), st.data())
def test_what_a_browser_sends_is_read_however_it_is_parted(fields: dict[str, str], data):
    content = urllib.parse.urlencode(fields).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=4)))
    ends = [0, *cuts, len(content)]
    parts = [content[start:end] for start, end in itertools.pairwise(ends)]
    assert asyncio.run(forms.read({"content-type": FORM}, _parts(parts))) == fields


@given(st.text(max_size=40) | st.from_regex(r"/[/\\\w.%:@-]{0,20}", fullmatch=True))
def test_nobody_is_sent_to_another_server(path: str):
    chosen = paths.local(path)
    found = urllib.parse.urlsplit(urllib.parse.urljoin(f"{ORIGIN}/x/y", chosen))
    assert (found.scheme, found.netloc) == ("http", "varde.test")
    assert chosen.startswith("/")
    assert "\\" not in chosen


@given(st.text(max_size=40))
def test_whatever_is_asked_for_is_a_path_when_quoted(text: str):
    found = urllib.parse.urlsplit(urllib.parse.urljoin(ORIGIN, paths.quoted(f"/kit/{text}")))
    assert paths.is_local(paths.quoted(f"/kit/{text}"))
    assert found.netloc == "varde.test"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "", ":8000",
        "127.0.0.1:8000:8000", "user@127.0.0.1:8000", "127.0.0.1:8000/", "[::1]:80", "127.1:8000",
        "127.0.0.1:", "localhost.:8000", "0x7f000001:8000", "127.0.0.1:8000 ",
    ],
)  # fmt: skip
def test_a_name_that_is_not_ours_is_refused(host: str):
    allowed = ("127.0.0.1", "localhost", "[::1]")
    assert not hosts.is_ours(host, allowed, "http", 8000)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "LOCALHOST:8000", "[::1]:8000", "bench:443"])
def test_our_own_names_are_ours(host: str):
    assert hosts.is_ours(host, ("127.0.0.1", "localhost", "[::1]", "bench:443"), "http", 8000)


@given(st.text(max_size=40))
def test_any_host_is_ours_or_not(host: str):
    known = {"varde.test", "varde.test:80"}
    assert hosts.is_ours(host, ("varde.test",), "http", 80) is (host.lower() in known)


def test_without_a_token_nothing_is_right():
    with pytest.raises(PageRefused):
        csrf.check({}, ORIGIN, {"csrf": ""}, "")
    assert csrf.early_token(b"k" * 32, "") == ""
