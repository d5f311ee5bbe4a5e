"""Files on littlefs that are replaced whole, or not at all, wherever the power is cut.

The new content is written beside the old and then renamed over it. littlefs renames in one commit
of its metadata, and a file's data are on flash when it is closed (littlefs, DESIGN.md).
"""

import os

NEW = ".new"


def read(path: str, max_bytes: int) -> bytes:
    """Return what the file holds, of a larger one `max_bytes` and one more.

    Clears what an unfinished `replace` has left. Raises OSError without a file.
    """
    try:
        os.remove(path + NEW)
    except OSError:
        pass  # there is none, mostly; one that stays is in nobody's way
    with open(path, "rb") as file:
        # Reading allocates what is asked for, so ask for what is there.
        size = min(file.seek(0, 2), max_bytes + 1)
        file.seek(0)
        return file.read(size)


def replace(path: str, data: bytes) -> None:
    """Make `data` the file's content. After OSError, or a cut, it has the old or the new."""
    with open(path + NEW, "wb") as file:
        file.write(data)
        file.flush()
    os.rename(path + NEW, path)
