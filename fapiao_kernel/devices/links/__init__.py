"""Links (连接): ways to carry APDUs to a card. A link does not know the card."""
