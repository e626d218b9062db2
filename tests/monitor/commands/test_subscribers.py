from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.alerts.conftest import parsed, words_of
from tests.alerts.formats.test_smime import certificate
from tests.builders import a_square
from tests.commandline import write_features
from tests.monitor.commands.test_outbox import READER, Line, line

__all__ = ["line"]


def test_a_person_is_written_to_encrypted_once_their_certificate_is_known(
    line: Line, tmp_path: Path
) -> None:
    file = tmp_path / "reader.pem"
    file.write_bytes(certificate(rsa.generate_private_key(65537, 2048)))

    said = line("subscriber", "key", READER, file)
    line.confirm()
    line("run", "--now", "2024-05-20T14:00Z")

    assert said.out == f"{READER} is written to encrypted (S/MIME); the key ends 2024-06-19\n"
    (mail,) = [mail for mail in line.mails() if "X-Alert-Ref" in mail]
    assert "pkcs7-mime" in mail and "Burned settlement" not in mail
    assert line("subscriber", "key", READER, "--remove").out == (
        f"{READER} is written to in clear\n"
    )


def test_what_is_no_certificate_is_refused_with_a_hint(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "reader.pem"
    file.write_text("no certificate")

    said = line("subscriber", "key", READER, file)

    assert said.status == 1
    assert said.err.startswith("error: the certificate cannot be read")
    assert line("subscriber", "key", READER).status == 2
    assert line("subscriber", "key", READER, tmp_path / "gone.pem").status == 1


def test_who_comes_later_gets_one_summary(line: Line) -> None:
    line.confirm()
    line("run", "--now", "2024-05-20T14:00Z")

    line("subscriber", "add", "late@ngo.example", "--clearance", "partner-full", "--confirmed",
         "--backlog-days", "30", "--now", "2024-05-21T06:00Z")  # fmt: skip

    mails = [mail for mail in line.mails() if "late@ngo.example" in mail]
    assert len(mails) == 1 and "Several alerts in one message" in mails[0]


@pytest.mark.parametrize(
    ("neighbours", "where"), [(4, "In the cell"), (3, "The place is withheld")]
)
@pytest.mark.parametrize("frequency", ["immediate", "daily"])
def test_who_may_know_a_cell_is_told_it_where_it_hides_the_place(
    line: Line, tmp_path: Path, neighbours: int, where: str, frequency: str
) -> None:
    """Five settlements in a cell of 0.01 degrees hide one; four do not hide it well enough."""
    villages = [
        (a_square(60, east_m=-300 - 80 * n), {"id": f"n{n}", "name": f"N{n}"})
        for n in range(neighbours)
    ]
    file = write_features(tmp_path / "near.geojson", *villages)
    line("settlement", "import", file, "--aoi", "sd-test")
    line("subscriber", "add", "p@ngo.example", "--clearance", "partner", "--frequency", frequency,
         "--confirmed", "--now", "2024-05-13T12:00Z")  # fmt: skip
    line.confirm()
    line("run", "--now", "2024-05-21T14:00Z")

    told = [words_of(parsed(mail.encode())) for mail in line.mails() if "p@ngo.example" in mail]

    assert any(line.alert.ref in words and where in words for words in told)
    assert not any("Shagra" in words for words in told)
