"""The child process that opens PDFs (读 PDF 的子进程): PDFium is native code, and a PDF may come from anybody.

It takes one path a line on stdin and answers one line of JSON each: pages of characters at their places, and XML attachments. It can
crash, or run into its memory limit, without the agent noticing more than a missing answer.
"""

from __future__ import annotations

import base64
import ctypes
import json
import sys
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

MEMORY = 1 << 30
"""Bytes of address space, where the system can limit it (POSIX); a usual invoice needs a fifth of it."""
PAGES = 300
"""Pages of one file; an invoice has one, with a long list a few, and some people put a month into one file."""
CHARACTERS = 50_000
"""Characters of one page; a full invoice has about 1,500."""
ALL_CHARACTERS = 1_000_000
ATTACHMENTS, ATTACHED = 20, 4 << 20
"""Attachments that are looked at, and bytes of one."""
_PASSWORD, _SECURITY = 4, 5
"""FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY (fpdfview.h)."""

Characters = list[tuple[str, float, float, float, float, bool]]
"""Text, left, right, middle, height, and whether white space came before it in the file; points."""


def answer(path: str) -> dict[str, Any]:
    """``pages`` and ``attached`` (Base64), or ``refused``: a message code, with the fact ``what`` where it needs one."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) in (_PASSWORD, _SECURITY)
        return {"refused": "intake_pdf_locked" if locked else "intake_pdf_damaged", "original": str(error)[:200]}
    try:
        return _read(document)
    except pypdfium2.PdfiumError as error:
        return {"refused": "intake_pdf_damaged", "original": str(error)[:200]}
    finally:
        document.close()


def _read(document: pypdfium2.PdfDocument) -> dict[str, Any]:
    if (count := len(document)) > PAGES:
        return {"refused": "intake_pdf_large", "what": f"{count} > {PAGES}"}
    pages: list[Characters] = []
    total = 0
    for at in range(count):
        page = document[at]
        text = page.get_textpage()
        here = text.count_chars()
        total += here
        if here > CHARACTERS or total > ALL_CHARACTERS:
            return {"refused": "intake_pdf_large", "what": f"{here} > {CHARACTERS}"}
        pages.append(list(_characters(text.raw, here)))
        text.close()
        page.close()
    return {"pages": pages, "attached": [base64.b64encode(each).decode() for each in _attached(document)]}


def _characters(page: object, count: int) -> Iterator[tuple[str, float, float, float, float, bool]]:
    box, spaced = pdfium.FS_RECTF(), False
    for at in range(count):
        code = pdfium.FPDFText_GetUnicode(page, at)
        character = chr(code) if 0 < code < 0x110000 else ""
        if not character.strip() or not character.isprintable():
            spaced = spaced or not pdfium.FPDFText_IsGenerated(page, at)
        elif pdfium.FPDFText_GetLooseCharBox(page, at, ctypes.byref(box)):
            height, middle = max(abs(box.top - box.bottom), 1.0), (box.top + box.bottom) / 2
            yield character, box.left, box.right, middle, height, spaced
            spaced = False


def _attached(document: pypdfium2.PdfDocument) -> Iterator[bytes]:
    for at in range(min(document.count_attachments(), ATTACHMENTS)):
        try:
            content = bytes(document.get_attachment(at).get_data())
        except pypdfium2.PdfiumError:  # an attachment without content: the page is there
            continue
        if len(content) <= ATTACHED and content.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<"):
            yield content


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: there the limits above must do
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # macOS knows RLIMIT_AS and refuses it
            continue


def main() -> None:
    """Answer until stdin ends: with the agent, at the latest."""
    _limit()
    for line in sys.stdin.buffer:
        path = json.loads(line)
        sys.stdout.write(json.dumps(answer(path)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
