"""The crash matrix in process (进程内), on virtual time: the shipped engine, journal, driver and authority client over far ends and
stores that a crash, an unplugged card or a full disk can hit at every single point of a month.
"""
