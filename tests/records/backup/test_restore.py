"""A restore proves everything before the folder gets its name; a wrong key or a changed archive gives nothing."""

from __future__ import annotations

import io

import pyrage
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.backup import archive
from fapiao_kernel.records.backup.keys import KeyBox
from fapiao_kernel.records.backup.manifest import Manifest, Stored, safe
from fapiao_kernel.records.backup.restore import restore


def test_the_printed_recovery_secret_opens_it_in_any_case_and_spacing(yard, tmp_path):
    made = yard.backups.make("x")
    typed = "  " + " ".join(yard.secret.lower()[i : i + 8] for i in range(0, len(yard.secret), 8)) + "\n"
    assert restore(made.copies[0].path, typed, tmp_path / "new").files == 6


def test_a_key_of_another_home_does_not_open_it(yard, tmp_path):
    made = yard.backups.make("x")
    _, other = KeyBox.ensure(tmp_path / "other")
    with pytest.raises(Refused) as caught:
        restore(made.copies[0].path, other, tmp_path / "new")
    assert caught.value.code == "restore_key_wrong"
    assert not (tmp_path / "new").exists()


def test_nonsense_for_a_key_is_refused_and_not_repeated(yard, tmp_path):
    made = yard.backups.make("x")
    with pytest.raises(Refused) as caught:
        restore(made.copies[0].path, "AGE-SECRET-KEY-1NONSENSE", tmp_path / "new")
    assert caught.value.code == "restore_key_wrong"
    assert "NONSENSE" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_folder_that_holds_something_is_left_alone(yard, tmp_path):
    made = yard.backups.make("x")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").write_text("x")
    with pytest.raises(Refused) as caught:
        restore(made.copies[0].path, yard.secret, tmp_path / "new")
    assert caught.value.code == "restore_folder_not_empty"


def test_an_empty_folder_is_as_good_as_none(yard, tmp_path):
    made = yard.backups.make("x")
    (tmp_path / "new").mkdir()
    assert restore(made.copies[0].path, yard.secret, tmp_path / "new").id == made.id


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_or_cut_byte_gives_nothing(yard, tmp_path, data):
    if not hasattr(yard, "made"):
        yard.made = yard.backups.make("x").copies[0].path.read_bytes()
    content = bytearray(yard.made)
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[at] ^= data.draw(st.integers(1, 255))
    else:
        del content[at:]
    (tmp_path / "bad.age").write_bytes(content)
    with pytest.raises(Refused) as caught:
        restore(tmp_path / "bad.age", yard.secret, tmp_path / "new")
    assert caught.value.code in ("restore_archive_bad", "restore_key_wrong")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new-*"))


@pytest.mark.usefixtures("reasons_in_english")
def test_an_archive_that_another_key_signed_is_told_apart(yard, tmp_path):
    made = yard.backups.make("x")
    other, _ = KeyBox.ensure(tmp_path / "other")
    with pytest.raises(Refused) as caught:
        restore(made.copies[0].path, yard.secret, tmp_path / "new", signer=other.public)
    assert "signature" in caught.value.facts["reason"]
    restore(made.copies[0].path, yard.secret, tmp_path / "new", signer=yard.keys.public)


def forged(yard, members: dict[str, bytes], files: dict[str, Stored]) -> bytes:
    """An archive by someone who has the public recipients, as anyone may."""
    manifest = Manifest("id", "2026-11-05T09:00:00+08:00", "x", "", 0, yard.keys.public, files)
    members = {
        **members,
        "manifest.json": manifest.written(),
        "manifest.sig": yard.keys.sign(manifest.written()).encode(),
    }
    tar = b"".join(archive._header(n, len(c)) + c + archive._padding(len(c)) for n, c in members.items()) + bytes(1024)
    out = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(zstandard.compress(tar)), out, yard.keys.recipients)
    return out.getvalue()


@pytest.mark.usefixtures("reasons_in_english")
@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:evil", "a\\b"])
def test_a_member_that_would_leave_the_folder_is_refused(yard, tmp_path, name):
    (tmp_path / "forged.age").write_bytes(forged(yard, {name: b"x"}, {}))
    with pytest.raises(Refused) as caught:
        restore(tmp_path / "forged.age", yard.secret, tmp_path / "deep" / "new")
    assert "no place" in caught.value.facts["reason"]
    assert not (tmp_path / "evil").exists()
    assert not safe(name)


def test_a_file_that_the_manifest_does_not_name_is_refused(yard, tmp_path):
    (tmp_path / "forged.age").write_bytes(forged(yard, {"extra": b"x"}, {}))
    with pytest.raises(Refused) as caught:
        restore(tmp_path / "forged.age", yard.secret, tmp_path / "new")
    assert "extra" in caught.value.facts["reason"]


def test_a_file_that_the_manifest_names_and_is_not_there_is_refused(yard, tmp_path):
    (tmp_path / "forged.age").write_bytes(forged(yard, {}, {"gone": Stored("0" * 64, 1)}))
    with pytest.raises(Refused) as caught:
        restore(tmp_path / "forged.age", yard.secret, tmp_path / "new")
    assert "gone" in caught.value.facts["reason"]


def test_what_is_no_archive_at_all_is_refused(yard, tmp_path):
    for content in (b"", b"hello", b"age-encryption.org/v1\n"):
        (tmp_path / "no.age").write_bytes(content)
        with pytest.raises(Refused) as caught:
            restore(tmp_path / "no.age", yard.secret, tmp_path / "new")
        assert caught.value.code == "restore_archive_bad"
