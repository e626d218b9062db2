from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources import signing
from monitor.sources.deadline import Deadline
from monitor.sources.signing import ObjectStoreSigner, Signer, TokenSigner, Unsigned
from monitor.sources.web import WebSettings
from tests.monitor.sources.servers import Asked, Reply, Server, running, told

QUICK = WebSettings(tries=2, first_wait_s=0.001)


def soon() -> Deadline:
    """Return a deadline of its own: it runs from where it is made."""
    return Deadline(60, "a test")


@pytest.fixture
def server() -> Iterator[Server]:
    signing._TOKENS.clear()
    with running() as server:
        yield server


def tokens(server: Server, *, minutes: float) -> TokenSigner:
    """Let the server hand out numbered tokens that hold for so long."""
    given = iter(range(1, 100))

    def token(_: Asked) -> Reply:
        expiry = datetime.now(UTC) + timedelta(minutes=minutes)
        return told({"token": f"sig=T{next(given)}", "msft:expiry": expiry.isoformat()})

    server.routes["/token/"] = token
    return TokenSigner(f"{server.url}/token", host_suffix="blob.example", web=QUICK)


ASSET = "https://s2.blob.example/l2a/35/P/PN/B04.tif"


def test_one_token_serves_every_file_of_a_container(server: Server) -> None:
    signer = tokens(server, minutes=60)

    assert signer.signed(ASSET, soon()) == f"{ASSET}?sig=T1"
    assert signer.signed(ASSET.replace("B04", "B8A"), soon()).endswith("B8A.tif?sig=T1")
    assert server.paths() == ["/token/s2/l2a"]


def test_a_token_that_ends_within_minutes_is_renewed_before_use(server: Server) -> None:
    signer = tokens(server, minutes=4)

    signer.signed(ASSET, soon())

    assert signer.signed(ASSET, soon()) == f"{ASSET}?sig=T2"


def test_a_forgotten_token_is_asked_for_again(server: Server) -> None:
    signer = tokens(server, minutes=60)
    signer.signed(ASSET, soon())

    assert signer.forget(ASSET)
    assert signer.signed(ASSET, soon()) == f"{ASSET}?sig=T2"


def test_files_elsewhere_are_asked_without_a_token(server: Server) -> None:
    signer = tokens(server, minutes=60)

    assert signer.signed("https://open.example/a.tif", soon()) == "https://open.example/a.tif"
    assert server.log == []


@pytest.mark.parametrize("answer", [{}, [], {"token": "t"}, {"token": "t", "msft:expiry": "soon"}])
def test_an_answer_without_token_is_unavailable(server: Server, answer: object) -> None:
    signer = tokens(server, minutes=60)
    server.fail("/token/", told(answer))

    with pytest.raises(SourceUnavailable, match="no token and expiry"):
        signer.signed(ASSET, soon())


def test_an_object_is_signed_as_amazon_documents_it() -> None:
    # The example of the reference: GET test.txt of examplebucket on 24 May 2013. It writes
    # the bucket into the host, allows a day, and these are its published key and signature.
    signer = ObjectStoreSigner(
        "https://examplebucket.s3.amazonaws.com",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key=SecretStr("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
    )
    signed = signer.presigned("s3://test.txt", datetime(2013, 5, 24, tzinfo=UTC), expires_s=86_400)

    assert signed.startswith("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=")
    assert signed.endswith("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


def test_an_object_store_without_key_is_refused_with_a_hint() -> None:
    signer = ObjectStoreSigner("https://eodata.dataspace.copernicus.eu")

    with pytest.raises(SourceRefused, match="only to those with a key") as caught:
        signer.signed("s3://eodata/Sentinel-2/B04.jp2", soon())
    assert "access_key" in caught.value.hint


def test_an_object_without_signer_is_refused() -> None:
    with pytest.raises(SourceRefused, match=r"B04\.jp2"):
        Unsigned().signed("s3://eodata/Sentinel-2/B04.jp2", soon())


@pytest.mark.parametrize(
    "signer",
    [
        Unsigned(),
        TokenSigner("https://tokens.example"),
        ObjectStoreSigner("https://store.example", "key", SecretStr("secret")),
    ],
)
def test_a_signer_goes_to_other_processes_and_shows_no_secret(signer: Signer) -> None:
    assert pickle.loads(pickle.dumps(signer)) == signer
    assert "secret'" not in repr(signer).replace("secret_key", "")
