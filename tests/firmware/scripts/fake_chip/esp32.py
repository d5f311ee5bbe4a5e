"""NVS in memory; `counters` and `blobs` live as long as the process. Two interpreter slots."""

counters = {}
blobs = {}
slots = {"running": 0, "boot": 0, "valid": [True, True], "pending": False, "asked": []}


class NVS:
    def __init__(self, namespace):
        assert namespace == "varde"

    def get_i32(self, key):
        if key not in counters:
            raise OSError(-0x1102)
        return counters[key]

    def get_blob(self, key, into):
        if key not in blobs:
            raise OSError(-0x1102)
        if len(blobs[key]) > len(into):
            raise OSError(-0x110C)
        into[: len(blobs[key])] = blobs[key]
        return len(blobs[key])

    def set_i32(self, key, number):
        counters[key] = number

    def set_blob(self, key, data):
        blobs[key] = bytes(data)

    def commit(self):
        pass


class Partition:
    """An interpreter slot, or the OTA data (number None)."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, which, number=None):
        self._number = slots["boot" if which == self.BOOT else "running"]
        if number is not None:
            self._number = number

    def info(self):
        return (0, self._number + 0x10, 0, 0, "", False)

    @classmethod
    def find(cls, kind, subtype):
        if kind == cls.TYPE_APP:
            return [cls(cls.BOOT, subtype - 0x10)] if subtype in (0x10, 0x11) else []
        return [cls(cls.BOOT)] if subtype == 0 else []

    def readblocks(self, sector, into, offset):
        assert offset == 0
        into[24] = 1 if slots["pending"] and sector == 1 else 2

    def set_boot(self):
        slots["asked"].append(self._number)
        if not slots["valid"][self._number]:
            raise OSError(-0x1503)
        slots["boot"] = self._number

    @staticmethod
    def mark_app_valid_cancel_rollback():
        slots["asked"].append("keep")
