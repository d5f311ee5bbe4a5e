"""What a report shows beside its record, from the inventory: each is opened again first."""

from __future__ import annotations

import sqlalchemy as sa

from varde_host.bench_record import form, opening
from varde_host.inventory import records
from varde_host.reporting import files, slip
from varde_host.site import files as site_files
from varde_host.site import keys
from varde_host.verification import approved, procedure


def sources(site: site_files.Site, connection: sa.Connection, name: str) -> files.Sources:
    """Return what the report of a record in the inventory is made of.

    `name` is its number or hash. Raises as `records.get`, `opening.opened`, `Site.signer`.
    """
    signed = opening.opened(records.get(connection, name).document, site)
    beside = tuple(
        opening.opened(document, site) for document in _beside(connection, signed)
    )  # fmt: skip
    return of_record(site, signed, beside)


def of_record(
    site: site_files.Site, signed: form.Signed, beside: tuple[form.Signed, ...] = ()
) -> files.Sources:
    """Return what the report of a record is made of: with its slip, signed here."""
    code = slip.text(slip.of(signed), site.signer(keys.SERVICE))
    return files.Sources(signed, code, beside, _own(site, signed))


def _own(site: site_files.Site, signed: form.Signed) -> bytes | None:
    """Return the file of a procedure that did not come with the program."""
    if signed.kind != form.VERIFICATION:
        return None
    sha256 = signed.content["measured"]["procedure"]["sha256"]
    if procedure.shipped_bytes(sha256) is not None:
        return None
    return approved.raw_of(site, sha256)


def _beside(connection: sa.Connection, signed: form.Signed) -> list[bytes]:
    if signed.kind == form.VERIFICATION:
        return _previous(connection, signed)
    names = [row["verification"] for row in signed.content["items"] if row["verification"]]
    if signed.kind == form.HANDOUT:
        names.append(signed.content["acceptance"])
    return [records.get(connection, name).document for name in names][: files.MAX_BESIDE]


def _previous(connection: sa.Connection, signed: form.Signed) -> list[bytes]:
    """Return the verification before this one by the same procedure, if there is one."""
    name = signed.content["measured"]["procedure"]["id"]
    before = [
        one for one in records.of_item(connection, signed.subject)
        if one.at_ms < signed.content["ended_ms"] and one.sha256 != signed.sha256
        and one.content["measured"]["procedure"]["id"] == name
    ]  # fmt: skip
    return [one.document for one in before[-1:]]
