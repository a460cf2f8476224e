"""The simulated tax authority (局端模拟): an HTTP server in a process of its own, with its state on disk.

Its XML and its ciphertext are written from the public shapes and the practice note, and share no code with ``protocol``.
"""
