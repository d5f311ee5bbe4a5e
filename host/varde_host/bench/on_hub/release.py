"""Runs on the hub: takes an update by cable as it would by air, and puts it on trial.

What a hub fetches lies in the folder /update: `assignment`, and what a release's `serve/` holds,
each file by its SHA-256. The application's own code judges all of it, fills the other slot and
writes the record; the next start is the trial. There is no room for an interpreter: that one is
flashed; a trust comes by `documents`. The folder is emptied in any case.

Last line:  varde-bench: {"outcome", "reason", "what", "number", "release", "assignment"}
            nothing: no assignment is there; trial: the next start tries it; stopped: the reason is
            as in docs/update.md
"""

import asyncio
import json
import os

FOLDER = "/update"
KINDS = {3: "assignment"}  # documents
# Of a signed question for a document (document_request): the head of its payload, and the kind in
# it, one further on where that head has two bytes.
HEAD_AT, KIND_AT, LONG_HEAD = 16, 37, 0x58


class Ended(Exception):
    """Instead of the restart: the bench makes it, once it has read the last line."""


class Refused(Exception):
    """By a server: there is none."""


class Answer:
    def __init__(self, status, body=b"", content_range=b""):
        self.status, self.body, self.content_range = status, body, content_range
        self.len_bytes = len(body)


class Folder:
    """Answers as collector and source do, from files."""

    Refused = Refused
    answer_ms = 0

    def close(self):
        pass

    async def ask(self, head, parts, _now_ms, most_bytes=0, into=None):
        lines = head.split("\r\n")
        if parts:
            name = KINDS.get(parts[0][KIND_AT + (parts[0][HEAD_AT] == LONG_HEAD)])
        else:
            name = lines[0].split(" ")[1].rsplit("/", 1)[1]
        try:
            with open("%s/%s" % (FOLDER, name), "rb") as file:
                if parts or "Range" not in head:
                    return Answer(200, file.read(most_bytes))
                size = file.seek(0, 2)
                first, last = [int(text) for text in lines[1].split("=")[1].split("-")]
                file.seek(first)
                data = file.read(last - first + 1)
        except OSError:
            return Answer(204 if parts else 404)
        answer = Answer(206, data, b"bytes %d-%d/%d" % (first, last, size))
        into[: len(data)] = data
        return answer


class Hub:
    """What a sitting asks of the running application: nothing else is going on."""

    is_measuring = is_stranger = is_thrifty = False
    number = link = 1
    update_from_ms = update_fact = None
    update_tries = 0
    local_time = [0, 0]  # noqa: RUF012  (nothing changes it)

    def __init__(self, who, announced, runs):
        self.identity = who
        self.announced = announced
        self.client = Folder()
        self.exchanger = self.clock = self
        self.report_of = (self, runs, None, self, self, self, self)

    def for_updates(self, name):
        module = __import__("varde_firmware.ports." + name, None, None, ("",))
        if name == "update_store":
            return Store(module.UpdateStore())
        return module

    def facts(self, _board):
        return {}

    def random_bytes(self, count):
        return os.urandom(count)

    def make_client(self, _host, _port, roots):
        import tls

        for root in roots:
            tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_verify_locations(root)
        return self.client

    def now_ms(self):
        return 0

    def utc_ms(self, _now_ms):
        return None

    def pending_count(self):
        return 0

    def event(self, _now_ms, _code, _detail):
        pass

    def count(self, _len_bytes):
        pass


class Store:
    """The update record's, but for the restart."""

    def __init__(self, store):
        self.load, self.save = store.load, store.save

    def UpdateStore(self):  # as the module has it
        return self

    def restart(self):
        raise Ended


def empty():
    for name in os.listdir(FOLDER):
        os.remove(FOLDER + "/" + name)
    os.rmdir(FOLDER)


def run():
    use_slot("varde_protocols", ".core.")  # noqa: F821  (slot.py)
    from varde_firmware.core import update_record
    from varde_firmware.ports import document_files, identity_store, update_store
    from varde_firmware.shell import identity
    from varde_protocols import assignment

    seed = identity_store.IdentityStore().seed()
    if seed is None:
        raise OSError("the hub has no identity yet")
    who = identity.Identity(seed, 0)
    trust, held = document_files.both(who.hub_id)
    try:
        with open(FOLDER + "/assignment", "rb") as file:
            announced = assignment.unverified(file.read()).number
    except OSError:
        return {"hub": who.hub_id.hex(), "outcome": "nothing", "assignment": held.number}
    hub = Hub(who, announced, (held.number, "", trust.epoch))
    before = update_record.load(update_store.UpdateStore())
    from varde_firmware.shell import updating

    outcome = "stopped"
    try:
        asyncio.run(updating.sit(hub))
    except Ended:
        outcome = "trial"
    after = update_record.load(update_store.UpdateStore())
    fact = hub.update_fact or [0, 0, 0, 0]
    return {
        "hub": who.hub_id.hex(),
        "outcome": outcome,
        "reason": fact[3] if outcome == "stopped" else 0,
        "what": fact[0],
        "number": fact[1],
        "release": after.new_release if outcome == "trial" else before.release,
        "assignment": announced,
    }


try:
    result = run()
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
try:
    empty()
except OSError:
    pass
print("varde-bench:", json.dumps(result))
