"""Reconciling (对账): ledger against card against filed return, each difference down to invoice numbers."""
