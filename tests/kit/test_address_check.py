"""Whether an address leads here: each way in which it can fail, over real sockets and real TLS."""

from __future__ import annotations

import datetime
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tearoff.kit.address_check import ECHO, Way, check, echo_of
from tearoff.kit.vault import Vault
from tests.listening import listening

VAULT = Vault("k" * 32)
NAME = "localhost"
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)


@dataclass
class Authority:
    """Issues certificates; `trust` trusts it."""

    folder: Path

    def __post_init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = _name("A test authority")
        self.own = _certificate(name, name, self.key, self.key, is_ca=True)
        (self.folder / "ca.pem").write_bytes(_pem(self.own))

    @property
    def trust(self):
        return ssl.create_default_context(cafile=self.folder / "ca.pem")

    def server(self, host=NAME, until=NOW + 30 * DAY, *, itself=False):
        key = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = (key, _name(host)) if itself else (self.key, self.own.subject)
        made = _certificate(_name(host), issuer, key, signer, until=until, host=host)
        plain = serialization.NoEncryption()
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
        )
        (self.folder / "both.pem").write_bytes(text + _pem(made))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "both.pem")
        return context


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(subject, issuer, key, signer, *, is_ca=False, until=NOW + 60 * DAY, host=""):
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - 90 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if host:
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        made = made.add_extension(names, critical=False)
    return made.sign(signer, hashes.SHA256())


async def echo(request):
    return web.Response(body=echo_of(VAULT, request.match_info["word"]))


async def hello(request):
    return web.Response(text="hello")


def server(answers=echo):
    app = web.Application()
    app.router.add_get(ECHO + "/{word}", answers)
    return web.AppRunner(app)


def met(found):
    return {step.name: step.problem for step in found.steps}


async def ask(address, *, trust=None, allow=True):
    return await check(address, VAULT, Way(allow_loopback=allow, trust=trust))


async def test_an_address_that_leads_here_is_fine(tmp_path):
    authority = Authority(tmp_path)
    async with listening(server(), authority.server()) as port:
        found = await ask(f"https://{NAME}:{port}", trust=authority.trust)
    assert found.is_fine, found
    assert found.addresses
    assert abs(found.certificate_until - (NOW + 30 * DAY)) < DAY


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"until": NOW - DAY}, "expired"),
        ({"host": "other.example"}, "other_name"),
        ({"itself": True}, "self_signed"),
    ],
)
async def test_what_is_wrong_with_a_certificate_is_said(tmp_path, given, problem):
    authority = Authority(tmp_path)
    async with listening(server(), authority.server(**given)) as port:
        found = await ask(f"https://{NAME}:{port}", trust=authority.trust)
    assert met(found) == {"name": "", "connection": "", "certificate": problem}
    assert not found.is_fine


async def test_an_authority_that_nobody_knows_is_said(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    async with listening(server(), authority.server()) as port:
        found = await ask(f"https://{NAME}:{port}", trust=other.trust)
    assert met(found)["certificate"] == "unknown_issuer"


async def test_plain_http_is_told_and_looked_at_all_the_same():
    async with listening(server()) as port:
        found = await ask(f"http://{NAME}:{port}")
    assert met(found) == {"name": "", "connection": "", "certificate": "plain", "answer": ""}
    assert not found.is_fine


async def test_what_speaks_no_tls_is_said():
    async with listening(server()) as port:
        assert met(await ask(f"https://{NAME}:{port}"))["certificate"] == "no_tls"


async def test_another_program_is_told_from_this_one(tmp_path):
    authority = Authority(tmp_path)
    for answers in (hello, _other_key):
        async with listening(server(answers), authority.server()) as port:
            found = await ask(f"https://{NAME}:{port}", trust=authority.trust)
        assert met(found)["answer"] == "somebody_else"


async def _other_key(request):
    return web.Response(body=echo_of(Vault("o" * 32), request.match_info["word"]))


async def test_where_nobody_listens_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert met(await ask(f"https://{NAME}:{port}")) == {"name": "", "connection": "refused"}


async def test_a_name_that_nobody_knows_is_said():
    assert met(await ask("https://no-such-name.invalid")) == {"name": "no_name"}


async def test_a_private_address_is_never_connected_to():
    async with listening(server()) as port:
        for host in (NAME, "127.0.0.1", "[::1]"):
            found = await ask(f"http://{host}:{port}", allow=False)
            assert met(found) == {"name": "private"}, host
