"""`select` in the world's time."""

from _clock import Poller as poll  # noqa: F401
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT  # noqa: F401
