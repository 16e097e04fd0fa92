"""Each mail of the corpus comes out as a person should see it, as far as a reader decides."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from trunkline.core.mailtext import shown
from trunkline.sdk.mail import ReadMail, address_key, canonical_subject, read_mail

CORPUS: Final = Path(__file__).parents[2].parent / "shared" / "cases" / "mail"
HOST: Final = frozenset({"mx.agents.example.com"})
_TOLD: Final = CORPUS / "expected.json"
FILES: Final[dict[str, dict[str, Any]]] = (
    json.loads(_TOLD.read_text(encoding="utf-8"))["files"] if _TOLD.exists() else {}
)

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus of mails is not beside this checkout")


def collapsed(text: str) -> str:
    return " ".join(text.split())


def read(name: str) -> ReadMail:
    return read_mail((CORPUS / name).read_bytes(), trusted_hosts=HOST)


def those_with(key: str) -> list[str]:
    return [name for name, told in FILES.items() if key in told]


@pytest.mark.parametrize("name", FILES)
def test_sender_and_subject_are_what_a_person_sees(name: str) -> None:
    mail, told = read(name), FILES[name]
    if told["from"] is None:
        assert mail.sender is None
        assert list(mail.sender_candidates) == told.get("from_candidates", [])
    else:
        assert mail.sender is not None
        assert mail.sender.lower() == told["from"]["address"].lower()
        assert (mail.sender_name or "") == told["from"]["name"]
    assert mail.subject == collapsed(told["subject"])[:998]


@pytest.mark.parametrize("name", FILES)
def test_the_text_is_whole_and_nothing_else(name: str) -> None:
    mail, told = read(name), FILES[name]
    text = mail.text or shown(mail.html or "").text
    seen = collapsed(text)
    if "contains" in told or "lacks" in told:
        assert all(collapsed(each) in seen for each in told.get("contains", []))
        assert not any(each in seen for each in told.get("lacks", []) + told.get("lacks_hard", []))
    else:
        want = collapsed(told["text"])
        assert seen.startswith(want)
        assert len(told["text"]) == 200 or seen == want
    if "text_chars" in told:
        assert len(mail.text.strip()) == told["text_chars"]


@pytest.mark.parametrize("name", FILES)
def test_files_have_safe_names_their_type_and_their_size(name: str) -> None:
    mail, told = read(name), FILES[name]
    if told["attachments"] is None:
        return
    for file, want in zip(mail.files, told["attachments"], strict=True):
        about = file.about
        plain = re.sub("[ _-]", "", about.name or "") or None
        assert plain == (want["name"] and re.sub("[ _-]", "", want["name"]))
        assert about.content_type == want["type"]
        assert about.inline == want.get("inline", False)
        assert about.content_id == want.get("content_id", about.content_id)
        assert want["bytes"] in (None, about.size_bytes)
        assert len(file.content()) == about.size_bytes


@pytest.mark.parametrize("name", FILES)
def test_what_a_program_sent_is_told_apart_from_what_a_person_wrote(name: str) -> None:
    assert read(name).auto is FILES[name]["auto"]


@pytest.mark.parametrize("name", FILES)
def test_reports_are_told_as_what_they_are_with_the_mail_that_they_are_about(name: str) -> None:
    mail, told = read(name), FILES[name]
    about = FILES.get(told["thread"]["reply_to_file"] or "", {}).get("message_id")
    if told["bounce"] is None:
        assert mail.bounces == ()
    else:
        (bounce,) = mail.bounces
        assert bounce.recipient.lower() == told["bounce"]["recipient"]
        assert (bounce.status, bounce.action) == (
            told["bounce"]["status"],
            told["bounce"]["action"],
        )
        assert bounce.message_id == f"<{about}>"
    if "complaint" in told:
        assert mail.complaint is not None
        assert mail.complaint.type == told["complaint"]["type"]
        assert mail.complaint.recipient == told["complaint"]["recipient"]
        assert mail.complaint.message_id == f"<{about}>"
    else:
        assert mail.complaint is None


@pytest.mark.parametrize("name", those_with("new_text"))
def test_what_is_new_in_an_answer_stands_alone(name: str) -> None:
    told = FILES[name]
    as_good = {collapsed(told[key]) for key in ("new_text", "new_text_also") if key in told}
    assert collapsed(read(name).new_text) in as_good


@pytest.mark.parametrize("name", those_with("verdicts"))
def test_only_results_of_our_own_host_count(name: str) -> None:
    found = read(name).authentication
    assert {
        "spf": found.spf,
        "dkim": found.dkim,
        "dmarc": found.dmarc,
    } == FILES[name]["verdicts"]


@pytest.mark.parametrize("name", those_with("reply_to"))
def test_answers_go_where_the_sender_wants_them(name: str) -> None:
    want = FILES[name]["reply_to"]
    assert (read(name).reply_to or "").lower() == (want or "")


@pytest.mark.parametrize("name", those_with("cc"))
def test_groups_are_opened_and_their_names_are_no_addresses(name: str) -> None:
    assert list(read(name).cc) == FILES[name]["cc"]


@pytest.mark.parametrize("name", those_with("list"))
def test_a_list_tells_how_to_leave_it(name: str) -> None:
    found, want = read(name).mailing_list, FILES[name]["list"]
    assert found is not None
    assert (found.id, found.mailto, found.https, found.one_click) == (
        want["id"],
        want["mailto"],
        want["https"],
        want["one_click"],
    )


@pytest.mark.parametrize("name", those_with("subject_base"))
def test_prefixes_are_peeled_for_comparing(name: str) -> None:
    assert canonical_subject(read(name).subject) == FILES[name]["subject_base"]


def test_the_same_mail_by_another_way_has_the_same_fingerprint_and_no_other_has() -> None:
    prints = {name: read(name).fingerprint for name in FILES}
    again = {name: told["duplicate_of"] for name, told in FILES.items() if "duplicate_of" in told}
    assert all(prints[name] == prints[first] for name, first in again.items())
    assert len(set(prints.values())) == len(FILES) - len(again)


def test_what_a_page_hides_is_not_shown_and_that_it_does_is_told() -> None:
    page = shown(read("27-html-hidden-text.eml").html or "")
    assert page.hid_text
    assert "PS" not in (page.html or "PS")
    assert not shown(read("26-html-only.eml").html or "").hid_text


def test_ids_are_kept_as_they_stand_between_their_brackets() -> None:
    mail = read("05-message-id-in-brackets.eml")
    assert mail.message_id == "<[5f1c0e9a7b-relay=@lindqvist.test]>"
    assert mail.references == ("<out-0001@agents.example.com>", "<[0a1b2c3d=@lindqvist.test]>")
    assert read("01-no-message-id.eml").message_id is None
    assert read("30-null-bytes.eml").message_id == "<n30@lindqvist.test>"


def test_one_address_is_one_whether_its_domain_is_in_ascii_or_not() -> None:
    mail, told = read("51-idn-smtputf8.eml"), FILES["51-idn-smtputf8.eml"]
    assert mail.sender is not None
    assert address_key(mail.sender) == address_key(told["address_with_ascii_domain"])


def test_whose_mail_it_is_comes_from_the_envelope() -> None:
    assert read("47-group-syntax.eml").recipient == "ava@agents.example.com"
    token = read("38-plus-token-upper-case.eml").recipient
    assert token is not None
    assert address_key(token) == "ava+t-k7m2q9x4@agents.example.com"


def test_a_date_that_cannot_be_read_is_none() -> None:
    assert read("12-headers-that-crash-readers.eml").date is None


def test_an_address_that_is_dead_is_told_from_a_full_mailbox() -> None:
    assert read("42-bounce-no-such-user.eml").bounces[0].address_is_dead
    assert not read("43-bounce-mailbox-full.eml").bounces[0].address_is_dead
