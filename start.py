"""The one command of a checkout: ``python3 start.py lab | demo | test``, or any verb of ``fapiao``.

This file alone must be readable by an old Python, which it sends away with a sentence; the work is in ``bootstrap/``.
"""

import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    version = ".".join(str(number) for number in sys.version_info[:2])  # no f-string: an old Python must read this
    sys.stderr.write("fapiao-kernel needs Python 3.11 or newer; this is " + version + " (" + sys.executable + ").\n")
    sys.stderr.write("Start it with a newer one, for example: python3.11 start.py\n")
    sys.exit(2)

from bootstrap.main import main  # noqa: E402 - only after an old Python has been sent away

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
