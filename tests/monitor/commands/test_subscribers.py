from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.alerts.formats.test_smime import certificate
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

    assert said.out == f"{READER} is written to encrypted; the certificate ends 2024-06-19\n"
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
