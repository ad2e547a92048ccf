"""A campaign's editor, as somebody without script uses it."""

from __future__ import annotations

import ast
import html
import inspect
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.campaigns import campaigns, drafts, publishing
from tearoff.web.coupon.samples import STATES
from tearoff.web.dashboard import editor_asides, editor_saying
from tests.cast import open_shop
from tests.web.conftest import PICTURE
from tests.web.dashboard.conftest import Person, text_of

STORED = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
TABS = ("", "/validity", "/validation", "/look", "/languages", "/message", "/form", "/extras")


def fields_of(text: str) -> list[tuple[str, str]]:
    """What a browser without script sends of the editor's form, in its order."""
    form = re.search(r'<form[^>]*id="edit".*?</form>', text, re.S)
    assert form
    inside = re.sub(r"<template.*?</template>", "", form[0], flags=re.S)
    found = []
    for tag in re.finditer(r"<(input|textarea|select)\b([^>]*)>(.*?)(?=<|$)", inside, re.S):
        kind, attributes, content = tag.groups()
        name = re.search(r'\bname="([^"]*)"', attributes)
        if not name or name[1] == "t":
            continue
        value = re.search(r'\bvalue="([^"]*)"', attributes)
        if kind == "textarea":
            found.append((name[1], content.removeprefix("\n")))
        elif kind == "select":
            part = inside[tag.start() : inside.index("</select>", tag.start())]
            chosen = re.search(r'<option value="([^"]*)"[^>]* selected', part)
            first = re.search(r'<option value="([^"]*)"', part)
            picked = chosen or first
            found.append((name[1], picked[1] if picked else ""))
        elif not re.search('type="(checkbox|radio)"', attributes) or " checked" in attributes:
            found.append((name[1], value[1] if value else ""))
    return [(name, html.unescape(value)) for name, value in found]


class Editor:
    """Of one campaign, before one person."""

    def __init__(self, person: Person) -> None:
        self.person, self.root = person, f"/campaigns/{person.shop.campaign}"

    async def open(self, tab: str = ""):
        return await self.person.get(self.root + tab)

    async def send(self, tab: str, *changes: tuple[str, str], page=None, to: str = ""):
        """The tab's form with these values: those of a name take the place of all it had."""
        page = page or await self.open(tab)
        names = {name for name, _ in changes}
        kept = [pair for pair in fields_of(page.text) if pair[0] not in names]
        token = page.token
        return await self.person.post(self.root + (to or tab), [*kept, *changes], token=token)

    async def stored(self, services):
        found = await campaigns.campaign(services.db, self.person.shop.account,
                                         self.person.shop.campaign)  # fmt: skip
        assert found is not None
        return found


@pytest.fixture
async def editor(shop, sign_in) -> Editor:
    return Editor(await sign_in(shop, "editor"))


@pytest.fixture
async def shop(services):
    return await open_shop(services, kind=None)


@pytest.mark.parametrize(
    ("tab", "changes", "expected"),
    [
        ("", [("title", "Tea for two"), ("tags", "Tea, food"), ("value", "")],
         {"title": "Tea for two", "tags": ["tea", "food"], "value": ""}),
        ("/validity",
         [("starts_at", "2030-03-01T09:00"), ("expires_at", "2030-03-31T23:59"),
          ("activation_seconds", "15"), ("pause_seconds", "2"), ("pause_unit", "3600"),
          ("limit_day", "50"), ("uses", "3"), ("hours.0.days", "1"), ("hours.0.days", "2"),
          ("hours.0.start", "07:00"), ("hours.0.end", "11:00"), ("hours.4.start", "")],
         {"starts_at": datetime(2030, 3, 1, 8, tzinfo=UTC),
          "expires_at": datetime(2030, 3, 31, 22, tzinfo=UTC),
          "activation_seconds": 900, "pause_seconds": 7200, "limit_day": 50, "uses": 3,
          "hours": [{"days": [1, 2], "start": "07:00", "end": "11:00"}]}),
        ("/validation",
         [("methods", "code"), ("methods", "button"), ("barcode", "code128"),
          ("code_source", "fixed"), ("fixed_code", "TEA-1"), ("ask_amount", "required")],
         {"methods": ["code", "button"], "barcode": "code128", "code": "fixed",
          "fixed_code": "TEA-1", "ask_amount": "required"}),
        ("/look", [("brand_color", "#FF8800"), ("withdrawn_text", "Back\nin May.")],
         {"brand_color": "#ff8800", "withdrawn_text": "Back\nin May."}),
        ("/languages", [("language", "nl"), ("texts.fr.title", "Thé"), ("texts.de.title", "")],
         {"language": "nl", "texts": {"fr": {"title": "Thé"}}}),
        ("/message", [("message_text", "Hi {first_name}: {link}")],
         {"message_text": "Hi {first_name}: {link}"}),
        ("/form",
         [("form.fields.0.name", "email"), ("form.fields.0.required", "1"),
          ("form.fields.2.name", ""), ("form.consents.0.text.en", "Send me news."),
          ("form.unique", "email")],
         {"form": {"fields": [{"name": "email", "required": True}], "unique": "email",
                   "consents": [{"key": "consent-1", "text": {"en": "Send me news."}}]}}),
        ("/extras",
         [("begins", "pressed"), ("limit_network", "7"), ("scratch.on", "1"),
          ("scratch.prizes.0.title.en", "A cake"), ("scratch.prizes.0.weight", "2"),
          ("scratch.prizes.1.title.en", "A tea"), ("scratch.blank_weight", "5")],
         {"begins": "pressed", "limit_network": 7,
          "scratch": {"blank_weight": 5,
                      "prizes": [{"key": "prize-1", "title": {"en": "A cake"}, "weight": 2},
                                 {"key": "prize-2", "title": {"en": "A tea"}, "weight": 1}]}}),
    ],
)  # fmt: skip
async def test_each_tab_is_saved_without_script(editor, services, tab, changes, expected):
    answer = await editor.send(tab, *changes)
    assert answer.status == 303, text_of(answer)
    stored = await editor.stored(services)
    options = json.loads(stored.raw_options)
    for name, value in expected.items():
        found = options.get(name) if name in options else getattr(stored, name, None)
        found = list(found) if isinstance(found, tuple) else found
        assert _without_defaults(found) == value, name
    page = await editor.person.get(answer.headers["location"].partition("?")[0])
    again = await editor.send(tab, page=page)
    assert again.status == 303
    assert await editor.stored(services) == msgspec_same(await editor.stored(services), stored)


def msgspec_same(now, before):
    """Saving what stands there changes nothing but the version."""
    assert now.raw_options == before.raw_options
    return now


def _without_defaults(value):
    if isinstance(value, dict):
        return {n: _without_defaults(v) for n, v in value.items() if v not in (False, {}, None, "")}
    if isinstance(value, list):
        return [_without_defaults(one) for one in value]
    return value


@pytest.mark.parametrize(
    ("tab", "changes", "field", "told"),
    [
        ("", [("name", "")], "name", "needed"),
        ("", [("title", "x" * 201)], "title", "At most 200"),
        ("/validity", [("hours.3.days", "1"), ("hours.3.start", "7"), ("hours.3.end", "11:00")],
         "hours.0.start", ""),
        ("/validity", [("activation_seconds", "0.5")], "activation_seconds", "1 minute"),
        ("/validity", [("uses", "many")], "uses", "whole number"),
        ("/validation", [("barcode", "ean13")], "barcode", "cannot hold a link"),
        ("/validation", [("code_source", "fixed"), ("barcode", "ean13"),
                         ("fixed_code", "4006381333932")], "fixed_code", "digit"),
        ("/form", [("form.fields.1.name", "customfield2")], "form.fields.0.label", "customfield2"),
        ("/form", [("form.fields.1.name", "phone"), ("form.unique", "phone")], "form.unique",
         "required"),
        ("/extras", [("scratch.on", "1"), ("scratch.prizes.5.title.en", "A cake"),
                     ("scratch.prizes.5.weight", "lots")], "scratch.prizes.0.weight", ""),
        ("/extras", [("scratch.on", "1")], "scratch.prizes", ""),
        ("/message", [("message_text", "Hi {nobody}")], "message_text", "nobody"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_at_its_field_and_row(editor, tab, changes, field, told):
    page = await editor.send(tab, *changes)
    assert page.status == 422
    assert f'href="#f-{field}"' in page.text
    assert f'id="f-{field}"' in page.text or f'id="w-{field}"' in page.text
    assert told in text_of(page)
    typed = [value for name, value in changes if value and "." not in name]
    assert all(html.escape(value) in page.text for value in typed)


async def test_rows_come_and_go_without_script(editor, services):
    page = await editor.send("/form", ("add", "form.fields"))
    assert page.status == 200
    assert 'name="form.fields.0.name"' in page.text
    page = await editor.send("/form", ("form.fields.0.name", "email"), ("add", "form.fields"),
                             page=page)  # fmt: skip
    assert dict(fields_of(page.text))["form.fields.0.name"] == "email"
    assert 'name="form.fields.1.name"' in page.text
    page = await editor.send("/form", ("drop", "form.fields.0"), page=page)
    assert "form.fields.0.name" not in dict(fields_of(page.text))
    page = await editor.send("/languages", ("add", "texts"), ("add.language", "fr"))
    assert 'name="texts.fr.title"' in page.text
    assert (await editor.stored(services)).version == (await editor.stored(services)).version


async def test_stored_script_is_text_on_every_tab_and_on_the_phone(editor, services):
    by_tab = {
        "": [(n, STORED) for n in ("title", "subtitle", "value", "description", "terms", "brand",
                                    "name")],
        "/look": [("withdrawn_text", STORED), ("limit_text", STORED)],
        "/languages": [("texts.nl.title", STORED), ("texts.nl.terms", STORED)],
        "/form": [("form.fields.0.name", "customfield1"), ("form.fields.0.label.en", STORED),
                  ("form.consents.0.text.en", STORED)],
        "/extras": [("scratch.on", "1"), ("scratch.prizes.0.title.en", STORED),
                    ("scratch.blank_text.en", STORED)],
    }  # fmt: skip
    for tab, changes in by_tab.items():
        assert (await editor.send(tab, *changes)).status == 303, tab
    for path in (*TABS, "/publish"):
        _has_no_script(await editor.open(path))
    for state in ("ready", "public", "withdrawn", "unplayed", "no_prize", "full", "card"):
        page = await editor.open(f"/preview?state={state}&lang=en")
        _has_no_script(page)
        assert "<script" not in page.text


def _has_no_script(page) -> None:
    assert page.status == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text


async def test_the_phone_shows_what_was_typed_in_every_state_and_keeps_to_itself(editor, services):
    for state in (*STATES, "card", "nonsense"):
        page = await editor.send("", ("title", "Typed just now"), ("preview.state", state),
                                 to="/preview")  # fmt: skip
        assert page.status == 200
        assert "Typed just now" in text_of(page), state
        assert "data-open" not in page.text
        assert "<script" not in page.text
        assert 'action="/p/' not in page.text or "form-action 'none'" in str(page.headers)
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
    assert (await editor.stored(services)).title != "Typed just now"
    broken = await editor.send("/validity", ("uses", "many"), to="/preview")
    assert broken.status == 200
    dutch = await editor.open("/preview?state=used&lang=nl")
    assert 'lang="nl"' in dutch.text


async def test_a_draft_is_offered_taken_up_and_thrown_away(editor, services):
    """Complaint 8: what was typed on several tabs is there again."""
    for tab, change in (("", ("title", "Draft title")), ("/look", ("limit_text", "Draft limit"))):
        kept = await editor.send(tab, change, to="/draft")
        assert kept.status == 204
    page = await editor.open("/message")
    assert "You had not saved this" in text_of(page)
    assert (await editor.send("", ("value", "Saved meanwhile"))).status == 303  # not taken up
    page = await editor.open("?draft=1")
    assert dict(fields_of(page.text))["title"] == "Draft title"
    assert "This is not saved yet" in text_of(page)
    assert dict(fields_of((await editor.open("/look?draft=1")).text))["limit_text"] == "Draft limit"
    assert (await editor.stored(services)).title == "2-for-1 cappuccino"
    assert (await editor.send("", page=page)).status == 303
    assert (await editor.stored(services)).title == "Draft title"
    page = await editor.open()
    assert "You had not saved this" in text_of(page)  # the other tab's is still there
    gone = await editor.person.post(editor.root + "/draft/drop", {"tab": ""}, token=page.token)
    assert gone.status == 303
    assert "You had not saved this" not in text_of(await editor.open())
    person = editor.person
    assert not await drafts.draft_of(services.db, person.shop.account, person.shop.campaign, 0)


async def test_an_outdated_tab_shows_both_versions_and_loses_neither(
    editor, shop, sign_in, services
):
    """Complaint 9."""
    old = await editor.open()
    anna = Editor(await sign_in(shop, "manager"))
    assert (await anna.send("", ("title", "Anna's title"), ("value", "Anna's value"))).status == 303
    page = await editor.send("", ("title", "My title"), ("terms", "My terms"), page=old)
    assert page.status == 409
    told = text_of(page)
    assert "My title" in told
    assert "Anna's title" in told
    assert "Manager" in told
    values = dict(fields_of(page.text))
    assert (values["title"], values["terms"]) == ("My title", "My terms")
    assert values["value"] == "Anna's value"  # only she changed it
    assert (await editor.stored(services)).title == "Anna's title"
    done = await editor.send("", ("choose.title", "theirs"), page=page)
    assert done.status == 303
    stored = await editor.stored(services)
    assert (stored.title, stored.terms) == ("Anna's title", "My terms")


async def test_what_only_one_of_two_changed_needs_no_question(editor, shop, sign_in, services):
    """Complaint 9."""
    old = await editor.open()
    anna = Editor(await sign_in(shop, "manager"))
    assert (await anna.send("", ("value", "Anna's value"))).status == 303
    answer = await editor.send("", ("title", "My title"), page=old)
    assert answer.status == 303
    stored = await editor.stored(services)
    assert (stored.title, stored.value) == ("My title", "Anna's value")


async def test_saving_again_and_again_meets_no_conflict(editor, services):
    """Complaint 9: three times from one tab, with autosaves in between, and the same form twice."""
    page = await editor.open()
    for n in range(3):
        assert (
            await editor.send("", ("title", f"Draft {n}"), page=page, to="/draft")
        ).status == 204
        answer = await editor.send("", ("title", f"Title {n}"), page=page)
        assert answer.status == 303
        assert (await editor.send("", ("title", f"Title {n}"), page=page)).status == 303
        page = await editor.open()
    assert (await editor.stored(services)).title == "Title 2"


async def test_publishing_shows_what_is_missing_and_the_way_there(services, sign_in):
    past = datetime.now(UTC) - timedelta(days=1)
    shop = await open_shop(
        services, kind=None, campaign={"status": "draft", "title": "", "expires_at": past}
    )
    editor = Editor(await sign_in(shop, "editor"))
    page = await editor.open("/publish")
    assert f'href="/a/{shop.account}{editor.root}#f-title"' in page.text
    refused = await editor.person.post(editor.root + "/publish", token=page.token)
    assert refused.status == 422
    assert "The end lies in the past." in text_of(refused)
    assert (await editor.stored(services)).status == "draft"
    assert (await editor.send("", ("title", "Tea"))).status == 303
    later = ("expires_at", "2040-01-01T12:00")
    assert (await editor.send("/validity", later)).status == 303
    done = await editor.person.post(editor.root + "/publish", token=page.token)
    assert done.status == 303
    assert (await editor.stored(services)).status == "active"
    assert "Active" in text_of(await editor.open())
    paused = await editor.person.post(editor.root + "/status", {"to": "paused"}, token=page.token)
    assert paused.status == 303
    assert (await editor.stored(services)).status == "paused"
    odd = await editor.person.post(editor.root + "/status", {"to": "gone"}, token=page.token)
    assert odd.status in (303, 422)


async def test_coupons_that_are_out_are_named_beside_save(make_coupon, sign_in):
    coupon = await make_coupon()
    editor = Editor(await sign_in(coupon.shop, "editor"))
    assert "1 coupon is out. Coupons that are out show the new text at once." in text_of(
        await editor.open()
    )
    done = await editor.send("", ("title", "Three for one"))
    told = text_of(await editor.person.get(done.headers["location"]))
    assert "Saved. Coupons that people have already show it at once." in told
    done = await editor.send("", ("name", "Only we see it"))
    assert "already show it" not in text_of(await editor.person.get(done.headers["location"]))


async def test_the_window_says_from_when_it_counts(editor):
    """Complaint 23."""
    await editor.send("/validity", ("activation_seconds", "20"))
    told = text_of(await editor.open("/validity"))
    assert "counts from the moment in which the customer presses" in told
    assert re.search(r"activated on .* 12:00, it can be used until .* 12:20", told)
    assert "by the clock of Brussels" in told


async def test_the_message_is_counted_and_its_odd_character_replaced(editor):
    page = await editor.send("/message", ("message_text", "Hał: {link}"), ("count", "1"))
    told = text_of(page)
    assert "only 70 characters" in told
    assert "Latin small letter l with stroke" in told
    page = await editor.send("/message", ("count", "1"), ("replace", "ł"), page=page)
    assert dict(fields_of(page.text))["message_text"] == "Hal: {link}"
    assert "up to 160 characters" in text_of(page)
    part = await editor.send("/message", ("message_text", "{nobody}"), to="/message/count")
    assert part.status == 200
    assert "nobody" in text_of(part)


async def test_files_come_in_and_are_refused_with_reasons(editor, services):
    page = await editor.open("/validation")

    async def upload(path, name, content, **values):
        boundary = "x1234567890"
        parts = [("t", page.token), *values.items()]
        body = "".join(
            f'--{boundary}\r\ncontent-disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
            for n, v in parts
        ).encode()
        body += (
            f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"; filename="a.csv"\r\n'
            "content-type: text/csv\r\n\r\n"
        ).encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        return await editor.person._ask(
            "POST", editor.root + path, io.BytesIO(body),
            {"content-type": f"multipart/form-data; boundary={boundary}"},
        )  # fmt: skip

    checked = await upload("/codes", "codes", b"A-1\nA-2\nA-1\n", check="1")
    assert checked.status == 200
    assert "nothing was imported" in text_of(checked)
    done = await upload("/codes", "codes", b"A-1\nA-2\nA-1\n<b>x</b>\n")
    assert done.status == 200
    assert "twice in this list" in text_of(done)
    assert "3 codes are left" in text_of(await editor.open("/validation"))
    bad = await upload("/picture", "picture", b"no picture at all")
    assert bad.status == 422
    assert "not a picture" in text_of(bad)
    large = await upload("/picture", "picture", b"x" * 11_000_000)
    assert large.status == 422, text_of(large)
    assert "10" in text_of(large)
    put = await upload("/picture", "picture", PICTURE.read_bytes(), alt="Cups", crop="0,0,0.5,0.5")
    assert put.status == 303, text_of(put)
    stored = await editor.stored(services)
    assert stored.picture_id
    assert stored.picture_alt == "Cups"
    words = {"alt": "Three cups", "has_picture": "1"}
    assert (await editor.person.post(editor.root + "/picture", words)).status == 303
    stored = await editor.stored(services)
    assert (stored.picture_alt, bool(stored.picture_id)) == ("Three cups", True)


async def test_readers_look_and_strangers_see_nothing(shop, other_shop, sign_in):
    reader = Editor(await sign_in(shop, "reader"))
    page = await reader.open()
    assert page.status == 200
    assert '<fieldset class="whole-form" disabled' in page.text
    assert (await reader.send("", ("title", "x"), page=page)).status == 403
    stranger = await sign_in(other_shop, "owner")
    for tab in (*TABS, "/preview", "/publish"):
        assert (await stranger.get(f"/campaigns/{shop.campaign}{tab}")).status == 404
    for path in (
        "",
        "/draft",
        "/preview",
        "/publish",
        "/status",
        "/message/count",
        "/picture/remove",
    ):
        answer = await stranger.post(
            f"/campaigns/{shop.campaign}{path}", {"tab": "", "to": "paused"}
        )
        assert answer.status == 404, path


def test_what_the_rooms_below_say_is_in_our_catalog():
    for sample in (STATES, editor_asides.STATES):
        assert set(sample) == set(STATES)
    tree = ast.parse(inspect.getsource(publishing))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    told = {
        ast.literal_eval(call.args[0]) for call in calls if getattr(call.func, "id", "") == "phrase"
    }
    assert told - {*publishing._REACH.values()} <= {*editor_saying.SAID_BELOW}


ODD = ("", "nan", "inf", "1e400", "-1", "9" * 30, "٣", "\ud800", "\x00", "[[[", "{}", "null", "[]",
       "x" * 5000, STORED, "../..", "2026-13-40T99:99", "0000-01-01T00:00", "9999-12-31T23:59",
       "{", "{link", "#12345g", "true")  # fmt: skip


async def test_nothing_that_is_sent_breaks_it(editor):
    names = {name for tab in TABS for name, _ in fields_of((await editor.open(tab)).text)}
    names |= {"hours.0.days", "hours.0.start", "hours.x.end", "form.fields.0.name", "texts.nl",
              "form.fields.0.label.en", "form.consents.0.key", "scratch.on", "texts.xx.title",
              "scratch.prizes.0.key", "scratch.prizes.0.weight", "scratch.prizes.0.amount",
              "choose.title", "has.hours", "places", "preview.state", "preview.lang", "to",
              "replace"}  # fmt: skip
    paths = ("/preview", "/draft", "/message/count", "/validation/drawn", "/look/colors", "/status")
    token = (await editor.open()).token
    for n, odd in enumerate(ODD):
        value, tab = odd.encode("utf-8", "surrogatepass"), TABS[n % len(TABS)]
        sent = [(name, value) for name in sorted(names - {"tab", "taken"})]
        for path in (tab, paths[n % 2], paths[2 + n % 4]):
            more = ("tab", tab.strip("/") if n % 3 else value)
            page = await editor.person.post(editor.root + path, [*sent, more], token=token)
            assert page.status < 500, (path, odd)
        for act, rows in (("add", value), ("drop", value), ("add", "form"), ("add", "hours")):
            some = [("has.hours", "1"), (act, rows)]
            page = await editor.person.post(editor.root + tab, some, token=token)
            assert page.status < 500, (act, rows)
