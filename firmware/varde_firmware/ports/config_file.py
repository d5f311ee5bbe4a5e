"""The configuration file on the hub's file system."""

from varde_protocols import hub_config

from . import atomic_file

PATH = "/config.cbor"


def load(path: str = PATH) -> hub_config.HubConfig:
    """Return the checked config. Raises OSError without a file, WireError for a bad one."""
    return hub_config.decode(atomic_file.read(path, hub_config.MAX_CONFIG_BYTES))
