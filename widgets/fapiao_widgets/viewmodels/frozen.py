"""The parameters that name a frozen preview to the ledger's query ``preview`` (固定的预览): its units' keys and import watermarks."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.domain.clearing import Event, units_of


def newest_preview(client: Any) -> dict[str, list[int]] | None:
    """``{"keys", "watermarks"}`` of the newest run's last frozen preview, from the journal; None when nothing was frozen yet."""
    for run in sorted(client.status().runs, key=lambda r: str(r.opened_at), reverse=True):
        frozen = [record for record in client.journal(run=run.id) if record["kind"] == Event.FROZEN.value]
        if frozen:
            units = frozen[-1]["data"]["units"]
            keys = [unit.key for unit in units_of(run.device_number, units)]
            return {"keys": keys, "watermarks": [int(unit["watermark"]) for unit in units]}
    return None
