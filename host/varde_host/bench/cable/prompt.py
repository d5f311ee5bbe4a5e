"""A prompt on a hub that is at work: opened by the site's service key if it is locked."""

from __future__ import annotations

import base64
import binascii
import hashlib

from varde_host.bench import faults
from varde_host.bench.cable import service_mode
from varde_host.bench.work import LOADER, RUN, Evidence, Work
from varde_host.site import keys

TRUST, ASSIGNMENT = "/trust.cbor", "/assignment.cbor"

_DOCUMENTS = """
import binascii, json
found = {}
for path in ("/trust.cbor", "/assignment.cbor"):
    try:
        with open(path, "rb") as file:
            found[path] = binascii.b2a_base64(file.read()).decode().strip()
    except OSError:
        pass
print("varde-bench:", json.dumps(found))
"""

_PLACE = """
import binascii, hashlib, json
with open("{path}.trial", "wb") as file:
    file.write(binascii.a2b_base64("{text}"))
with open("{path}.trial", "rb") as file:
    digest = hashlib.sha256(file.read()).digest()
print("varde-bench:", json.dumps({{"sha256": binascii.hexlify(digest).decode()}}))
"""


async def reach(work: Work, hub_id: str) -> Evidence:
    """Bring the hub to its prompt, and return what it says of its lock (`on_hub/lockstate.py`).

    A locked hub is opened for one start by a signed request, for no other hub than `hub_id` ("":
    any). Raises Fault `service-silent`, `service-refused`, `other-hub`, `script-failed`, and those
    of the way to the board.
    """
    if work.board.mode == LOADER:
        await work.esptool("read-mac", after=RUN)
    signer = work.settings.site.signer(keys.SERVICE)
    sign = service_mode.signing(signer, hub_id)
    opened = await service_mode.open_hub(work.board.port, sign)
    state = await work.on_hub("lockstate")
    if state.get("locked") and state.get("start") not in ("open", "free") and not state["wiping"]:
        raise faults.Fault("service-silent")
    return {**state, "how": opened.how, "kid": signer.kid.hex()}


async def documents(work: Work) -> dict[str, bytes]:
    """Return trust and assignment as they lie on the hub; they hold WiFi passwords.

    Raises Fault `answer-malformed`.
    """
    said = await work.execute(_DOCUMENTS, "documents-out")
    try:
        return {
            path: base64.b64decode(said[path], validate=True)
            for path in (TRUST, ASSIGNMENT)
            if path in said
        }
    except (binascii.Error, TypeError, ValueError) as error:
        raise faults.Fault("answer-malformed", said="documents") from error


async def place(work: Work, path: str, data: bytes) -> None:
    """Write a document beside the one in place; `on_hub/documents.py` judges it and moves it.

    Raises Fault `read-back-differs`.
    """
    text = base64.b64encode(data).decode()
    code = _PLACE.format(path=path, text=text)
    said = await work.execute(code, "place")
    if said.get("sha256") != hashlib.sha256(data).hexdigest():
        raise faults.Fault("read-back-differs", said=path)
