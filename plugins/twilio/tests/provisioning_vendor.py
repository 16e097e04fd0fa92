"""
A Twilio account in memory: its numbers, Messaging Services, campaigns, senders and accounts.

Written from Twilio's OpenAPI files of April 2026. It keeps what it is told, so that what is read
back is what was set, and answers what its specification does not know with Twilio's 404.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import httpx2

from plugins.twilio.tests.vendor import ACCOUNT, TOKEN, refusal
from trunkline.testing import DROP_AFTER, Canned, Drop

Json = dict[str, Any]
NUMBER: Final = "+14155550100"
TOLL_FREE: Final = "+18335550100"
BRITISH: Final = "+447700900123"
PN: Final = f"PN{'1' * 32}"
MG: Final = f"MG{'1' * 32}"
OTHER_MG: Final = f"MG{'2' * 32}"
XE: Final = f"XE{'1' * 32}"
BELOW: Final = f"AC{'7' * 32}"
BELOW_TOKEN: Final = "token-of-the-account-below-for-tests"
RETRIES: Final = "#rc=5&rp=ct,rt,5xx"
_ROUTE: Final = re.compile(
    r"/2010-04-01/Accounts/(?P<account>AC\w{32})/(?P<what>AvailablePhoneNumbers|IncomingPhoneNumbers)"
    r"(/(?P<id>[^/.]+))?(/(?P<type>\w+))?\.json"
)


def number(sid: str = PN, phone: str = NUMBER, **changes: object) -> Json:
    """Return a number of the account as Twilio shows one."""
    shown: Json = {
        "sid": sid,
        "account_sid": ACCOUNT,
        "phone_number": phone,
        "friendly_name": "(415) 555-0100",
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "sms_url": "",
        "sms_application_sid": "",
        "voice_url": "https://demo.twilio.com/welcome/voice/",
        "voice_application_sid": "",
        "trunk_sid": None,
        "status_callback": "",
        "type": "local",
    }
    return {**shown, **changes}


def offer(phone: str = NUMBER, **changes: object) -> Json:
    """Return a number for sale."""
    shown: Json = {
        "phone_number": phone,
        "friendly_name": phone,
        "iso_country": "US",
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"voice": True, "SMS": True, "MMS": False, "fax": False},
        "latitude": "37.77",
        "longitude": None,
    }
    shown["capabilities"] = {"voice": True, "sms": True, "mms": False}
    return {**shown, **changes}


def sender(sid: str = XE, phone: str = NUMBER, **changes: object) -> Json:
    """Return a WhatsApp sender."""
    shown: Json = {
        "sid": sid,
        "sender_id": f"whatsapp:{phone}",
        "status": "ONLINE",
        "webhook": {"callback_url": None, "status_callback_url": None},
        "profile": {"name": "Acme"},
        "properties": {"quality_rating": "HIGH", "messaging_limit": "10K Customers/24hr"},
        "offline_reasons": None,
    }
    return {**shown, **changes}


def campaign(status: str = "VERIFIED", **changes: object) -> Json:
    """Return a campaign."""
    shown: Json = {
        "sid": f"QE{'1' * 32}",
        "brand_registration_sid": f"BN{'1' * 32}",
        "messaging_service_sid": MG,
        "us_app_to_person_usecase": "MIXED",
        "campaign_status": status,
        "mock": False,
        "errors": [],
    }
    return {**shown, **changes}


@dataclass
class Fault:
    """An answer instead, to requests of a method whose path ends so; `after` it was carried out."""

    method: str
    ends: str
    answer: Canned | Drop
    after: bool = False


@dataclass
class Vendor:
    """The account, and what it was asked: method, host, path, query and body of each request."""

    numbers: dict[str, Json] = field(default_factory=dict)
    sale: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    prices: dict[str, Json] = field(default_factory=dict)
    services: dict[str, Json] = field(default_factory=dict)
    pools: dict[str, set[str]] = field(default_factory=dict)
    campaigns: dict[str, list[Json]] = field(default_factory=dict)
    brands: list[Json] = field(default_factory=list)
    verifications: list[Json] = field(default_factory=list)
    countries: dict[str, str] = field(default_factory=dict)
    senders: dict[str, Json] = field(default_factory=dict)
    accounts: list[Json] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str, str, dict[str, list[str]], Any]] = field(default_factory=list)
    page_size: int = 1000

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))

    def called(self) -> list[str]:
        """Return the methods and the last parts of the paths that were asked."""
        return [f"{method} {path.rsplit('/', 1)[-1]}" for method, _, path, _, _ in self.asked]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        url, text = request.url, request.content.decode()
        is_json = "json" in request.headers.get("content-type", "")
        body: Any = json.loads(text) if is_json else parse_qs(text, keep_blank_values=True)
        query = parse_qs(url.query.decode(), keep_blank_values=True)
        self.asked.append((request.method, url.host, url.path, query, body))
        found = next(
            (f for f in self.faults if f.method == request.method and url.path.endswith(f.ends)),
            None,
        )
        if found:
            self.faults.remove(found)
            if found.after:
                self._answer(request.method, url, query, body)
            if isinstance(found.answer, Drop):
                kind = httpx2.ReadTimeout if found.answer is DROP_AFTER else httpx2.ConnectError
                raise kind("broken", request=request)
            return _response(found.answer)
        if request.headers["authorization"] != httpx2.BasicAuth(ACCOUNT, TOKEN)._auth_header:
            return _response(refusal(401, 20003))
        return self._answer(request.method, url, query, body)

    def _answer(
        self, method: str, url: httpx2.URL, query: dict[str, list[str]], body: Any
    ) -> httpx2.Response:
        by_path: dict[str, Callable[..., httpx2.Response | None]] = {
            "/2010-04-01/": self._api,
            "/v1/PhoneNumbers/": self._pricing,
            "/v2/PhoneNumbers/": self._lookups,
            "/": self._messaging,
        }
        product = next(each for start, each in by_path.items() if url.path.startswith(start))
        return product(method, url.path, query, body) or _response(refusal(404, 20404))

    # --- the API of 2010 --------------------------------------------------------------------------

    def _api(  # noqa: PLR0911 - one for each resource
        self, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> httpx2.Response | None:
        if path == f"/2010-04-01/Accounts/{ACCOUNT}.json":
            return _json({"sid": ACCOUNT, "friendly_name": "Tests", "status": "active"})
        if path.startswith("/2010-04-01/Accounts") and path.count("/") <= 3:
            return self._accounts(method, path, query, body)
        found = _ROUTE.fullmatch(path)
        if found is None or found["account"] != ACCOUNT:
            return None
        if found["what"] == "AvailablePhoneNumbers":
            key = (found["id"], found["type"])
            shown = self.sale.get(key)
            return None if shown is None else _json({"available_phone_numbers": shown})
        if found["id"] is None and method == "POST":
            return self._buy(body)
        if found["id"] is None:
            return self._list(path, query)
        if found["id"] not in self.numbers:
            return None
        if method == "DELETE":
            del self.numbers[found["id"]]
            return httpx2.Response(204)
        if method == "POST":
            self.numbers[found["id"]] |= _set(body)
        return _json(self.numbers[found["id"]])

    def _buy(self, body: dict[str, list[str]]) -> httpx2.Response:
        (wanted,) = body["PhoneNumber"]
        if wanted not in [each["phone_number"] for all_ in self.sale.values() for each in all_]:
            return _response(refusal(400, 21422))
        for all_ in self.sale.values():
            all_[:] = [each for each in all_ if each["phone_number"] != wanted]
        sid = f"PN{len(self.numbers) + 1:032d}"
        self.numbers[sid] = number(sid, wanted) | _set(body)
        return _json(self.numbers[sid], 201)

    def _list(self, path: str, query: dict[str, list[str]]) -> httpx2.Response:
        digits, label = query.get("PhoneNumber", [""])[0], query.get("FriendlyName", [None])[0]
        found = [
            each
            for each in self.numbers.values()
            if digits in each["phone_number"] and label in (None, each["friendly_name"])
        ]
        start = int(query.get("Page", ["0"])[0]) * self.page_size
        following = None
        if len(found) > start + self.page_size:
            wanted = {**{name: values[0] for name, values in query.items()}}
            wanted["Page"] = str(start // self.page_size + 1)
            following = f"{path}?{httpx2.QueryParams(wanted)}"
        page = found[start : start + self.page_size]
        return _json({"incoming_phone_numbers": page, "next_page_uri": following})

    def _accounts(
        self, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> httpx2.Response | None:
        sid = path.rpartition("/")[2].removesuffix(".json")
        if sid == "Accounts" and method == "GET":
            (name,) = query["FriendlyName"]
            shown = [each for each in self.accounts if each["friendly_name"] == name]
            return _json({"accounts": shown, "next_page_uri": None})
        if sid == "Accounts":
            made = {"sid": BELOW, "friendly_name": body["FriendlyName"][0], "status": "active"}
            self.accounts.append({**made, "auth_token": BELOW_TOKEN, "owner_account_sid": ACCOUNT})
            return _json(self.accounts[-1], 201)
        found = next((each for each in self.accounts if each["sid"] == sid), None)
        if found is None:
            return None
        found["status"] = body["Status"][0]
        return _json(found)

    # --- others -----------------------------------------------------------------------------------

    def _messaging(  # noqa: PLR0911 - one for each resource
        self, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> httpx2.Response | None:
        parts = path.strip("/").split("/")
        match parts:
            case ["v1", "a2p", "BrandRegistrations"] if method == "POST":
                made = {"sid": f"BN{'9' * 32}", "status": "PENDING", "errors": []}
                profile, a2p = body["CustomerProfileBundleSid"][0], body["A2PProfileBundleSid"][0]
                told = {"customer_profile_bundle_sid": profile, "a2p_profile_bundle_sid": a2p}
                self.brands.append({**made, **told})
                return _json(self.brands[-1], 201)
            case ["v1", "a2p", "BrandRegistrations"]:
                return _json({"data": self.brands, "meta": {}})
            case ["v1", "Tollfree", "Verifications"]:
                (sid,) = query["TollfreePhoneNumberSid"]
                shown = [e for e in self.verifications if e["tollfree_phone_number_sid"] == sid]
                return _json({"verifications": shown, "meta": {}})
            case ["v1", "Services"]:
                return _json({"services": [*self.services.values()], "meta": {}})
            case ["v1", "Services", sid, *rest] if sid in self.services:
                return self._service(method, sid, rest, body)
            case ["v2", "Channels", "Senders", *rest]:
                return self._senders(method, rest, query, body)
        return None

    def _service(  # noqa: PLR0911 - one for each resource
        self, method: str, sid: str, rest: list[str], body: Any
    ) -> httpx2.Response | None:
        pool = self.pools.setdefault(sid, set())
        match rest:
            case []:
                return _json(self.services[sid])
            case ["PhoneNumbers"] if method == "POST":
                (added,) = body["PhoneNumberSid"]
                if any(added in each for each in self.pools.values()):
                    return _response(refusal(409, 21712))
                pool.add(added)
                return _json({"sid": added, "service_sid": sid}, 201)
            case ["PhoneNumbers", number_sid] if number_sid in pool:
                return _json({"sid": number_sid, "service_sid": sid, "country_code": "US"})
            case ["Compliance", "Usa2p"] if method == "POST":
                made = campaign("IN_PROGRESS", messaging_service_sid=sid)
                made["brand_registration_sid"] = body["BrandRegistrationSid"][0]
                made["us_app_to_person_usecase"] = body["UsAppToPersonUsecase"][0]
                self.campaigns.setdefault(sid, []).append(made)
                return _json(made, 201)
            case ["Compliance", "Usa2p"]:
                return _json({"compliance": self.campaigns.get(sid, []), "meta": {}})
        return None

    def _senders(
        self, method: str, rest: list[str], query: dict[str, list[str]], body: Any
    ) -> httpx2.Response | None:
        if not rest and method == "GET":
            assert query["Channel"] == ["whatsapp"]
            told = _json({"senders": [*self.senders.values()], "meta": {}})
            for each in self.senders.values():  # by the next time it is through
                each["status"] = "ONLINE" if each["status"] == "CREATING" else each["status"]
            return told
        if not rest:
            sid = f"{XE[:-1]}{len(self.senders) + 1}"
            made = sender(sid, status="CREATING", properties=None)
            self.senders[sid] = made | {name: body[name] for name in body}
            return _json(self.senders[sid], 202)
        found = self.senders.get(rest[0])
        if found is None:
            return None
        if method == "DELETE":
            del self.senders[rest[0]]
            return httpx2.Response(204)
        if method == "POST":
            shown = dict(found)  # Twilio's own answer to a change tells how it was
            found["webhook"] = body.get("webhook", found["webhook"])
            found["profile"] = found["profile"] | body.get("profile", {})
            return _json(shown, 202)
        return _json(found)

    def _pricing(self, method: str, path: str, *_: object) -> httpx2.Response | None:
        shown = self.prices.get(path.rpartition("/")[2])
        return _json(shown) if shown else None

    def _lookups(self, method: str, path: str, *_: object) -> httpx2.Response | None:
        country = self.countries.get(path.rpartition("/")[2])
        return _json({"country_code": country, "valid": True}) if country else None


_FIELDS: Final = {
    "FriendlyName": "friendly_name",
    "SmsUrl": "sms_url",
    "VoiceUrl": "voice_url",
    "StatusCallback": "status_callback",
}


def _set(body: dict[str, list[str]]) -> Json:
    return {shown: body[name][0] for name, shown in _FIELDS.items() if name in body}


def _json(value: object, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=value)


def _response(canned: Canned) -> httpx2.Response:
    return httpx2.Response(canned.status, json=canned.json, headers=dict(canned.headers))


PRICES: Final = {
    "country": "United States",
    "iso_country": "US",
    "phone_number_prices": [
        {"number_type": "local", "base_price": "1.00", "current_price": "1.15"},
        {"number_type": "toll free", "base_price": "2.00", "current_price": "2.15"},
    ],
    "price_unit": "USD",
}


def service(sid: str = MG, **changes: object) -> Json:
    """Return a Messaging Service."""
    shown = {
        "sid": sid,
        "friendly_name": "Agents",
        "inbound_request_url": None,
        "use_inbound_webhook_on_number": True,
        "us_app_to_person_registered": False,
    }
    return {**shown, **changes}
