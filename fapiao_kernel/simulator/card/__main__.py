"""``python -m fapiao_kernel.simulator.card --image FILE``: one simulated card, until SIGTERM.

Prints ``{"line": …}`` when it listens, and writes ``FILE.pid`` with ``{"pid", "line"}`` while it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from fapiao_kernel.simulator import processes
from fapiao_kernel.simulator.card.card import PowerLoss, SimulatedCard
from fapiao_kernel.simulator.card.lines import Bell, Ended, open_line
from fapiao_kernel.simulator.card.pacing import PacedLine
from fapiao_kernel.simulator.card.serve import Server
from fapiao_kernel.simulator.card.t1_peer import DEFAULT_IFS, Peer
from fapiao_kernel.simulator.state_file import write_json

POWER_LOST = 9
"""Exit code of a card that a fault took the power from."""


def main() -> int:
    parser = argparse.ArgumentParser(description="a simulated tax-control card (模拟卡)")
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--tcp", action="store_true", help="serve TCP on 127.0.0.1 even where there is a pty")
    parser.add_argument("--baud", type=int, help="as slow as a line of so many bits a second; else as fast as it goes")
    parser.add_argument("--crc", action="store_true", help="T=1 blocks end in a CRC, not in an LRC")
    parser.add_argument("--ifsc", type=int, default=DEFAULT_IFS, help="bytes that it takes in one block, 1 to 254")
    arguments = parser.parse_args()
    image: Path = arguments.image
    told = processes.running(image)
    if told is not None and told["pid"] != os.getpid():
        print(f"a card already runs on {image.name}", file=sys.stderr)
        return 1
    try:
        card = SimulatedCard(image)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    bell = Bell()
    line = open_line(bell, tcp=arguments.tcp)
    if arguments.baud:
        line = PacedLine(line, arguments.baud)
    peer = Peer(crc=arguments.crc, ifsc=arguments.ifsc)
    write_json(processes.pid_file(image), {"pid": os.getpid(), "line": line.where})
    processes.announce({"line": line.where})
    try:
        Server(card, line, peer).run()
    except Ended:
        line.close()
        processes.pid_file(image).unlink(missing_ok=True)
        return 0
    except PowerLoss:
        os._exit(POWER_LOST)  # nothing may tidy up: what is on disk is all that is left
    return 0


if __name__ == "__main__":
    sys.exit(main())
