import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.authority import (
    MessageId,
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)
from fapiao_kernel.protocol.authority.frame import COMMENTS, EVIDENCE, LARGEST

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,31}", fullmatch=True)
groups = st.lists(st.dictionaries(names, text, max_size=4), max_size=3).map(tuple)
ids = st.sampled_from(MessageId)


@given(st.builds(Request, ids, text, text, groups))
def test_a_request_comes_back_as_it_went(request):
    assert decode_request(encode_request(request)) == request


@given(st.builds(Reply, ids, st.from_regex(r"[A-Z0-9]{2,6}", fullmatch=True), text.map(str.strip), groups))
def test_a_reply_comes_back_as_it_went(reply):
    assert decode_reply(encode_reply(reply)) == reply


def test_a_message_is_gbk_and_has_the_public_names():
    data = encode_request(Request(MessageId.UPLOAD, "990000000261", "9199", ({"fplx_dm": "004"},)))
    shown = data.decode("gbk")
    assert shown.startswith("<?xml version='1.0' encoding='GBK'?>")
    assert '<business id="WLCB" comment="网络抄报">' in shown
    assert 'skph="990000000261"' in shown and 'nsrsbh="9199"' in shown
    assert '<data name="fplx_dm" value="004"/>' in shown


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_a_protocol_error(data):
    for decode in (decode_request, decode_reply):
        with pytest.raises(ProtocolError):
            decode(data)


@given(st.data())
def test_a_damaged_message_is_a_message_or_a_protocol_error(data):
    whole = encode_reply(Reply(MessageId.AUTHORISE, "00", "成功", ({"fplx_dm": "004", "fpjkmw": "00FF"},)))
    position = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.integers(0, len(whole)))
    patch = data.draw(st.binary(min_size=1, max_size=4))
    for damaged in (whole[:cut], whole[:position] + patch + whole[position + len(patch) :]):
        try:
            decode_reply(damaged)
        except ProtocolError as error:
            assert error.code == "authority_bad_message"


BODY = "<returnCode>00</returnCode>"


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "<business id='WLCB'/>",
        f"<other id='WLCB'><body>{BODY}</body></other>",
        f"<business id='NOPE'><body>{BODY}</body></business>",
        "<business id='WLCB'><body></body></business>",
        f"<business id='WLCB'><body>{BODY}<group><data name='a b' value=''/></group></body></business>",
        f"<business id='WLCB'><body>{BODY}<group><data name='a'/><data name='a'/></group></body></business>",
        f"<business id='WLCB'><body>{BODY}{'<group/>' * 600}</body></business>",
        f"<!DOCTYPE b SYSTEM 'file:///etc/hostname'><business id='WLCB'><body>{BODY}</body></business>",
        f"<!DOCTYPE b [<!ENTITY e 'x'>]><business id='WLCB'><body>{BODY}&e;</body></business>",
        "<a>" * 300 + "</a>" * 300,
    ],
)
def test_what_is_no_reply_is_a_protocol_error(shown):
    with pytest.raises(ProtocolError):
        decode_reply(shown.encode("gbk"))


def test_an_xml_bomb_is_a_protocol_error():
    levels = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 20}'>" for n in range(1, 9))
    bomb = f"<!DOCTYPE b [<!ENTITY e0 'ha'>{levels}]><business id='WLCB'><body>{BODY}&e8;</body></business>"
    with pytest.raises(ProtocolError):
        decode_reply(bomb.encode())


def test_a_message_beyond_the_size_is_a_protocol_error():
    with pytest.raises(ProtocolError):
        decode_reply(b" " * (LARGEST + 1))


def test_ciphertext_is_in_no_repr_and_in_no_error():
    reply = Reply(MessageId.AUTHORISE, "00", "成功", ({"fplx_dm": "004", "fpjkmw": "C0FFEE"},))
    assert "C0FFEE" not in repr(reply)


def test_every_business_id_has_a_comment_and_an_evidence_mark():
    assert set(COMMENTS) == set(EVIDENCE) == set(MessageId)
    assert {EVIDENCE[m].value for m in MessageId if m.value.startswith("FK_")} == {"assumed"}
