"""XML messages between a 税控盘's software and the tax side (局端), in the shapes of the domain note, section 1.6."""

from fapiao_kernel.protocol.authority.frame import (
    Group,
    MessageId,
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

__all__ = ["Group", "MessageId", "Reply", "Request", "decode_reply", "decode_request", "encode_reply", "encode_request"]
