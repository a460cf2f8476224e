"""The conformance kit (合格测试): suites Link, Driver and Clearing against any link or driver, as a pytest plugin."""
