"""
MP3 and Opus through libsndfile, while they come.

libsndfile reads a whole file before it gives the first sample, unless it reads from a pipe: so it
does. Imported by the first conversion that needs it.
"""

import contextlib
import io
import os
import threading
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import soundfile

from trunkline.core.sound.faults import Unreadable
from trunkline.core.sound.samples import Block, mixed
from trunkline.sdk import AudioFormat

_BLOCK_FRAMES: Final = 1024
_WRITTEN_AS: Final = {
    AudioFormat.MP3: ("MP3", "MPEG_LAYER_III"),
    AudioFormat.OGG_OPUS: ("OGG", "OPUS"),
}


class _FromPipe(soundfile.SoundFile):  # type: ignore[misc]
    def seekable(self) -> bool:
        """Say no: libsndfile says yes of an MP3 whatever it comes from."""
        return False


class Decoder:
    """
    Reads compressed sound.

    Attributes:
        rate: Of the samples, known once the first block was asked for.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.rate = 0
        self._failed: Exception | None = None
        self._pieces = pieces

    def blocks(self) -> Iterator[Block]:
        """
        Return the samples of one channel.

        What reading the pieces raises is raised here; an Unreadable, where they are no such sound.
        """
        reading, writing = os.pipe()
        feeder = threading.Thread(target=self._feed, args=(writing,), daemon=True, name="sound")
        feeder.start()
        damaged = None
        try:
            with _FromPipe(reading, closefd=False) as file:
                self.rate = file.samplerate
                while len(frames := file.read(out=_room(file.channels))):
                    yield mixed(frames)
        except soundfile.LibsndfileError as error:
            damaged = error
        finally:
            os.close(reading)
        feeder.join()
        if self._failed:  # a pipe that ends early is damaged too: why it ended comes first
            raise self._failed
        if damaged:
            raise Unreadable("The sound is damaged, or of another format.") from damaged

    def _feed(self, writing: int) -> None:
        try:
            with open(writing, "wb", buffering=0) as pipe, contextlib.suppress(BrokenPipeError):
                pipe.writelines(self._pieces)
        except Exception as error:  # noqa: BLE001 - raised by the one who reads the samples
            self._failed = error


def _room(channels: int) -> Block:
    return np.empty((_BLOCK_FRAMES, channels), np.float32)


def encoded(blocks: Iterable[Block], rate: int, audio_format: AudioFormat) -> Iterator[bytes]:
    """
    Return samples as Opus, page by page, or as MP3.

    That comes whole at the end, as its first frame counts the others.
    """
    file_format, subtype = _WRITTEN_AS[audio_format]
    streamed = audio_format is AudioFormat.OGG_OPUS
    sink = io.BytesIO()
    with soundfile.SoundFile(sink, "w", rate, 1, format=file_format, subtype=subtype) as file:
        for block in blocks:
            file.write(block)
            if streamed:
                yield _drained(sink)
    yield _drained(sink)


def _drained(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data
