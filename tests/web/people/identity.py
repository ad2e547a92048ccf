"""A provider of sign-ins (OpenID Connect) of our own, which does what it is told, wrong things too.
What others wrote stands in `tests/web/people/test_single_sign_on_browser.py`."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.listening import listening

CLIENT, SECRET = "tearoff-client", "s3cret %&+"


@dataclass
class Script:
    """How the next token is made. `claims` are put over the right ones (None takes one away);
    `algorithm` `none` signs nothing, `HS256` signs with the public key; `kid` is what it names."""

    claims: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    kid: str | None = ""
    key: Any = None
    answer: Any = None
    userinfo: dict[str, Any] | None = None
    typ: str | None = "JWT"


class Provider:
    def __init__(self) -> None:
        self.url = ""
        self.keys = [RSAKey.generate_key(2048, {"kid": "one"})]
        self.script = Script()
        self.description: dict[str, Any] = {}
        self.description_answer: Any = None
        self.jwks_answer: Any = None
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}

    def rotate(self, kid: str) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": kid})]

    def sign_in(self, address: str, **claims: Any) -> str:
        """Somebody signs in there: where their browser is sent back to. `address`: where it was
        led to by us."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}-{time.monotonic_ns()}"
        self._codes[code] = {**asked, "claims": json.dumps(claims)}
        return f"{urlsplit(asked['redirect_uri']).path}?code={code}&state={asked['state']}"

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._jwks)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        return app

    async def _describe(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("description")
        if self.description_answer is not None:
            return await _sent(self.description_answer)
        return web.json_response({
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            **self.description,
        })  # fmt: skip

    async def _jwks(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("keys")
        if self.jwks_answer is not None:
            return await _sent(self.jwks_answer)
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _userinfo(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("userinfo")
        assert request.headers["authorization"] == "Bearer an-access-token"
        return web.json_response(self.script.userinfo or {}, status=200)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("token")
        form = {k: v[0] for k, v in parse_qs(await request.text()).items()}
        self.forms.append(form)
        if self.script.answer is not None:
            return await _sent(self.script.answer)
        kind, _, pair = request.headers.get("authorization", "").partition(" ")
        given = [unquote(part) for part in base64.b64decode(pair).decode().split(":")]
        if kind != "Basic" or given != [CLIENT, SECRET]:
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({
            "token_type": "Bearer", "access_token": "an-access-token",
            "id_token": self._made(asked),
        })  # fmt: skip

    def _made(self, asked: dict[str, str]) -> str:
        now, script = int(time.time()), self.script
        claims = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "sub": "subject-1",
            "nonce": asked["nonce"], **json.loads(asked["claims"]), **script.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key = script.key or self.keys[-1]
        kid = key.kid if script.kid == "" else script.kid
        header = {"alg": script.algorithm, "typ": script.typ, "kid": kid}
        header = {name: value for name, value in header.items() if value is not None}
        if script.algorithm in ("none", "HS256"):
            return _by_hand(header, claims, self.keys[-1].as_pem(private=False))
        registry = JWSRegistry(algorithms=[script.algorithm])
        return jwt.encode(header, claims, key, registry=registry, default_type=None)


def _by_hand(header: dict[str, Any], claims: dict[str, Any], public: bytes) -> str:
    """What no library makes any more."""
    said = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
    if header["alg"] == "none":
        return f"{said}."
    return f"{said}.{_text(hmac.digest(public, said.encode(), 'sha256'))}"


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


async def _sent(given: Any) -> web.StreamResponse:
    """Bytes, a status, a pair of them, or what makes an answer."""
    if callable(given):
        return await given()
    status, body = given if isinstance(given, tuple) else (200, given)
    return web.Response(status=status, body=body, content_type="application/json")


@contextlib.asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    provider = Provider()
    async with listening(web.AppRunner(provider.app())) as port:
        provider.url = f"http://127.0.0.1:{port}"
        yield provider


__all__ = ["CLIENT", "SECRET", "ECKey", "Provider", "Script", "running_provider"]
