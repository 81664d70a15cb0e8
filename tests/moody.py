"""A mail server with moods for long runs and measurements: stdlib only, loopback only, on one port for its whole life."""

import asyncio
import re
import threading
from contextlib import suppress

HANG_SECONDS = 600


class MoodyServer:
    """Does what `mood` says, also while it runs: ok, down, defer, hang, drop, flaky.

    "down" closes every connection at once; "drop" takes a mail and closes before it says so, the classic reason for
    duplicates; "flaky" defers every third mail. `delay` is what one mail takes. Deliveries are (recipient, Message-ID).
    """

    def __init__(self) -> None:
        self.mood, self.delay, self.rejected = "ok", 0.0, ""
        self.delivered: list[tuple[str, str]] = []
        self.port = 0
        self._seen = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> "MoodyServer":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        # Whoever is still kept waiting.
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._talk(reader, writer)
        with suppress(OSError, RuntimeError):
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")
            await writer.drain()

        if self.mood == "down":
            return
        if self.mood == "hang":
            await asyncio.sleep(HANG_SECONDS)
            return
        await say("220 moody")
        recipient = ""
        while line := (await reader.readline()).decode("utf-8", "replace").strip():
            verb = line[:4].upper()
            if verb in ("EHLO", "HELO"):
                await say("250-moody\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb == "RCPT":
                recipient = line[line.find("<") + 1 : line.find(">")]
                await say(self._about(recipient))
            elif verb == "DATA":
                await say("354 go")
                body = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self.delay)
                self._seen += 1
                if self.mood == "flaky" and self._seen % 3 == 0:
                    await say("451 4.3.0 later")
                    continue
                found = re.search(rb"^Message-ID:\s*(<[^>]+>)", body, re.MULTILINE | re.IGNORECASE)
                self.delivered.append((recipient, found[1].decode() if found else ""))
                if self.mood == "drop":
                    return
                await say("250 queued")
            elif verb == "QUIT":
                await say("221 bye")
                return
            else:
                await say("250 ok")

    def _about(self, recipient: str) -> str:
        if self.mood == "defer":
            return "451 4.3.0 later"
        if self.rejected and recipient.startswith(self.rejected):
            return "550 5.1.1 no such user"
        return "250 ok"
