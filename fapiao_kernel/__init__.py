"""fapiao-kernel: the plugin kernel under the guided notebooks for clearing tax-control devices (清卡)."""

__version__ = "0.1.0"
