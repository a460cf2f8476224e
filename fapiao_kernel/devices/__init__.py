"""Devices (设备): links, drivers, and the tax side over HTTP."""
