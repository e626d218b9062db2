from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.formats.mail import Attachment, Body, Mail, MailSettings, mail_bytes
from tests.alerts.conftest import parsed
from tests.conftest import ROOT

SETTINGS = MailSettings(
    sender="alerts@alerts.example.org", reply_to="duty@example.org", base_url="https://x"
)

TOKEN = "https://watch.example.org/unsubscribe/" + "A" * 90

MAIL = Mail(
    delivery_id="d1",
    to="reader@ngo.example",
    subject="[TLP:AMBER] Localité possiblement brûlée, K7QF",
    message_id="<" + "m" * 32 + ".r2@alerts.example.org>",
    date=datetime(2024, 5, 20, 12, tzinfo=UTC),
    language="fr",
    text=Body("TLP:AMBER\n\n.dot first\n", "شقرا\n"),
    html=Body("<p>TLP:AMBER</p>\n", "<p>own</p>\n", "<p>end</p>\n"),
    plate=b"\xff\xd8 not really a picture",
    attachments=(Attachment("map.html", "text/html", b"<!doctype html>"),),
    references=("<root.t@alerts.example.org>", "<" + "q" * 80 + "@alerts.example.org>"),
    list_unsubscribe=(TOKEN,),
    marks=(("X-Alert-Ref", "K7QF"),),
)


def test_a_mail_has_text_first_then_html_with_its_picture_then_files() -> None:
    types = [part.get_content_type() for part in parsed(mail_bytes(MAIL, SETTINGS)).walk()]

    assert types == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related",
        "text/html", "image/jpeg", "text/html",
    ]  # fmt: skip


def test_lines_end_with_crlf_are_short_and_hold_seven_bits() -> None:
    raw = mail_bytes(MAIL, SETTINGS)
    body = raw.partition(b"\r\n\r\n")[2]

    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert raw.isascii()
    assert max(len(line) for line in body.split(b"\r\n")) <= 78


def test_long_identifiers_and_links_are_not_torn_into_encoded_words() -> None:
    message = message_from_bytes(mail_bytes(MAIL, SETTINGS))

    assert message["List-Unsubscribe"] == f"<{TOKEN}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == MAIL.message_id
    assert message["References"].split() == list(MAIL.references)


def test_headers_say_that_a_machine_wrote_it_and_to_whom_to_answer() -> None:
    message = parsed(mail_bytes(MAIL, SETTINGS))

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Emberwatch alerts <alerts@alerts.example.org>"
    assert (message["Reply-To"], message["To"]) == ("duty@example.org", "reader@ngo.example")
    assert (message["List-Id"], message["Content-Language"]) == ("<alerts.example.org>", "fr")


def test_a_subject_in_any_script_comes_back_as_it_was() -> None:
    raw = mail_bytes(replace(MAIL, subject="[TLP:AMBER] ကျေးရွာ, \u2068K7QF\u2069"), SETTINGS)
    pieces = decode_header(message_from_bytes(raw)["Subject"])

    assert all(encoding in (None, "utf-8") for _, encoding in pieces)
    assert parsed(raw)["Subject"] == "[TLP:AMBER] ကျေးရွာ, \u2068K7QF\u2069"


@pytest.mark.parametrize("field", ["subject", "to", "language", "message_id"])
def test_a_line_break_in_a_header_is_not_sent(field: str) -> None:
    changed: dict[str, Any] = {field: "x@y.org\r\nBcc: z@y.org"}

    with pytest.raises(ValueError, match=r"[Hh]eader|invalid|newline|carriage|address"):
        mail_bytes(replace(MAIL, **changed), SETTINGS)


def test_without_a_link_no_one_click_is_promised() -> None:
    message = parsed(mail_bytes(replace(MAIL, list_unsubscribe=()), SETTINGS))

    assert message["List-Unsubscribe"] is None and message["List-Unsubscribe-Post"] is None


def test_a_mail_of_text_alone_has_one_part() -> None:
    mail = replace(MAIL, html=None, plate=b"", attachments=())

    assert parsed(mail_bytes(mail, SETTINGS)).get_content_type() == "text/plain"


def test_what_is_shared_and_what_is_the_readers_own_come_out_as_one_text() -> None:
    mail = parsed(mail_bytes(MAIL, SETTINGS))
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))

    assert text is not None and text.get_content().split("\r\n") == MAIL.text.whole.split("\n")
    assert html is not None and MAIL.html is not None
    assert html.get_content().split("\r\n") == MAIL.html.whole.split("\n")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200), max_size=6))
def test_any_lines_come_back_as_they_were(lines: list[str]) -> None:
    body = "".join(f"{line}\n" for line in lines)
    own = "own\n"
    mail = replace(MAIL, text=Body(body, own), html=None, plate=b"", attachments=())

    raw = mail_bytes(mail, SETTINGS)
    payload = message_from_bytes(raw).get_payload(decode=True)

    assert payload == (body + own).replace("\n", "\r\n").encode()
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from tests.alerts.formats.test_mail import MAIL, SETTINGS\n"
        "from alerts.formats.mail import mail_bytes\n"
        "print(hashlib.sha256(mail_bytes(MAIL, SETTINGS)).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(digests) == 1
