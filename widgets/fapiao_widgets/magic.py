"""``%%fapiao`` and ``%fapiao`` (查询单元): SQL in a cell of its own, and the ready-made queries by name.

    %load_ext fapiao_widgets

In the kernel 「发票清卡」 it is loaded already.
"""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from fapiao_kernel.domain.errors import english
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import querying
from fapiao_widgets.viewmodels.querying import Misspelt
from fapiao_widgets.views.results import Listing, Result, by_name, queried, shown


class Help(Exception):
    """A cell that cannot be read as it is written: shown as its sentences, without a traceback, and the cells behind it wait."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@magics_class
class FapiaoMagics(Magics):
    """``%%fapiao [变量名] [--grid|--df|--relation] [--limit 行数] [--seconds 秒]`` over a SELECT; ``%fapiao [名字 [参数=值 …]]``."""

    @cell_magic("fapiao")  # type: ignore[arg-type]  # IPython leaves its decorators untyped
    def query(self, line: str, cell: str) -> Any:
        """在这个单元里写一条 SELECT。写了变量名，结果就存在这个变量里。

        Example: ``%%fapiao big --limit 1000``.
        """
        asked = _read(lambda: querying.read(line, cell))
        how = "%%fapiao --limit " + str(asked.limit * 10)
        result = shown(lambda client: queried(client, asked.sql, asked.limit, asked.seconds, how))
        if not isinstance(result, Result):
            return result
        told = result.df() if asked.form == "df" else result.relation if asked.form == "relation" else result
        if asked.name and self.shell is not None:
            self.shell.user_ns[asked.name] = told
        return told

    @line_magic("fapiao")  # type: ignore[arg-type]  # as above
    def named(self, line: str) -> Any:
        """不写名字：列出现成的查询。写名字和参数：运行它，如 ``%fapiao by_buyer period=2026-10``。"""
        name, _, rest = line.strip().partition(" ")
        if not name:
            return shown(_listed)
        given = _read(lambda: querying.parameters(rest))
        return shown(lambda client: by_name(client, name, given))


def _listed(client: Any) -> Listing:
    heads = [say(f"magic.col.{each}") for each in ("name", "title", "params", "how")]
    return Listing(say("magic.list"), heads, querying.listing(client.queries(), english()))


def _read(read: Any) -> Any:
    try:
        return read()
    except Misspelt as error:
        raise Help(str(error)) from None


def load_ipython_extension(shell: Any) -> None:
    """The kernelspec's way in; a notebook's own ``%load_ext fapiao_widgets`` behind it does no harm and says nothing."""
    shell.register_magics(FapiaoMagics)
