"""What PDF/A-3b (ISO 19005-3) asks of a file, as far as its structure shows.

Two readings of it: ours, section by section of ISO 19005-3:2012 (those of part 2 are the same),
and that of `pikepdf.pdfa`, whose rules are those of veraPDF's profile for 3b and which approves
only what it knows. veraPDF itself is in none of the registries that the project uses.
"""

from __future__ import annotations

import io
import re
import struct
from xml.etree import ElementTree as ET

import pikepdf
from pikepdf import pdfa
from PIL import ImageCms

PAINT = {"f", "f*", "S", "n", "B", "B*", "W", "W*"}
ALLOWED = PAINT | {
    "q", "Q", "cm", "w", "J", "j", "M", "d", "m", "l", "c", "h", "re", "s", "b", "g", "G",
    "BT", "ET", "Tf", "TL", "Tm", "Td", "T*", "Tj",
}  # fmt: skip
"""Operators that our pages use: greys only (6.2.4), no images, no transparency (6.2.10)."""
FORBIDDEN_KEYS = {
    "/JavaScript", "/JS", "/OpenAction", "/AA", "/XFA", "/Encrypt", "/SMask", "/Group",
    "/ExtGState", "/Launch", "/RichMedia", "/Movie", "/Sound", "/Annots", "/Filter/LZWDecode",
}  # fmt: skip
NAMES = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
}
SYMBOLIC = 4


def check(data: bytes) -> None:
    """Assert all of it."""
    report = pdfa.validate_written(io.BytesIO(data), "3b")
    assert report.passed, report.findings[:5]
    assert data.startswith(b"%PDF-1.7\n%")  # 6.1.2
    assert sum(byte > 127 for byte in data[10:15]) >= 4
    assert data.rstrip().endswith(b"%%EOF")
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert len(pdf.trailer.ID) == 2  # 6.1.3
        assert "/Encrypt" not in pdf.trailer
        assert "/Info" not in pdf.trailer  # nothing that could differ from the metadata
        for thing in pdf.objects:
            _check_keys(thing)
        _check_metadata(bytes(pdf.Root.Metadata.read_bytes()))
        _check_output_intent(pdf)
        _check_files(pdf)
        for page in pdf.pages:
            _check_page(page)


def _check_keys(thing: pikepdf.Object) -> None:
    if isinstance(thing, pikepdf.Stream | pikepdf.Dictionary):
        assert not {str(key) for key in thing.keys()} & FORBIDDEN_KEYS  # noqa: SIM118
    if isinstance(thing, pikepdf.Stream):
        assert "/F" not in thing.keys()  # noqa: SIM118 (6.1.7.1: no stream from outside)
        assert str(thing.get("/Filter", "")) in ("", "/FlateDecode")


def _check_metadata(raw: bytes) -> None:
    """6.6.2, 6.6.4: a packet of XMP that names part and level."""
    assert raw.startswith(b"<?xpacket")
    tree = ET.fromstring(raw[raw.index(b"?>") + 2 : raw.rindex(b"<?xpacket")])
    assert tree.find(".//pdfaid:part", NAMES).text == "3"
    assert tree.find(".//pdfaid:conformance", NAMES).text == "B"
    assert tree.find(".//dc:title/rdf:Alt/rdf:li", NAMES).text


def _check_output_intent(pdf: pikepdf.Pdf) -> None:
    """6.2.3: one, for PDF/A, with a profile that another program can read."""
    (intent,) = pdf.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert intent.DestOutputProfile.N == 1
    raw = bytes(intent.DestOutputProfile.read_bytes())
    profile = ImageCms.ImageCmsProfile(io.BytesIO(raw)).profile
    assert (profile.xcolor_space.strip(), profile.device_class) == ("GRAY", "mntr")
    assert raw[36:40] == b"acsp"


def _check_files(pdf: pikepdf.Pdf) -> None:
    """6.8: each file says what it is, and what it is to the page."""
    for spec in pdf.Root.get("/AF", []):
        assert spec.AFRelationship in ("/Source", "/Data")
        assert spec.F == spec.UF
        assert str(spec.EF.F.Subtype).count("/") == 2
        assert re.fullmatch(r"D:\d{14}Z", str(spec.EF.F.Params.ModDate))
        assert spec.EF.F.Params.Size == len(spec.EF.F.read_bytes())


def _check_page(page: pikepdf.Page) -> None:
    fonts = page.Resources.Font
    texts = {name: _check_font(font) for name, font in fonts.items()}
    used = None
    for operands, operator in pikepdf.parse_content_stream(page):
        assert str(operator) in ALLOWED, operator
        if str(operator) == "Tf":
            used = str(operands[0])
        if str(operator) == "Tj":
            assert set(bytes(operands[0])) <= texts[used]  # 6.2.11.8: no glyph that is none


def _check_font(font: pikepdf.Object) -> set[int]:
    """6.2.11: embedded, a subset by name, symbolic without encoding; return what it has."""
    about = font.FontDescriptor
    assert font.Subtype == "/TrueType"
    assert re.fullmatch(r"/[A-Z]{6}\+.*", str(font.BaseFont))
    assert str(about.FontName) == str(font.BaseFont)
    assert int(about.Flags) & SYMBOLIC
    assert "/Encoding" not in font
    assert _character_maps(bytes(about.FontFile2.read_bytes())) == 1
    text = bytes(font.ToUnicode.read_bytes()).decode("ascii")
    pairs = re.findall(r"^<([0-9A-F]{2})> <([0-9A-F]{4})>", text, re.MULTILINE)
    codes = {int(code, 16) for code, letter in pairs if int(letter, 16)}
    last = int(font.LastChar)
    assert len(font.Widths) == last - int(font.FirstChar) + 1
    return codes


def _character_maps(font: bytes) -> int:
    """6.2.11.6: a symbolic TrueType font has one character map, or one of Microsoft's symbols."""
    (tables,) = struct.unpack(">H", font[4:6])
    for number in range(tables):
        tag, _sum, offset, _length = struct.unpack_from(">4s3I", font, 12 + 16 * number)
        if tag == b"cmap":
            return struct.unpack_from(">H", font, offset + 2)[0]
    raise AssertionError("no cmap")
