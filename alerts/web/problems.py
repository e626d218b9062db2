"""What a program reads when a request fails (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse


def problem(status: int, detail: str, hint: str = "", **more: object) -> JSONResponse:
    """Return an error for a program."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status,
            "detail": detail, **({"hint": hint} if hint else {}), **more}  # fmt: skip
    return JSONResponse(body, status, media_type="application/problem+json")
