"""The ledger's invoices as a table (发票库表格): any scope, filter and order, in pages; totals, summaries, exports, lookup."""
