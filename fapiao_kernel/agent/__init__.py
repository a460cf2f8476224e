"""The agent (后台程序): the one owner of cards, ledger, journal and keys on a workstation, behind a local HTTP API."""
