"""The bundle: the same bytes for the same facts, nothing of other taxpayers in it, lines that hash by themselves."""

from __future__ import annotations

import hashlib
import json

import pytest

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.records.proof.container import Writer
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.records.proof.forging import LINES, contents


def test_writing_again_gives_the_same_bytes(story, bundle):
    first = bundle.read_bytes()
    story.journal.append("agent.stopped", {})
    assert story.record().bundle.read_bytes() == first


def test_nothing_of_another_run_is_in_it_but_the_chain_goes_on(bundle):
    journal = contents(bundle)["journal.jsonl"]
    assert "别家公司".encode() not in journal
    assert "王会计".encode() not in journal
    links = [json.loads(line) for line in journal.splitlines() if b'"data"' not in line]
    assert [set(link) for link in links] == [{"hash", "prev", "seq"}] * 2


def test_the_lines_hash_to_the_frozen_digest_by_themselves(story, bundle):
    held = contents(bundle)
    for name, unit in zip(LINES, story.facts["preview"]["units"], strict=True):
        assert hashlib.sha256(held[name]).hexdigest() == unit["digest"]
    assert any("逐张明细" in sentence for sentence in verify_bundle(bundle).not_known)


def test_without_lines_the_digests_stand_alone_and_that_is_said(story):
    path = story.recorder(lines=False).write(story.facts["run"], story.facts).bundle
    check = verify_bundle(path)
    assert check.ok
    assert any("没有发票明细" in sentence for sentence in check.not_known)


def test_lines_that_no_longer_are_what_was_frozen_stay_out(story, monkeypatch):
    monkeypatch.setattr(type(story.ledger), "write_lines", lambda self, unit, watermark, file: file.write_bytes(b"x\n"))
    files = story.record()
    assert not set(LINES) & set(contents(files.bundle))
    assert verify_bundle(files.bundle).ok
    assert not list(files.bundle.parent.glob("*.part"))


def test_what_the_tax_side_authorised_is_in_it_as_digests(bundle):
    part = json.loads(contents(bundle)["authority.json"])
    assert [len(one["sha256"]) for one in part["authorisation"][0]["digests"]] == [64, 64]
    assert part["authority"]["upload"] == ["CB20261105000033"]


def test_the_same_facts_give_the_same_four_files(story):
    files = story.record()
    first = [path.read_bytes() for path in (files.record, files.sheet, files.data, files.bundle)]
    files = story.record()
    assert [path.read_bytes() for path in (files.record, files.sheet, files.data, files.bundle)] == first


def test_a_disk_that_fills_up_leaves_no_half_bundle(story, monkeypatch):
    real = Writer.add

    def full(self, name, chunks, *, stored=False):
        if name == "versions.json":
            raise OSError(28, "No space left on device")
        return real(self, name, chunks, stored=stored)

    monkeypatch.setattr(Writer, "add", full)
    with pytest.raises(FapiaoError) as caught:
        story.record()
    assert (caught.value.code, caught.value.effect) == ("proof_unwritable", "DONE")
    assert [p.name for p in (story.home.records / story.facts["run"]).glob("证据包*")] == []
    assert list((story.home.records / story.facts["run"]).glob("*.part")) == []
    monkeypatch.undo()
    assert verify_bundle(story.record().bundle).ok
