"""The tax side (局端) over HTTP: messages of ``protocol.authority`` posted one at a time. Plugin group ``fapiao.authorities``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

import httpx

from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Authorisation, Authority, Declaration, Summary
from fapiao_kernel.protocol.authority import Group, MessageId, Reply, Request, decode_reply, encode_request, fields

TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=10.0, pool=5.0)
"""Seconds. The read time allows for a busy tax side; every request may be asked again (see ``ports.Authority``)."""

_ONE_MESSAGE = httpx.Limits(max_keepalive_connections=0)
"""A connection carries one message: an answer that came twice over a kept one would be taken for that of the next message."""

_REFUSALS = {
    "1085": "authority_not_declared",
    "BD01": "authority_comparison_failed",
    "195": "authority_not_reported",
    "1089": "authority_mismatch",
    "159": "authority_mismatch",
    "156": "authority_mismatch",
}
"""Return codes that have a remedy of their own (domain note, section 7: rows 2, 3, 9, 12, 15, 16)."""


@dataclass(frozen=True)
class AuthoritySpec:
    """What the plugin gives: ``open(url)`` makes the port, without asking anything yet."""

    id: str
    api_version: int
    open: Callable[[str], Authority]


class HttpAuthority:
    """``ports.Authority`` over HTTP. Safe to use from several threads; nothing is ever sent twice by itself.

    ``transport``: how bytes travel, where it is not over the network (a house with its own gateway, a test).
    """

    def __init__(
        self, url: str, timeout: httpx.Timeout = TIMEOUT, transport: httpx.BaseTransport | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("authority_address", url=url)
        self._url = url
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        # A practice authority is on this machine: a proxy from the environment must not come between.
        self._client = httpx.Client(
            timeout=timeout, trust_env=not local, follow_redirects=False, transport=transport, limits=_ONE_MESSAGE
        )

    def time(self) -> datetime:
        """Time of the tax side, with its zone."""
        return fields.moment(self._ask(Request(MessageId.TIME, "", "")))

    def upload_summary(self, card: CardIdentity, summary: Summary) -> str:
        """上报汇总 (WLCB 网络抄报); returns the receipt number."""
        groups = fields.summary_groups(summary.types, summary.periods, summary.sealed)
        return fields.receipt(self._ask(_request(MessageId.UPLOAD, card, groups)))

    def declaration(self, card: CardIdentity, periods: tuple[Period, ...]) -> Declaration:
        """Whether the return is filed and compared, as the tax side says now."""
        reply = self._ask(_request(MessageId.DECLARATION, card, (fields.period_group(periods),)))
        filed, compared, sentence = (
            fields.flag(reply, "sbbz"),
            fields.flag(reply, "bdbz"),
            reply.groups[0].get("sm", ""),
        )
        return Declaration(filed, compared, sentence, declared=fields.optional_total(reply, "sbje"))

    def authorise(
        self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]
    ) -> Authorisation:
        """监控回传请求 (JKHCQQ): the clear payload for these types."""
        reply = self._ask(_request(MessageId.AUTHORISE, card, fields.unit_groups(types, periods)))
        payload, digest = fields.payload(reply, types)
        return Authorisation(types, payload, digest)

    def acknowledge(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> str:
        """清卡结果确认 (QLJSJGQR); returns the receipt number."""
        return fields.receipt(self._ask(_request(MessageId.CONFIRM, card, fields.unit_groups(types, periods))))

    def cleared(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> bool:
        reply = self._ask(_request(MessageId.CLEARED, card, fields.unit_groups(types, periods)))
        return fields.flag(reply, "qkbz")

    def file_return(self, card: CardIdentity, periods: tuple[Period, ...], total: Decimal) -> str:
        """Practice only: ``total`` with tax. Refused (``not_practice``) unless the tax side says it is a practice one."""
        if not self.is_practice():
            raise Refused("not_practice")
        group = fields.return_group(periods, total)
        return fields.receipt(self._ask(_request(MessageId.FILE, card, (group,))))

    def is_practice(self) -> bool:
        """Whether the tax side says so itself; one that does not know the question is a real one."""
        try:
            return fields.optional_flag(self._ask(Request(MessageId.TIME, "", "")), "lx")
        except (Refused, ProtocolError):
            return False

    def close(self) -> None:
        self._client.close()

    def _ask(self, request: Request) -> Reply:
        """Post one message. Raises ``NotReachable``, ``ProtocolError``, or ``Refused`` with the tax side's own code."""
        data = encode_request(request)
        try:
            answer = self._client.post(self._url, content=data, headers={"Content-Type": "text/xml; charset=GBK"})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as cause:
            raise NotReachable("authority_unreachable", url=self._url) from cause
        except httpx.HTTPError as cause:
            raise NotReachable("authority_no_answer", effect=Effect.UNKNOWN, url=self._url) from cause
        if answer.status_code >= 500:
            raise NotReachable(
                "authority_unavailable", original=f"HTTP {answer.status_code}", status=answer.status_code
            )
        if answer.status_code != 200:
            raise ProtocolError("authority_bad_message", what=f"HTTP {answer.status_code}")
        reply = decode_reply(answer.content)
        if reply.id is not request.id:
            raise ProtocolError("authority_bad_message", what="business id")
        if not reply.ok:
            raise _refusal(reply)
        return reply


def _request(message: MessageId, card: CardIdentity, groups: tuple[Group, ...]) -> Request:
    return Request(message, card.device_number, card.taxpayer_id, groups)


def _refusal(reply: Reply) -> FapiaoError:
    original = f"{reply.code} {reply.message}".strip()
    code = _REFUSALS.get(reply.code, "authority_refused")
    return Refused(code, original=original, message=reply.message, answer=reply.code)


AUTHORITY = AuthoritySpec("http", 1, HttpAuthority)
