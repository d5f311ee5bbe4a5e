"""Pages for the archive: PDF/A-3b (ISO 19005-3) from what reportlab drew.

Level b is about looking the same for ever: fonts inside, colours defined, nothing from outside,
no scripts, no encryption. Part 3 lets files lie in the document, and the signed record lies
there: who has the PDF has the evidence. What is added here, by section of ISO 19005-3: the output
intent (6.2.3), XMP metadata that name part and level (6.6), the file identifier (6.1.3) and the
attached files with their relationship (6.8). Level a (a tree of headings for screen readers) is
not claimed: reportlab draws none.

The same content gives the same bytes: times come from the record, the identifier from the bytes.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax import saxutils

import pikepdf
import reportlab  # type: ignore[import-untyped]
from pikepdf import Array, Dictionary, Name, String

from varde_host.paper import icc

PART, LEVEL = 3, "B"
VERSION = "1.7"
DRAWING = 1
"""Goes up when pages of the same record come to look different: a redraw can then say why."""
SOURCE, DATA = "Source", "Data"
"""What an attached file is to the page: what it was drawn from, or the same values as a table."""
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>{level}</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<xmp:CreatorTool>varde</xmp:CreatorTool><pdf:Producer>{producer}</pdf:Producer>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True)
class Attached:
    """A file that lies in the document; `relationship` is SOURCE or DATA."""

    name: str
    mime: str
    data: bytes
    relationship: str = DATA


@dataclass(frozen=True)
class About:
    """What the document says of itself; `moment` (UTC) is the record's, not the drawing's."""

    title: str
    language: str
    moment: dt.datetime


def producer() -> str:
    """Return what drew: pages of the same record are the same bytes if this is the same."""
    return f"varde paper {DRAWING}, reportlab {reportlab.Version}, pikepdf {pikepdf.__version__}"


def archived(drawn: bytes, about: About, attached: Sequence[Attached] = ()) -> bytes:
    """Return the pages as PDF/A-3b with the files inside."""
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        for page in pdf.pages:
            _drop(page.obj, "/Trans")
        _drop(pdf.trailer, "/Info")  # XMP says it all; two places could differ
        pdf.Root.Metadata = _metadata(pdf, about)
        pdf.Root.Lang = String(about.language)
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        pdf.Root.OutputIntents = Array([_output_intent(pdf)])
        if attached:
            _attach(pdf, attached, about.moment)
        made = io.BytesIO()
        pdf.save(
            made,
            min_version=VERSION,
            force_version=VERSION,
            deterministic_id=True,
            fix_metadata_version=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return made.getvalue()


def _drop(dictionary: pikepdf.Object, key: str) -> None:
    if key in dictionary:
        del dictionary[key]


def _metadata(pdf: pikepdf.Pdf, about: About) -> pikepdf.Object:
    text = _XMP.format(
        part=PART,
        level=LEVEL,
        title=saxutils.escape(about.title),
        language=about.language,
        moment=about.moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        producer=saxutils.escape(producer()),
    )
    made = pdf.make_stream(text.encode("utf-8"))
    made.Type, made.Subtype = Name.Metadata, Name.XML
    return made


def _output_intent(pdf: pikepdf.Pdf) -> pikepdf.Object:
    profile = pdf.make_stream(icc.grey())
    profile.N = 1
    return pdf.make_indirect(
        Dictionary(
            Type=Name.OutputIntent,
            S=Name.GTS_PDFA1,
            OutputConditionIdentifier=String("Custom"),
            Info=String("Grey, gamma 2.2"),
            DestOutputProfile=profile,
        )
    )


def _attach(pdf: pikepdf.Pdf, attached: Sequence[Attached], moment: dt.datetime) -> None:
    specs, names = Array(), Array()
    stamp = String(moment.astimezone(dt.UTC).strftime("D:%Y%m%d%H%M%SZ"))
    for one in sorted(attached, key=lambda file: file.name):
        stream = pdf.make_stream(one.data)
        stream.Type, stream.Subtype = Name.EmbeddedFile, Name("/" + one.mime)
        stream.Params = Dictionary(ModDate=stamp, Size=len(one.data))
        spec = pdf.make_indirect(
            Dictionary(
                Type=Name.Filespec,
                F=String(one.name),
                UF=String(one.name),
                Desc=String(one.name),
                EF=Dictionary(F=stream, UF=stream),
                AFRelationship=Name("/" + one.relationship),
            )
        )
        specs.append(spec)
        names.extend([String(one.name), spec])
    pdf.Root.AF = specs
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=names))


def attached_files(data: bytes) -> dict[str, bytes]:
    """Return the files in a document, by name; raises pikepdf.PdfError."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        inside = pdf.attachments
        return {name: bytes(inside[name].get_file().read_bytes()) for name in inside}


def language_of(data: bytes) -> str:
    """Return the language that a document says it is in, "" for none."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return str(pdf.Root.get(Name.Lang, ""))
