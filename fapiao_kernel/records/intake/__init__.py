"""Intake (收件): reading what people have. Originals are kept as they came; bad input is a finding, never an exception."""
