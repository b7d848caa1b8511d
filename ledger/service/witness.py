"""A witness's server: C2SP tlog-witness over Starlette, in front of `store.witness.Memory`.

    POST /add-checkpoint                    cosign a checkpoint that continues the last one
    GET  /<sha256 of origin>/checkpoint     the checkpoint cosigned last

A request is judged twice: once on what can be read without holding anybody up, so that
who lacks the log's key never gets as far as the writer; and once, if that went well, inside
the transaction that stores it. The answer leaves after the commit.

Bodies are counted while they arrive, and must arrive in ten seconds. Errors are a code and
a newline: nothing of what was sent is sent back.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import ConfigError, MalformedError, StorageError
from ..log import note, witness
from ..log.witness import Answer, CosignatureSigner
from ..store.witness import Memory

__all__ = ["Desk", "app", "listen", "serve"]

BODY_SECONDS = 10.0
"""How long a request's body may take to arrive."""
AT_ONCE = 64
"""Connections at once; further ones are answered 503."""


def _now() -> int:
    return time.time_ns() // 1_000_000_000


class Desk:
    """Answers one request after the other, from what one witness remembers."""

    def __init__(
        self, memory: Memory, signer: CosignatureSigner, clock: Callable[[], int] = _now
    ) -> None:
        self.memory = memory
        self._signer = signer
        self._clock = clock
        # Writers queue here rather than in SQLite, which would wake them by polling.
        self._turn = Lock()

    def add(self, body: bytes) -> tuple[Answer, bytes]:
        """The answer to the body of an add-checkpoint, and the cosignature's line if 200."""
        try:
            asked = witness.parse_request(body)
        except MalformedError as error:
            return Answer(400, error.code, str(error)), b""
        origin = asked.checkpoint.origin

        def judge(size: int, root: bytes, keys: list[note.Verifier]) -> Answer:
            return witness.judge(asked, size, root, keys)

        def cosign(keys: list[note.Verifier]) -> bytes:
            known = {(key.name, key.key_id) for key in keys}
            parsed = note.parse(asked.note)
            lines = [one for one in parsed.signatures if (one.name, one.key_id) in known]
            # Strangers' lines were not looked at, so they are not kept either.
            plain = note.assemble(parsed.text, lines)
            return note.add(plain, self._signer.at(self._clock()))

        size, root, _ = self.memory.seen(origin)
        answer = judge(size, root, self.memory.keys(origin))
        if answer.status != 200:
            return answer, b""
        with self._turn:
            answer, data = self.memory.replace(origin, judge, cosign)
        return answer, data[data.rfind(b"\n", 0, -1) + 1 :]

    def checkpoint(self, digest: str) -> bytes | None:
        """The checkpoint cosigned last of the log whose origin hashes to this, or None."""
        for origin in self.memory.logs():
            if sha256(origin.encode()).hexdigest() == digest:
                return self.memory.seen(origin)[2]
        return None


def app(desk: Desk) -> Starlette:
    """The application; the caller closes the desk's memory when it has ended."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_read(request, witness.MAX_REQUEST), BODY_SECONDS)
        except TimeoutError:
            return _say(408, "request.too-slow")
        except ClientDisconnect:
            return _say(400, "request.malformed")
        if body is None:
            return _say(413, "request.too-large")
        try:
            answer, line = await run_in_threadpool(desk.add, body)
        except StorageError as error:
            return _say(503, error.code)
        if answer.status == 200:
            return Response(line, 200, media_type=witness.CONTENT_TYPE)
        if answer.size is not None:
            return Response(f"{answer.size}\n", answer.status, {"Content-Type": witness.SIZE_TYPE})
        return _say(answer.status, answer.code)

    async def checkpoint(request: Request) -> Response:
        try:
            found = await run_in_threadpool(desk.checkpoint, request.path_params["digest"])
        except StorageError as error:
            return _say(503, error.code)
        if found is None:
            return _say(404, "checkpoint.none")
        return Response(found, 200, {"Cache-Control": "max-age=5"}, witness.CONTENT_TYPE)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{digest}/checkpoint", checkpoint, methods=["GET"]),
        ]
    )


async def _read(request: Request, limit: int) -> bytes | None:
    """The body, or None as soon as it is longer than `limit`."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > limit:
            return None
    return bytes(data)


def _say(status: int, code: str) -> Response:
    return Response(f"{code}\n", status, media_type=witness.CONTENT_TYPE)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any that is free. ConfigError if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"cannot listen on {host} port {port}: {said}", code="serve.not-listening"
        ) from None


def serve(desk: Desk, wire: socket.socket) -> None:
    """Answer on this socket until the process is told to end."""
    config = uvicorn.Config(
        app(desk),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        proxy_headers=False,
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=[wire])
