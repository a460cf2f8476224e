"""Proof (证据): the clear record (清卡记录) and the evidence bundle (证据包) of a run."""
