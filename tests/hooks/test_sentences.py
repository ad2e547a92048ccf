"""Each sentence that is stored of a try or an endpoint is said in every language."""

import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from tearoff.hooks import attempt
from tearoff.hooks.deliverer import GONE
from tearoff.hooks.models import OFF_BY_OWNER
from tearoff.hooks.sentences import ONLY_FAILED, said
from tearoff.kit.http import PrivateAddress
from tearoff.kit.vault import CannotOpen
from tearoff.kit.words import languages, words_in

_KEY = ConnectionKey("shop.example", 443, True, True, None, None, None)
PROBLEMS = [
    PrivateAddress("shop.example", "10.0.0.7"),
    PrivateAddress("10.0.0.7", "10.0.0.7"),
    CannotOpen(),
    ssl.SSLError(),
    aiohttp.ClientConnectorDNSError(_KEY, socket.gaierror()),
    aiohttp.ConnectionTimeoutError(),
    TimeoutError(),
    aiohttp.ClientConnectorError(_KEY, OSError()),
    aiohttp.ClientConnectionError(),
    aiohttp.ClientError(),
    ValueError(),
]
TRIES = [*(attempt.explain(problem) for problem in PROBLEMS), "HTTP 503.",
         "HTTP 302: redirects are not followed."]  # fmt: skip
REASONS = [GONE, OFF_BY_OWNER, ONLY_FAILED, *(f"{ONLY_FAILED} {text}" for text in TRIES)]


def test_each_try_has_its_own_sentence():
    assert len(set(TRIES)) == len(TRIES)


@pytest.mark.parametrize("language", languages("dashboard")[1:])
@pytest.mark.parametrize("text", [*TRIES, *REASONS])
def test_each_sentence_is_said_in_each_language(language, text):
    english, told = (said(words_in("dashboard", one), text) for one in ("en", language))
    sentences = [one.strip() for one in english.split(". ")]
    assert told and not [one for one in sentences if one in told], told
    for fact in ("10.0.0.7", "shop.example", "503", "302", "TEAROFF_ALLOWED_HOSTS"):
        assert (fact in told) == (fact in text)
