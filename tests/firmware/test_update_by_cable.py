"""An update by cable: the script of the bench, with the hub's own bundle, on a desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware import desk, provisioned
from golden import site
from stories import hub_flash, releases
from varde_firmware.core import update_record
from varde_protocols import assignment, documents, trust
from varde_protocols import update_words as words

JOURNAL_BYTES = 64 * 1024


def released(*signers: str, number: int = 7, **fields: object) -> releases.Released:
    made = releases.make(number, releases.good(number), **fields)
    document = site.signed(documents.RELEASE, made.given, *(signers or ("release-1", "release-3")))
    served = {**made.served, made.digest.hex(): document}
    return releases.Released(number, made.payload, document, made.files, b"", served)


def believed(epoch: int = 1) -> trust.Trust:
    roles = {1: site.role(1, "trust-1"), 2: site.role(2, "release-1", "release-2", "release-3"),
             3: site.role(1, "assignment-1"), 4: site.role(1, "service-1")}  # fmt: skip
    return trust.Trust(epoch, site.SITE_ID, roles, provisioned.ROOTS, provisioned.COLLECTOR,
                       provisioned.RECEIVER, trust.EDDSA, site.SIGNED_MS)  # fmt: skip


def assigned(number: int, given: releases.Released | None, signer: str = "assignment-1") -> bytes:
    named = None if given is None else given.named
    config = provisioned.config()
    made = assignment.Assignment(site.SITE_ID, number, None, config, named, site.SIGNED_MS,
                                 *site.NO_TERMS)  # fmt: skip
    return site.signed(documents.ASSIGNMENT, made, signer)


def hub_with(folder: Path, brought: dict[str, bytes]) -> desk.Desk:
    """A hub with these files in the folder that the bench fills."""
    update = {f"update/{name}": data for name, data in brought.items()}
    own = {"trust.cbor": site.signed(documents.TRUST, believed(), "trust-1"),
           "assignment.cbor": assigned(1, None)}  # fmt: skip
    hub = desk.Desk(folder, {**provisioned.FILES, **own, **update}, JOURNAL_BYTES)
    hub.run("identity", DESK_RANDOM=provisioned.SEED_NUMBER)
    return hub


def brought(given: releases.Released, signer: str = "assignment-1") -> dict[str, bytes]:
    return {"assignment": assigned(2, given, signer), **given.served}


def test_an_application_is_verified_unpacked_and_on_trial(tmp_path: Path) -> None:
    given = released()
    hub = hub_with(tmp_path / "hub", brought(given))
    said = hub.run("release")
    assert said.result is not None
    assert said.result["outcome"] == "trial", said.text
    assert (said.result["release"], said.result["assignment"]) == (7, 2)
    found = hub_flash.look(hub.flash)
    assert (found.record.state, found.record.parts) == (words.TRIAL, 3)
    assert found.slots["b"] == given.files
    assert "update" not in " ".join(found.documents)
    again = hub.run("release")
    assert again.result is not None
    assert again.result["outcome"] == "nothing"


def test_a_config_alone(tmp_path: Path) -> None:
    hub = hub_with(tmp_path / "hub", {"assignment": assigned(2, None)})
    said = hub.run("release")
    assert said.result is not None
    assert said.result["outcome"] == "trial", said.text
    assert hub_flash.look(hub.flash).record.parts == update_record.CONFIG


@pytest.mark.parametrize(
    ("given", "signer", "reason"),
    [
        (released(), "stranger-1", words.UNKNOWN_KEY),
        (released("release-1"), "assignment-1", words.SIGNATURE),
        (released("stranger-1", "stranger-2"), "assignment-1", words.UNKNOWN_KEY),
        (released(target="esp32s3"), "assignment-1", words.WRONG_TARGET),
    ],
)  # fmt: skip
def test_what_no_hub_takes_by_air_none_takes_by_cable(
    tmp_path: Path, given: releases.Released, signer: str, reason: int
) -> None:
    hub = hub_with(tmp_path / "hub", brought(given, signer))
    said = hub.run("release")
    assert said.result is not None
    assert (said.result["outcome"], said.result["reason"]) == ("stopped", reason), said.text
    assert hub_flash.look(hub.flash).record.is_at_rest


def test_files_that_are_not_what_was_signed(tmp_path: Path) -> None:
    given = released()
    component = given.given.components[0].sha256.hex()
    data = given.served[component]
    spoiled = {**brought(given), component: data[:5000] + b"?" + data[5001:]}
    hub = hub_with(tmp_path / "hub", spoiled)
    said = hub.run("release")
    assert said.result is not None
    assert (said.result["outcome"], said.result["reason"]) == ("stopped", words.WRONG_HASH)
    assert said.result["what"] == words.APPLICATION
