"""The one door to the agent (客户端): notebooks, command line and scripts go through here.

>>> client = connect()            # doctest: +SKIP
>>> client.status().cards         # doctest: +SKIP
"""

from fapiao_kernel.client.calls import Client
from fapiao_kernel.client.errors import RequestError
from fapiao_kernel.client.finding import connect
from fapiao_kernel.client.place import home_folder

__all__ = ["Client", "RequestError", "connect", "home_folder"]
