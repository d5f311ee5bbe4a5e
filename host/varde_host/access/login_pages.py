"""The pages by which people come in and go out: two factors, the municipality's own login, the
choice of municipality and function, logging out.

Nothing is decided here: `local_login`, `oidc_login` and `gate` do.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import logging
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import RedirectResponse, Response

from varde_host import errors, explaining
from varde_host.access import local_login, oidc_pending, serving
from varde_host.access.identity import Identity, Practising, Provided
from varde_host.access.tenants import Tenant
from varde_host.collector import log
from varde_host.inventory import who
from varde_host.pages import cookies, paths, refusals
from varde_host.pages.asked import Asked
from varde_host.pages.page import PUBLIC, Page

OIDC_COOKIE: Final = "oidc"
PRACTISING: Final = "ovelse"
# Two at once, each with its 64 MiB: the others wait here, and hold up nothing else.
_TRYING: Final = concurrent.futures.ThreadPoolExecutor(2, "login")
_WRONG: Final = ("til-02", "til-03", "til-08")


def pages() -> Sequence[Page]:
    """Return the pages of logging in and out, of every server."""
    return (
        Page("GET", "/login", PUBLIC, ask),
        Page("POST", "/login", PUBLIC, log_in),
        Page("GET", "/login/start/{site}", PUBLIC, start),
        Page("GET", "/login/back", PUBLIC, back),
        Page("GET", "/login/leave/{site}", PUBLIC, leave),
        Page("GET", "/choose", PUBLIC, ask_choice),
        Page("POST", "/choose", PUBLIC, choose),
        Page("POST", "/logout", PUBLIC, log_out),
    )


async def ask(asked: Asked) -> Response:
    """Show the way in: which municipality, if there are several, then how."""
    access, wanted = _access(asked), _next(asked.query)
    if asked.visitor is not None:
        return asked.go(wanted)
    session = access.gate.session(asked.session_cookie, asked.now_ms)
    if session is not None and access.gate.choices(session.identity):
        return asked.go(_with_next("/choose", wanted))
    return _form(asked, _chosen(asked), wanted)


async def log_in(asked: Asked) -> Response:
    """Let somebody in by password and code; in practice by the button alone."""
    access, wanted = _access(asked), _next(asked.form)
    tenant = _chosen(asked)
    if tenant is None:
        raise refusals.missing()
    if access.tenants.is_practice:
        return _begun(asked, Practising(_practising(asked)), tenant, wanted)
    given = local_login.Given(
        asked.form.get("person", ""), asked.form.get("password", ""), asked.form.get("code", "")
    )
    try:
        _take_turn(asked)
        found = await asyncio.get_running_loop().run_in_executor(
            _TRYING, local_login.log_in, access.sessions, tenant, given, asked.now_ms
        )
    except errors.InputRefused as error:
        if error.code not in _WRONG:
            raise
        log.event("login-refused", logging.WARNING, site=tenant.key, code=error.code)
        return _form(asked, tenant, wanted, error)
    return _begun(asked, found, tenant, wanted)


def _practising(asked: Asked) -> str:
    """Return who practises, for the certificate; nobody has to say. InputRefused `by-person`."""
    given = asked.form.get("person", "").strip()
    return who.Who(who.TECHNICIAN, given).person if given else PRACTISING


async def start(asked: Asked) -> Response:
    """Send somebody to the municipality's own login."""
    access, tenant = _access(asked), _chosen(asked)
    if tenant is None or tenant.rules.provider is None:
        raise refusals.missing()
    _take_turn(asked)  # each that is begun drives out the oldest, once there are too many
    redirect = _origin(asked) + "/login/back"
    address, number = await access.oidc.begin(
        tenant.key, redirect, _next(asked.query), asked.now_ms
    )
    response = RedirectResponse(address, status_code=303)
    response.set_cookie(
        _oidc_cookie(asked), number, max_age=oidc_pending.LASTS_MS // 1000, path="/login/back",
        secure=asked.context.is_tls, httponly=True, samesite="lax",
    )  # fmt: skip
    return response


async def back(asked: Asked) -> Response:
    """Let in somebody whom the municipality's own login sends back.

    The session's cookie goes with no request that another site has begun, and this one is such;
    so the answer is a page of ours, which goes on by itself.
    """
    access = _access(asked)
    number = asked.request.cookies.get(_oidc_cookie(asked), "")
    try:
        found, wanted = await access.oidc.end(number, asked.query, asked.now_ms)
        token = access.gate.begin(found, asked.now_ms, asked.language)
    except errors.HostError as error:
        log.event("login-refused", logging.WARNING, code=error.code)
        raise
    log.event("login", person=found.person, issuer=found.issuer)
    response = asked.page("access/arrived.html", onward=paths.local(wanted))
    response.delete_cookie(_oidc_cookie(asked), path="/login/back")
    return asked.keep_session(response, token)


async def leave(asked: Asked) -> Response:
    """Send somebody to the municipality's own login to log out there as well."""
    access, tenant = _access(asked), _chosen(asked)
    if tenant is None or tenant.rules.provider is None:
        raise refusals.missing()
    home = _origin(asked) + "/login"
    return RedirectResponse(await access.oidc.farewell(tenant.key, home, asked.now_ms), 303)


async def ask_choice(asked: Asked) -> Response:
    """Ask for which municipality and in which function."""
    access = _access(asked)
    session = access.gate.session(asked.session_cookie, asked.now_ms)
    if session is None:
        return asked.go(_with_next("/login", _next(asked.query)))
    return asked.page(
        "access/choose.html",
        open_to=access.gate.choices(session.identity),
        is_several=len(access.tenants.all) > 1,
        in_use=f"{session.site} {session.function}",
        onward=_next(asked.query),
    )


async def choose(asked: Asked) -> Response:
    """Go on in the function that was chosen."""
    access = _access(asked)
    site, _, function = asked.form.get("choice", "").partition(" ")
    token = access.gate.choose(asked.session_cookie, asked.now_ms, site, function)
    return asked.keep_session(asked.go(_next(asked.form)), token)


async def log_out(asked: Asked) -> Response:
    """End the session, here and in the browser."""
    access = _access(asked)
    session = access.gate.session(asked.session_cookie, asked.now_ms)
    access.sessions.end(asked.session_cookie)
    query = "?out=1"
    if session is not None:
        log.event("logout", person=session.identity.person, site=session.site)
        if isinstance(session.identity, Provided) and session.site:
            query += f"&site={session.site}"
    return asked.end_session(asked.go("/login" + query))


def _begun(asked: Asked, found: Identity, tenant: Tenant, wanted: str) -> Response:
    access = _access(asked)
    access.sessions.end(asked.session_cookie)
    token = access.gate.begin(found, asked.now_ms, asked.language)
    log.event("login", person=found.person, site=tenant.key)
    return asked.keep_session(asked.go(wanted), token)


def _form(
    asked: Asked, tenant: Tenant | None, wanted: str, error: errors.InputRefused | None = None
) -> Response:
    access = _access(asked)
    response = asked.page(
        "access/login.html",
        status=200 if error is None else 422,
        chosen=tenant,
        provider=tenant.rules.provider if tenant else None,
        is_local=tenant.rules.is_local_allowed if tenant else False,
        several=access.tenants.all if len(access.tenants.all) > 1 else (),
        problem=None if error is None else explaining.of_error(error),
        person=asked.form.get("person", "")[:30],
        onward=wanted,
        is_out="out" in asked.query,
        link=lambda path: _with_next(path, wanted),
    )
    if error is not None and "minutes" in error.fields:
        response.headers["Retry-After"] = str(60 * int(str(error.fields["minutes"])))
    return response


def _take_turn(asked: Asked) -> None:
    """Hold back an address that tries more than people do, whoever it tries to be."""
    client = asked.request.client
    name = hashlib.sha256(str(client and client.host).encode()).digest()[:8]
    wait_s = _access(asked).tries.take(int.from_bytes(name, "big"), asked.now_ms)
    if wait_s:
        raise errors.InputRefused("til-03", minutes=1 + wait_s // 60)


def _access(asked: Asked) -> serving.Access:
    found = asked.extra[serving.EXTRA]
    assert isinstance(found, serving.Access)
    return found


def _chosen(asked: Asked) -> Tenant | None:
    """Return the municipality that is named, or the only one."""
    everywhere = _access(asked).tenants
    named = asked.path.get("site") or asked.form.get("site") or asked.query.get("site")
    if named:
        return everywhere.find(named)
    return everywhere.all[0] if len(everywhere.all) == 1 else None


def _next(given: Mapping[str, str]) -> str:
    """Return where somebody wants to go, a path of this server and none of these pages."""
    wanted = paths.local(given.get("next", "/"))
    return "/" if wanted.startswith(("/login", "/logout", "/choose")) else wanted


def _with_next(path: str, wanted: str) -> str:
    if wanted == "/":
        return path
    return f"{path}{'&' if '?' in path else '?'}next={urllib.parse.quote(wanted)}"


def _origin(asked: Asked) -> str:
    scheme = "https" if asked.context.is_tls else "http"
    return f"{scheme}://{asked.request.headers['host']}"


def _oidc_cookie(asked: Asked) -> str:
    """Its path is not "/", so it cannot have the prefix of the others over TLS."""
    return cookies.name(OIDC_COOKIE, asked.context.name, is_tls=False)
