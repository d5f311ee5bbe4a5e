"""A radio that notes what it is asked for; `irq_handler` is what the stack would call."""


class BLE:
    def __init__(self):
        self.asked = []
        self.irq_handler = None

    def irq(self, handler):
        self.irq_handler = handler

    def active(self, wanted):
        self.asked.append(("active", wanted))

    def config(self, **settings):
        self.asked.append(("config", settings))

    def gap_disconnect(self, connection):
        self.asked.append(("disconnect", connection))
        return True

    def gattc_write(self, connection, handle, data, mode):
        self.asked.append(("write", connection, handle, data, mode))

    def gattc_discover_services(self, connection, uuid):
        self.asked.append(("services", connection, uuid.value))


class UUID:
    def __init__(self, value):
        self.value = value
