"""Procedures: which there are, what they ask, which is followed; and a yes to one."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from varde_host import errors, explaining, messages
from varde_host.pages.asked import Asked
from varde_host.pages.page import Page
from varde_host.verification import approved, procedure
from varde_host.verification import wording as judged_words


async def show_list(asked: Asked) -> Response:
    """Answer `GET /procedures`."""
    return _list(asked)


def _list(asked: Asked, refused: errors.InputRefused | None = None) -> Response:
    site, language = asked.tenant.site, messages.speaker.language
    used = {one.sha256 for one in approved.in_use(site).values()}
    yes = {one.sha256: one for one in approved.approvals(site)}
    found = sorted(approved.known(site).values(), key=lambda one: (one.id, one.version))
    return asked.page(
        "verify_page/procedures.html",
        200 if refused is None else 422,
        rows=[
            (one, one.title.text(language), judged_words.level_code(one.level_at_most),
             one.sha256 in used, yes.get(one.sha256 or ""))
            for one in found
        ],
        problem=None if refused is None else explaining.of_error(refused),
    )  # fmt: skip


async def show(asked: Asked) -> Response:
    """Answer `GET /procedures/PROCEDURE`: by its hash, as approvals name it."""
    site, language = asked.tenant.site, messages.speaker.language
    found = approved.known(site).get(asked.path["procedure"])
    if found is None:
        raise errors.InputRefused("verify-procedure-gone", asked.path["procedure"][:40])
    return asked.page(
        "verify_page/procedure.html",
        used=found,
        title=found.title.text(language),
        about=found.about.text(language),
        checks=[_check(check, language) for check in found.checks],
        not_checked=[one.text.text(language) for one in found.not_checked],
        is_approved=any(one.sha256 == found.sha256 for one in approved.approvals(site)),
        level=judged_words.level_code(found.level_at_most),
        level_word=judged_words.level(found.level_at_most),
    )


def _check(check: procedure.Check, language: str) -> tuple[str, str, str, str]:
    where = ", ".join(str(nominal) for nominal in check.nominals)
    limit = ""
    if check.limit is not None:
        known = check.limit.value
        limit = str(known) if known is not None else check.limit.rule
    elif check.low is not None:
        limit = f"{check.low} – {check.high}"
    return (
        check.name.text(language),
        " ".join(part for part in (where, check.unit or "") if part),
        limit.replace(".", ",") if language != "en" else limit,
        check.ask.text(language),
    )


async def approve(asked: Asked) -> Response:
    """Answer `POST /procedures`: say yes to one that is here (`sha256`), or to a file's text."""
    site, by = asked.tenant.site, asked.visit.by
    raw = approved.raw_of(site, asked.form.get("sha256", "")) or b""
    if not raw:
        raw = asked.form.get("text", "").replace("\r\n", "\n").encode()
    try:
        said = approved.approve(
            site, raw, function=by.function, person=by.person, at_ms=asked.now_ms
        )
    except errors.InputRefused as error:
        return _list(asked, error)
    return asked.go(f"/procedures/{said.sha256}")


PAGES: Sequence[Page] = (
    Page("GET", "/procedures", "report.see", show_list),
    Page("GET", "/procedures/{procedure}", "report.see", show),
    Page("POST", "/procedures", "verify.approve", approve),
)
