"""Any program with an address: each measurement or message by a POST that it can check.

Signed as Standard Webhooks has it (github.com/standard-webhooks, spec/standard-webhooks.md):
`webhook-id`, `webhook-timestamp` (Unix seconds) and `webhook-signature` over `ID.TIMESTAMP.BODY`,
by a shared secret (`v1`, HMAC-SHA256) or by our Ed25519 key (`v1a`), of which they have the public
half alone. The id is the same however often something is sent, and so is the body: whoever keeps
the ids that it has takes each once.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from varde_host import clock, errors
from varde_host.fhir import coded, exact_json, style
from varde_host.handover import answers, breaking, file_drop, http_calls, rendering, sending
from varde_host.receiver_store import feed_client
from varde_host.site import files, passphrases

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 what their secrets begin with
LEAST_SECRET_BYTES: Final = 24
MOST_SECRET_BYTES: Final = 64
"""The specification's bounds."""
MAX_FILE_BYTES: Final = 1024

Signing = Callable[[bytes], str]
"""Returns one signature as it stands in the header."""
Calling = Callable[..., http_calls.Answer]


class WebhookSender:
    """Sends to one address. A `sending.Sender`."""

    def __init__(
        self,
        address: str,
        chosen: style.Style,
        subjects: rendering.Subjects,
        signing: Signing,
        caller: http_calls.Caller,
        time: clock.Clock,
    ) -> None:
        self._address = address
        self._style = chosen
        self._subjects = subjects
        self._signing = signing
        self._caller = caller
        self._time = time
        self._breaking = breaking.Breaking()

    def send(self, items: Sequence[sending.Outgoing]) -> Sequence[sending.Sent]:
        """Send each; once they could not take one, the others wait, too.

        Not so if it may be that one's own fault (`breaking`).
        """
        results: list[sending.Sent] = []
        stuck: set[int] = set()
        rest: sending.Later | None = None
        for number, item in enumerate(items):
            if rest is not None:
                results.append(rest)
                continue
            found, is_of_one = self._sent(item)
            results.append(found)
            if isinstance(found, sending.Later):
                stuck |= {number} if is_of_one else set()
                rest = None if is_of_one and len(stuck) < breaking.IN_A_ROW else found
        return self._breaking.judged(items, results, stuck)

    def _sent(self, item: sending.Outgoing) -> tuple[sending.Sent, bool]:
        """Return what became of one, and whether it may be its own fault."""
        try:
            content = body(item, self._style, self._subjects)
        except errors.InputRefused as error:
            return sending.Refused(error.code), False
        name = f"{file_drop.stem(item.identifier)}-{item.version}"
        now_s = str(self._time.utc_ms() // 1000)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": now_s,
            "webhook-signature": self._signing(f"{name}.{now_s}.".encode() + content),
        }
        try:
            answer = self._caller.call("POST", self._address, headers, content)
        except http_calls.CallFailed as error:
            return sending.Later(answers.SOON_S, error.why), False
        if not 200 <= answer.status < 300:
            return answers.failed(answer), answer.status == 500
        if answer.header("content-type").startswith("text/html"):  # a page of something in front
            return sending.Later(answers.MEND_S, f"HTTP {answer.status} answer is a page"), False
        return sending.Delivered(), False


def body(item: sending.Outgoing, chosen: style.Style, subjects: rendering.Subjects) -> bytes:
    """Return what is sent of an item; the same bytes each time.

    Raises InputRefused `subject-missing` for a loan whose person must be known and is not.
    """
    data = {
        "identifier": item.identifier, "version": item.version, "change": item.change,
        "resources": rendering.with_subject(item, chosen, subjects),
    }  # fmt: skip
    timestamp = coded.instant(item.made_ms)
    return exact_json.dumps({
        "type": f"varde.{item.change}", "timestamp": timestamp, "data": data,
    })  # fmt: skip


def by_secret(path: Path) -> Signing:
    """Return what signs with the secret in a file, `whsec_` and Base64.

    Raises InputRefused `secret-open`, `file-read`, `key-malformed`.
    """
    data = files.read(path, MAX_FILE_BYTES)
    mode = passphrases.open_mode(path.stat())
    if mode is not None:
        raise errors.InputRefused("secret-open", str(path), mode=mode)
    try:
        told = data.decode("ascii").strip().removeprefix(SECRET_PREFIX)
        secret = base64.b64decode(told, validate=True)
    except ValueError:
        raise errors.InputRefused("key-malformed", str(path)) from None
    if not LEAST_SECRET_BYTES <= len(secret) <= MOST_SECRET_BYTES:
        raise errors.InputRefused("key-malformed", str(path))

    def signed(message: bytes) -> str:
        made = hmac.new(secret, message, "sha256").digest()
        return f"v1,{base64.b64encode(made).decode()}"

    return signed


def by_key(path: Path) -> Signing:
    """Return what signs with the Ed25519 key (PEM) in a file. Raises as `signing_key`."""
    key: ed25519.Ed25519PrivateKey = feed_client.signing_key(path)

    def signed(message: bytes) -> str:
        return f"v1a,{base64.b64encode(key.sign(message)).decode()}"

    return signed
