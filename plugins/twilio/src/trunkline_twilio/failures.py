"""What Twilio's codes about a message mean: those of a refused send and those of a report alike."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from trunkline.sdk import Failure, FailureKind

_NO_TEXTS: Final = "The recipient's number cannot receive texts: use another number, or call."
_EMPTY: Final = "The text is empty: give it a body or media."
_SENDER: Final = (
    "The Twilio account cannot text from this sender: give the agent a number that the account "
    "owns and that can send texts."
)
_NAME: Final = (
    "Twilio does not take this name as a sender there: see its guidelines for the country, "
    "and change sender_name or where it is used."
)
_UNREGISTERED: Final = (
    "US carriers take texts from registered senders only: register the number for A2P 10DLC in "
    "Twilio's console."
)
_PAPERS: Final = "The country wants the sender registered first: do so in Twilio's console."
_SERVICE: Final = "The Messaging Service cannot be used: check messaging_service_sid."
_POOL: Final = (
    "The Messaging Service has no sender for this: add the agent's number to its sender pool in "
    "Twilio's console."
)
_TROUBLE: Final = "Twilio had trouble of its own: send it again later."
_NOT_TOLD: Final = "Twilio could not deliver it and does not say why: ask Twilio's support."
_TOO_MANY: Final = "Carriers take no more from this sender for now: send it later, and send fewer."
_WHATSAPP: Final = "The recipient cannot get it on WhatsApp: check the number, or send a text."

_BY_KIND: Final[Mapping[FailureKind, Mapping[str, str]]] = {
    FailureKind.UNREACHABLE: {
        "21211": "The recipient's number is not valid: check it.",
        "21265": "A short code cannot be texted: use a phone number.",
        "21612": "Twilio has no way from this sender to this recipient: use another sender.",
        "21614": _NO_TEXTS,
        "21635": _NO_TEXTS,
        "30003": "The recipient's phone was off or out of reach: check the number, or call.",
        "30004": "The recipient or their carrier blocks it: do not send it again, or call.",
        "30005": "The recipient's number is unknown or out of service: check it.",
        "30006": "The recipient has a landline or a carrier that takes no texts: call instead.",
        "30011": "The recipient's phone takes no media: send the text without them.",
        "63003": _WHATSAPP,
        "63024": _WHATSAPP,
    },
    FailureKind.REFUSED: {
        "21266": "Sender and recipient are the same number: use another recipient.",
        "21602": _EMPTY,
        "21617": "The text is longer than Twilio's 1,600 characters: shorten or split it.",
        "21618": "Twilio cannot send these words: change them.",
        "21619": _EMPTY,
        "21620": "Twilio cannot use a media URL: make it absolute and public.",
        "21623": "The text has more media than Twilio's ten: send fewer.",
        "30007": (
            "Twilio or a carrier filtered it as unwanted: change the words and leave out short "
            "links, and see Twilio's messaging policy."
        ),
        "30019": "It is larger than the carrier takes: shorten it, or send smaller media.",
        "30038": "Twilio filtered it, for it has a one-time passcode: leave that out.",
        "30039": "Twilio stopped what looks like two machines that answer each other: wait.",
        "30044": "A trial account's texts must be short: shorten it, or upgrade the account.",
        "21655": "Twilio has no such template: check its id, which begins with HX.",
        "21656": "The values do not fit the template's variables: give each of them a text.",
        "63013": "WhatsApp's policy forbids it: change the words, and see Meta's messaging policy.",
        "63019": "Twilio cannot fetch the media: make their URL public, and of a type it takes.",
        "63021": "The channel takes no such content: change the words or the media.",
        "63027": "The template does not exist in this language: see the list of templates.",
        "63028": "The template has another number of variables: give a value for each.",
        "63030": "WhatsApp takes no media beside a template: send them in a message of their own.",
        "63032": (
            "Meta tries out sending this recipient no marketing: send it another way, or wait "
            "until they write."
        ),
        "63040": "WhatsApp rejected this template: see its state among the templates.",
        "63049": (
            "Meta keeps marketing from this recipient for now, and in the US from everybody: send "
            "it another way, or much later."
        ),
    },
    FailureKind.OUT_OF_WINDOW: {
        "63016": "The recipient has not written for 24 hours: use an approved template.",
    },
    FailureKind.OPTED_OUT: {
        "21610": "The recipient opted out: do not text them until they have texted START.",
        "63014": "The recipient blocked the sender: do not write until they have written.",
    },
    FailureKind.NOT_SET_UP: {
        "10002": "A Twilio trial account cannot do this: upgrade the account.",
        "21212": _SENDER,
        "21267": "A trial account cannot text from a name: upgrade it, or use a number.",
        "21408": (
            "The Twilio account may not text this country: allow it under Messaging, "
            "Geo permissions, in Twilio's console."
        ),
        "21601": _SENDER,
        "21603": _SENDER,
        "21606": _SENDER,
        "21609": (
            "Twilio cannot call the hub back: set server.public_url to an address that Twilio "
            "reaches."
        ),
        "21608": (
            "The Twilio account may text verified numbers only: verify this one under Phone "
            "Numbers, Verified Caller IDs, in Twilio's console, or upgrade the account."
        ),
        "21616": _SENDER,
        "21621": "The sender cannot send media: use another sender, or send no media.",
        "21622": "The account cannot send media: ask Twilio's support, or send no media.",
        "21657": _NAME,
        "21659": _SENDER,
        "21660": _SENDER,
        "21661": _SENDER,
        "21663": "The sender's routing is set up wrongly: see the number in Twilio's console.",
        "21701": _SERVICE,
        "21702": _SERVICE,
        "21703": _POOL,
        "21704": _POOL,
        "21705": _SERVICE,
        "21709": _NAME,
        "21711": _POOL,
        "21712": "The sender is in another Messaging Service: use that one, or move the number.",
        "30002": "Twilio suspended the account: ask Twilio why.",
        "30018": _PAPERS,
        "30024": "A carrier does not know the sender yet: wait a day, then ask Twilio's support.",
        "30032": (
            "The toll-free number is not verified, and every text is blocked: have it verified "
            "under Phone Numbers, Regulatory compliance, in Twilio's console."
        ),
        "30033": "The sender's A2P 10DLC campaign is suspended: see it in Twilio's console.",
        "30034": _UNREGISTERED,
        "30035": (
            "The number's A2P 10DLC registration is under way: wait until Twilio's console says "
            "that it is registered."
        ),
        "30037": "Twilio switched outbound texts off for the account: ask Twilio why.",
        "30040": _PAPERS,
        "30041": _PAPERS,
        "30042": _NAME,
        "30450": (
            "Twilio's protection against fraud blocks this region: allow the number under "
            "Messaging, SMS pumping protection, in Twilio's console, or ask its support."
        ),
        "63001": "WhatsApp does not know the sender: see it under Senders in Twilio's console.",
        "63008": "The WhatsApp sender is set up wrongly: see it in Twilio's console.",
        "63015": (
            "Twilio's sandbox reaches only who joined it, for three days: have them send its join "
            "words again, or use a sender of your own."
        ),
        "63020": "Meta has a complaint about the business account: see it in Meta's own console.",
        "63022": "The sender's name is not certified: register the sender anew at Twilio.",
        "63062": (
            "Meta's terms for marketing messages are not accepted: accept them in Meta's console."
        ),
        "63007": "Twilio has no such WhatsApp sender: register it in Twilio's console.",
    },
    FailureKind.TEMPORARY: {
        "21611": "The sender's queue at Twilio is full: wait, then try again.",
        "30001": "Twilio's queue for the sender overflowed: send it later, and send fewer.",
        "30017": "The carrier's network was overloaded: send it later.",
        "30020": _TROUBLE,
        "30021": _TROUBLE,
        "30022": _TOO_MANY,
        "30023": (
            "The day's allowance of the sender's A2P 10DLC brand is used up: send it tomorrow, or "
            "ask Twilio for a higher one."
        ),
        "30027": (
            "The day's allowance at T-Mobile is used up: send it tomorrow, or ask Twilio for a "
            "higher one."
        ),
        "30036": "It waited too long in Twilio's queue and expired: send it again, and send fewer.",
        "30454": "The account's allowance of texts is used up: send it later, or ask for more.",
        "30500": _TROUBLE,
        "63010": _TROUBLE,
        "63012": "WhatsApp had trouble of its own: send it again later.",
        "63018": (
            "The sender's rate or its day's allowance at WhatsApp is used up: send it later, and "
            "send fewer."
        ),
        "63038": "The account's day's allowance of messages is used up: send it tomorrow.",
    },
    FailureKind.UNEXPLAINED: {
        "30008": "The carrier does not say why: try once more later, or another way.",
        "30046": "Nobody confirms that it arrived: ask the recipient another way.",
        "30453": _NOT_TOLD,
        "30485": _NOT_TOLD,
        "30410": "The carrier did not answer in time: try once more later, or another way.",
        "63009": "WhatsApp answered with an error: try once more later, or another way.",
        "63023": "WhatsApp does not say why: try once more later, or another way.",
        "63029": "The recipient's WhatsApp could not fetch the template: try once more later.",
        "63005": "WhatsApp does not say why: try once more later, or another way.",
    },
}


def _failures() -> Iterator[tuple[str, Failure]]:
    for kind, sentences in _BY_KIND.items():
        for code, sentence in sentences.items():
            yield code, Failure(kind=kind, sentence=sentence)


FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(dict(_failures()))
"""
Twilio's codes of messages, in a send's answer, in a report and in a look-up.

From Twilio's error dictionary (twilio.com/docs/api/errors), read in November 2026; what 63032 means
from its help page "WhatsApp Marketing Experiments". Twilio says that it adds codes and changes what
they cover: of one that is not here the hub shows the number.
"""
