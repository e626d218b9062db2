from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from alerts.formats.html import html_of
from alerts.formats.text import paragraphs_of
from alerts.words import Speech
from tests.alerts.formats.test_text import a_letter

SPEECH = Speech()

# Section E of the corpus: names that try to run.
PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "${alert(1)}",
    "`;alert(1)//",
    "</script><script>alert(1)</script>",
    "\\x3cimg src=x\\x3e",
    "{{7*7}}{% raw %}",
    "x\\",
    '"><svg onload=alert(1)>',
]


def named(name: str) -> str:
    letter = a_letter()
    place = letter.disclosure.place
    assert place is not None
    shown = replace(letter.disclosure, place=replace(place, name=name))
    return html_of(replace(letter, disclosure=shown, profiles=(name,)), SPEECH, "")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_that_tries_to_run_is_shown_as_text(payload: str) -> None:
    page = html.fromstring(named(payload))

    assert payload in page.text_content()
    assert page.xpath("//script|//svg|//*[@onerror]|//*[@onload]") == []
    assert page.xpath("//img") == []


def test_the_page_says_what_the_text_says() -> None:
    letter = a_letter()
    said = " ".join(html.fromstring(html_of(letter, SPEECH, "")).text_content().split())

    for part in paragraphs_of(letter, SPEECH)[1:]:
        for line in part.lines:
            assert line in said


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = html.fromstring(html_of(a_letter(), SPEECH, "plate.d1@x.org"))

    assert page.xpath("//@src") == ["cid:plate.d1@x.org"]
    assert page.xpath("//script|//form|//link|//iframe|//style") == []


def test_the_picture_has_words_for_those_who_do_not_see_it() -> None:
    (alt,) = html.fromstring(html_of(a_letter(), SPEECH, "plate")).xpath("//img/@alt")

    assert alt == (
        "Before and after, from space. Burn signature over 25% of the mapped settlement, 4.0 ha."
    )


def test_the_page_is_small_and_carries_its_styles_inline() -> None:
    page = html_of(a_letter(), SPEECH, "plate")

    assert len(page.encode()) < 80_000
    assert 'lang="en"' in page and 'dir="ltr"' in page
    assert "max-width: 600px" in page
