"""A line to PostgreSQL that breaks at the worst moment: the COMMIT arrives, its answer does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

COMMITS = (b"COMMIT;\0", b"COMMIT\0")
"""The end of the message that commits: of the driver's own transactions, and of ours."""


@dataclass
class CuttingProxy:
    """Passes bytes to and fro until it is told to lose answers."""

    server_port: int
    cuts: int = 0
    """How many answers to a COMMIT it has lost."""
    _to_lose: int = 0
    _connections: set["asyncio.Task[None]"] = field(default_factory=set)

    def lose_answers(self, count: int) -> None:
        """The next ``count`` COMMITs are carried out, and then their connections are cut."""
        self._to_lose = count

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """The port at which PostgreSQL is reached through it."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is handled by a task"
        self._connections.add(task)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        losing = asyncio.Event()
        directions = [
            asyncio.create_task(self._forward(client_reader, writer, losing)),
            asyncio.create_task(self._back(reader, client_writer, losing)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            for each in (writer, client_writer):
                each.transport.abort()
            self._connections.discard(task)

    async def _forward(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        while sent := await client.read(65_536):
            if self._to_lose and sent.endswith(COMMITS):
                self._to_lose -= 1
                losing.set()
            server.write(sent)
            await server.drain()

    async def _back(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        """Until the answer to a COMMIT comes that is to be lost: then it has been carried out, and the line ends."""
        while answered := await server.read(65_536):
            if losing.is_set():
                self.cuts += 1
                return
            client.write(answered)
            await client.drain()
