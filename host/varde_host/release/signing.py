"""Adds signatures to a release, one holder at a time, wherever each of them is.

A signature is over the payload alone, so the order does not matter, and two who sign their own
copies at the same time can be joined: each copy's document carries what the other lacks. Nothing
is signed that was not held against its files before, and nothing joined that does not verify.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from varde_host import errors
from varde_host.release.folder import Folder
from varde_host.release.holders import Holders
from varde_host.site import keys
from varde_protocols import cbor, documents, release
from varde_protocols.crypto import ed25519
from varde_protocols.errors import WireError


class GivenSignature:
    """A signature made elsewhere, in the place of who made it."""

    def __init__(self, public: bytes, signature: bytes) -> None:
        self.public = public
        self._signature = signature

    def sign(self, message: bytes) -> bytes:
        """Return the signature. Raises InputRefused `release-signature` if it is of another
        message or key."""
        if not ed25519.VerifyKey(self.public).verify(message, self._signature):
            raise errors.InputRefused("release-signature", "document")
        return self._signature


def signatures(data: bytes) -> dict[bytes, bytes]:
    """Return the signatures of a document by key id, unverified. Raises WireError."""
    documents.unverified(data, documents.RELEASE)  # its shape is the one below, and no other
    rows = cbor.decode(data, max_bytes=documents.MAX_DOCUMENT_BYTES).value[3]
    return {cbor.decode(row[0])[4]: row[2] for row in rows}


def signed_by(data: bytes, holders: Holders) -> list[GivenSignature]:
    """Return the signatures of a document. Raises InputRefused `release-stranger` for one of a
    key that is none of the holders', WireError."""
    known = holders.by_kid()
    found = signatures(data)
    for kid in found:
        if kid not in known:
            raise errors.InputRefused("release-stranger", "document", kid=kid.hex())
    return [GivenSignature(known[kid], signature) for kid, signature in found.items()]


def sign(
    place: Folder,
    holders: Holders,
    signers: Sequence[keys.Signer] = (),
    others: Iterable[bytes] = (),
    judged: release.Release | None = None,
) -> list[bytes]:
    """Add signatures, and those of other copies' documents; return who has signed by now.

    Once enough have, hubs are served the document. The content must have been `judged` before;
    another one by now (a shared folder, while somebody types) is `release-other`.
    Raises InputRefused `key-mismatch` for a signer who is no holder, `release-other` for a
    document of another payload, `release-unsigned` if there is none at all; as `signed_by`,
    `GivenSignature.sign` and `Folder`.
    """
    payload = place.payload()
    if release.decode(payload) != (judged or release.decode(payload)):
        raise errors.InputRefused("release-other", str(place.path))
    own = place.document()
    documents_found = [*([] if own is None else [own]), *others]
    found: dict[bytes, documents.Signer] = {}
    for data in documents_found:
        if documents.unverified(data, documents.RELEASE) != payload:
            raise errors.InputRefused("release-other", str(place.path))
        found.update({given.public: given for given in signed_by(data, holders)})
    for signer in signers:
        if signer.public not in holders.publics:
            raise errors.InputRefused("key-mismatch", holders.name(signer.public))
        found[signer.public] = signer
    if not found:
        raise errors.InputRefused("release-unsigned", str(place.path))
    made = documents.sign(documents.RELEASE, payload, found.values())
    _keep(place, holders, payload, made, len(found))
    return sorted(found)


def _keep(place: Folder, holders: Holders, payload: bytes, made: bytes, count: int) -> None:
    """Read back as a hub does, then keep."""
    threshold = min(count, holders.threshold)
    try:
        documents.verify(made, documents.RELEASE, list(holders.publics), threshold)
    except WireError as error:
        raise errors.InputRefused("release-signature", str(place.path)) from error
    place.keep_document(made)
    if count >= holders.threshold:
        place.serve_document(release.digest(payload), made)
