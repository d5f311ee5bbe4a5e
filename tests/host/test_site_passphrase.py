"""Keys under a passphrase: how it is told, what a wrong one does, and where it never shows."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from host.terminal import Terminal
from varde_host import errors
from varde_host.commands import site_secrets
from varde_host.site import certificates, creation, files, hand_over, passphrases, sealed_key

PHRASE = "correct horse battery staple"
OTHER = "quite another five words"
KINDS = [
    ed25519.Ed25519PrivateKey.generate(),
    x25519.X25519PrivateKey.generate(),
    ec.generate_private_key(ec.SECP256R1()),
]


def plain(key: object) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def file_of(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealed_key, "SCRYPT_COST", 2)
    monkeypatch.setattr(sealed_key, "SCRYPT_PARALLELIZATION", 1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> files.Site:
    directory = tmp_path_factory.mktemp("site") / "site"
    plan = creation.Plan(PHRASE.encode())
    return creation.create(directory, "Fjord", ["c.test"], certificates.Validity(), plan)


def test_two_files_of_one_key_share_no_salt():
    one, two = (sealed_key.write(KINDS[0], PHRASE.encode()) for _ in range(2))
    assert not set(one.splitlines()[1:-1]) & set(two.splitlines()[1:-1])


@given(data=st.data())
@settings(max_examples=40)
def test_a_damaged_key_is_refused_and_nothing_else(data: st.DataObject):
    pem = sealed_key.write(KINDS[0], None)
    at = data.draw(st.integers(0, len(pem) - 1))
    changed = pem[:at] + bytes([data.draw(st.integers(0, 255))]) + pem[at + 1 :]
    for altered in (changed, pem[:at]):
        try:
            key = sealed_key.read(altered, None, "x")
        except errors.InputRefused:
            continue
        assert key is not None  # PEM has room for what is outside of it


@given(data=st.data())
@settings(max_examples=25)
def test_a_damaged_key_under_a_passphrase_asks_for_no_memory_that_is_not_there(
    data: st.DataObject,
):
    pem = sealed_key.write(KINDS[0], PHRASE.encode()).splitlines()
    line = data.draw(st.integers(1, len(pem) - 2))
    at = data.draw(st.integers(0, len(pem[line]) - 1))
    pem[line] = pem[line][:at] + bytes([data.draw(st.integers(43, 122))]) + pem[line][at + 1 :]
    try:
        key = sealed_key.read(b"\n".join(pem), PHRASE.encode(), "x")
    except errors.InputRefused as error:
        assert error.code == "passphrase-wrong"  # noqa: PT017 either is right
    else:  # CBC keeps nobody from altering: then it is another key, whose public half differs
        same = plain(key) == plain(KINDS[0])
        assert same == (key.public_key() == KINDS[0].public_key())


def test_which_keys_are_under_a_passphrase(site: files.Site):
    shut = {
        path.name
        for path in site.directory.glob("*.key")
        if sealed_key.is_encrypted(path.read_bytes())
    }
    everything = {path.name for path in site.directory.glob("*.key")}
    assert everything - shut == {"collector.key", "server.key"}


def test_a_command_tells_a_passphrase_once(site: files.Site, tmp_path: Path):
    secrets = passphrases.Secrets([file_of(tmp_path / "phrase", PHRASE + "\n")])
    loaded = files.load(site.directory, secrets)
    assert len(loaded.signers("trust", 2)) == 2
    (tmp_path / "phrase").unlink()
    loaded.signer("assignment")
    assert loaded.receiver_private()


def test_several_files_are_tried_in_turn(site: files.Site, tmp_path: Path):
    phrases = [file_of(tmp_path / name, name) for name in (OTHER, PHRASE)]
    files.load(site.directory, passphrases.Secrets(phrases)).signer("service")
    with pytest.raises(errors.InputRefused, match="passphrase-wrong"):
        files.load(site.directory, passphrases.Secrets(phrases[:1])).signer("service")


def test_the_environment_names_a_file(
    site: files.Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = file_of(tmp_path / "phrase", PHRASE)
    monkeypatch.setenv(passphrases.PASSPHRASE_FILE_VARIABLE, str(file))
    files.load(site.directory).signer("service")


def test_an_open_descriptor_tells_it_too(site: files.Site):
    reading, writing = os.pipe()
    os.write(writing, PHRASE.encode() + b"\n")
    os.close(writing)
    try:
        secrets = passphrases.Secrets([Path(f"/dev/fd/{reading}")])
        files.load(site.directory, secrets).signer("service")
    finally:
        os.close(reading)


def test_without_a_terminal_it_says_what_to_do(site: files.Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(errors.InputRefused, match="passphrase-needed"):
        files.load(site.directory, passphrases.Secrets()).signer("service")


def test_without_a_terminal_a_pin_is_asked_for_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(errors.InputRefused, match="pin-needed"):
        passphrases.Secrets([file_of(tmp_path / "phrase", PHRASE)]).pin("Varde", None)


def test_what_is_not_given_is_the_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Who names a passphrase's file has not taken back the PIN's."""
    phrase, pin = file_of(tmp_path / "phrase", PHRASE), file_of(tmp_path / "pin", "1234")
    monkeypatch.setenv(passphrases.PIN_FILE_VARIABLE, str(pin))
    assert site_secrets.told([phrase]).pin("Varde", None) == "1234"
    monkeypatch.setenv(passphrases.PASSPHRASE_FILE_VARIABLE, str(phrase))
    assert site_secrets.told(None, pin).new("x") == PHRASE.encode()


@pytest.mark.parametrize(
    "text", ["", "\n", "a\tb", "a\x00b", "x" * (passphrases.MAX_BYTES + 1), "\n" + PHRASE]
)
def test_what_is_no_passphrase_is_refused(text: str, tmp_path: Path):
    file = file_of(tmp_path / "phrase", text)
    with pytest.raises(errors.InputRefused, match="passphrase-text"):
        passphrases.Secrets([file]).new("x")


def test_bytes_that_are_no_text_are_refused_and_not_told(tmp_path: Path):
    file = tmp_path / "phrase"
    file.write_bytes(b"secret\xff\n")
    file.chmod(0o600)
    with pytest.raises(errors.InputRefused, match="passphrase-text") as caught:
        passphrases.Secrets([file]).new("x")
    assert "secret" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_every_keyboard_spells_it_alike(tmp_path: Path):
    text = "blåbærsyltetøy på brødskiva"
    spelled = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert spelled[0] != spelled[1]
    made = [
        passphrases.Secrets([file_of(tmp_path / f"{number}", one)]).new("x")
        for number, one in enumerate(spelled)
    ]
    assert made[0] == made[1] == text.encode()


def test_a_short_new_one_is_refused(tmp_path: Path):
    file = file_of(tmp_path / "phrase", "x" * (passphrases.LEAST_CHARACTERS - 1))
    with pytest.raises(errors.InputRefused, match="passphrase-short"):
        passphrases.Secrets([file]).new("x")


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o660, 0o666])
def test_a_passphrase_that_others_may_read_is_refused(tmp_path: Path, mode: int):
    with pytest.raises(errors.InputRefused, match="secret-open"):
        passphrases.Secrets([file_of(tmp_path / "phrase", PHRASE, mode)]).new("x")


def test_a_plain_key_that_others_may_read_is_refused(tmp_path: Path):
    plan = creation.Plan()
    made = creation.create(tmp_path / "s", "s", ["x"], certificates.Validity(), plan)
    (tmp_path / "s" / files.COLLECTOR_KEY).chmod(0o644)
    with pytest.raises(errors.InputRefused, match="key-open"):
        made.collector_seed()


def test_a_key_under_a_passphrase_may_lie_on_a_stick_without_modes(site: files.Site):
    key = site.directory / "service.key"
    key.chmod(0o755)
    try:
        site.signer("service")
    finally:
        key.chmod(0o600)


def test_handing_over_leaves_the_old_and_proves_the_new(site: files.Site, tmp_path: Path):
    secrets = [
        passphrases.Secrets([file_of(tmp_path / str(number), phrase)])
        for number, phrase in enumerate((PHRASE, OTHER))
    ]
    old, out = site.directory / "service.key", tmp_path / "stick" / "service.key"
    before = old.read_bytes()
    public = hand_over.copy(old, out, *secrets)
    assert public == site.roles["service"].publics[0]
    assert old.read_bytes() == before
    with pytest.raises(errors.InputRefused, match="passphrase-wrong"):
        sealed_key.read(out.read_bytes(), PHRASE.encode(), "x")
    sealed_key.read(out.read_bytes(), OTHER.encode(), "x")
    again = passphrases.Secrets([file_of(tmp_path / "3", "more words than fifteen")])
    secrets[0].tell(PHRASE.encode())
    with pytest.raises(errors.InputRefused, match="file-exists"):
        hand_over.copy(old, out, secrets[0], again)


class Typed:
    """A person at a terminal of their own, who answers each question as it comes."""

    def __init__(self, arguments: list[str], answers: list[str]) -> None:
        own, theirs = pty.openpty()
        environment = {**os.environ, "VARDE_LANGUAGE": "en"}
        environment.pop(passphrases.PASSPHRASE_FILE_VARIABLE, None)
        child = subprocess.Popen(
            [sys.executable, "-m", "varde_host", *arguments],
            stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = b""
        asking = threading.Thread(target=self._answer, args=(own, answers))
        asking.start()
        self.out, _ = child.communicate(timeout=60)
        asking.join()
        os.close(own)
        self.status = child.returncode

    def _answer(self, own: int, answers: list[str]) -> None:
        waiting = list(answers)
        while True:
            try:
                data = os.read(own, 4096)
            except OSError:  # the other end is closed: it has ended
                return
            self.shown += data
            if data.rstrip().endswith(b":") and waiting:
                os.write(own, waiting.pop(0).encode() + b"\n")


def test_a_person_is_asked_twice_for_a_new_one_and_it_does_not_show(tmp_path: Path):
    typed = Typed(["site", "init", str(tmp_path / "site")], [PHRASE, PHRASE])
    assert typed.status == 0, typed.shown
    assert typed.shown.count(b"assphrase") == 1
    assert b"Once more" in typed.shown
    assert PHRASE.encode() not in typed.shown + typed.out
    made = files.load(tmp_path / "site", passphrases.Secrets())
    made.secrets.tell(PHRASE.encode())
    made.signer("trust")
    checking = Typed(["site", "check", "--site", str(tmp_path / "site"), "--json"], [PHRASE])
    assert checking.status == 0
    assert checking.shown.count(b"assphrase") == 1
    assert checking.out.count(b'"proven"') == 9


def test_two_that_differ_make_nothing(tmp_path: Path):
    typed = Typed(["site", "init", str(tmp_path / "site")], [PHRASE, OTHER])
    assert typed.status == 1
    assert b"differ" in typed.shown
    assert not (tmp_path / "site").exists()


def test_init_wants_a_passphrase_or_a_plain_no(tmp_path: Path, terminal: Terminal):
    new = tmp_path / "site"
    assert terminal.json("site", "init", new)[1]["error"] == "passphrase-needed"
    assert not new.exists()
    phrase = file_of(tmp_path / "phrase", PHRASE)
    both = ("--passphrase-file", phrase, "--no-passphrase")
    assert terminal.json("site", "init", new, *both)[1]["error"] == "passphrase-both"
    assert terminal.run("site", "init", new, *both[:2])[0] == 0
    assert sealed_key.is_encrypted((new / "trust-1.key").read_bytes())


def test_no_argument_takes_a_passphrase(terminal: Terminal):
    for command in ("init", "backup", "restore", "check", "release-keys", "hand-over"):
        out = terminal.run("site", command, "--help")[1]
        assert "--passphrase " not in out
        assert "--pin " not in out


def test_no_failure_repeats_a_secret(
    tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, cheap: None
):
    wrong, right = "a wrong one of many words", PHRASE
    for name, text in (("wrong", wrong), ("right", right)):
        file_of(tmp_path / name, text)
    new, key = tmp_path / "site", tmp_path / "site" / "service.key"
    told = ("--passphrase-file", tmp_path / "right")
    said = [terminal.run("site", "init", new, *told)]
    seed = plain(sealed_key.read(key.read_bytes(), right.encode(), "x"))[-32:]
    wrongly = ("--passphrase-file", tmp_path / "wrong")
    said += [
        terminal.run("site", "check", "--site", new, *wrongly, "--json"),
        terminal.run("site", "hand-over", key, tmp_path / "copy", *wrongly),
        terminal.run("site", "restore", key, tmp_path / "other", *wrongly),
        terminal.run("readings", "--site", new),
        terminal.run("--language", "en", "site", "show", "--site", new),
    ]

    def broken(*_arguments: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(sealed_key.serialization, "load_pem_private_key", broken)
    said.append(terminal.run("site", "hand-over", key, tmp_path / "copy", *told))
    monkeypatch.setattr(sealed_key, "read", broken)
    said.append(terminal.run("site", "hand-over", key, tmp_path / "copy", *told))
    assert [status for status, _, _ in said] == [0, 0, 1, 1, 1, 0, 1, 70]
    shown = "".join(out + err for _, out, err in said)
    for secret in (wrong, right, seed.hex(), repr(seed), str(seed)):
        assert secret not in shown
    assert "ZeroDivisionError" in shown
