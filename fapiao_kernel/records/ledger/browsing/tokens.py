"""Page marks (翻页标记): where the next page begins, bound to the view's rows and to the ledger's state. Opaque to faces."""

from __future__ import annotations

import base64
import binascii
import json

from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.records.ledger.browsing.ordering import Place, fits
from fapiao_kernel.records.ledger.browsing.standing import Stamp
from fapiao_kernel.records.ledger.browsing.view import View

_LONGEST = 200_000


def write(view: View, stamp: Stamp, at: Place, offset: int) -> str:
    """``offset``: how many rows are before what comes next."""
    told = json.dumps([view.rows, list(stamp), list(at), offset], ensure_ascii=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read(token: str, view: View, stamp: Stamp) -> tuple[Place, int]:
    """Raises ``UsageError`` (``grid_token``): of another view, or broken; ``Refused`` (``grid_changed``): the ledger changed since."""
    try:
        if len(token) > _LONGEST:
            raise ValueError
        rows, then, at, offset = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
        good = rows == view.rows and fits(view, at) and type(offset) is int and 0 <= offset < 2**40
        "".join(at).encode()
    except (ValueError, TypeError, RecursionError, binascii.Error):
        good = False
    if not good:
        raise UsageError("grid_token")
    if then != list(stamp):
        raise Refused("grid_changed")
    return tuple(at), offset
