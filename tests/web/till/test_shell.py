"""What the counter's page is made of: files, worker, manifest, policy."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from tearoff.kit.times import locale_of
from tearoff.kit.words import languages, words_in
from tearoff.web.till import shell


@pytest.fixture
def get(http, server):
    async def get(path, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("accept-encoding", "identity")
        async with http.get(
            server.url + path, headers=names, auto_decompress=False, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    return get


async def test_the_shell_has_nobodys_data_and_a_strict_policy(get):
    status, headers, body = await get("/till/shell")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["permissions-policy"].startswith("camera=(self)")
    assert headers["x-content-type-options"] == "nosniff"
    assert "no-store" in headers["cache-control"]
    text = body.decode()
    assert not re.search(r"<script(?![^>]*(src=|application/json))", text)
    assert not re.search(r'style="|\son[a-z]+="', text)


@pytest.mark.parametrize("language", languages("till"))
async def test_it_speaks_all_its_languages(get, language):
    _, _, body = await get("/till/shell", accept_language=f"xx, {language}-XX;q=0.8")
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in body.decode()
    _, _, asked = await get(f"/till/shell?lang={language}", accept_language="pl")
    assert words_in("till", language)("Scan with camera") in asked.decode()


def test_the_script_gets_all_plural_forms():
    """By the names that `Intl.PluralRules` gives them, which are CLDR's."""
    for language in languages("till"):
        wanted = {locale_of(language).plural_form(n) for n in range(120)}
        said = words_in("till", language).plural_forms("{n} use left.", "{n} uses left.")
        assert wanted | {"other"} <= set(said)
        for n in range(120):
            told = words_in("till", language).ngettext("{n} use left.", "{n} uses left.", n)
            form = said[locale_of(language).plural_form(n)]
            assert form.replace("{n}", str(n)) == told


async def test_files_are_kept_for_a_year_under_an_address_of_their_content(get):
    _, _, page = await get("/till/shell")
    addresses = set(re.findall(r'(?:href|src)="(/till/static/[^"]+)"', page.decode()))
    assert len(addresses) > 8
    for address in addresses:
        status, headers, body = await get(address)
        assert (status, headers["x-content-type-options"]) == (200, "nosniff")
        assert "immutable" in headers["cache-control"]
        _, packed_headers, packed = await get(address, accept_encoding="gzip, br")
        if packed_headers.get("content-encoding") == "gzip":
            assert gzip.decompress(packed) == body


async def test_other_versions_and_paths_are_unknown(get):
    version = shell.OURS.version
    for path in (
        "/till/static/till-000000000000/till.js",
        f"/till/static/{version}/none.js",
        f"/till/static/{version}/../vendored.json",
        f"/till/static/{version}/%2e%2e/vendored.json",
    ):
        assert (await get(path))[0] == 404


async def test_the_reader_has_the_type_that_browsers_ask_for(get):
    address = shell.READER.address("reader/zxing_reader.wasm")
    _, headers, body = await get(address, accept_encoding="gzip")
    assert headers["content-type"] == "application/wasm"
    assert len(body) < 430_000


async def test_the_worker_may_serve_the_page(get):
    _, headers, body = await get("/till/worker.js")
    assert headers["service-worker-allowed"] == "/till"
    assert headers["cache-control"] == "no-cache"
    assert f'"{shell.OURS.address("till.js")}"' in body.decode()


async def test_the_manifest_makes_it_installable(get):
    _, headers, body = await get("/till/manifest.webmanifest?lang=nl")
    assert headers["content-type"].startswith("application/manifest+json")
    manifest = json.loads(body)
    assert manifest["name"] == words_in("till", "nl")("Counter")
    assert (manifest["start_url"], manifest["scope"]) == ("/till", "/till")
    assert manifest["display"] == "standalone"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert (await get(icon["src"]))[1]["content-type"] == "image/png"


async def test_the_shell_is_light(get):
    """HTML, style and scripts as they travel; the reader comes when somebody scans. What they may
    weigh is reasoned in docs/decisions/0041-the-weight-of-the-counter.md."""
    _, _, page = await get("/till/shell", accept_encoding="gzip")
    sizes = {"page": len(page)}
    for path in shell.OURS.files:
        if path.endswith((".js", ".css")):
            _, _, body = await get(shell.OURS.address(path), accept_encoding="gzip")
            sizes[path] = len(body)
    assert sum(sizes.values()) <= 26 * 1024, sizes
    now = gzip.decompress(page).decode().partition("<body")[0]
    assert not [name for name in ("camera.js", "reader.js") if f"/{name}" in now]
