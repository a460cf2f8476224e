"""What ``start.py`` does before the product runs: the environment, system packages, the test command. Standard library only."""
