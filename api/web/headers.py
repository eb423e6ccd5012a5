"""Security headers of the web pages."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders

# What each page may do: run the scripts that carry its nonce, use its own styles, images and
# addresses. `trusted-types` names the two policies that may turn text into markup: htmx's, and the
# one that app.js uses for answers.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'nonce-{nonce}'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types htmx answers",
    )
)
_FIXED = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def secure_page(headers: MutableHeaders, nonce: str) -> None:
    """Headers of a page, which only its caller's browser may keep, and only while it is shown."""
    headers.update(_FIXED)
    headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    headers["Cache-Control"] = "no-store"
    headers["Vary"] = "Cookie, HX-Request"


def secure_asset(headers: MutableHeaders) -> None:
    """Headers of a style sheet, script or image."""
    headers.update(_FIXED)
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
