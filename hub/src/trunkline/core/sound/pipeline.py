"""One conversion, step by step, for the thread that does it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from trunkline.core.problems import Missing
from trunkline.core.sound import mpeg, mulaw, ogg, wav
from trunkline.core.sound.faults import Truncated, Unreadable
from trunkline.core.sound.layout import RAW, Coding, Layout
from trunkline.core.sound.reading import Pieces
from trunkline.core.sound.tally import Tally
from trunkline.sdk import AudioFormat

if TYPE_CHECKING:
    from trunkline.core.sound.samples import Block
    from trunkline.core.sound.sndfile import Decoder

_SLICE_BYTES: Final = 32_768
_ENCODED_RATES: Final = (16_000, 24_000, 48_000)
"""Of these MP3 and Opus are made: the first that loses nothing, else the last."""

_TOLERATED_S: Final = 0.2
"""MP3 has up to three frames around its sound that one decoder counts and another does not."""


def converted(
    pieces: Iterable[bytes], source: AudioFormat, target: AudioFormat, tally: Tally
) -> Iterator[bytes]:
    """Return the sound in another format, in pieces, none of them empty."""
    made = _steps(Pieces(pieces), source, target, tally)
    yield from (piece for piece in made if piece)
    if not tally.frames:
        raise Truncated("There is no sound in it.")


def _steps(
    source: Pieces, source_format: AudioFormat, target: AudioFormat, tally: Tally
) -> Iterator[bytes]:
    if source_format in (AudioFormat.MP3, AudioFormat.OGG_OPUS):
        if target is source_format:
            return _checked(source, source_format, tally)
        return _decoded(source, source_format, target, tally)
    if source_format is AudioFormat.WAV:
        layout, samples = wav.opened(source)
    else:
        layout, samples = RAW[source_format], source.rest()
    counted = _counted(samples, layout, tally)
    if target is AudioFormat.WAV and layout.coding is Coding.MULAW:  # which not everything plays
        return _headed(mulaw.expanded(counted), replace(layout, coding=Coding.PCM_16))
    if target is AudioFormat.WAV and _plays_everywhere(layout):
        return _headed(counted, layout)
    if RAW.get(target) == layout:
        return counted
    return _computed(counted, layout, target)


def _plays_everywhere(layout: Layout) -> bool:
    is_plain = layout.coding in (Coding.PCM_8, Coding.PCM_16)
    return is_plain and layout.channels <= 2 and layout.rate <= 48_000


def _counted(samples: Iterable[bytes], layout: Layout, tally: Tally) -> Iterator[bytes]:
    """Return slices of whole frames."""
    source = Pieces(samples)
    left = b""
    for piece in source.rest():
        data = left + piece
        whole = len(data) - len(data) % layout.frame_bytes
        left = data[whole:]
        tally.add(whole // layout.frame_bytes, layout.rate)
        step = _SLICE_BYTES // layout.frame_bytes * layout.frame_bytes
        yield from (data[at : min(at + step, whole)] for at in range(0, whole, step))
    if left:
        raise Truncated("The sound ends within a sample.")


def _headed(samples: Iterable[bytes], layout: Layout) -> Iterator[bytes]:
    """Return a WAV; whole at the end, as its header says how long it is."""
    held = list(samples)
    size = sum(map(len, held))
    yield wav.header(layout, size)
    yield from held
    if size % 2:
        yield b"\0"


def _checked(
    source: Pieces, source_format: AudioFormat, tally: Tally, *, decoding: bool = False
) -> Iterator[bytes]:
    """Return the frames of an MP3 or the pages of Opus, each once it is whole."""
    if source_format is AudioFormat.MP3:
        for frame in mpeg.frames(source):
            tally.add(frame.samples, frame.rate)
            if frame.samples or not decoding:  # the decoder would believe what the first one says
                yield frame.data
    else:
        for page in ogg.pages(source):
            tally.stand_at(page.position, ogg.OPUS_RATE)
            yield page.data


def _decoded(
    source: Pieces, source_format: AudioFormat, target: AudioFormat, tally: Tally
) -> Iterator[bytes]:
    _needs_the_extra()
    from trunkline.core.sound.sndfile import Decoder

    said = Tally(most_s=tally.most_s)
    decoder = Decoder(_checked(source, source_format, said, decoding=True))
    blocks = _compared(decoder, said, tally)
    first = next(blocks, None)
    return iter(()) if first is None else _made(chain([first], blocks), decoder.rate, target)


def _compared(decoder: "Decoder", said: Tally, tally: Tally) -> "Iterator[Block]":
    """Return all blocks; what is damaged inside comes out shorter than its frames or pages say."""
    for block in decoder.blocks():
        tally.add(len(block), decoder.rate)
        yield block
    if abs(tally.duration_s - said.duration_s) > _TOLERATED_S:
        raise Unreadable("The sound is damaged.")


def _computed(samples: Iterable[bytes], layout: Layout, target: AudioFormat) -> Iterator[bytes]:
    _needs_the_extra()
    from trunkline.core.sound.samples import read

    return _made(read(samples, layout), layout.rate, target)


def _made(blocks: "Iterable[Block]", rate: int, target: AudioFormat) -> Iterator[bytes]:
    from trunkline.core.sound.samples import resampled, written

    if target in (AudioFormat.MP3, AudioFormat.OGG_OPUS):
        from trunkline.core.sound.sndfile import encoded

        wanted = next((each for each in _ENCODED_RATES if each >= rate), _ENCODED_RATES[-1])
        return encoded(resampled(blocks, rate, wanted), wanted, target)
    layout = RAW[AudioFormat.PCM_16000 if target is AudioFormat.WAV else target]
    samples = written(resampled(blocks, rate, layout.rate), layout.coding)
    return _headed(samples, layout) if target is AudioFormat.WAV else samples


def _needs_the_extra() -> None:
    """Import what the extra brings, or say how to get it."""
    try:
        import numpy  # noqa: F401, ICN001
        import soundfile  # noqa: F401
        import soxr  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: the library below soundfile is not there
        raise Missing(
            "Sound of this kind is converted with an extra of the hub that is not installed: "
            'pip install "trunkline[voice]"'
        ) from error
