"""Issuing (开票): invoices issued, voided (作废) and taken back (红冲) on the card, each act sent once and then in the ledger."""
