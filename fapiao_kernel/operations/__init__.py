"""What is done (业务): clearing, checks, diagnosis, lessons. Knows domain and ports only: never USB, DuckDB or HTTP."""
