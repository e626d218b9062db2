"""A private Dovecot on loopback, with Maildirs that tests may look into.

Nothing under /etc is touched; it needs root and Debian's dovecot-imapd.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from alerts.imap import ImapBox

PASSWORD = "for-tests-only"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 8
mail_location = maildir:{folder}/mail/%n:INBOX={folder}/mail/%n
mail_fsync = never
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=8 gid=8 home={folder}/mail/%n
}}
"""


def missing() -> str:
    """Return why no Dovecot can be run here, empty if one can."""
    if shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        return "needs Debian's dovecot-imapd, which is not installed"
    return "" if os.geteuid() == 0 else "needs root, to run a private Dovecot"


@dataclass(frozen=True)
class Dovecot:
    """A running instance: any name is an account, all with one password."""

    folder: Path
    port: int

    def box(self, name: str, folder: str = "INBOX", password: str = PASSWORD) -> ImapBox:
        """Return the mailbox of an account."""
        return ImapBox("127.0.0.1", self.port, False, name, folder, password, timeout_s=10)

    def maildir(self, name: str) -> Path:
        """Return the inbox of an account, which a mail server may deliver into."""
        folder = self.folder / "mail" / name
        for part in ("new", "cur", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "mail", "mail")
        return folder

    def put(self, name: str, raw: bytes) -> None:
        """Deliver a mail."""
        new = self.maildir(name) / "new"
        path = new / f"1700000000.{len(list(new.parent.rglob('*')))}.host"
        path.write_bytes(raw)
        shutil.chown(path, "mail", "mail")


@contextmanager
def running_dovecot(folder: Path) -> Iterator[Dovecot]:
    """Run a Dovecot whose mail lies below a folder."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(parents=True)
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    shutil.chown(folder / "mail", "mail", "mail")
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, password=PASSWORD))
    server = Dovecot(folder, port)
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "dovecot"
    process = subprocess.Popen(
        [program, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_it_answers(server, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(server: Dovecot, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1) as line:
            if line.recv(4) == b"* OK":
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
            break
    log = server.folder / "log"
    raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
