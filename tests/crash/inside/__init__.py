"""The crash matrix in process (进程内), on virtual time: shipped engine, journal, driver and tax-side client; simulated far ends."""
