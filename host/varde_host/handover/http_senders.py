"""From a target's own settings to a sender that speaks HTTP; what it does not know is refused.

[target.journal]                    [target.alerts]
kind = "rest"                       kind = "webhook"
url = "https://.../fhir"            url = "https://.../varde"
send = "bundle"     # or "single"   key_file = "alerts.key"     # Ed25519, or:
most = 20           # a bundle      # secret_file = "alerts.secret"
helseid = "test"    # [helseid.test]
scopes = ["..."]
ca_file = "..."     # both: roots that the machine's own are not; timeout_s = 30
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from varde_host import clock
from varde_host.fhir import style
from varde_host.handover import (
    adapter_settings,
    helse_id,
    helse_id_settings,
    http_calls,
    rendering,
    rest,
    sending,
    webhook,
)

_HELSE_ID: Final = "helseid"


def of_rest(
    reading: adapter_settings.Settings,
    folder: Path,
    all_settings: Mapping[str, Any],
    chosen: style.Style,
    subjects: rendering.Subjects,
) -> sending.Sender:
    """Return what sends to a FHIR server; files are in `folder`.

    Raises InputRefused `target-setting`, and as `helse_id_settings.client`.
    """
    base = reading.address("url")
    send = reading.one_of("send", rest.SENDS, rest.BUNDLE)
    if send == rest.SINGLE and chosen.place == style.ENTRIES:
        raise reading.refused("send")  # what it refers to would not be there
    most = reading.number("most", rest.MOST, rest.MOST_EVER)
    named = reading.text_or_none(_HELSE_ID)
    scopes = () if named is None else reading.texts("scopes")
    caller = _caller(reading)
    reading.finish()
    calling: rest.Calling = caller.call
    if named is not None:
        calling = _of_helse_id(all_settings, named, scopes, folder, caller)
    return rest.RestSender(base, chosen, subjects, calling, send=send, most=most)


def of_webhook(
    reading: adapter_settings.Settings, chosen: style.Style, subjects: rendering.Subjects
) -> sending.Sender:
    """Return what sends to an address of a program.

    Raises InputRefused `target-setting`, and as `webhook.by_secret` and `by_key`.
    """
    address = reading.address("url")
    key, secret = reading.file("key_file"), reading.file("secret_file")
    caller = _caller(reading)
    reading.finish()
    if (key is None) == (secret is None):
        raise reading.refused("key_file")
    signing = webhook.by_key(key) if key is not None else webhook.by_secret(Path(secret or ""))
    now = clock.from_environment()
    return webhook.WebhookSender(address, chosen, subjects, signing, caller, now)


def _caller(reading: adapter_settings.Settings) -> http_calls.Caller:
    roots = reading.file("ca_file")
    timeout_s = reading.number("timeout_s", int(http_calls.TIMEOUT_S), http_calls.MAX_TIMEOUT_S)
    return http_calls.Caller(roots, timeout_s)


def _of_helse_id(
    all_settings: Mapping[str, Any],
    name: str,
    scopes: tuple[str, ...],
    folder: Path,
    caller: http_calls.Caller,
) -> rest.Calling:
    tables = all_settings.get(helse_id_settings.TABLE)
    client, roots = helse_id_settings.client(tables, name, scopes, folder)
    issuer = http_calls.Caller(roots)
    asking = helse_id.HelseId(client, issuer, clock.from_environment())

    def calling(
        method: str, address: str, headers: Mapping[str, str], body: bytes
    ) -> http_calls.Answer:
        return asking.call(caller, method, address, headers, body)

    return calling
