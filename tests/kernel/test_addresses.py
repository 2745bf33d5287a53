"""Addresses that lead back to the machine itself, however they are written."""

import pytest

from handslag.kernel.addresses import is_for_real, is_loopback

HERE = (
    "http://127.0.0.1:8001", "https://127.0.0.1", "https://127.1", "https://127.3.2.1/x", "https://2130706433",
    "https://0x7f.0.0.1", "https://0", "https://0.0.0.0", "https://[::1]:8001", "https://[::ffff:127.0.0.1]",
    "https://localhost", "https://LocalHost.:8001", "https://eid.localhost", "https://user@eid.localhost/",
)  # fmt: skip


@pytest.mark.parametrize("address", HERE)
def test_what_leads_back_here_is_known(address: str) -> None:
    assert is_loopback(address)
    assert not is_for_real(address)


@pytest.mark.parametrize(
    "address",
    ["http://eid.example", "eid.example", "https://", "https:///x", "", " https://eid.example", "https://[", None, 5],
)
def test_what_is_no_address_of_a_real_service_is_refused(address: object) -> None:
    assert not is_for_real(address)


@pytest.mark.parametrize("address", ["https://eid.example", "https://10.0.0.7:8443/x", "https://localhost.example"])
def test_a_real_service_is_let_in(address: str) -> None:
    assert is_for_real(address)
    assert not is_loopback(address)
