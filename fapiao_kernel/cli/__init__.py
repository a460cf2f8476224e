"""The command line (命令行): one file a verb; the contract is DESIGN §10."""
