"""Recovery (恢复流程): a flow of its own with verbs of its own. It starts from a fresh reading of the card, whatever the journal says."""
