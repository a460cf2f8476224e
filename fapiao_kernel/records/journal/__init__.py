"""The journal (操作日志): append-only, hash-chained JSON lines, on disk before the act that they announce."""
