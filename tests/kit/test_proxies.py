import pytest

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
