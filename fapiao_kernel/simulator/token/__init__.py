"""The simulated token (仿真令牌): a practice card on USB, as a device model and its adapters. Note: docs/protocol/usb-token.md."""
