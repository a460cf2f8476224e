"""Drivers (驱动): card languages. A driver does not know the link."""
