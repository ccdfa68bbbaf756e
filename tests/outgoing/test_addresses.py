"""Which addresses are closed, and how allow-lists are read."""

import pytest

from routing.outgoing.addresses import closed_kind, named_host, named_hosts

CLOSED = {
    "0.0.0.0": "unspecified",  # noqa: S104
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "100.64.0.1": "shared by a carrier (CGNAT)",
    "100.100.100.200": "shared by a carrier (CGNAT)",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "a cloud platform's own",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.8": "reserved",
    "192.0.0.192": "reserved",
    "192.0.2.1": "for documentation",
    "192.31.196.1": "reserved",
    "192.52.193.1": "tunnelled",
    "192.88.99.1": "tunnelled (6to4)",
    "192.168.1.1": "private",
    "192.175.48.1": "reserved",
    "198.18.0.1": "for benchmarks",
    "198.51.100.7": "for documentation",
    "203.0.113.9": "for documentation",
    "224.0.0.1": "multicast",
    "233.252.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "translated from IPv4",
    "::8.8.8.8": "translated from IPv4",
    "::ffff:127.0.0.1": "mapped from IPv4",
    "::ffff:8.8.8.8": "mapped from IPv4",
    "::ffff:0:127.0.0.1": "reserved",
    "64:ff9b::7f00:1": "translated (NAT64)",
    "64:ff9b::808:808": "translated (NAT64)",
    "64:ff9b:1::a00:1": "translated (NAT64)",
    "100::1": "reserved",
    "2001::4136:e378:8000:63bf": "tunnelled (Teredo)",
    "2001:2::1": "reserved",
    "2001:10::1": "reserved",
    "2001:20::1": "reserved",
    "2001:db8::1": "for documentation",
    "2002:7f00:1::": "tunnelled (6to4)",
    "2002:808:808::1": "tunnelled (6to4)",
    "2620:4f:8000::1": "reserved",
    "2a00:1450:4001:80b:0:5efe:10.0.0.1": "tunnelled (ISATAP)",
    "2a00:1450:4001:80b:200:5efe:10.0.0.1": "tunnelled (ISATAP)",
    "3fff::1": "for documentation",
    "4000::1": "reserved",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
    "2a00:1450:4001:80b::200e%eth0": "reserved",
    "not an address": "unreadable",
    "": "unreadable",
}


@pytest.mark.parametrize(("address", "kind"), CLOSED.items())
def test_closed_kind_names_why_an_address_may_not_be_called(address: str, kind: str) -> None:
    assert closed_kind(address) == kind


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "2a00:1450:4001:80b::200e"],
)
def test_closed_kind_is_empty_for_a_globally_routable_address(address: str) -> None:
    assert closed_kind(address) == ""


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("CRM.Internal.", 8080, "crm.internal:8080"),
        ("127.0.0.1", 80, "127.0.0.1:80"),
        ("0:0:0:0:0:0:0:1", 443, "[::1]:443"),
        ("[::1]", 443, "[::1]:443"),
    ],
)
def test_named_host_has_one_spelling(host: str, port: int, name: str) -> None:
    assert named_host(host, port) == name


def test_named_hosts_reads_names_and_addresses() -> None:
    assert named_hosts(["LocalHost:11434", " [0::1]:8000 ", "10.0.0.7:80"]) == {
        "localhost:11434",
        "[::1]:8000",
        "10.0.0.7:80",
    }


@pytest.mark.parametrize(
    "entry", ["localhost", "http://localhost:80", "localhost:0", "localhost:70000", ":80", "*", ""]
)
def test_named_hosts_refuses_an_entry_that_is_not_host_and_port(entry: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        named_hosts([entry])
