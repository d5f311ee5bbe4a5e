"""The collector's log: one JSON object a line, for machines first, and never any content.

Identities, counts, sizes, reasons and durations only. Text that came from a peer is not logged at
all, so there is nothing to clean.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import logging.config
import pathlib
import traceback
from collections.abc import Iterator

from varde_host import clock, errors

LOGGER = "varde.collector"
_FIELDS = "varde_fields"

# The innermost calls of a traceback: enough to find the line and who asked for it.
_FRAMES = 6

_LOGGERS = {LOGGER: logging.INFO, "uvicorn": logging.WARNING, "asyncio": logging.WARNING}

_logger = logging.getLogger(LOGGER)


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON, stamped by the collector's clock."""

    def __init__(self, clock: clock.Clock) -> None:
        super().__init__()
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its line end."""
        line = {
            "time": self._time(),
            "level": record.levelname.lower(),
            # asyncio tells of a task's end in further lines, with the error's text
            "event": record.getMessage().strip().partition("\n")[0],
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1]:
            line |= _described(record.exc_info[1])
        return json.dumps(line, default=str)

    def _time(self) -> str | None:
        try:
            moment = dt.datetime.fromtimestamp(self._clock.utc_ms() / 1000, dt.UTC)
        except errors.WorldFailed:  # what there is to say is often just that
            return None
        return moment.isoformat(timespec="milliseconds")


def event(name: str, level: int = logging.INFO, **fields: object) -> None:
    """Log one named event with its fields."""
    _logger.log(level, name, extra={_FIELDS: fields})


def bug(error: BaseException, **fields: object) -> None:
    """Log an exception that nobody foresaw."""
    event("bug", logging.ERROR, **_described(error), **fields)


def _described(error: BaseException) -> dict[str, object]:
    """Return class and place only: the text of any exception may repeat what a peer sent."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = [f"{pathlib.Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return {"error": type(error).__name__, "at": places}


@contextlib.contextmanager
def on_stderr(clock: clock.Clock) -> Iterator[None]:
    """Send our log, and the warnings of those who run it, to standard error as JSON lines.

    Only inside: loggers outlive the command, and this standard error may not.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(clock))
    with contextlib.ExitStack() as after:
        for name, level in _LOGGERS.items():
            logger = logging.getLogger(name)
            after.callback(_put, logger, list(logger.handlers), logger.propagate, logger.level)
            _put(logger, [handler], False, level)
        yield


def _put(
    logger: logging.Logger, handlers: list[logging.Handler], propagate: bool, level: int
) -> None:
    logger.handlers = handlers
    logger.propagate = propagate
    logger.setLevel(level)
