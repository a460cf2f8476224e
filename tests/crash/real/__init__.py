"""The crash matrix with real processes (真进程): agent, card and tax side as they ship, a real ``kill -9``, one run a break.

``forks`` makes the processes cheap, ``agent_side`` and ``far_side`` break them at an exact point, ``place`` is one home and who
runs in it, ``clerk`` finishes the month over the client, ``outside`` looks at what is left, ``matrix`` runs them all.
"""
