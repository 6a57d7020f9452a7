"""The proxies of ``docs/examples/proxy`` as processes, in front of a real ``serve``.

Each is the documentation's own file with this machine's places in it, so that what the page shows
is what is proven.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection as Connection
from http.client import HTTPResponse
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support import then
from tests.support.forks import ROOT

EXAMPLES = ROOT / "docs" / "examples" / "proxy"
SITE = "sendtrail.example.com"
# The client's own address, which is not the proxy's.
CLIENT = "127.0.0.2"
PROXY = "127.0.0.1"


def program(name: str) -> str | None:
    """Where that program is, also where only root looks for it."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Proxy:
    """A proxy that answers at ``https`` with a certificate of its own, and at ``http``."""

    def __init__(self, folder: Path, name: str, upstream: int) -> None:
        self.folder = folder
        self.http, self.https = _free_ports()
        self.upstream = upstream
        self.output = folder / "output.log"
        self._certify()
        command = {"nginx": self._nginx, "caddy": self._caddy}[name]()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        tls: bool = True,
        **headers: str,
    ) -> Reply:
        """The answer to a client at ``CLIENT``; an underscore in a header's name is a hyphen."""
        connection = Connection("localhost", self.https if tls else self.http)
        peer = (PROXY, self.https if tls else self.http)
        plain = socket.create_connection(peer, 60, source_address=(CLIENT, 0))
        context = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        connection.sock = context.wrap_socket(plain, server_hostname="localhost") if tls else plain
        try:
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            connection.request(method, path, body, named)
            response: HTTPResponse = connection.getresponse()
            text = response.read().decode()
            # What comes twice has a comma between.
            told = {k.lower(): response.getheader(k, "") for k in response.headers}
            return Reply(response.status, told, text)
        finally:
            connection.close()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    def written(self) -> str:
        """All that it logged so far."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _nginx(self) -> list[str]:
        folder, temporary = self.folder, ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{name}_temp_path {folder}/{name};\n" for name in temporary)
        owner = "user root;\n" if os.geteuid() == 0 else ""
        text = _with_places(
            (EXAMPLES / "nginx.conf").read_text(encoding="utf-8"),
            ("user www-data;", f"{owner}daemon off;"),
            ("/run/nginx.pid", f"{folder}/nginx.pid"),
            ("/var/log/nginx/error.log", f"{folder}/error.log"),
            ("/var/log/nginx/access.log", f"{folder}/access.log"),
            ("server_tokens off;", f"server_tokens off;\n{places}"),
            ("listen 80 ", f"listen {PROXY}:{self.http} "),
            ("listen [::]:80 default_server;", ""),
            ("listen 443 ssl ", f"listen {PROXY}:{self.https} ssl "),
            ("listen [::]:443 ssl default_server;", ""),
            (f"/etc/letsencrypt/live/{SITE}/fullchain.pem", f"{folder}/certificate.pem"),
            (f"/etc/letsencrypt/live/{SITE}/privkey.pem", f"{folder}/key.pem"),
            (f"https://{SITE}$", f"https://localhost:{self.https}$"),
            (f"server_name {SITE}", "server_name localhost"),
            ("127.0.0.1:8000", f"127.0.0.1:{self.upstream}"),
        )
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        return [str(program("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf")]

    def _caddy(self) -> list[str]:
        folder = self.folder
        ports = f"http_port {self.http}\n\thttps_port {self.https}\n\tadmin off\n\tservers {{"
        certificate = f"localhost {{\n\ttls {folder}/certificate.pem {folder}/key.pem"
        text = _with_places(
            (EXAMPLES / "Caddyfile").read_text(encoding="utf-8"),
            ("servers {", ports),
            (f"{SITE} {{", certificate),
            ("127.0.0.1:8000", f"127.0.0.1:{self.upstream}"),
        )
        (folder / "Caddyfile").write_text(text, encoding="utf-8")
        return [str(program("caddy")), "run", "--config", str(folder / "Caddyfile")]

    def _certify(self) -> None:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address(PROXY))]
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        (self.folder / "certificate.pem").write_bytes(made.public_bytes(pem))
        (self.folder / "key.pem").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


@contextmanager
def running(folder: Path, name: str, upstream: int) -> Iterator[Proxy]:
    """The proxy in front of ``serve`` at the port ``upstream``, until the block ends."""
    folder.mkdir()
    proxy = Proxy(folder, name, upstream)
    try:
        then.soon(proxy.is_up, 60)
        yield proxy
    finally:
        proxy.process.terminate()
        proxy.process.wait(60)


def _with_places(text: str, *places: tuple[str, str]) -> str:
    """The text with each of these in the place of what is there, and nothing of the reader's."""
    for old, new in places:
        assert old in text, old
        text = text.replace(old, new)
    assert "/etc/" not in "".join(line for line in text.splitlines() if line[:1] != "#")
    return text


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind((PROXY, 0))
        two.bind((PROXY, 0))
        return one.getsockname()[1], two.getsockname()[1]
