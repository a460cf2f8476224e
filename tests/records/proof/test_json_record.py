"""The record as data: the facts as they are, under a schema with a number, sealed by journal head and key."""

from __future__ import annotations

import json

from fapiao_kernel.domain.plain import plain
from fapiao_kernel.records.proof.signature import fingerprint


def test_it_holds_the_facts_under_a_numbered_schema(story):
    record = json.loads(story.record().data.read_text("utf-8"))
    assert (record["schema"], record["schema_version"]) == ("fapiao.clear-record", 1)
    assert record["facts"] == plain(story.facts)
    assert set(record) == {"schema", "schema_version", "facts", "journal", "signing_key"}


def test_it_is_sealed_by_the_journals_head_and_the_signing_key(story):
    record = json.loads(story.record().data.read_text("utf-8"))
    last = story.journal.records()[-1]
    assert record["journal"] == {"first": story.facts["journal_first"], "last": last.seq, "head": last.hash}
    assert record["signing_key"] == fingerprint(story.signer.public)


def test_the_file_beside_the_bundle_is_the_one_inside_it(story):
    from tests.records.proof.forging import contents

    files = story.record()
    inside = contents(files.bundle)
    assert inside["record.json"] == files.data.read_bytes()
    assert inside["record.xlsx"] == files.sheet.read_bytes()
    assert inside["record.html"] == files.record.read_bytes()


def test_a_lone_surrogate_in_a_name_does_not_stop_the_record(story):
    files = story.record(taxpayer_name="坏\udcff名")
    assert "坏\\udcff名" in json.loads(files.data.read_text("utf-8"))["facts"]["taxpayer_name"]
