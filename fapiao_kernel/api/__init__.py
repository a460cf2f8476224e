"""Message shapes (消息) of the agent's local HTTP API, shared by agent and client. Amounts are text with two decimals."""
