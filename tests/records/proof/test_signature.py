"""Signature and fingerprint: one form only, so that no byte of either is free."""

from __future__ import annotations

import hashlib

import pytest

from fapiao_kernel.records.proof.signature import fingerprint, grouped, holds, ungrouped


def seal(signer, content: bytes) -> bytes:
    return f"{signer.sign(content)}\n".encode()


def test_a_signature_holds_over_its_content_and_its_key_alone(story, stranger):
    made = seal(story.signer, b"manifest")
    assert holds(b"manifest", made, story.signer.public)
    assert not holds(b"manifesT", made, story.signer.public)
    assert not holds(b"manifest", made, stranger.public)


@pytest.mark.parametrize(
    "change", [bytes.upper, bytes.strip, lambda s: s + b"\n", lambda s: b" " + s, lambda s: s[2:], lambda s: b""]
)
def test_another_way_of_writing_a_signature_is_none(story, change):
    made = seal(story.signer, b"manifest")
    assert change(made) == made or not holds(b"manifest", change(made), story.signer.public)


@pytest.mark.parametrize("public", ["", "zz" * 32, "00" * 31, "AB" * 32, "é" * 64])
def test_what_is_no_key_has_no_fingerprint_and_signs_nothing(story, public):
    assert fingerprint(public) == ""
    assert not holds(b"x", seal(story.signer, b"x"), public)


def test_a_fingerprint_is_the_sha256_of_the_keys_bytes_and_survives_being_read_out(story):
    mark = fingerprint(story.signer.public)
    assert mark == hashlib.sha256(bytes.fromhex(story.signer.public)).hexdigest()
    for typed in (grouped(mark), mark.upper(), ":".join(mark[i : i + 2] for i in range(0, 64, 2)), f" {mark}\n"):
        assert ungrouped(typed) == mark
    assert ungrouped(mark[1:]) == ungrouped("指纹") == ungrouped("") == ""
