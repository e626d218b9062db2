"""A private Postfix on loopback: a real queue, Maildirs, and copies of what was sent.

Nothing under /etc is touched, nothing leaves the machine; it needs root and
Debian's postfix.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.alerts.conftest import parsed

MASTER = Path("/usr/share/postfix/master.cf.dist")


def missing() -> str:
    """Return why no Postfix can be run here, empty if one can."""
    if shutil.which("postfix") is None or not MASTER.is_file():
        return "needs Debian's postfix, which is not installed"
    return "" if os.geteuid() == 0 else "needs root, to run a private Postfix"


@dataclass(frozen=True)
class Postfix:
    """A running instance."""

    folder: Path
    port: int

    @property
    def archive(self) -> Path:
        """Maildir of the copies of everything that was sent."""
        return self.folder / "mail" / "archive"

    @property
    def queue_command(self) -> tuple[str, ...]:
        """Prints the queue."""
        return ("postqueue", "-c", str(self.folder / "etc"), "-j")

    def mails(self, mailbox: str) -> list[EmailMessage]:
        """Return what lies in a mailbox such as ``"r1"``."""
        return [parsed(path.read_bytes()) for path in self.files(mailbox)]

    def files(self, mailbox: str) -> list[Path]:
        """Return the files of a mailbox."""
        folder = self.folder / "mail" / mailbox
        return sorted(path for part in ("new", "cur") for path in (folder / part).glob("*"))

    def set(self, *settings: str) -> None:
        """Change settings of the running server, such as ``"soft_bounce = yes"``."""
        subprocess.run(["postconf", "-c", self._etc, "-e", *settings], check=True)
        self._run("reload")

    def kill(self) -> None:
        """Kill its master process as a crash would."""
        pid = int((self.folder / "spool/pid/master.pid").read_text())
        subprocess.run(["pkill", "-9", "-P", str(pid)], check=False)
        os.kill(pid, 9)

    def start(self) -> None:
        """Start it (again)."""
        self._run("start")

    def stop(self) -> None:
        """Stop it."""
        self._run("stop")

    @property
    def _etc(self) -> str:
        return str(self.folder / "etc")

    def _run(self, verb: str) -> None:
        subprocess.run(
            ["postfix", "-c", self._etc, verb], check=True, capture_output=True, timeout=60
        )


@contextmanager
def running_postfix(folder: Path, port: int, mailboxes: Sequence[str]) -> Iterator[Postfix]:
    """Run a Postfix that delivers to ``<mailbox>@ngo.test`` and copies by sender."""
    server = Postfix(folder, port)
    _install(server, mailboxes)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _install(server: Postfix, mailboxes: Sequence[str]) -> None:
    folder, etc = server.folder, server.folder / "etc"
    folder.mkdir(exist_ok=True)
    # The unprivileged parts of Postfix walk through these folders.
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    for name in ("etc", "spool", "data", "mail"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "mail", "mail")
    master = MASTER.read_text()
    master = re.sub(
        r"(?m)^smtp +inet.*smtpd$", f"127.0.0.1:{server.port} inet n - n - - smtpd", master
    )
    unjailed = r"(?m)^([a-z0-9.:-]+ +(?:unix|inet|unix-dgram) +[-yn] +[-yn] +)y"
    master = re.sub(unjailed, r"\1n", master)
    if "\npostlog" not in master:
        master += "\npostlog unix-dgram n - n - 1 postlogd\n"
    (etc / "master.cf").write_text(master)
    boxes = [*(f"{name}@ngo.test {name}/" for name in mailboxes),
             "archive@sent.test archive/", "probe@sent.test probe/"]  # fmt: skip
    (etc / "boxes").write_text("\n".join(boxes) + "\n")
    (etc / "copies").write_text(r"/^b\+.*@/ archive@sent.test" + "\n")
    (etc / "main.cf").write_text(_main(server))
    subprocess.run(["postmap", "-c", str(etc), f"hash:{etc}/boxes"], check=True)


def _main(server: Postfix) -> str:
    folder = server.folder
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/spool",
        "data_directory": f"{folder}/data",
        "myhostname": "relay.test",
        "mydestination": "",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "virtual_mailbox_domains": "ngo.test sent.test",
        "virtual_mailbox_base": f"{folder}/mail",
        "virtual_mailbox_maps": f"hash:{folder}/etc/boxes",
        "virtual_uid_maps": "static:8",
        "virtual_gid_maps": "static:8",
        "virtual_minimum_uid": "8",
        "sender_bcc_maps": f"regexp:{folder}/etc/copies",
        "default_transport": "discard:",
        "relay_transport": "discard:",
        "maillog_file": f"{folder}/log",
        "maillog_file_prefixes": str(folder),
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "5s",
        "queue_run_delay": "1s",
        "smtpd_client_connection_rate_limit": "0",
        # DNS must not be asked, not even for the name of the client.
        "smtpd_peername_lookup": "no",
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
