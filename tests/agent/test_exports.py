"""Exports under way: known by their id, ended by it, and all of them with the agent."""

from __future__ import annotations

import pytest

from fapiao_kernel.agent.exports import Exports
from fapiao_kernel.domain.errors import NotReachable, UsageError


class Noting:
    def __init__(self) -> None:
        self.cancelled = 0

    def cancel(self) -> None:
        self.cancelled += 1


def test_one_is_ended_by_its_id_and_the_others_go_on() -> None:
    exports, one, other = Exports(), Noting(), Noting()
    with exports.under_way("a", one), exports.under_way("b", other):
        assert exports.stop("a") is True
        assert exports.stop("c") is False
    assert (one.cancelled, other.cancelled) == (1, 0)
    assert exports.stop("a") is False


def test_an_id_is_free_again_when_its_export_failed() -> None:
    exports = Exports()
    with pytest.raises(ZeroDivisionError), exports.under_way("a", Noting()):
        with pytest.raises(UsageError) as taken, exports.under_way("a", Noting()):
            pass
        assert taken.value.code == "export_id_taken"
        raise ZeroDivisionError
    with exports.under_way("a", Noting()):
        pass


def test_the_agents_end_ends_all_and_takes_no_more() -> None:
    exports, one = Exports(), Noting()
    with exports.under_way("a", one):
        exports.close()
    assert one.cancelled == 1
    with pytest.raises(NotReachable) as refused, exports.under_way("b", Noting()):
        pass
    assert refused.value.code == "agent_stopping"
