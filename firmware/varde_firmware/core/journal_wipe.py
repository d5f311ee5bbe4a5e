"""Empties the journal's flash for a hub that begins anew. Loaded only then."""

from varde_protocols._compat import TYPE_CHECKING, const

from . import journal_sector

if TYPE_CHECKING:
    from .journal_mount import Flash

_PIECE_BYTES = const(256)


def wipe(flash: "Flash") -> None:
    """Erase every sector that is not blank; a cut anywhere is made up for by doing it again.

    One that cannot be read or erased is left: mounting reports it, and appending passes it over.
    """
    piece = memoryview(bytearray(_PIECE_BYTES))
    for sector in range(flash.sector_count):
        try:
            if not _is_blank(flash, sector, piece):
                flash.erase(sector)
        except OSError as error:  # noqa: PERF203  (each sector may fail by itself)
            print("varde: journal: sector", sector, error)


def _is_blank(flash: "Flash", sector: int, piece: memoryview) -> bool:
    offset: int = sector * journal_sector.SECTOR_BYTES
    for at in range(offset, offset + journal_sector.SECTOR_BYTES, _PIECE_BYTES):
        flash.read_into(at, piece)
        if not journal_sector.is_blank(piece, 0):
            return False
    return True
