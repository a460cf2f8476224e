"""Measurements (DESIGN §11), one subject a file. They are not tests: a test never fails on a clock."""
