"""Signs assignments with the site's keys, which are opened once for all that is signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from varde_host.site import files, keys, trust_documents
from varde_protocols import assignment, documents

Sign = Callable[[assignment.Assignment], bytes]


class Signing:
    """Opens keys at the first assignment: who is refused before it is asked for no passphrase.

    `places` as `files.Site.signers` has them; raises as that.
    """

    def __init__(self, site: files.Site, places: Sequence[str] = ()) -> None:
        self._site, self._places = site, places
        self._signers: list[keys.Signer] = []

    def __call__(self, given: assignment.Assignment) -> bytes:
        """Return the signed document, read back as a hub will."""
        if not self._signers:
            self._signers = self._site.signers(keys.ASSIGNMENT, None, self._places)
            self._believed = trust_documents.described(self._site, 1, given.signed_ms)
        data = documents.sign(documents.ASSIGNMENT, given.encode(), self._signers)
        for_hub = given.hub_id or bytes(assignment.HUB_ID_BYTES)
        assignment.verify(data, self._believed, for_hub)
        return data
