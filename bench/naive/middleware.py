"""The naive build's middlewares: a log line, a token, a rate limit."""

import logging
import time
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import func, select
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bench.naive.models import Token, Usage, now, sessions

ACTIONS_PER_MINUTE = 1_000_000

log = logging.getLogger("naive")


class RequestLog(BaseHTTPMiddleware):
    """Logs each request with the time it took."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Log a request once it is answered."""
        started = time.perf_counter()
        response = await call_next(request)
        took_ms = (time.perf_counter() - started) * 1000
        log.info(
            "%s %s %s %.1f ms", request.method, request.url.path, response.status_code, took_ms
        )
        return response


class Authentication(BaseHTTPMiddleware):
    """Looks the bearer token up by its hash."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Refuse a request without a known token."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        hashed = sha256(bearer.encode()).hexdigest()
        async with sessions() as session:
            token = await session.scalar(select(Token).where(Token.token_hash == hashed))
        if token is None:
            return JSONResponse({"detail": "unauthenticated"}, status_code=401)
        request.state.agent_id = token.agent_id
        return await call_next(request)


class RateLimit(BaseHTTPMiddleware):
    """Counts what the agent did in the last minute."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Refuse a request of an agent that did too much."""
        recent = select(func.count(Usage.id)).where(
            Usage.agent_id == request.state.agent_id,
            Usage.created_at > now() - timedelta(minutes=1),
        )
        async with sessions() as session:
            used = await session.scalar(recent) or 0
        if used >= ACTIONS_PER_MINUTE:
            return JSONResponse({"detail": "rate limited"}, status_code=429)
        return await call_next(request)
