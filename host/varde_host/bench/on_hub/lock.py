"""Runs on the hub: locks it. From the next reset on there is no prompt, but for a signed request.

Locks only what can be opened again: with an identity, and a trust with a service key that can
verify something.

Last line:  varde-bench: {"locked": 1, "hub", "service_keys"}
"""

import json

import esp32

ROLE_SERVICE = 4  # trust; the build turns the hub's constants into numbers


def run():
    use_slot("varde_protocols")  # noqa: F821  (slot.py)
    from varde_firmware.ports import document_files, identity_store
    from varde_firmware.shell import identity
    from varde_protocols import cose
    from varde_protocols.crypto import ed25519

    seed = identity_store.IdentityStore().seed()
    if seed is None:
        raise OSError("the hub has no identity: nobody could open it again")
    who = identity.Identity(seed, 0)
    document_files.both(who.hub_id)
    keys = document_files.trust().keys(ROLE_SERVICE)
    if not any(ed25519.is_usable(key) for key in keys):
        raise OSError("the trust's service keys verify nothing: nobody could open it again")
    nvs = esp32.NVS("varde")
    nvs.set_i32("open", 0)
    nvs.set_i32("locked", 1)
    nvs.commit()
    return {
        "locked": esp32.NVS("varde").get_i32("locked"),
        "hub": who.hub_id.hex(),
        "service_keys": [cose.key_id(key).hex() for key in keys],
    }


try:
    result = run()
except Exception as error:  # noqa: BLE001  (whatever it is, the bench wants to know)
    result = {"error": type(error).__name__, "text": str(error)}
print("varde-bench:", json.dumps(result))
