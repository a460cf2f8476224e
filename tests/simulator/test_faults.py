import pytest

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.simulator.faults import KNOWN, Faults, faults_of

TYPES = (InvoiceType.SPECIAL, InvoiceType.ORDINARY)


def test_no_name_is_no_fault():
    assert faults_of("", TYPES) == Faults()


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_fault_does_something(name):
    assert faults_of(name, TYPES) != Faults()


def test_missing_uploads_are_of_the_second_type():
    assert faults_of("uploads-missing", TYPES).not_uploaded == {InvoiceType.ORDINARY: 3}


def test_an_unknown_fault_is_wrong_use_and_names_those_there_are():
    with pytest.raises(UsageError) as refused:
        faults_of("earthquake", TYPES)
    assert all(name in refused.value.sentence for name in ("earthquake", *KNOWN))
