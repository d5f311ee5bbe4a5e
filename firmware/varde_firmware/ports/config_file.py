"""The configuration file on the hub's file system."""

from varde_protocols import hub_config

PATH = "/config.cbor"


def load(path: str = PATH) -> hub_config.HubConfig:
    """Return the checked config. Raises OSError without a file, WireError for a bad one."""
    with open(path, "rb") as file:
        raw = file.read(hub_config.MAX_CONFIG_BYTES + 1)
    return hub_config.decode(raw)
