"""A tiny PDF writer of the tests' own: texts at places, through an unembedded CJK font and a hand-made ToUnicode map."""

from __future__ import annotations

from collections.abc import Sequence

Text = tuple[float, float, str]
"""Left and baseline in points from the page's lower left corner, and the text."""
WIDTH, HEIGHT = 595, 397
"""Points: invoices are printed on about half of A4."""


def pdf(
    *pages: Sequence[Text],
    size: float = 9,
    images: bool = False,
    encrypt: str = "",
    attachment: bytes = b"",
    packed: bytes = b"",
) -> bytes:
    """A PDF of those pages. ``images`` puts a picture on each instead of texts; ``encrypt`` is an /Encrypt dictionary, ``packed`` a
    deflated content."""
    texts = sorted({c for page in pages for _, _, text in page for c in text})
    codes = {c: at for at, c in enumerate(texts, 1)}
    objects: list[bytes] = [b"", b"", _font(), _cid_font(codes), _stream(_to_unicode(codes).encode())]
    kids = []
    for page in pages:
        content = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q" if images else _content(page, codes, size)
        objects.append(_stream(packed, "/Filter/FlateDecode") if packed else _stream(content.encode()))
        kids.append(len(objects) + 1)
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F 3 0 R>>>>>>".encode()
        )
    names = b""
    if attachment:
        objects.append(_stream(attachment, "/Type/EmbeddedFile"))
        objects.append(f"<</Type/Filespec/F(a.xml)/UF(a.xml)/EF<</F {len(objects)} 0 R>>>>".encode())
        names = f"/Names<</EmbeddedFiles<</Names[(a.xml) {len(objects)} 0 R]>>>>".encode()
    objects[0] = b"<</Type/Catalog/Pages 2 0 R" + names + b">>"
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>".encode()
    return _file(objects, encrypt)


def _content(page: Sequence[Text], codes: dict[str, int], size: float) -> str:
    return "\n".join(
        f"BT /F {size} Tf 1 0 0 1 {x} {y} Tm <{''.join(f'{codes[c]:04x}' for c in text)}> Tj ET" for x, y, text in page
    )


def _font() -> bytes:
    return b"<</Type/Font/Subtype/Type0/BaseFont/SimSun/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>"


def _cid_font(codes: dict[str, int]) -> bytes:
    half = " ".join(f"{code} [500]" for c, code in codes.items() if ord(c) < 0x100)
    return (
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/SimSun/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/DW 1000/W[{half}]/FontDescriptor<</Type/FontDescriptor/FontName/SimSun/Flags 4/FontBBox[0 -141 1000 859]/ItalicAngle 0"
        "/Ascent 859/Descent -141/CapHeight 683/StemV 80>>>>"
    ).encode()


def _to_unicode(codes: dict[str, int]) -> str:
    pairs = "\n".join(f"<{code:04x}> <{c.encode('utf-16-be').hex()}>" for c, code in codes.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(codes)} beginbfchar\n{pairs}\nendbfchar\nendcmap end end"
    )


def _stream(content: bytes, extra: str = "") -> bytes:
    return f"<<{extra}/Length {len(content)}>>\nstream\n".encode() + content + b"\nendstream"


def _file(objects: Sequence[bytes], encrypt: str) -> bytes:
    made, places = bytearray(b"%PDF-1.7\n"), []
    for at, each in enumerate(objects, 1):
        places.append(len(made))
        made += f"{at} 0 obj\n".encode() + each + b"\nendobj\n"
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    more = f"/Encrypt {encrypt}/ID[<00><00>]" if encrypt else ""
    made += f"trailer<</Size {len(objects) + 1}/Root 1 0 R{more}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)
