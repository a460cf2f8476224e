"""``sql()``, ``%%fapiao`` and ``%fapiao`` in a shell, with a stand-in for the agent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import duckdb
import fapiao_widgets
import pytest
from fapiao_widgets.magic import Help
from fapiao_widgets.viewmodels import querying
from fapiao_widgets.viewmodels.querying import Misspelt
from fapiao_widgets.views import results
from fapiao_widgets.views.results import Listing, NoPandas, Refusal, Result, Stopped
from IPython.core.interactiveshell import InteractiveShell

from fapiao_kernel.client import RequestError

BY_BUYER = {
    "name": "by_buyer",
    "zh": "按购买方合计",
    "en": "Totals by buyer",
    "sql": "-- zh: 按购买方合计\nSELECT asked.period FROM asked",
    "params": [{"name": "period", "type": "DATE", "default": "NULL", "zh": "征期，不写为全部", "en": "Period"}],
    "columns": [{"name": "a", "zh": "购方", "en": "Buyer"}],
}
PREVIEW = {
    "name": "preview",
    "zh": "固定的预览",
    "en": "Frozen preview",
    "sql": "SELECT keys FROM asked",
    "params": [{"name": "keys", "type": "BIGINT[]", "default": None}],
}


class FakeAgent:
    """Runs the SQL here; writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refuse: BaseException | None = None
        self.after: BaseException | None = None
        """What refuses once the door was opened anew."""

    def query(self, text: str, *, limit: int, seconds: float) -> Any:
        self.asked.append((text, limit, seconds))
        if self.refuse:
            raise self.refuse
        return SimpleNamespace(relation=duckdb.connect().sql(text).limit(limit), age=3.4, journal=1042)

    def reopen(self) -> None:
        self.refuse = self.after

    def queries(self) -> list[Any]:
        return [BY_BUYER, PREVIEW]

    def named(self, name: str, **params: Any) -> Any:
        self.asked.append((name, params))
        return duckdb.connect().sql("SELECT 1 AS a")


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> FakeAgent:
    made = FakeAgent()
    monkeypatch.setattr(results, "door", lambda: made)
    return made


@pytest.fixture(scope="module")
def one_shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "fapiao_widgets")
    yield shell
    shell.history_manager = None


@pytest.fixture
def shell(one_shell: InteractiveShell, agent: FakeAgent) -> InteractiveShell:
    return one_shell


def test_a_result_is_a_relation_a_dataframe_and_a_grid_and_says_how_old_it_is(agent: FakeAgent) -> None:
    result = fapiao_widgets.sql("SELECT 1.10::DECIMAL(18,2) AS total")
    assert result.fetchall() == [(Decimal("1.10"),)] and result.columns == ["total"] and len(result) == 1
    assert result.aggregate("sum(total)").fetchall() == [(Decimal("1.10"),)]
    assert result.grid() is result.grid()
    assert result.told == "快照：3 秒前 · 日志第 1,042 条" and result.told in repr(result)
    assert result.told in result.grid().name


def test_amounts_stay_exact_in_a_dataframe(agent: FakeAgent) -> None:
    rows = "(VALUES (0.10::DECIMAL(18,2), 'a', NULL::DECIMAL(18,2)), (0.20, 'b', 1)) t(total, name, tax)"
    frame = fapiao_widgets.sql(f"SELECT * FROM {rows}").df()
    assert frame["total"].sum() == Decimal("0.30") and list(frame["tax"]) == [None, Decimal("1.00")]


def test_a_notebook_shows_the_grid_and_a_plain_reader_the_rows(agent: FakeAgent) -> None:
    data, _ = fapiao_widgets.sql("SELECT 42 AS answer")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "42" in data["text/plain"] and "快照" in data["text/plain"]


def test_an_answer_that_was_cut_says_so(agent: FakeAgent) -> None:
    assert "只取了前 2 行" in repr(fapiao_widgets.sql("SELECT * FROM range(5)", limit=2))
    assert "只取了" not in repr(fapiao_widgets.sql("SELECT * FROM range(5)", limit=9))
    assert agent.asked[0][1:] == (2, 30.0)


def test_without_pandas_a_dataframe_is_refused_with_a_sentence(agent: FakeAgent, monkeypatch: Any) -> None:
    monkeypatch.setattr(results, "find_spec", lambda name: None)
    with pytest.raises(NoPandas, match="pandas"):
        fapiao_widgets.sql("SELECT 1").df()


def test_an_interrupt_stays_one_in_words_of_ours(agent: FakeAgent, shell: InteractiveShell, capsys: Any) -> None:
    agent.refuse = KeyboardInterrupt()
    with pytest.raises(Stopped):
        fapiao_widgets.sql("SELECT 1")
    ran = shell.run_cell("%%fapiao\nSELECT 1")
    assert isinstance(ran.error_in_exec, KeyboardInterrupt)  # so that the cells behind it do not run on
    said = capsys.readouterr()
    assert "查询已停下" in said.out + said.err and "Traceback" not in said.out + said.err


def test_a_query_after_the_agent_was_lost_starts_one_and_is_asked_again(agent: FakeAgent) -> None:
    agent.refuse = RequestError.of("agent_unreachable")
    assert fapiao_widgets.sql("SELECT 1 AS a").fetchall() == [(1,)]
    assert len(agent.asked) == 2


def test_a_second_name_is_said_to_be_one_too_many() -> None:
    with pytest.raises(Misspelt, match="big 和 x"):
        querying.read("big x", "SELECT 1")


def test_a_refusal_is_shown_as_its_sentences(agent: FakeAgent) -> None:
    agent.refuse = agent.after = RequestError.of("agent_unreachable")
    refused = fapiao_widgets.sql("SELECT 1")
    assert isinstance(refused, Refusal) and "后台程序没有应答" in repr(refused)


def test_a_cell_keeps_its_result_under_the_name_it_says(shell: InteractiveShell, agent: FakeAgent) -> None:
    ran = shell.run_cell("%%fapiao big --limit 7 --seconds=2.5\nSELECT 1 AS a,\n  '--df' AS b")
    assert isinstance(ran.result, Result) and shell.user_ns["big"] is ran.result
    assert agent.asked == [("SELECT 1 AS a,\n  '--df' AS b\n", 7, 2.5)]


@pytest.mark.parametrize(
    ("form", "kind"), [("--df", "DataFrame"), ("--relation", "DuckDBPyRelation"), ("--grid", "Result")]
)
def test_a_cell_gives_the_form_that_is_asked_for(shell: InteractiveShell, form: str, kind: str) -> None:
    ran = shell.run_cell(f"%%fapiao kept {form}\nSELECT 1 AS a")
    assert type(ran.result).__name__ == kind and shell.user_ns["kept"] is ran.result


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--excel", "--excel"),
        ("--limit", "--limit"),
        ("--limit 0", "--limit"),
        ("--seconds x", "--seconds"),
        ("2big", "变量名"),
        ("class", "变量名"),
        ("a b", "变量名"),
        ("--df --grid", "只能选一个"),
        ('"a', "看不懂"),
    ],
)
def test_a_line_that_cannot_be_read_says_how_it_is_written(line: str, said: str) -> None:
    with pytest.raises(Misspelt, match=said) as caught:
        querying.read(line, "SELECT 1")
    assert "%%fapiao [变量名]" in str(caught.value)


def test_help_is_shown_without_a_traceback_and_asks_nothing(
    shell: InteractiveShell, agent: FakeAgent, capsys: Any
) -> None:
    ran = shell.run_cell("%%fapiao --excel\nSELECT 1")
    said = capsys.readouterr().out
    assert isinstance(ran.error_in_exec, Help) and agent.asked == []
    assert "不认识的选项 --excel" in said and "Traceback" not in said


def test_an_empty_cell_is_said_to_be_empty() -> None:
    with pytest.raises(Misspelt, match="没有查询"):
        querying.read("", "  \n")


def test_the_line_alone_lists_the_named_queries_with_their_parameters(
    shell: InteractiveShell, agent: FakeAgent
) -> None:
    listed = shell.run_cell("%fapiao").result
    assert isinstance(listed, Listing)
    told = repr(listed)
    assert "按购买方合计" in told and "period 征期，不写为全部" in told and "%fapiao by_buyer period=2026-10" in told
    assert "keys（BIGINT[]，必填）" in listed._repr_html_()


def test_a_named_query_runs_with_its_parameters_read_as_their_kind(shell: InteractiveShell, agent: FakeAgent) -> None:
    assert isinstance(shell.run_cell("%fapiao by_buyer period=2026-10").result, Result)
    fapiao_widgets.named("by_buyer", period="2026-10")
    shell.run_cell("%fapiao preview keys=1,2")
    assert agent.asked == [
        ("by_buyer", {"period": "2026-10-01"}),
        ("by_buyer", {"period": "2026-10-01"}),
        ("preview", {"keys": ["1", "2"]}),
    ]


def test_a_named_query_is_shown_as_sql_that_can_be_changed_and_run(agent: FakeAgent) -> None:
    sql = fapiao_widgets.named("by_buyer", period="2026-10").query
    assert "CAST('2026-10-01' AS DATE) AS period" in sql and "-- zh" not in sql
    assert duckdb.sql(sql).fetchall() == [(date(2026, 10, 1),)]
    assert "CAST(NULL AS DATE)" in fapiao_widgets.named("by_buyer").query
    assert fapiao_widgets.named("preview").query == ""  # its units are the agent's to know


def test_a_named_query_is_headed_by_its_own_words(agent: FakeAgent) -> None:
    grid = fapiao_widgets.named("by_buyer").grid()
    (column,) = grid.model.answer({"ask": "page"})["columns"]
    assert (grid.name, column["label"], column["hint"]) == ("按购买方合计", "购方", "a")


def test_the_kernelspec_and_the_notebook_may_both_load_it(one_shell: InteractiveShell, capsys: Any) -> None:
    one_shell.run_line_magic("load_ext", "fapiao_widgets.magic")
    assert capsys.readouterr().out == ""


def test_a_parameter_without_a_value_is_asked_for_in_the_right_form(
    shell: InteractiveShell, agent: FakeAgent, capsys: Any
) -> None:
    assert isinstance(shell.run_cell("%fapiao by_buyer 2026-10").error_in_exec, Help)
    assert "名字=值" in capsys.readouterr().out and agent.asked == []
