import pytest
from structlog.testing import capture_logs

from tearoff.cli.findings_server import of_server
from tearoff.config import read_settings
from tearoff.kit import proxies
from tearoff.kit.proxies import client_address, host_of, network_of


def scope(peer, *forwarded):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": (peer, 1234) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("203.0.113.7", [], (), "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], (), "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], ("10.0.0.1",), "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1"], ("10.0.0.1",), "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], ("10.0.0.0/8",), "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], ("10.0.0.0/8",), "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], ("10.0.0.0/8",), "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, rubbish"], ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", [], ("10.0.0.0/8",), "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8:1:2::3"], ("10.0.0.0/8",), "2001:db8:1:2::3"),
        ("", ["198.51.100.1"], ("10.0.0.0/8",), "unknown"),
    ],
)
def test_client_address(peer, forwarded, trusted, address):
    assert client_address(scope(peer, *forwarded), trusted) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_network_of(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_host_of(address, host):
    assert host_of(address) == host


def test_a_proxy_that_nobody_named_is_told_once(monkeypatch):
    monkeypatch.setattr(proxies, "_has_told", False)
    with capture_logs() as told:
        client_address(scope("9.9.9.9", "198.51.100.1"), ())
        client_address(scope("10.0.0.1"), ())
        client_address(scope("10.0.0.1", "198.51.100.1"), ("10.0.0.1",))
        assert not told
        for _ in range(2):
            assert client_address(scope("10.0.0.1", "198.51.100.1"), ()) == "10.0.0.1"
    assert [(line["event"], line["peer"]) for line in told] == [("proxy.unnamed", "10.0.0.1")]


@pytest.mark.parametrize(
    ("given", "is_fine"),
    [
        ({}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "trusted_proxies": "10.0.0.1"}, True),
        ({"public_url": "https://coupons.example.com"}, False),
        ({"public_url": "https://coupons.example.com", "trusted_proxies": "127.0.0.1"}, True),
    ],
)
def test_the_doctor_asks_for_the_proxy(given, is_fine):
    found = {finding.what: finding for finding in of_server(read_settings({}, **given))}
    assert found["address"].is_fine == is_fine
    assert found.keys() == {"address", "metrics", "local services", "open files", "user"}


@pytest.mark.parametrize(
    ("given", "is_fine"),
    [
        ({}, True),
        ({"trusted_proxies": "127.0.0.1"}, False),
        ({"public_url": "https://coupons.example.com"}, False),
        ({"public_url": "https://coupons.example.com", "metrics_token": "a token"}, True),
    ],
)
def test_the_doctor_asks_for_the_token_of_the_metrics(given, is_fine):
    found = {finding.what: finding for finding in of_server(read_settings({}, **given))}
    assert found["metrics"].is_fine == is_fine


@pytest.mark.parametrize(
    ("given", "is_fine"),
    [
        ({}, True),
        ({"host": "0.0.0.0", "public_url": "https://coupons.example.com"}, True),
        ({"allow_loopback": "true"}, True),
        ({"allow_loopback": "true", "host": "0.0.0.0"}, False),
        ({"allow_loopback": "true", "public_url": "https://coupons.example.com"}, False),
    ],
)
def test_the_doctor_warns_of_open_local_services(given, is_fine):
    found = {finding.what: finding for finding in of_server(read_settings({}, **given))}
    assert found["local services"].is_fine == is_fine
