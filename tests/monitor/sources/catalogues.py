"""STAC APIs on 127.0.0.1: one of ours that can be made to fail, and rustac."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.monitor.sources.servers import Asked, Reply, Server, told

CONFORMS_TO = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
]


def items_in(folder: Path, store: str) -> list[dict[str, Any]]:
    """Return the items of a folder, their assets on the web server `store`."""
    items = []
    for path in sorted(folder.rglob("*.json")):
        item = json.loads(path.read_text())
        for asset in item["assets"].values():
            file = path.parent / asset["href"]
            asset["href"] = f"{store}/{file.resolve().relative_to(folder.resolve())}"
        items.append(item)
    return items


def list_items(server: Server, items: list[dict[str, Any]], *, page_items: int = 100) -> None:
    """Let `server` answer as a STAC API at its root; every search finds all `items`."""
    search = {"rel": "search", "href": f"{server.url}/search", "type": "application/geo+json"}
    landing = {
        "type": "Catalog",
        "id": "test",
        "description": "items of a test",
        "stac_version": "1.0.0",
        "conformsTo": CONFORMS_TO,
        "links": [{**search, "method": "POST"}],
    }
    server.routes["/"] = lambda _: told(landing)
    server.routes["/search"] = lambda asked: _searched(server, items, page_items, asked)


def _searched(server: Server, items: list[dict[str, Any]], size: int, asked: Asked) -> Reply:
    query = asked.json() if asked.body else {}
    start = int(query.get("token", 0))
    links = []
    if start + size < len(items):
        body = {**query, "token": start + size}
        href = f"{server.url}/search"
        links = [{"rel": "next", "href": href, "method": "POST", "body": body}]
    features = items[start : start + size]
    return told({"type": "FeatureCollection", "features": features, "links": links})


@contextmanager
def rustac(items: list[dict[str, Any]], folder: Path, port: int = 0) -> Iterator[str]:
    """Run `rustac serve`, a STAC server that is not ours, and give its address."""
    (folder / "items.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": items}), encoding="utf-8"
    )
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unused.bind(("127.0.0.1", port))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    program = Path(sys.executable).with_name("rustac")
    command = [str(program), "serve", "--create-collections", "--addr", address]
    command.append(str(folder / "items.json"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(address, process)
            yield f"http://{address}"
        finally:
            process.kill()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, port = address.split(":")
    pause = threading.Event()
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"rustac ended with {process.returncode}")
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        pause.wait(0.05)
    raise RuntimeError("rustac does not answer")
