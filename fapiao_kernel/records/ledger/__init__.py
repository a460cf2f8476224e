"""The ledger (发票库): the truth about things, in one DuckDB file with one owner."""
