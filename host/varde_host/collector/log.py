"""The collector's log: one JSON object a line, for machines first, and never any content.

Identities, counts, sizes, reasons and durations only. Text that came from a peer is not logged at
all, so there is nothing to clean.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.config

from varde_host import clock

LOGGER = "varde.collector"
_FIELDS = "varde_fields"

_logger = logging.getLogger(LOGGER)


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON, stamped by the collector's clock."""

    def __init__(self, clock: clock.Clock) -> None:
        super().__init__()
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its line end."""
        moment = dt.datetime.fromtimestamp(self._clock.utc_ms() / 1000, dt.UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def event(name: str, level: int = logging.INFO, **fields: object) -> None:
    """Log one named event with its fields."""
    _logger.log(level, name, extra={_FIELDS: fields})


def to_stderr(clock: clock.Clock) -> None:
    """Send our log, and the HTTP server's warnings, to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(clock))
    for name, level in ((LOGGER, logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)
