"""The record on paper: a browser prints it to PDF on two A4 pages at most, the whole of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@pytest.mark.browser
def test_a_record_of_two_types_prints_on_two_pages(story, tmp_path):
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium: apt-get install chromium fonts-noto-cjk (or put `chromium` on the path)")
    page, printed = tmp_path / "record.html", tmp_path / "record.pdf"
    shutil.copy(story.record().record, page)
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--user-data-dir={tmp_path / 'c'}",
    ]
    command = [CHROMIUM, *flags, f"--print-to-pdf={printed}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    content = printed.read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 2
    sizes = {tuple(round(float(x)) for x in box.split()) for box in re.findall(rb"/MediaBox \[([^\]]*)\]", content)}
    assert {(wide, high) for _, _, wide, high in sizes} <= {(595, 842), (594, 841), (594, 842), (595, 841)}
