"""Content security policy: only our own files and scripts that carry this response's nonce run."""

import secrets
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

HEADER = "Content-Security-Policy"
NONCE_ATTRIBUTE = "csp_nonce"

Handler = Callable[[HttpRequest], HttpResponseBase]


def policy(*, nonce_value: str, host: str) -> str:
    """The header's text; ``host`` (empty: none) is whom sockets may be opened to besides 'self'."""
    # Naming the host keeps sockets to ourselves: a bare "ws:" would let injected code talk to anyone.
    sockets = f" ws://{host} wss://{host}" if host else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce_value}'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self'{sockets}",
            "form-action 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def content_security_policy(get_response: Handler) -> Handler:
    """Middleware that gives each request a nonce and each response the policy, unless a view set a stricter one."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        setattr(request, NONCE_ATTRIBUTE, secrets.token_urlsafe(16))
        response = get_response(request)
        if HEADER not in response.headers:
            try:
                host = request.get_host()
            except DisallowedHost:
                host = ""
            response.headers[HEADER] = policy(nonce_value=getattr(request, NONCE_ATTRIBUTE), host=host)
        return response

    return answer


def nonce(request: HttpRequest) -> dict[str, str]:
    """Context processor: ``csp_nonce`` for the few script tags that need one."""
    return {NONCE_ATTRIBUTE: getattr(request, NONCE_ATTRIBUTE, "")}
