"""The card language of GB 18240 (税控收款机), as docs/protocol/practice-card.md has it: commands, file records, status words."""
