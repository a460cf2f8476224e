"""Keys are private files, made once; the recovery secret is told once and lies nowhere."""

from __future__ import annotations

import os
import stat

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.backup.keys import KeyBox, new_recovery, signed
from fapiao_kernel.records.backup.restore import restore


def test_the_first_start_tells_the_recovery_secret_and_later_ones_do_not(tmp_path):
    keys, secret = KeyBox.ensure(tmp_path / "keys")
    assert secret is not None and secret.startswith("AGE-SECRET-KEY-1")
    again, nothing = KeyBox.ensure(tmp_path / "keys")
    assert nothing is None
    assert (again.recovery, again.public) == (keys.recovery, keys.public)


def test_the_recovery_secret_is_nowhere_on_the_disk(yard):
    yard.backups.make("x")
    core = yard.secret.removeprefix("AGE-SECRET-KEY-1").encode()
    searched = [path for path in yard.home.root.rglob("*") if path.is_file()]
    assert len(searched) > 10
    for path in searched:
        content = path.read_bytes()
        assert core not in content and core.lower() not in content, path


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_folder_and_files_are_private_and_are_made_so_again(tmp_path):
    KeyBox.ensure(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o755)
    (tmp_path / "keys" / "identity.age").chmod(0o644)
    KeyBox.ensure(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "keys").iterdir()} == {0o600}


def test_no_secret_shows_in_repr(tmp_path):
    keys, secret = KeyBox.ensure(tmp_path / "keys")
    assert "SECRET" not in repr(keys) and secret not in repr(keys)


@pytest.mark.parametrize("name", ["identity.age", "signing.pem", "recovery.pub"])
def test_a_damaged_key_file_is_named_and_not_replaced(tmp_path, name):
    KeyBox.ensure(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(b"damaged")
    with pytest.raises(Refused) as caught:
        KeyBox.ensure(tmp_path / "keys")
    assert caught.value.code == "keys_unreadable"
    assert caught.value.facts["file"].endswith(name)
    assert (tmp_path / "keys" / name).read_bytes() == b"damaged"


def test_a_signature_holds_for_its_content_and_key_only(tmp_path):
    keys, _ = KeyBox.ensure(tmp_path / "a")
    other, _ = KeyBox.ensure(tmp_path / "b")
    signature = keys.sign(b"content")
    assert signed(b"content", signature, keys.public)
    assert not signed(b"Content", signature, keys.public)
    assert not signed(b"content", signature, other.public)
    assert not signed(b"content", "no hex", keys.public)


def test_a_new_recovery_key_opens_what_is_made_after_it(yard, tmp_path):
    secret = new_recovery(yard.home.keys)
    yard.keys, nothing = KeyBox.ensure(yard.home.keys)
    assert nothing is None
    made = yard.another(tmp_path / "a", tmp_path / "b").make("x")
    with pytest.raises(Refused):
        restore(made.copies[0].path, yard.secret, tmp_path / "new")
    assert restore(made.copies[0].path, secret, tmp_path / "new").files == made.files
