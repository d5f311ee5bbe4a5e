"""The configuration file on the hub's file system."""

from varde_protocols import hub_config

PATH = "/config.cbor"


def load(path: str = PATH) -> hub_config.HubConfig:
    """Return the checked config. Raises OSError without a file, WireError for a bad one."""
    with open(path, "rb") as file:
        # Reading allocates what is asked for, so ask for what is there.
        size = min(file.seek(0, 2), hub_config.MAX_CONFIG_BYTES + 1)
        file.seek(0)
        raw = file.read(size)
    return hub_config.decode(raw)
