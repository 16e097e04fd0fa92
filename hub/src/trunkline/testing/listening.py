"""How an adapter that recognises live speech must begin and end, whoever wrote it."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

import pytest

from trunkline.sdk import (
    OutcomeUnknown,
    ProviderError,
    RetryLater,
)
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.live import (
    SOUND,
    Listened,
    Live,
    Stream,
    read_all,
    until,
    value_of,
)
from trunkline.testing.streams import REFUSALS, BaseStreamConformance
from trunkline.testing.suite import longest_stall_s
from trunkline.testing.wire import Canned

_SILENCES: Final = 5
_LONGEST_STALL_S: Final = 0.1


async def _for_ever(_: Listened) -> None:
    await asyncio.Event().wait()


class BaseListeningConformance(BaseStreamConformance):
    """The part of `BaseSttConformance` about how a live stream begins and ends."""

    # --- how it ends ------------------------------------------------------------------------------

    def test_a_stream_in_which_nothing_is_understood_ends_without_a_word(self) -> None:
        script = self.script()

        heard = self.listened(replace(script, says=(), ends=()))

        assert heard.error is None
        assert heard.told == []

    def test_long_silence_is_kept_alive(self) -> None:
        script = self.script()
        if self.silence_s is None:
            pytest.skip(f"{self.spec.name} breaks no silence off")
        silence_s = self.silence_s

        async def silence(heard: Listened) -> None:
            frames = heard.wire.frames
            await until(lambda: frames)
            for _ in range(_SILENCES):
                count = len(frames)
                heard.clock.travel(silence_s - 1.0)
                await until(lambda: len(frames) > count)  # noqa: B023 - awaited here

        heard = self.listened(script, before={3: silence})

        assert heard.error is None, "the vendor heard nothing for too long"
        assert heard.told == self.meaning("heard")
        sound = [self.sound_in(frame) for frame in heard.wire.frames]
        assert b"".join(each for each in sound if each) == b"".join(SOUND)

    @pytest.mark.parametrize("way", ["closes it", "is cancelled"])
    def test_a_reader_that_goes_away_leaves_nothing_open(self, way: str) -> None:
        async def reader(stream: Stream, heard: Listened) -> None:
            before = asyncio.all_tasks()
            if way == "closes it":
                heard.told.append(await anext(stream))
                await stream.aclose()
            else:
                reading = asyncio.create_task(read_all(stream, heard))
                await until(lambda: heard.told)
                reading.cancel()
                await asyncio.wait([reading])
                await stream.aclose()
            assert heard.source.is_over, "close what you opened before you end"
            await heard.wire.closed.wait()
            await until(lambda: not asyncio.all_tasks() - before)
            asked = heard.source.asked
            for _ in range(20):
                await asyncio.sleep(0)
            assert heard.source.asked == asked, "the sound is read on"

        heard = self.listened(self.script(), before={3: _for_ever}, reader=reader)

        assert heard.error is None
        assert heard.source.is_over

    @pytest.mark.parametrize("code", [1000, 1011, 0])
    def test_a_stream_that_breaks_off_is_an_unknown_outcome(self, code: int) -> None:
        script = replace(self.script(), breaks_off=code)

        heard = self.listened(script, before={3: _for_ever})

        assert isinstance(heard.error, OutcomeUnknown)
        told = self.meaning("heard")
        assert heard.told == told[: len(heard.told)]
        assert code == 0 or heard.told, "what was told before is lost"
        assert heard.source.is_over
        assert not self.private_of(heard)

    def test_a_vendor_that_never_ends_is_not_waited_for_for_ever(self) -> None:
        async def reader(stream: Stream, heard: Listened) -> None:
            reading = asyncio.create_task(read_all(stream, heard))
            while not reading.done():
                await asyncio.sleep(0.002)
                if any(value_of(each) == value_of(self.ends_sound) for each in heard.wire.frames):
                    heard.clock.travel(5.0)
            await reading

        heard = self.listened(replace(self.script(), never_ends=True), reader=reader)

        assert isinstance(heard.error, OutcomeUnknown)

    def test_sound_that_breaks_off_at_its_source_does_not_pass_for_its_end(self) -> None:
        async def lost(_: Listened) -> None:
            raise _SourceLostError

        heard = self.listened(self.script(), before={4: lost})

        assert isinstance(heard.error, _SourceLostError), f"{heard.error!r} is not what happened"

    # --- how it does not begin --------------------------------------------------------------------

    @pytest.mark.parametrize("scenario", REFUSALS)
    def test_a_refused_stream_becomes_the_error_that_says_what_to_do(self, scenario: str) -> None:
        self.script()
        self.needs_place(scenario)

        heard = self.listened(self.canned(scenario))

        assert isinstance(heard.error, REFUSALS[scenario])
        assert not heard.told
        assert not heard.source.asked or heard.source.is_over
        assert not self.private_of(heard)

    def test_a_vendor_who_is_not_there_was_surely_not_asked(self) -> None:
        self.script()

        async def ask() -> Exception | None:
            nowhere = self.live_wire(Live())
            heard = Listened(wire=nowhere)
            async with nowhere.up():
                pass  # its port is free again
            async with self.connectable(nowhere, RecordingLog()) as provider:
                try:
                    sound = heard.source.read(heard)
                    await read_all(provider.listen(sound, self.live_formats[0]), heard)
                except Exception as error:  # noqa: BLE001 - the test judges what it is
                    return error
            return None

        assert isinstance(asyncio.run(ask()), RetryLater)

    def test_the_credentials_go_to_nobody_else(self) -> None:
        self.script()
        stranger = _Stranger()

        async def ask() -> None:
            server = await asyncio.start_server(stranger.meet, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            moved = Canned(status=302, headers={"location": f"ws://localhost:{port}/v1/x"})
            wire = self.live_wire(moved)
            heard = Listened(wire=wire)
            async with server, wire.up(), self.connectable(wire, heard.log) as provider:
                sound = heard.source.read(heard)
                with pytest.raises(ProviderError):
                    await read_all(provider.listen(sound, self.live_formats[0]), heard)

        asyncio.run(ask())

        assert not stranger.told, "it follows a redirect with the credentials"

    def test_credentials_stand_in_no_url_of_a_stream(self) -> None:
        heard = self.listened(self.script())

        assert self.secrets(), "declare credentials as SecretStr"
        assert not [each for each in self.secrets() if each in heard.wire.requests[0].path]
        assert any(each in str(self.leaves_of_stream(heard)) for each in self.secrets())

    def test_listening_never_blocks_the_event_loop(self) -> None:
        stalls = []

        async def reader(stream: Stream, heard: Listened) -> None:
            stalls.append(await longest_stall_s(read_all(stream, heard)))

        for _ in range(3):  # the first imports, and a busy machine stalls now and then
            self.listened(self.script(), reader=reader)

        assert min(stalls) < _LONGEST_STALL_S, f"the event loop stood still for {min(stalls):.3f} s"


@dataclass(slots=True)
class _Stranger:
    told: bytes = b""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.told += await reader.read(65_536)
        writer.close()


class _SourceLostError(Exception):
    """Where the sound comes from is gone."""
