"""An example (示例): a tax card that does not exist. Nothing here speaks to a real device."""
