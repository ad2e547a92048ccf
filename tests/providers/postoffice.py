"""A mail server that others wrote (aiosmtpd), on this machine, told by the receiver's name how
to treat a message. What it took is kept as it came."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tearoff.kit.services import Services
from tearoff.messages import connections
from tearoff.messages.connections import NewConnection
from tearoff.messages.open_connections import surroundings_of
from tests.listening import let_nobody_in
from tests.running import PATIENCE

LOGIN, PASSWORD = "shop", "s3cret pass"

AT_RCPT = {
    "nobody": "550 5.1.1 No such user here",
    "nobody-plain": "550 No such user",
    "full": "452 4.2.2 Mailbox full",
    "full-for-good": "552 5.2.2 Mailbox full",
    "grey": "451 4.7.1 Greylisted, come back in 5 minutes",
    "closing": "421 4.3.2 Shutting down",
}
AT_END = {
    "spam": "554 5.7.1 Message looks like spam",
    "large": "552 5.3.4 Message too big",
    "later": "451 4.3.0 Try again later",
    "postfix": "250 2.0.0 Ok: queued as 4XyZ12AbCd",
    "exim": "250 OK id=1rAbCd-000123-Xy",
    "ses": "250 Ok 0102018f2b3c4d5e-1a2b3c4d-0000",
    "odd": "399 Hm",
    "echo": f"554 5.7.1 you said {PASSWORD}",
    "binary": "554 5.7.1 \x07bell and \x1b[31mcolour",
}


@dataclass
class Taken:
    sender: str
    to: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    def part(self, kind: str) -> str:
        found = self.mail.get_body((kind,))
        assert found is not None
        return str(found.get_content()).replace("\r\n", "\n")


@dataclass
class PostOffice:
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    pause: float = 0.0
    sender_answer: str = ""
    ca_file: str = ""

    def of(self, to: str) -> list[Taken]:
        return [one for one in self.taken if one.to == to]

    async def until_taken(self) -> None:
        """Until a letter has come; its answer may still be on its way."""
        async with asyncio.timeout(PATIENCE):
            while not self.taken:
                await asyncio.sleep(0.01)

    # what aiosmtpd asks

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        name = address.partition("@")[0]
        self.met.append(address)
        if name == "drop-early":
            server.transport.abort()
        if name == "mute-early":
            await asyncio.sleep(30)
        if name in AT_RCPT:
            return AT_RCPT[name]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        (to,) = envelope.rcpt_tos
        name = to.partition("@")[0]
        if name in AT_END and not AT_END[name].startswith("250"):
            return AT_END[name]
        self.taken.append(Taken(envelope.mail_from, to, envelope.original_content))
        if name == "drop":
            server.transport.abort()
        await asyncio.sleep(30 if name == "mute" else self.pause)
        return AT_END.get(name, "250 2.0.0 OK")


@contextlib.asynccontextmanager
async def open_post_office(
    folder: Path | None = None, *, tls: str = "", login: bool = False
) -> AsyncIterator[PostOffice]:
    """`tls` is `starttls` or `tls`; `folder` is where its certificate goes."""
    office = PostOffice()
    context = certificate(folder, office) if folder is not None else None

    def authenticate(server: Any, session: Any, envelope: Any, how: str, given: Any) -> AuthResult:
        is_right = (given.login, given.password) == (LOGIN.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    def serve() -> SMTP:
        return SMTP(
            office,
            enable_SMTPUTF8=True,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=authenticate if login else None,
            # Asked for without TLS it is only offered: aiosmtpd warns of more.
            auth_required=login and tls == "starttls",
            auth_require_tls=tls == "starttls",
            loop=asyncio.get_running_loop(),
        )

    at = context if tls == "tls" else None
    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=at)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        await let_nobody_in(server.sockets)
        server.close()


async def connect_mail(
    services: Services, account_id: int, office: PostOffice, **changes: str
) -> None:
    """Make the post office the account's mail service."""
    settings = {"host": "127.0.0.1", "port": str(office.port), "security": "none"}
    new = NewConnection(
        kind="smtp",
        settings=settings | {"from": "hello@beanleaf.example"} | changes,
        segment_price=700,
    )
    async with services.db.transaction() as db:
        await connections.add_connection(
            db, services.vault, account_id, new, surroundings_of(services)
        )


def certificate(folder: Path, office: PostOffice, address: str = "127.0.0.1") -> ssl.SSLContext:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A post office")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    ip = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(ip, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    both = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)
    (folder / "both.pem").write_bytes(both)
    (folder / "ca.pem").write_bytes(made.public_bytes(pem))
    office.ca_file = str(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context
