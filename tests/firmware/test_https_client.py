"""The hub's HTTPS client against real servers, honest and other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware import hub_vm, tls_servers


@pytest.fixture
def authorities(tmp_path: Path) -> dict[str, tls_servers.Authority]:
    made = {name: tls_servers.Authority(name) for name in ("first", "second", "stranger")}
    for name, authority in made.items():
        (tmp_path / f"{name}.der").write_bytes(authority.der)
    return made


@pytest.fixture
def servers() -> Iterator[list[tls_servers.Server]]:
    made: list[tls_servers.Server] = []
    yield made
    for server in made:
        server.close()


def outcomes(tmp_path: Path, servers: list[tls_servers.Server]) -> list[str]:
    roots = ",".join(str(tmp_path / f"{name}.der") for name in ("first", "second"))
    ports = [str(server.port) for server in servers]
    return hub_vm.run_script("https_client.py", roots, *ports).splitlines()


def test_each_pinned_root_will_do_and_no_other(tmp_path, authorities, servers) -> None:
    for name in ("first", "second", "stranger"):
        certificate = authorities[name].issue("localhost", tmp_path, -1, 1)
        servers.append(tls_servers.Server(certificate, tls_servers.at_once))
    good = "200 hello / 200 hello"
    assert outcomes(tmp_path, servers) == [good, good, "refused 1 / refused 1"]
    assert [server.connections for server in servers] == [1, 1, 2]


def test_a_certificate_must_be_for_the_host_and_for_now(tmp_path, authorities, servers) -> None:
    for name, first_day, last_day in (
        ("elsewhere.example", -1, 1),
        ("localhost", -9, -1),
        ("localhost", 1, 9),
    ):
        certificate = authorities["first"].issue(name, tmp_path, first_day, last_day)
        servers.append(tls_servers.Server(certificate, tls_servers.at_once))
    assert outcomes(tmp_path, servers) == [
        "refused 2 / refused 2",
        "refused 3 / refused 3",
        "refused 3 / refused 3",
    ]


def test_an_expired_root_is_refused_and_the_second_one_serves(tmp_path, servers) -> None:
    """As after a rotation that somebody forgot, and after one that nobody forgot."""
    for name, last_day in (("first", -1), ("second", 3650)):
        authority = tls_servers.Authority(name, last_day)
        (tmp_path / f"{name}.der").write_bytes(authority.der)
        certificate = authority.issue("localhost", tmp_path, -20, 20)
        servers.append(tls_servers.Server(certificate, tls_servers.at_once))
    assert outcomes(tmp_path, servers) == ["refused 3 / refused 3", "200 hello / 200 hello"]


def test_a_strangers_certificate_is_no_question_of_time(
    tmp_path, authorities, servers
) -> None:
    """Else it would make the hub look for a time at which it holds."""
    for first_day, last_day in ((1, 9), (-9, -1)):
        certificate = authorities["stranger"].issue("localhost", tmp_path, first_day, last_day)
        servers.append(tls_servers.Server(certificate, tls_servers.at_once))
    certificate = authorities["first"].issue("elsewhere.example", tmp_path, 1, 9)
    servers.append(tls_servers.Server(certificate, tls_servers.at_once))
    assert outcomes(tmp_path, servers) == [
        "refused 1 / refused 1",
        "refused 1 / refused 1",
        "refused 2 / refused 2",
    ]


def test_answers_in_pieces_broken_and_closing(tmp_path, authorities, servers) -> None:
    certificate = authorities["first"].issue("localhost", tmp_path, -1, 1)
    for answer in (
        tls_servers.in_pieces,
        tls_servers.chunked,
        tls_servers.cut_short,
        tls_servers.closing,
    ):
        servers.append(tls_servers.Server(certificate, answer))
    assert outcomes(tmp_path, servers) == [
        "200 hello / 200 hello",
        "http-chunked / http-chunked",
        "http-truncated / http-truncated",
        "200 hello / 200 hello",
    ]
    assert [server.connections for server in servers] == [1, 2, 2, 2]


def test_an_answer_byte_by_byte_has_one_limit_for_all(tmp_path, authorities, servers) -> None:
    certificate = authorities["first"].issue("localhost", tmp_path, -1, 1)
    servers.append(tls_servers.Server(certificate, tls_servers.drip))
    assert outcomes(tmp_path, servers) == ["OSError / OSError"]


def test_a_server_that_says_nothing_and_one_that_is_not_there(tmp_path, servers) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.der").write_bytes(tls_servers.Authority(name).der)
    servers.append(tls_servers.Server(None, tls_servers.at_once))
    gone = tls_servers.Server(None, tls_servers.at_once)
    gone.close()
    servers.append(gone)
    assert outcomes(tmp_path, servers) == ["OSError / OSError", "OSError / OSError"]
