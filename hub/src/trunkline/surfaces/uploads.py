"""A file in the body of a request, read in pieces: bare, or as the one file of a form."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from trunkline.core.problems import Invalid, Unreadable
from trunkline.sdk.mail.words import parameters

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FORM: Final = "multipart/form-data"
_MOST_OF_A_HEADER: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that is being sent, and what its sender says of it."""

    content: AsyncIterator[bytes]
    content_type: str | None
    name: str | None


async def read_upload(request: Request) -> Upload:
    """
    Return the file in a request's body, whose bytes are still to be read.

    Raises:
        Invalid: A form has no field of the name ``file``.
        Unreadable: It is no form, though it says so, or is compressed.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Unreadable("Send the file as it is, without a Content-Encoding.")
    told = request.headers.get("content-type")
    name = request.query_params.get("name")
    if told is None or told.partition(";")[0].strip().lower() != _FORM:
        return Upload(content=_bare(request), content_type=told, name=name)
    form = _Form(told)
    body = request.stream()
    async for chunk in body:
        form.feed(chunk)
        if form.begun:
            break
    if not form.begun:
        raise Invalid("file", "send the file in a field of this name.")
    return Upload(
        content=_of_form(form, body), content_type=form.content_type, name=form.name or name
    )


async def _bare(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


async def _of_form(form: "_Form", body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give the file's bytes; what follows it in the form is read and left."""
    while True:
        for piece in form.taken():
            yield piece
        chunk = await anext(body, None)
        if chunk is None:
            break
        form.feed(chunk)
    if not form.ended:
        raise Unreadable("The form ends before its file does.")


@dataclass(slots=True)
class _Part:
    fields: dict[str, str] = field(default_factory=dict)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)


class _Form:
    """Reads multipart/form-data as it comes (RFC 7578); of its parts only the first file counts."""

    def __init__(self, content_type: str) -> None:
        from python_multipart.multipart import MultipartParser, parse_options_header

        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= 70:  # RFC 2046 §5.1.1
            raise Unreadable("The form has no boundary.")
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._name_of_header,
            "on_header_value": self._value_of_header,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)
        self._part = _Part()
        self._is_file = False
        self._pieces: list[bytes] = []
        self.begun = self.ended = False
        self.content_type: str | None = None
        self.name: str | None = None

    def feed(self, chunk: bytes) -> None:
        """Take what came."""
        from python_multipart.exceptions import MultipartParseError

        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise Unreadable("The form cannot be read (RFC 7578).") from error

    def taken(self) -> list[bytes]:
        """Return the file's bytes that came since."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _begin(self) -> None:
        self._part = _Part()

    def _name_of_header(self, data: bytes, start: int, end: int) -> None:
        self._add(self._part.header, data[start:end])

    def _value_of_header(self, data: bytes, start: int, end: int) -> None:
        self._add(self._part.value, data[start:end])

    def _add(self, held: bytearray, more: bytes) -> None:
        held += more
        if len(held) > _MOST_OF_A_HEADER:
            raise Unreadable("A header within the form is too long.")

    def _end_header(self) -> None:
        part = self._part
        header = part.header.decode("latin-1").lower()
        part.fields[header] = part.value.decode(errors="replace")
        part.header, part.value = bytearray(), bytearray()

    def _end_headers(self) -> None:
        fields = self._part.fields
        disposition = fields.get("content-disposition", "")
        _, options = parameters(disposition)
        if options.get("name") != "file":
            return
        if self.begun:
            raise Invalid("file", "send one file with a request.")
        self._is_file = self.begun = True
        self.content_type = fields.get("content-type")
        name = options.get("filename", "")
        if (
            "filename*" not in disposition.lower()
        ):  # as browsers do it (HTML, "multipart/form-data")
            name = name.replace("%22", '"').replace("%0D", "").replace("%0A", "")
        self.name = name or None

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._pieces.append(data[start:end])

    def _end(self) -> None:
        if self._is_file:
            self._is_file, self.ended = False, True
