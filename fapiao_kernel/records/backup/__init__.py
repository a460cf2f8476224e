"""Backups (备份): one encrypted archive in every folder, each copy read back and compared."""
