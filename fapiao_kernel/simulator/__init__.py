"""The far ends (模拟器): simulated card, simulated authority, sample month. On ``domain`` alone; enters as a plugin."""
