"""A real mail server on loopback for tests: it keeps what it is given, or refuses as told."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from django.db import connection


class Postbox:
    """What arrived, and what the server shall answer ("250 OK" unless told)."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answer = "250 OK"
        # What single addresses are told instead.
        self.refused: dict[str, str] = {}
        self.connections = 0
        # Called in a thread of its own while a mail is being taken.
        self.on_data: Callable[[], Any] | None = None

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count who comes."""
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Accept or refuse a recipient, as told."""
        answer = self.refused.get(address, self.answer)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail."""
        if self.on_data:
            await asyncio.to_thread(self._call_and_close)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    def _call_and_close(self) -> None:
        try:
            self.on_data()  # type: ignore[misc]
        finally:
            connection.close()


@contextmanager
def mail_server(settings: Any) -> Iterator[Postbox]:
    """Point the portal's mail at a server that runs until the block ends."""
    postbox = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        host, port = probe.getsockname()
    controller = Controller(postbox, hostname=host, port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    try:
        yield postbox
    finally:
        controller.stop()
