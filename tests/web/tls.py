"""TLS in front of the server: an authority of the test's own, a browser that trusts it, and a
proxy that ends TLS and says so."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.running import free_port

CERTUTIL = shutil.which("certutil")
_DAY = datetime.timedelta(days=1)
_OF_A_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "host", "content-length"}


def _certificate(name, key, issuer, issuer_key, *extensions):
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 30 * _DAY)
    )
    for extension, critical in extensions:
        made = made.add_extension(extension, critical)
    return made.sign(issuer_key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def make_certificate(folder: Path, host: str) -> ssl.SSLContext:
    """For a server of this name; the authority is `folder/authority.pem`."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _named("Test authority")
    root = _certificate(
        root_name, root_key, root_name, root_key,
        (x509.BasicConstraints(ca=True, path_length=0), True),
    )  # fmt: skip
    leaf = _certificate(
        _named(host), key, root_name, root_key,
        (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + leaf.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def put_into_store(home: Path, authority: Path) -> None:
    """Into the store (NSS) of a browser that is started with this home."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    assert CERTUTIL
    for arguments in (
        ["-N", "--empty-password"],
        ["-A", "-t", "C,,", "-n", "Test authority", "-i", str(authority)],
    ):
        subprocess.run([CERTUTIL, "-d", f"sql:{store}", *arguments], check=True)


@contextlib.asynccontextmanager
async def proxy(behind: str, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Gives its port. The server behind sees another name than the browser, and is told of it as
    proxies do."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def hand_on(request: web.Request) -> web.Response:
            headers = [(k, v) for k, v in request.headers.items() if k.lower() not in _OF_A_HOP]
            headers += [
                ("X-Forwarded-For", request.remote or ""), ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", request.host),
            ]  # fmt: skip
            async with http.request(
                request.method, behind + request.raw_path, headers=headers,
                data=await request.read(), allow_redirects=False,
            ) as got:  # fmt: skip
                answer = web.Response(status=got.status, body=await got.read())
                answer.headers.pop("Content-Type", None)
                for name, value in got.headers.items():
                    if name.lower() not in _OF_A_HOP:
                        answer.headers.add(name, value)
                return answer

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", hand_on)
        runner, port = web.AppRunner(app, access_log=None), free_port()
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
            yield port
        finally:
            await asyncio.wait_for(runner.cleanup(), 30)
