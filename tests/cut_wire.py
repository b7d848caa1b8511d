"""A wire to PostgreSQL that is cut at a word: before the server hears it, or before it answers.

client ---- folder/.s.PGSQL.5432 ---- the server's socket
            cut("COMMIT", heard=True)     the server does it, nobody is told
            cut("COMMIT", heard=False)    the server never hears it
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

__all__ = ["Wire"]


class Wire:
    """Listens in a folder as the server would; closed with `close`."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.server = server / ".s.PGSQL.5432"
        self.cuts = 0
        self._wanted: list[tuple[bytes, bool]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, word: str, *, heard: bool) -> None:
        """Cut the wire once, when this is said next."""
        self._wanted.append((word.encode(), heard))

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server))
                for pair in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, asking: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asking and self._wanted and self._wanted[0][0] in data:
                    _, heard = self._wanted.pop(0)
                    # Whoever asked hears nothing more, whatever the server says.
                    source.shutdown(socket.SHUT_RDWR)
                    if heard:
                        sink.sendall(data)
                    self.cuts += 1
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_WR)
