"""The records hall (记录): journal, ledger, intake, and backup and proof above them."""
