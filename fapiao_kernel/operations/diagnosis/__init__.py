"""Diagnosis (诊断): is the device cleared or not, how do we know, and what a code or sentence means."""

from __future__ import annotations

from fapiao_kernel.operations.diagnosis.catalogue import Failure, failures
from fapiao_kernel.operations.diagnosis.diagnose import Answer, diagnose
from fapiao_kernel.operations.diagnosis.explain import explain

__all__ = ["Answer", "Failure", "diagnose", "explain", "failures"]
