"""An IMAP server in a few lines, that drops, lies and dawdles as it is told."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from plugins.smtp.tests.servers import serving

HANG_UP: Final = b""
CAPABILITIES: Final = b"* CAPABILITY IMAP4rev1 IDLE\r\n"


@dataclass(slots=True)
class BadBox:
    """
    A mailbox of mails by UID.

    Attributes:
        faults: By the first word of a command, what to say instead of the answer, each once: bytes
            without the tag, nothing to hang up, or None never to answer.
        always: The same, for ever.
        body: What is said of a mail that is fetched, if it is not the truth.
        size: What is said of a mail's size, if it is not the truth.
        cut_after: After so many bytes of a mail it hangs up; never for None.
        news_after_s: When it says by itself that something came, to whoever idles; never for None.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    next_uid: int | None = None
    capabilities: bytes = CAPABILITIES
    greeting: bytes | None = b"* OK ready\r\n"
    faults: dict[str, list[bytes | None]] = field(default_factory=dict)
    always: dict[str, bytes | None] = field(default_factory=dict)
    body: Callable[[int], bytes | None] = lambda uid: None
    size: Callable[[int], int | None] = lambda uid: None
    cut_after: int | None = None
    news_after_s: float | None = None
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[int]:
        """Run it on a free port."""
        async with serving(self._converse) as port:
            yield port

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not await _say(writer, self.greeting):
            return
        while line := await reader.readline():
            tag, _, command = line.decode("latin-1").rstrip().partition(" ")
            words = command.split()
            if not words:  # DONE
                continue
            name = words[1 if words[0] == "UID" else 0].upper()
            name = "LOOK" if "RFC822.SIZE" in command else name
            self.commands.append(command)
            said = self._fault(name)
            if said is Ellipsis:
                answer = self._answer(name, command)
                if name == "IDLE":
                    await _say(writer, b"+ idling\r\n")
                    if self.news_after_s is not None:
                        await asyncio.sleep(self.news_after_s)
                        await _say(writer, b"* 1 EXISTS\r\n")
                    await reader.readline()
                said = answer + f"{tag} OK done\r\n".encode()
            elif isinstance(said, bytes):
                said = said.replace(b"TAG", tag.encode())
            assert said is None or isinstance(said, bytes)
            is_cut = name == "FETCH" and self.cut_after is not None
            said = said[: self.cut_after] if said and is_cut else said
            if not await _say(writer, said) or is_cut:
                return

    def _fault(self, name: str) -> object:
        if name in self.always:
            return self.always[name]
        waiting = self.faults.get(name)
        return waiting.pop(0) if waiting else ...

    def _answer(self, name: str, command: str) -> bytes:
        match name:
            case "CAPABILITY":
                return self.capabilities
            case "EXAMINE":
                next_uid = self.next_uid or max(self.mails, default=0) + 1
                return (
                    f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] x\r\n"
                    f"* OK [UIDNEXT {next_uid}] x\r\n"
                ).encode()
            case "SEARCH":
                return self._found(command)
            case "LOOK" | "FETCH":
                uid = int(command.split()[2])
                return self._look(uid) if name == "LOOK" else self._mail(uid)
        return b""

    def _found(self, command: str) -> bytes:
        first = re.search(r"UID (\d+):", command)
        found = [uid for uid in self.mails if first is None or uid >= int(first[1])]
        found = found or [*self.mails][-1:]
        return b"* SEARCH" + b"".join(b" %d" % uid for uid in found) + b"\r\n"

    def _look(self, uid: int) -> bytes:
        if uid not in self.mails:
            return b""
        size = self.size(uid)
        size = len(self.mails[uid]) if size is None else size
        date = b'INTERNALDATE "30-Nov-2026 12:00:00 +0000"'
        return b"* 1 FETCH (UID %d RFC822.SIZE %d %s)\r\n" % (uid, size, date)

    def _mail(self, uid: int) -> bytes:
        if uid not in self.mails:
            return b""
        told = self.body(uid)
        if told is None:
            told = b"BODY[]<0> {%d}\r\n%s" % (len(self.mails[uid]), self.mails[uid])
        flags = b"* 1 FETCH (FLAGS (\\Seen))\r\n"
        return b"%s* 1 FETCH (UID %d %s)\r\n" % (flags, uid, told)


async def _say(writer: asyncio.StreamWriter, answer: bytes | None) -> bool:
    if answer is None:
        await asyncio.sleep(3600)
    if not answer:
        return False
    writer.write(answer)
    await writer.drain()
    return True
