"""A bundle that was damaged, or never was one: always a finding, never an exception, never a pass."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.proof import json_record
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.records.proof.forging import codes, contents


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damaged_bundle_passes_or_makes_the_check_fall_over(bundle, tmp_path, data):
    damaged = bytearray(bundle.read_bytes())
    at = data.draw(st.integers(0, len(damaged) - 1))
    match data.draw(st.sampled_from(["change", "cut", "insert", "append"])):
        case "change":
            damaged[at] ^= data.draw(st.integers(1, 255))
        case "cut":
            del damaged[at:]
        case "insert":
            damaged[at:at] = data.draw(st.binary(min_size=1, max_size=40))
        case "append":
            damaged += data.draw(st.binary(min_size=1, max_size=40))
    (tmp_path / "damaged.zip").write_bytes(damaged)
    check = verify_bundle(tmp_path / "damaged.zip")
    assert not check.ok
    assert check.findings


def test_no_byte_of_the_zips_own_wrapping_is_free(bundle, tmp_path):
    whole = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        infos = archive.infolist()
        places = [p for i in infos for p in range(i.header_offset, i.header_offset + 30 + len(i.filename))]
        places += range(archive.start_dir, len(whole))
        places += [i.header_offset + 30 + len(i.filename) + i.compress_size - 1 for i in infos]
    for at in places[::5]:
        damaged = bytearray(whole)
        damaged[at] ^= 0x80 if at % 2 else 0x01
        (tmp_path / "damaged.zip").write_bytes(damaged)
        assert not verify_bundle(tmp_path / "damaged.zip").ok, at


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400), zipped=st.booleans())
def test_any_bytes_are_a_finding_and_never_an_exception(tmp_path, content, zipped):
    path = tmp_path / "any.zip"
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.json", content)
    else:
        path.write_bytes(content)
    check = verify_bundle(path)
    assert check.ok is False
    assert check.findings


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=_JSON)
def test_senseless_parts_that_somebody_signed_are_findings_and_never_an_exception(bundle, tmp_path, pack, data, value):
    files = contents(bundle)
    name = data.draw(st.sampled_from([n for n in files if n.endswith(".json")]))
    part = json.loads(files[name])
    holder, keys = part, []
    while isinstance(holder, (dict, list)) and holder:
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        keys.append((holder, key))
        if data.draw(st.booleans()):
            break
        holder = holder[key]
    place, key = keys[-1]
    if place[key] == value:
        return
    place[key] = value
    pack(tmp_path / "odd.zip", {**files, name: json_record.written(part)}, relist=name != "manifest.json")
    assert not verify_bundle(tmp_path / "odd.zip").ok


def test_a_bundle_cut_anywhere_is_a_finding(tmp_path, bundle):
    whole = bundle.read_bytes()
    for length in range(0, len(whole), 211):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        assert codes(tmp_path / "cut.zip") == ["bundle_unreadable"]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_what_is_no_zip_is_a_finding(tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    assert codes(tmp_path / "b.zip") == ["bundle_unreadable"]
    assert codes(tmp_path / "absent.zip") == ["bundle_unreadable"]


@pytest.mark.usefixtures("reasons_in_english")
def test_a_zip_bomb_is_not_unpacked(tmp_path, bundle):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("journal.jsonl", "w") as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    (tmp_path / "bomb.zip").write_bytes(out.getvalue())
    assert "too large" in verify_bundle(tmp_path / "bomb.zip").findings[0].message


def test_a_manifest_that_is_no_manifest_is_a_finding(bundle, pack):
    for content in (b"[]", b"null", b"{}", b"{", b'{"files":[],"run":1}'):
        pack(bundle, {**contents(bundle), "manifest.json": content}, relist=False)
        assert codes(bundle) == ["bundle_unreadable"]


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "a\\b", "C:x", "x\n"])
def test_a_name_that_could_leave_a_folder_is_refused(bundle, pack, name):
    pack(bundle, {**contents(bundle), name: b"x"})
    assert codes(bundle) == ["bundle_unreadable"]


def test_a_name_that_stands_twice_is_refused(bundle):
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr("preview.json", b"{}")
    assert codes(bundle) == ["bundle_unreadable"]
