"""Which network addresses the desk may call: globally routable ones, and hosts an operator has opened by name."""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Thread

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
"""Takes a host and a port, returns numeric addresses; raises OSError when there are none."""

# Spelled out, because is_global changes between Python's patch releases and calls some of these global.
_CLOSED_V4 = tuple(
    (ipaddress.IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud platform's own"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "tunnelled"),
        ("192.88.99.0/24", "tunnelled (6to4)"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_CLOSED_V6 = tuple(
    (ipaddress.IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "mapped from IPv4"),
        ("::/96", "translated from IPv4"),
        ("64:ff9b::/96", "translated (NAT64)"),
        ("64:ff9b:1::/48", "translated (NAT64)"),
        ("2001::/32", "tunnelled (Teredo)"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "tunnelled (6to4)"),
        ("2620:4f:8000::/48", "reserved"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_ISATAP = 0x00005EFE  # interface identifier that carries an IPv4 address, its universal bit masked out

_NAMED_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]?#]+):(?P<port>[0-9]{1,5})")


class NoAddressError(Exception):
    """A name that has no address, or gave none in time."""


def closed_kind(address: str) -> str:
    """Return why the desk may not call this numeric address ("loopback"), or an empty string when it may."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unreadable"
    if isinstance(ip, ipaddress.IPv4Address):
        return next((kind for network, kind in _CLOSED_V4 if ip in network), "")
    for network, kind in _CLOSED_V6:
        if ip in network:
            return kind
    if ip not in _GLOBAL_V6 or ip.scope_id is not None:
        return "reserved"
    if (int(ip) >> 32) & 0xFDFFFFFF == _ISATAP:
        return "tunnelled (ISATAP)"
    return ""


def named_host(host: str, port: int) -> str:
    """Return ``host:port`` in the one spelling that allow-lists are compared in; IPv6 hosts are in brackets."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        name = ipaddress.ip_address(name).compressed
    except ValueError:
        return f"{name}:{port}"
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def named_hosts(entries: Iterable[str]) -> frozenset[str]:
    """Read the entries of an allow-list into the spelling of ``named_host``; raises ValueError naming a wrong one."""
    hosts = set()
    for entry in entries:
        match = _NAMED_HOST.fullmatch(entry.strip())
        if match is None or not 0 < int(match["port"]) < 65536:
            raise ValueError(f"“{entry}” is not host:port, such as crm.internal:8080 or [::1]:11434")
        hosts.add(named_host(match["host"], int(match["port"])))
    return frozenset(hosts)


def system_addresses(host: str, port: int) -> list[str]:
    """Ask the operating system for the host's addresses, in its order of preference; raises OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long to be a host name
        raise OSError(f"not a host name: {error}") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def addresses_within(resolve: Resolve, host: str, port: int, timeout_seconds: float) -> list[str]:
    """Resolve a host within a time limit; raises NoAddressError.

    The system's resolver takes no time limit, so it runs in a thread of its own that is left behind when late.
    """
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except OSError as error:
            answers.put(error)

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(timeout_seconds, 0.0))
    except Empty:
        raise NoAddressError(f"the address of {host} was not found in time") from None
    if isinstance(answer, OSError):
        raise NoAddressError(f"the name {host} has no address") from answer
    if not answer:
        raise NoAddressError(f"the name {host} has no address")
    return answer
