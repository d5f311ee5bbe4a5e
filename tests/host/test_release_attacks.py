"""Sabotage of a release, one line each, and what a hub or a holder says to it."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host import release_bench
from host.release_bench import FILES, HOLDERS, NUMBER, STRANGERS, WHO, Release
from host.terminal import Terminal
from varde_host import errors
from varde_host.release import blocks, bundle, folder, judging, sbom, signing
from varde_protocols import cbor, documents, release
from varde_protocols.errors import DocumentError

PATH = "varde_firmware/x.mpy"


@pytest.fixture
def made(tmp_path: Path) -> Release:
    """Signed by two, and good."""
    return release_bench.make(tmp_path / "out").sign(*HOLDERS[:2])


@pytest.fixture
def other(tmp_path: Path) -> Release:
    """The next release, with other code, as good."""
    files = {**FILES, "boards/generic.mpy": release_bench.mpy(b"other pins")}
    return release_bench.make(tmp_path / "next", number=8, files=files).sign(*HOLDERS[:2])


def changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def flipped(at: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        place = at % len(data)
        return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]

    return change


def signed_by(*signers, payload: bytes, kind: int = documents.RELEASE) -> bytes:
    return documents.sign(kind, payload, signers)


def other_payload(made: Release, **fields: object) -> bytes:
    given = made.given
    values = [fields.get(name, getattr(given, name)) for name in release.Release.FIELDS]
    return release.Release(*values).encode()


def own(made: Release) -> bytes:
    return made.place.payload()


def serve(made: Release, document: bytes) -> None:
    made.document.write_bytes(document)


def forge_blocks(made: Release, other: Release) -> None:
    made.component.write_bytes(other.component.read_bytes())
    made.block_list.write_bytes(blocks.listing(other.component.read_bytes()))


def with_signatures_of(made: Release, other: Release) -> bytes:
    mine, theirs = made.document.read_bytes(), other.document.read_bytes()
    assert len(own(made)) == len(own(other))
    return mine.replace(mine[-164:], theirs[-164:])


# What an attacker does to the folder that hubs are served, and the reason that a hub gives.
ON_THE_SERVER: dict[str, tuple[Callable[[Release, Release], object], str]] = {
    "wrong_hash_in_the_first_block": (lambda a, b: changed(a.component, flipped(0)), "wrong-hash"),
    "wrong_hash_in_the_last_block": (lambda a, b: changed(a.component, flipped(-1)), "wrong-hash"),
    "endless_data": (lambda a, b: changed(a.component, lambda d: d + bytes(99_999)), "wrong-hash"),
    "cut_short": (lambda a, b: changed(a.component, lambda d: d[:-1]), "wrong-hash"),
    "empty_file": (lambda a, b: changed(a.component, lambda d: b""), "wrong-hash"),
    "taken_away": (lambda a, b: a.component.unlink(), "wrong-hash"),
    "list_of_blocks_taken_away": (lambda a, b: a.block_list.unlink(), "wrong-hash"),
    "list_of_blocks_longer": (lambda a, b: changed(a.block_list, lambda d: d * 2), "wrong-hash"),
    "list_of_blocks_shorter": (lambda a, b: changed(a.block_list, lambda d: b""), "wrong-hash"),
    "blocks_with_a_list_that_fits_them": (forge_blocks, "wrong-hash"),
    "code_of_another_release": (lambda a, b: a.component.write_bytes(b.component.read_bytes()),
                                "wrong-hash"),
    "document_of_one_kept_key": (lambda a, b: serve(a, signed_by(HOLDERS[0], payload=own(a))),
                                 "signature"),
    "document_of_strangers": (lambda a, b: serve(a, signed_by(*STRANGERS, payload=own(a))),
                              "unknown-key"),
    "one_kept_key_and_strangers": (
        lambda a, b: serve(a, signed_by(HOLDERS[0], *STRANGERS, payload=own(a))), "signature"),
    "assignment_signed_by_release_keys": (
        lambda a, b: serve(a, signed_by(*HOLDERS, payload=own(a), kind=documents.ASSIGNMENT)),
        "signature"),
    "trust_signed_by_release_keys": (
        lambda a, b: serve(a, signed_by(*HOLDERS, payload=own(a), kind=documents.TRUST)),
        "signature"),
    "payload_without_a_document": (lambda a, b: serve(a, own(a)), "signature"),
    "signatures_of_another_release": (lambda a, b: serve(a, with_signatures_of(a, b)),
                                      "signature"),
    "signature_bit_flipped": (lambda a, b: changed(a.document, flipped(-1)), "signature"),
    "one_signature_taken_away": (lambda a, b: changed(a.document, lambda d: d[:-82]), "signature"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ON_THE_SERVER)
def test_on_the_server(attack: str, made: Release, other: Release):
    sabotage, reason = ON_THE_SERVER[attack]
    assert (made.hub(), made.bad()) == ("none", set())
    sabotage(made, other)
    assert made.hub() == reason
    assert made.bad() & {"files", "signers", "served"}


def test_rollback(made: Release, other: Release):
    assert made.hub(runs=other.given.number) == "rollback"


def test_freeze_shows_the_same_again(made: Release):
    assert made.hub(runs=NUMBER) == "rollback"


def test_mix_and_match_of_two_signed_releases(made: Release, other: Release):
    (made.place.path / folder.PAYLOAD).write_bytes(own(other))
    assert made.bad() >= {"files", "signers"}
    assert made.hub() == "wrong-hash"


def test_release_of_another_number_under_this_ones_name(made: Release, other: Release):
    serve(made, other.document.read_bytes())
    assert made.hub() == "wrong-hash"
    assert made.bad() == {"served"}


def test_fast_forward_to_the_highest_number_needs_two_keys(made: Release):
    payload = other_payload(made, number=release.MAX_NUMBER)
    with pytest.raises(errors.InputRefused, match="release-other"):
        signing.sign(made.place, WHO, (), [signed_by(*HOLDERS, payload=payload)])


def test_one_key_counts_once(made: Release):
    twice = made.copy(made.place.path.with_name("twice"))
    (twice.place.path / folder.DOCUMENT).unlink()
    twice.document.unlink()
    assert twice.sign(HOLDERS[0], HOLDERS[0]).sign(HOLDERS[0]).hub() == "signature"


def test_a_stranger_joins_in(made: Release):
    theirs = signed_by(STRANGERS[0], payload=own(made))
    with pytest.raises(errors.InputRefused, match="release-stranger"):
        signing.sign(made.place, WHO, (), [theirs])


def test_a_forged_signature_is_joined(made: Release):
    forged = flipped(-1)(signed_by(HOLDERS[2], payload=own(made)))
    with pytest.raises(errors.InputRefused, match="release-signature"):
        signing.sign(made.place, WHO, (), [forged])
    assert made.hub() == "none"


def test_a_floor_above_itself_cannot_be_written(made: Release):
    with pytest.raises(DocumentError):
        other_payload(made, floor=NUMBER + 1)


@pytest.mark.parametrize("name", [folder.SBOM])
def test_bill_of_another_release(name: str, made: Release, other: Release):
    (made.place.path / name).write_bytes((other.place.path / name).read_bytes())
    assert made.bad() == {"sbom"}


def test_bill_that_hides_a_file(made: Release):
    path = made.place.path / folder.SBOM
    fields = json.loads(path.read_text())
    fields["components"][0]["components"].clear()
    path.write_text(json.dumps(fields))
    assert made.bad() == {"sbom"}


def test_bill_that_is_none(made: Release):
    (made.place.path / folder.SBOM).write_bytes(b"{}")
    assert made.bad() == {"sbom"}


def test_bill_nested_without_end():
    with pytest.raises(errors.InputRefused, match="sbom-malformed"):
        sbom.facts(b"[" * 200_000)


def paths_in(value: object, here: tuple = ()) -> list[tuple]:
    """Where something stands in a JSON document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, inner in pairs:
        found.append((*here, key))
        if isinstance(inner, dict | list):
            found += paths_in(inner, (*here, key))
    return found


JSON = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just([]),
                 st.just({}), st.just([[]]), st.just([{}]))  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_bill_with_anything_in_it_is_judged(made: Release, data: st.DataObject):
    fields = json.loads((made.place.path / folder.SBOM).read_text())
    *outer, last = data.draw(st.sampled_from(paths_in(fields)))
    inner = fields
    for key in outer:
        inner = inner[key]
    inner[last] = data.draw(JSON)
    with contextlib.suppress(errors.InputRefused):
        assert isinstance(sbom.facts(json.dumps(fields).encode()), sbom.Facts)


def test_payload_exchanged_while_the_passphrase_is_typed(made: Release, other: Release):
    judged = made.judge().given
    (made.place.path / folder.PAYLOAD).write_bytes(own(other))
    (made.place.path / folder.DOCUMENT).unlink()
    with pytest.raises(errors.InputRefused, match="release-other"):
        signing.sign(made.place, WHO, HOLDERS[:1], (), judged)


def test_name_that_commands_the_terminal(made: Release, terminal: Terminal):
    payload = other_payload(made, name="0.7.0\x1b[2K\rharmless")
    (made.place.path / folder.PAYLOAD).write_bytes(payload)
    shown = terminal.run("release", "show", made.place.path)[1]
    assert "\x1b[2K" not in shown
    assert "\r" not in shown


def test_two_keys_and_other_code_show_against_an_own_build(tmp_path: Path):
    files = {**FILES, "boards/generic.mpy": release_bench.mpy(b"back door")}
    made = release_bench.make(tmp_path / "out", files=files).sign(*HOLDERS[:2])
    assert made.hub() == "none"  # two keys are two keys
    assert made.bad() == {"build"}


def test_two_keys_and_code_for_another_chip(tmp_path: Path, made: Release):
    payload = other_payload(made, target="x86")
    forged = tmp_path / "forged"
    place = made.copy(forged)
    (forged / folder.PAYLOAD).write_bytes(payload)
    assert "bundle" in place.bad()


def test_a_flipped_bit_in_any_byte_that_hubs_get_is_found(made: Release):
    for path in sorted(made.served.iterdir()):
        whole = path.read_bytes()
        for at in range(len(whole)):
            wrong = whole[at] ^ 1 << at % 8
            path.write_bytes(whole[:at] + bytes((wrong,)) + whole[at + 1 :])
            assert made.hub() != "none", (path.name, at)
        path.write_bytes(whole)
    assert made.hub() == "none"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([folder.PAYLOAD, folder.DOCUMENT, folder.SBOM]), st.binary(max_size=300))
def test_a_folder_of_anything_is_judged(made: Release, name: str, content: bytes):
    path = made.place.path / name
    whole = path.read_bytes()
    path.write_bytes(content)
    try:
        assert made.bad()
        judging.hub_says(made.place, WHO, judging.HubState())
    finally:
        path.write_bytes(whole)


def packed(plain: bytes, window_bits: int = bundle.WINDOW_BITS) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return packer.compress(plain) + packer.flush()


def listed(*pairs: tuple[object, object], head: list | None = None) -> bytes:
    size = sum(len(content) for _, content in pairs if isinstance(content, bytes))
    items = [head or [1, len(pairs), size], *(item for pair in pairs for item in pair)]
    return b"".join(cbor.encode(item) for item in items)


CODE = release_bench.mpy(b"code")
BUNDLES = {
    "path_out_of_the_slot": packed(listed(("../main.mpy", CODE))),
    "path_from_the_root": packed(listed(("/main.mpy", CODE))),
    "path_of_the_supervisor": packed(listed(("main.py", CODE))),
    "path_with_a_null": packed(listed(("a\0.mpy", CODE))),
    "path_in_capitals": packed(listed(("A.mpy", CODE))),
    "path_twice": packed(listed((PATH, CODE), (PATH, CODE))),
    "paths_out_of_order": packed(listed(("b.mpy", CODE), ("a.mpy", CODE))),
    "path_that_is_a_number": packed(listed((1, CODE))),
    "content_that_is_text": packed(listed((PATH, "text"), head=[1, 1, 4])),
    "source_in_the_place_of_code": packed(listed((PATH, b"import os"))),
    "code_of_another_version": packed(listed((PATH, b"M\x05\x00\x1fcode"))),
    "code_for_two_chips": packed(listed(("a.mpy", release_bench.mpy(b"", 1)),
                                        ("b.mpy", release_bench.mpy(b"", 10)))),
    "code_for_an_unknown_chip": packed(listed((PATH, release_bench.mpy(b"", 9)))),
    "no_file": packed(listed()),
    "head_of_another_format": packed(listed((PATH, CODE), head=[2, 1, len(CODE)])),
    "head_that_says_less": packed(listed((PATH, CODE), head=[1, 1, 1])),
    "head_alone": packed(cbor.encode([1, 1, 8])),
    "path_without_content": packed(listed((PATH, CODE)) + cbor.encode("z.mpy")),
    "longer_spelling": packed(listed((PATH, CODE)).replace(b"\x83\x01\x01", b"\x83\x18\x01\x01")),
    "nothing_in_it": packed(b""),
    "inflates_without_end": packed(bytes(1 << 24)),
    "cut_stream": packed(listed((PATH, CODE)))[:-3],
    "more_behind_the_stream": packed(listed((PATH, CODE))) + b"!",
    "two_streams": packed(listed((PATH, CODE))) * 2,
    "wrong_checksum": packed(listed((PATH, CODE)))[:-1] + b"!",
    "window_larger_than_a_hub_has": packed(listed((PATH, CODE)), 15),
    "no_stream": listed((PATH, CODE)),
    "empty": b"",
}  # fmt: skip


@pytest.mark.parametrize("attack", BUNDLES)
def test_in_the_bundle(attack: str):
    with pytest.raises(errors.InputRefused, match="bundle-malformed"):
        bundle.decode(BUNDLES[attack])


def test_the_bundle_that_these_are_made_of_is_good():
    assert bundle.decode(packed(listed((PATH, CODE)))) == {PATH: CODE}
