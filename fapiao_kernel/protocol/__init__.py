"""Bytes to meaning and back (协议), without I/O. Strictly typed."""
