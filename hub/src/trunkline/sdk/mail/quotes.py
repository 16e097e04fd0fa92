"""What is new in an answer: without the quote, what introduces it, and signatures."""

import re
from typing import Final

from trunkline.sdk.mail.flowed import Line, plain_lines

_MOST_INTRODUCTION: Final = 4
_LONGEST_LINE: Final = 500
_LONGEST_PHONE_LINE: Final = 80
# Of the languages that mail programs write these in most.
_WROTE: Final = re.compile(
    r"\b(?:wrote|writes|schrieb|a écrit|escribió|scrive|ha scritto|escreveu|schreef|skrev|"
    r"kirjoitti|napisał(?:\(a\))?|napsal|пишет|написал|έγραψε)\b|写道|写到|寫道|のメール|작성",
    re.IGNORECASE,
)
_YEAR_OR_TIME: Final = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b")
_FROM: Final = re.compile(
    r"\*?(?:From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|От|Kimden|Από|差出人|发件人|寄件者|보낸 사람)"
    r"\s*[:\uff1a]\*?\s*\S",
    re.IGNORECASE,
)
_SENT: Final = re.compile(
    r"\*?(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado(?: el)?|Fecha|Data|Inviato|Verzonden|Skickat|"
    r"Sendt|Lähetetty|Wysłano|Отправлено|Дата|Gönderildi|送信日時|发送时间|寄件日期|보낸 날짜)"
    r"\s*[:\uff1a]",
    re.IGNORECASE,
)
_ORIGINAL: Final = re.compile(
    r"-{2,}\s?(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Message d'origine|"
    r"Mensaje original|Messaggio originale|Mensagem original|Oorspronkelijk bericht)"
    r"\s?-{2,}",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(
    r"(?:-{2,}\s?)?(?:Forwarded message|Begin forwarded message|Weitergeleitete Nachricht|"
    r"Anfang der weitergeleiteten Nachricht|Message transféré|Mensaje reenviado|"
    r"Messaggio inoltrato|Mensagem encaminhada|Doorgestuurd bericht)\s?(?:-{2,}|:)",
    re.IGNORECASE,
)
_TIME: Final = re.compile(r"(?<![\d.:])\d{1,2}(?:[:.]\d\d(?![\d.])|:\d\d:\d\d| ?[hH时時시])")
"""A time of day, which whoever fills in a form or writes of a journey seldom calls its date."""
_RULE: Final = re.compile(r"[_-]{5,}")
_PHONE: Final = re.compile(
    r"(?:Sent from my|Sent from|Get Outlook for|Von meinem .* gesendet|Gesendet mit|"
    r"Envoyé de mon|Envoyé depuis|Enviado desde mi|Enviado do meu|Inviato da|Verzonden vanaf|"
    r"Skickat från min|Sendt fra min|Wysłano z|Отправлено)\b",
    re.IGNORECASE,
)


def new_text(text: str) -> str:
    """Return what is new in a text; all of it, if nothing of it seems to be the writer's own."""
    return new_lines(plain_lines(text))


def new_lines(lines: "list[Line] | tuple[Line, ...]") -> str:
    """Return what is new in lines, as text. Time grows with their number."""
    kept: list[str] = []
    quoting = False
    for position, line in enumerate(lines):
        if line.depth:
            if not quoting:
                _drop_introduction(kept)
            quoting = True
            continue
        if line.text == "-- " or _begins_copy(lines, position):
            break
        if line.text.strip():
            quoting = False
        kept.append(line.text)
    _drop_end(kept)
    new = re.sub(r"\n{3,}", "\n\n", "\n".join(each.rstrip() for each in kept)).strip("\n")
    return new or "\n".join(line.shown() for line in lines).strip("\n")


def _begins_copy(lines: "list[Line] | tuple[Line, ...]", position: int) -> bool:
    """Tell whether the mail that is answered follows, as office programs put it."""
    text = lines[position].text[:_LONGEST_LINE].strip()
    if _ORIGINAL.match(text):
        return True
    if not _FROM.match(text):
        return False
    if _is_forwarded(lines, position):
        return False
    head = [
        text,
        *(each.text.strip()[:_LONGEST_LINE] for each in lines[position + 1 : position + 5]),
    ]
    is_mails = "@" in text or any(_SENT.match(each) and _TIME.search(each) for each in head)
    return is_mails and any(_SENT.match(each) for each in head[1:])


def _is_forwarded(lines: "list[Line] | tuple[Line, ...]", position: int) -> bool:
    """Tell whether what follows is passed on, as the line before says: that is what matters."""
    before = (
        each.text.strip()[:_LONGEST_LINE]
        for each in reversed(lines[max(0, position - 3) : position])
    )
    last = next((each for each in before if each), "")
    return bool(_FORWARDED.match(last))


def _drop_introduction(kept: list[str]) -> None:
    """Drop ``On Tuesday … wrote:`` before a quote, which programs break over lines."""
    end = len(kept)
    while end and not kept[end - 1].strip():
        end -= 1
    for begin in range(end - 1, max(-1, end - 1 - _MOST_INTRODUCTION), -1):
        if not kept[begin].strip():
            return
        text = " ".join(kept[begin:end])[: _MOST_INTRODUCTION * _LONGEST_LINE].strip()
        if not text.endswith((":", "\uff1a")):
            return
        whole = text.count("<") == text.count(">") and _YEAR_OR_TIME.search(text)
        if whole and (_WROTE.search(text) or "@" in text):
            del kept[begin:]
            return


def _drop_end(kept: list[str]) -> None:
    """Drop what a program put at the end: rules, and where the mail was written."""
    while kept and (
        not kept[-1].strip()
        or _RULE.fullmatch(kept[-1].strip()[:_LONGEST_LINE])
        or (len(kept[-1]) < _LONGEST_PHONE_LINE and _PHONE.match(kept[-1].strip()))
    ):
        kept.pop()
