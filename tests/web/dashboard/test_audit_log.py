"""The audit log as people read it."""

import csv
import io
import re
from pathlib import Path

from tearoff.api.v3.routes import ENDPOINTS
from tearoff.api.v4.routes import OPERATIONS
from tearoff.web.dashboard.audit_words import NOUNS, VERBS
from tests.web.dashboard.conftest import text_of

SOURCE = Path(__file__).parents[3] / "src" / "tearoff"
WRITTEN = re.compile(r'(?:audited|note|audit\.write)\(\s*[^"]*?"([a-z]+\.[a-z_]+)"')


def verbs():
    yield from (operation.verb for operation in OPERATIONS if operation.verb)
    yield from (verb for one in ENDPOINTS if (verb := getattr(one, "verb", "")))
    for file in SOURCE.rglob("*.py"):
        yield from WRITTEN.findall(file.read_text("utf-8"))


def test_every_verb_is_said_in_words_and_can_be_looked_for():
    found = set(verbs())
    assert len(found) > 60
    assert found - set(VERBS) == set()
    assert {verb.partition(".")[0] for verb in found} - set(NOUNS) == set()


async def test_a_change_is_told_with_what_it_was_before(sign_in, shop):
    person = await sign_in(shop, "owner")
    path = f"/a/{shop.account}/settings"
    answer = await person.post(path, {"brand": "Bean"}, page=path)
    assert answer.status == 303
    answer = await person.post(path, {"brand": "Leaf"}, page=path)
    told = text_of(await person.get(f"/a/{shop.account}/audit"))
    assert "Settings changed" in told
    assert re.search(r"brand\s+Bean\s+→\s+Leaf", told), told


async def test_a_filter_that_cannot_be_read_is_not_taken_for_none(sign_in, shop):
    person = await sign_in(shop, "owner")
    await person.post(f"/a/{shop.account}/settings", {"brand": "Bean"})
    for query, said in (
        ("from=2026-13-40", "Use a day that there is"),
        ("from=2026-11-02&to=2026-11-01", "before the first"),
        ("about=cats", "anew"),
        ("who=cat+7", "anew"),
    ):
        answer = await person.get(f"/a/{shop.account}/audit?{query}")
        assert answer.status == 422, query
        assert said in text_of(answer)
        assert "Settings changed" not in text_of(answer).partition("anew")[2]


async def test_what_was_asked_stands_beside_what_is_wrong_with_it(sign_in, shop):
    """A mistake in one day costs neither the other day nor the other filters."""
    person = await sign_in(shop, "owner")
    asked = "about=account&who=person&id=7"
    for days, wrong in (
        ("from=2026-11-02&to=2026-11-01", "to"),
        ("from=2026-11-02&to=2026-13-40", "to"),
        ("from=x&to=2026-11-01", "from"),
    ):
        page = (await person.get(f"/audit?{asked}&{days}")).text
        assert '<option value="account" selected>' in page
        assert '<option value="person" selected>' in page
        assert '<input type="hidden" name="id" value="7">' in page
        for day in days.split("&"):
            name, _, value = day.partition("=")
            field = re.search(f'<input [^>]*name="{name}"[^>]*>', page)[0]
            assert f'value="{value}"' in field
            assert ('aria-invalid="true"' in field) == (name == wrong), field
    page = (await person.get("/audit?about=cats&who=person&from=2026-11-02")).text
    assert '<option value="person" selected>' in page
    assert 'value="2026-11-02"' in page
    assert "cats" not in page


async def test_the_file_holds_what_the_filter_finds_and_stands_in_the_log(sign_in, shop):
    person = await sign_in(shop, "owner")
    path = f"/a/{shop.account}/settings"
    for brand in ("=1+1", "Leaf"):
        await person.post(path, {"brand": brand}, page=path)
    await person.post(f"/a/{shop.account}/settings/logo/remove", {})
    file = await person.get("/audit/export.csv?about=account")
    rows = list(csv.reader(io.StringIO(file.text.lstrip("\ufeff"))))
    assert [row[2] for row in rows[1:]].count("Settings changed") == 2
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert "audit-log-account" in file.headers["Content-Disposition"]
    assert (
        len(list(csv.reader(io.StringIO((await person.get("/audit/export.csv?about=key")).text))))
        == 1
    )
    told = text_of(await person.get("/audit"))
    assert "Audit log taken as a file" in told
    assert (await person.get("/audit/export.csv?from=x")).status == 422


async def test_days_are_those_of_the_accounts_clock(sign_in, shop, services):
    await services.db.execute(
        "INSERT INTO audit_entries (id, account_id, at, actor_kind, verb) VALUES"
        " (time_id('2026-06-30T22:30Z') + 7, $1, '2026-06-30T22:30Z', 'system', 'folder.create')",
        shop.account,
    )
    person = await sign_in(shop, "owner")
    base = f"/a/{shop.account}/audit"
    assert "Folder made" in _list(await person.get(f"{base}?from=2026-07-01&to=2026-07-01"))
    assert "Folder made" not in _list(await person.get(f"{base}?from=2026-06-30&to=2026-06-30"))


def _list(answer):
    return text_of(answer).partition("To day")[2]
