"""Several municipalities on one server: nothing of one is reachable from a visit to another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from host import oidc_place
from host.login_place import HELLO, People, Server, make_site, serving_sites
from varde_host import errors
from varde_host.access import grants, identity, tenants
from varde_host.inventory import kits, schema
from varde_host.inventory.who import Who

NOW_MS = 1_795_000_000_000
NAMES = ("Fjordvik", "Nordre Ytterøy")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    top = tmp_path_factory.mktemp("tenants")
    return [make_site(top / f"site-{number}", name) for number, name in enumerate(NAMES)]


@pytest.fixture
def server(folders: list[Path], tmp_path: Path) -> Iterator[Server]:
    for folder in folders:
        (folder / "people.json").unlink(missing_ok=True)
        (folder / "access.toml").unlink(missing_ok=True)
    with serving_sites(folders, tmp_path) as served:
        yield served


def test_each_has_its_own_keys_inventory_and_database(server: Server, folders: list[Path]):
    first, second = server.tenants.all
    assert (first.name, second.name) == NAMES
    with first.inventory.writing() as connection:
        made = kits.create(
            connection, lambda top: top - 1, Who("lagertekniker", "t1"), NOW_MS, source="x"
        )
    with second.inventory.reading() as connection:
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(schema.kits)).scalar() == 0
        )
    assert made.kit_id
    assert first.site.signer("service").public != second.site.signer("service").public
    assert first.database != second.database
    assert first.site.secrets is not second.site.secrets


def test_the_same_short_id_in_two_towns_is_two_people(server: Server, folders: list[Path]):
    here = People(folders[0], "t17", "lagertekniker")
    there = People(folders[1], "t17", "revisor")

    async def story() -> None:
        key, other = (each.key for each in server.tenants.all)
        browser = server.browser()
        page = await browser.get("/login")
        assert all(name in page.text for name in NAMES)
        assert 'name="password"' not in page.text  # one question: which
        wrong = await browser.log_in(here, site=other)
        assert wrong.status_code == 422
        assert (await browser.log_in(here, site="ff" * 8)).status_code == 404
        assert (await browser.log_in(here)).status_code == 404  # none chosen
        done = await browser.log_in(here, site=key)
        assert done.status_code == 303
        assert (await browser.get("/")).text == "lagertekniker:t17 Fjordvik nb"
        moved = await browser.send("/choose", "/choose", choice=f"{other} revisor")
        assert (moved.status_code, "TIL-04" in moved.text) == (422, True)
        second = server.browser()
        await second.log_in(there, site=other)
        assert (await second.get("/")).text == "revisor:t17 Nordre Ytterøy nb"

    asyncio.run(story())


def test_one_login_by_one_provider_and_functions_in_each_town(server: Server, folders: list[Path]):
    provider = oidc_place.Provider("https://login.test", "")
    provider.configure(folders[0], '"A" = ["lagertekniker"]\n"B" = ["revisor"]\n')
    provider.configure(folders[1], '"B" = ["tjenesteeier"]\n')
    first, second = server.tenants.all
    who = identity.Provided("https://login.test", "varde", "p1", ("B",))
    assert grants.of(who, server.tenants) == {
        first.key: ("revisor",),
        second.key: ("tjenesteeier",),
    }
    stranger = identity.Provided("https://other.test", "varde", "p1", ("A", "B"))
    assert grants.of(stranger, server.tenants) == {}
    token = server.access.gate.begin(who, NOW_MS, "nb")
    assert server.access.gate.visit(token, NOW_MS) is None  # nothing is chosen for somebody
    token = server.access.gate.choose(token, NOW_MS, second.key, "tjenesteeier")
    visit = server.access.gate.visit(token, NOW_MS)
    assert visit is not None
    assert server.access.gate.tenant(visit) is second
    assert visit.functions == ("tjenesteeier",)
    # the other town closes its door, and this one's stays open
    provider.configure(folders[1], '"C" = ["tjenesteeier"]\n')
    assert server.access.gate.visit(token, NOW_MS) is None


def test_a_town_whose_rules_are_broken_keeps_everybody_out_of_it(
    server: Server, folders: list[Path]
):
    here = People(folders[0])
    key = server.tenants.all[0].key
    (folders[1] / "access.toml").write_text("nonsense")

    async def story() -> None:
        browser = server.browser()
        assert (await browser.get(f"/login?site={server.tenants.all[1].key}")).status_code == 422
        done = await browser.log_in(here, site=key)
        assert done.status_code == 303
        assert (await browser.get("/")).text.startswith("lagertekniker:t17")

    asyncio.run(story())
    oidc_place.Provider("https://login.test", "").configure(folders[0])
    who = identity.Provided("https://login.test", "varde", "p1", ("Varde lager",))
    assert grants.of(who, server.tenants) == {key: ("lagertekniker",)}


def test_towns_that_share_something_are_not_served(folders: list[Path], tmp_path: Path):
    namesake = make_site(tmp_path / "namesake", NAMES[0])
    for given in ([folders[0], folders[0]], [folders[0], namesake]):
        with pytest.raises(errors.InputRefused) as caught, tenants.opened(given):
            pass
        assert caught.value.code == "tenants-same"
    shared = make_site(tmp_path / "shared", "Sund")
    for what in ("inventory", "database"):
        (shared / "access.toml").write_text(
            f'[data]\n{what} = "{folders[0] / "inventory.sqlite"}"\n'
        )
        with pytest.raises(errors.InputRefused) as caught, tenants.opened([folders[0], shared]):
            pass
        assert caught.value.code == "tenants-same"
    with pytest.raises(errors.InputRefused) as caught, tenants.opened(folders, inventory="x"):
        pass
    assert caught.value.code == "tenants-many"


def test_practice_lets_in_by_a_button_and_nothing_else_does(folders: list[Path], tmp_path: Path):
    async def practise(server: Server) -> None:
        browser = server.browser()
        assert 'name="password"' not in (await browser.get("/login")).text
        await browser.send("/login", "/login")
        assert (await browser.get("/")).text.startswith("lagertekniker:ovelse")

    with serving_sites(folders[:1], tmp_path, is_practice=True) as server:
        asyncio.run(practise(server))
        token = server.access.gate.begin(identity.Practising("ovelse"), NOW_MS, "nb")
        server.sessions.close()
    with serving_sites(folders[:1], tmp_path) as real:  # the same file of sessions, a real site
        assert real.access.gate.visit(token, NOW_MS) is None
        with pytest.raises(errors.InputRefused):
            real.access.gate.begin(identity.Practising("ovelse"), NOW_MS, "nb")
    assert HELLO
