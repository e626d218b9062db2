"""A local authority: `openssl ts` behind a real HTTP server."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from alerts.errors import EvidenceRefused
from alerts.evidence.check import examined
from alerts.evidence.timestamps import asked, is_signed, query_of, stamp_of
from tests.alerts.evidence.conftest import SEAL, Case
from tests.alerts.evidence.test_check import changed, faults, resealed

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

ROOT = "ab" * 32

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test authority
[ext]
extendedKeyUsage = critical,timeStamping
[tsa]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
crypto_device = builtin
accuracy = secs:1
"""


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Stamps what is asked; its certificate is its own root."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.certificate = folder, folder / "tsa.pem"
        (folder / "cnf").write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01\n")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 30, "-config",
                folder / "cnf", "-extensions", "ext", "-keyout", folder / "tsa.key",
                "-out", folder / "tsa.pem")  # fmt: skip

    def stamp(self, query: bytes) -> bytes:
        (self.folder / "q").write_bytes(query)
        openssl("ts", "-reply", "-config", self.folder / "cnf", "-section", "tsa",
                "-queryfile", self.folder / "q", "-out", self.folder / "r")  # fmt: skip
        return (self.folder / "r").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = authority.stamp(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Desk) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_bundle_of_a_stamped_log_bears_the_stamp(
    case: Case, authority: Authority, url: str
) -> None:
    stamp = case.room.stamp(url)

    found = examined(case.bundle, SEAL.public, authority.certificate)

    assert found.intact, found.faults
    assert stamp_of(found.token) == stamp
    assert stamp.sha256 == found.said["log_root"]


def test_another_authority_is_not_the_one_you_trust(case: Case, url: str, tmp_path: Path) -> None:
    other = Authority(tmp_path)
    case.room.stamp(url)

    (fault,) = examined(case.bundle, SEAL.public, other.certificate).faults
    assert fault.what == "is not signed by the authority that you trust"


def test_without_a_stamp_the_authority_is_missed(case: Case, authority: Authority) -> None:
    (fault,) = examined(case.bundle, SEAL.public, authority.certificate).faults

    assert (fault.subject, fault.what) == (
        "log/root.tsr", "is not there: no authority stamped it",
    )  # fmt: skip


def test_a_stamp_of_something_else_is_named(case: Case, authority: Authority) -> None:
    def swap(files: dict[str, bytes]) -> None:
        files["log/root.tsr"] = authority.stamp(query_of(ROOT))

    assert faults(resealed(case, swap)) == [("log/root.tsr", "is a stamp of something else")]


def test_one_that_was_altered_is_named(case: Case, url: str, authority: Authority) -> None:
    case.room.stamp(url)

    def alter(files: dict[str, bytes]) -> None:
        token = bytearray(files["log/root.tsr"])
        token[-20] ^= 1
        files["log/root.tsr"] = bytes(token)

    assert ("log/root.tsr", "altered") in faults(changed(case, alter))
    assert not is_signed(opened_token(resealed(case, alter)), authority.certificate)


def opened_token(bundle: bytes) -> bytes:
    return examined(bundle).token


@pytest.mark.parametrize("token", [b"", b"x", b"\x30\x03\x02\x01", b"\x30\x80", b"\x30\x00" * 3])
def test_what_is_no_token_is_refused(token: bytes) -> None:
    with pytest.raises(EvidenceRefused, match="cannot be read"):
        stamp_of(token)


def test_an_authority_that_does_not_answer_is_said() -> None:
    with pytest.raises(EvidenceRefused, match="does not answer"):
        asked("http://127.0.0.1:9/", ROOT)
