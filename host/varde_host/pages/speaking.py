"""In which language is somebody answered? What they chose on this machine; what their login says;
which Norwegian their browser asks for (RFC 9110 12.5.4); else the default.

Browsers of the house's machines are often English, and those who sit there are not: English is
chosen, by one button that is on every page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from varde_host import errors, messages
from varde_host.pages import cookies, paths

if TYPE_CHECKING:
    from varde_host.pages.asked import Asked

_NORWEGIAN = {"no": "nb", "nb": "nb", "nn": "nn"}
_MAX_HEADER = 200


def language(asked: Asked, of_visit: str = "") -> str:
    """Return one of `messages.LANGUAGES`."""
    context = asked.context
    chosen = cookies.read(
        asked.request.cookies, cookies.LANGUAGE, context.name, is_tls=context.is_tls
    )
    for wanted in (chosen, of_visit, accepted(asked.request.headers.get("accept-language", ""))):
        if wanted in messages.LANGUAGES:
            return wanted
    return messages.speaker.language


def accepted(header: str) -> str:
    """Return the first Norwegian of an Accept-Language, "" for none."""
    for wish in header[:_MAX_HEADER].lower().split(","):
        word = re.split(r"[-;]", wish.strip())[0]
        if word in _NORWEGIAN:
            return _NORWEGIAN[word]
    return ""


async def speak(asked: Asked) -> Response:
    """Answer `POST /language`: keep the choice, and show the page again."""
    wanted = asked.form.get("language", "")
    if wanted not in messages.LANGUAGES:
        raise errors.InputRefused("language", wanted[:20])
    response = asked.go(paths.local(asked.form.get("back", "/")))
    context = asked.context
    cookies.put(response, cookies.LANGUAGE, wanted, context.name, is_tls=context.is_tls)
    return response
