from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.web.assets import FOLDER, asset_path
from alerts.web.page import TEMPLATES, own_path, templates
from tests.alerts.web.conftest import Browse

PAGES = sorted(TEMPLATES.glob("*.html"))
OWN_SCRIPTS = sorted(FOLDER.glob("*.js"))
EVENTS = "click|load|error|submit|change|input|focus|blur|key[a-z]+|mouse[a-z]+|pointer[a-z]+"
INLINE = re.compile(rf"<script(?![^>]* src=)|\son(?:{EVENTS})=|\sstyle=|javascript:")
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/alerts/K7QF?to=/", "/alerts/K7QF?to=/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
        ("", "/"),
    ],
)
def test_a_way_back_leads_to_our_own_pages(path: str, expected: str) -> None:
    assert own_path(path) == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_template_trusts_a_text_or_holds_a_script(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"\|\s*safe|autoescape\s+false|Markup", text) == []
    assert INLINE.findall(text) == []
    assert re.findall(r"https?://", text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_form_that_changes_something_carries_its_token(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    forms = re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)

    # The links of mails are their own proof; everything else needs the token.
    if not page.name.startswith("link_"):
        assert [form for form in forms if "form_token" not in form] == []


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=lambda path: path.name)
def test_a_script_asks_no_other_host_and_makes_no_markup_of_text(path: Path) -> None:
    script = path.read_text(encoding="utf-8")

    assert MARKUP.findall(script) == []
    assert re.findall(r"https?://(?!www\.w3\.org)", script) == []


def test_templates_escape_what_is_put_into_them() -> None:
    made = templates().from_string("{{ name }}").render(name="<b>&'\"")

    assert made == "&lt;b&gt;&amp;&#39;&#34;"


def test_a_file_is_asked_for_by_its_digest(browse: Browse) -> None:
    path = asset_path("site.css")
    answer = browse().get(path)

    assert re.fullmatch(r"/static/site\.css\?v=[0-9a-f]{12}", path)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["../parts.py", "%2e%2e%2fparts.py", "no.js", "site.css%00"])
def test_nothing_else_can_be_asked_for(name: str, browse: Browse) -> None:
    assert browse().get(f"/static/{name}").status_code == 404


def test_a_sentence_asked_for_in_the_address_is_one_of_ours(browse: Browse) -> None:
    browser = browse("analyst")

    assert "Done." in browser.get("/account?said=done").text
    page = browser.get("/account?said=<script>&ref=<b>").text
    assert "<script>" not in page
    assert 'class="said"' not in page


def test_who_is_not_signed_in_sees_no_menu(browse: Browse) -> None:
    page = browse().get("/login").text

    assert "<nav" not in page
    assert "Sign out" not in page
