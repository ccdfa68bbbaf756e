"""Whom django-axes counts wrong passwords for: a username and the network that it was typed in."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

# Whoever has one address of an IPv6 network has all of them.
NETWORK_BITS = 64


def network_of(request: HttpRequest) -> str | None:
    """Return the address, or the first one of its IPv6 network; None when there is none.

    It is the connection's own, which uvicorn takes from X-Forwarded-For only if a trusted proxy says so.
    """
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, NETWORK_BITS), strict=False).network_address)
    return str(address)


def client_in_logs(username: str, ip_address: str, user_agent: str, path_info: str, request: HttpRequest) -> str:  # noqa: ARG001 - django-axes calls it so
    """Return what logs say of a client: never the username, as some type their password there."""
    return str(ip_address)
