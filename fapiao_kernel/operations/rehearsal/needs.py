"""What a real clear would still need (真实清卡还需要): all that the twin cannot show, asked of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.domain.card import CardProfile, Evidence
from fapiao_kernel.domain.errors import FapiaoError, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.operations.checks import chain_check
from fapiao_kernel.operations.checks.records import unsettled
from fapiao_kernel.operations.issuing.book import IssueBook
from fapiao_kernel.ports import Authority, Journal, Need, Policy


@dataclass(frozen=True)
class RealSide:
    """What is known of the real card and its house besides the read-out. ``open_run``: one that is under way on this card.

    ``places``: tells, once the size of a backup is known, what is not well with the real backup folders. ``authority``: the
    real tax side, asked for the return alone.
    """

    profile: CardProfile
    evidence: Mapping[str, Evidence]
    journal: Journal
    authority: Authority | None = None
    policy: Policy | None = None
    open_run: str = ""
    places: Callable[[], Sequence[Finding]] = tuple


def needs(
    real: RealSide, readout: Readout, periods: tuple[Period, ...], taken_on: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Findings in the order of the steps. A blocker among them would refuse the real clear.

    ``taken_on``: warnings, as records write findings, that the rehearsal took on.
    """
    told: list[Finding] = []
    if real.open_run:
        told.append(finding("rehearsal_run_open", run=real.open_run))
    chain = chain_check(real.journal).finding
    if chain.holds_up:
        told.append(chain)
    else:
        issuing = unsettled(
            IssueBook(real.journal).unsettled(device_number=readout.state.identity.device_number)
        ).finding
        told += [issuing] if issuing.holds_up else []
    told += real.places()
    if not readout.state.identity.simulated:
        told += [
            finding("evidence_too_weak", command=command)
            for command in ("report", "clear")
            if real.evidence.get(command, Evidence.ASSUMED) is Evidence.ASSUMED
        ]
    if readout.unsealed:
        told.append(finding("summary_missing", units="、".join(t.zh for t in readout.unsealed)))
    told += _return(real.authority, readout, periods)
    for warning in {each["code"]: each for each in taken_on}.values():
        told.append(finding("rehearsal_warning", named=warning["code"], warning=warning["message"]))
    asked = real.policy.needs(readout.state.identity.device_number) if real.policy else ()
    if Need.CODE in asked:
        told.append(finding("rehearsal_code_asked"))
    if Need.SECOND_PERSON in asked:
        told.append(finding("rehearsal_second_asked"))
    if readout.state.pin_tries is not None:
        told.append(finding("rehearsal_pin_untried", tries=readout.state.pin_tries))
    if any(len(group) > 1 for group in real.profile.groups(tuple(m.invoice_type for m in readout.state.monitoring))):
        told.append(finding("rehearsal_groups_differ", family=real.profile.family))
    return [plain(each) for each in told]


def _return(authority: Authority | None, readout: Readout, periods: tuple[Period, ...]) -> list[Finding]:
    """Whether the real tax side has the return (申报). Asking changes nothing there."""
    if authority is None or not periods:
        return []
    try:
        answer = authority.declaration(readout.state.identity, periods)
    except FapiaoError as error:
        return [finding("rehearsal_return_unknown", why=error.sentence)]
    return [] if answer.seen else [finding("rehearsal_return_waits", sentence=answer.sentence)]
