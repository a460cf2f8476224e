"""The simulated card (模拟卡): a process of its own, written from docs/protocol/practice-card.md alone; no code of ``protocol``."""
