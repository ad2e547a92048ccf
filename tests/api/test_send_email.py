"""`POST /v3/send/email` as a caller sees it, over HTTP and to a real mail server."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tearoff.people import optouts
from tests.api.caller import Caller
from tests.cast import open_shop, until_guards_are_freed
from tests.providers.postoffice import connect_mail, open_post_office
from tests.running import PATIENCE


@pytest_asyncio.fixture
async def office():
    async with open_post_office() as opened:
        yield opened


@pytest_asyncio.fixture
async def mailer(http, server, services, office):
    return Mailer(http, server.url, await open_mail_shop(services, office))


class Mailer(Caller):
    async def mail(self, email="ann@example.com", **values):
        extra = values.pop("extra", {})
        given = {"campaign": self.shop.ref, "email": email, **values}
        return await self.post("/v3/send/email", given, extra=extra)


async def open_mail_shop(services, office, **more):
    shop = await open_shop(services, **({"kind": None} | more))
    await connect_mail(services, shop.account, office)
    return shop


WORD = "=?utf-8?q?x=0d=0aX-Evil:_1=0d=0a=0d=0a<h1>Evil</h1>?="
BASE64 = "=?utf-8?b?eA0KWC1FdmlsOiAxDQoNCjxoMT5FdmlsPC9oMT4=?="


@pytest.mark.parametrize("text", [WORD, BASE64, f"{WORD} {BASE64}", f"a {WORD}", "x\u2028y"])
async def test_names_and_subjects_bring_no_headers(mailer, office, services, text):
    """First name, subject and brand arrive as they were written, and nothing beside them."""
    await services.db.execute(
        "UPDATE campaigns SET brand = $2 WHERE id = $1", mailer.shop.campaign, text
    )
    answer = await mailer.mail(subject=text, firstname=text[:100], body="Hi {first_name}")
    assert answer.status == 200, answer.text
    (taken,) = office.taken
    assert sorted(taken.mail.keys()) == [
        "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"
    ]  # fmt: skip
    assert b"X-Evil" not in taken.raw.partition(b"\r\n\r\n")[0]
    assert taken.mail["Subject"] == text.replace("\u2028", " ")
    assert "<h1>Evil" not in taken.part("html")


@pytest.mark.parametrize("local", ["=?utf-8?q?x=0d=0aX-Evil:_1?=", "=?utf-8?b?eA0KWA==?="])
async def test_an_address_is_no_encoded_word(mailer, office, local):
    answer = await mailer.mail(f"{local}@example.com")
    assert answer.codes == [305]
    assert office.met == []


async def count(services, table, shop, where="true"):
    return await services.db.fetchval(
        f"SELECT count(*) FROM {table} WHERE account_id = $1 AND {where}", shop.account
    )


async def test_a_coupon_goes_out(mailer, office, services):
    answer = await mailer.mail(
        subject="Zoë, your coffee", body="Hi {first_name},\nenjoy!", firstname="Zoë",
        lastname="Ångström", customid="42",
    )  # fmt: skip
    assert answer.status == 200, answer.text
    body = answer.body
    code = body["single_use_code"]
    url = f"https://coupons.example.com/p/{mailer.shop.code}/{code}"
    assert body == {
        "status": {"status": "OK"}, "campaign": mailer.shop.ref, "email": "ann@example.com",
        "subject": "Zoë, your coffee", "single_use_code": code, "single_use_url": url,
        "action": "email_sent", "message_id": body["message_id"],
    }  # fmt: skip
    (taken,) = office.taken
    assert (taken.sender, taken.to) == ("hello@beanleaf.example", "ann@example.com")
    mail = taken.mail
    assert mail["Subject"] == "Zoë, your coffee"
    assert mail["To"].addresses[0].display_name == "Zoë Ångström"
    assert mail["From"].addresses[0].display_name == "Bean & Leaf"
    text, html = taken.part("plain"), taken.part("html")
    assert "Hi Zoë,\nenjoy!" in text and text.count(url) == 1
    assert "Hi Zoë,<br>enjoy!" in html and f'href="{url}"' in html
    assert "2-for-1 cappuccino" in html and "Second cup free" in html
    row = await services.db.fetchrow(
        "SELECT * FROM messages WHERE id = $1", int(body["message_id"].removeprefix("msg_"))
    )
    assert (row["channel"], row["state"], row["subject"]) == ("email", "accepted", body["subject"])
    assert (row["cost"], row["segments"], row["text"]) == (700, 0, text)
    session = await services.db.fetchrow("SELECT * FROM sessions WHERE code = $1", code)
    assert (session["email"], session["phone"], session["customid"]) == (
        "ann@example.com", None, "42",
    )  # fmt: skip


async def test_what_is_left_out_comes_from_the_campaign(mailer, office):
    answer = await mailer.mail(phone="+32470001234")
    assert answer.body["subject"] == "2-for-1 cappuccino"
    (taken,) = office.taken
    assert "Your coffee: https://" in taken.part("plain")
    html = taken.part("html")
    assert ">Your coffee</p>" in html and "Valid until" in html
    data = await mailer.post(
        "/v3/couponsession/data", {"couponsession": answer.body["single_use_code"]}
    )
    assert "32470001234" in data.text and '"channel":"email"' in data.text


@pytest.mark.parametrize(
    ("values", "codes", "texts"),
    [
        ({"campaign": None, "email": None}, [200, 200],
         ["Missing parameter: campaign", "Missing parameter: email"]),
        ({"campaign": "x"}, [301], ["Invalid character in parameter: campaign."]),
        ({"email": "nobody"}, [305], ["Email address is not valid"]),
        ({"email": "a@example.com\r\nBcc: eve@example.com"}, [301],
         ["Invalid character in parameter: email."]),
        ({"subject": "a\nb"}, [301], ["Invalid character in parameter: subject."]),
        ({"phone": "12"}, [301], ["Phone number not valid"]),
        ({"campaign": "cam_999999999"}, [502], ["Campaign ID not found."]),
        ({"campaign": "dir_100001"}, [502], ["Campaign ID not found."]),
        ({"couponsession": "a" * 21}, [513], ["Statcode not found"]),
        ({"body": "Hi {first_name}"}, [301], ["Invalid character in parameter: body. {first_name}"
             " is empty for this receiver."]),
        ({"subject": "Hi {last_nam}"}, [301], ["Invalid character in parameter: subject. {last_nam}"
             " is no field. Did you mean {last_name}?"]),
        ({"email": "nobody", "phone": "12", "subject": "{frist_name}", "body": "{lnk}"},
         [305, 301, 301, 301],
         ["Email address is not valid",
          "Invalid character in parameter: subject. {frist_name} is no field. Did you mean"
          " {first_name}?",
          "Invalid character in parameter: body. {lnk} is no field. Did you mean {link}?",
          "Phone number not valid"]),
    ],
)  # fmt: skip
async def test_parameter_errors(mailer, office, values, codes, texts):
    answer = await mailer.mail(**values)
    assert (answer.status, answer.codes, answer.texts) == (422, codes, texts)
    assert office.met == []


async def test_no_integration(caller, services):
    answer = await caller.post(
        "/v3/send/email", {"campaign": caller.shop.ref, "email": "ann@example.com"}
    )
    assert (answer.status, answer.codes) == (422, [104])
    assert answer.texts == [
        "No Email integration has been setup in your Tearoff account. Go to 'integrations' and"
        " 'Email marketing' to setup an Email provider"
    ]
    assert await count(services, "sessions", caller.shop) == 0


REFUSED = {
    "nobody@example.com":
        "The address does not exist or cannot receive mail. It says: 5.1.1 No such user here",
    "spam@example.com": "The message was blocked as unwanted or not allowed."
                        " It says: 5.7.1 Message looks like spam",
    "grey@example.com": "The email provider asks to try again later."
                        " It says: 4.7.1 Greylisted, come back in 5 minutes",
}  # fmt: skip


@pytest.mark.parametrize("email", REFUSED)
async def test_refused_by_the_provider(mailer, services, email):
    answer = await mailer.mail(email)
    assert (answer.status, answer.codes) == (422, [602])
    assert answer.texts == [f"Email not sent to '{email}'. Reason: {REFUSED[email]}"]
    assert await count(services, "sessions", mailer.shop, "voided") == 1
    assert await count(services, "messages", mailer.shop, "state = 'failed'") == 1
    assert await count(services, "open_sends", mailer.shop) == 0
    channel = await services.db.fetchval(
        "SELECT channel FROM session_events WHERE account_id = $1 AND kind = 'voided'",
        mailer.shop.account,
    )
    assert channel == "email"


async def test_settings_that_cannot_be_used_any_more(mailer, office, services, tmp_path):
    async with open_post_office(tmp_path, tls="starttls") as other:
        mailer.shop = await open_shop(services, kind=None)
        await connect_mail(
            services, mailer.shop.account, other, security="starttls", tls_ca_file=other.ca_file
        )
        Path(other.ca_file).unlink()
        answer = await mailer.mail()
    assert (answer.status, answer.codes) == (422, [602])
    assert "Settings: tls_ca_file: cannot be used" in answer.texts[0]
    assert await count(services, "messages", mailer.shop, "state = 'failed'") == 1


async def test_a_lost_answer_is_unknown_and_never_repeated(mailer, office, services):
    answer = await mailer.mail("drop@example.com")
    assert (answer.status, answer.codes) == (422, [602])
    message = answer.body["message_id"]
    assert answer.texts == [
        f"Email not sent to 'drop@example.com'. Reason: The email provider has not confirmed"
        f" message {message}. It may have been sent, so it is not sent again until this is settled."
    ]
    again = await mailer.mail("drop@example.com")
    assert (again.codes, again.body["message_id"]) == ([602], message)
    assert len(office.of("drop@example.com")) == 1
    assert await count(services, "sessions", mailer.shop, "NOT voided") == 1


async def test_an_existing_session(mailer, office, services, other_caller):
    made = await mailer.post("/v3/singleuse/create", {"campaign": mailer.shop.ref})
    code = made.body["single_use_code"]
    sent = await mailer.mail(couponsession=code)
    assert (sent.status, sent.body["single_use_code"]) == (200, code)
    refused = await mailer.mail("nobody@example.com", couponsession=code[:6])
    assert refused.codes == [602]
    assert await count(services, "sessions", mailer.shop, "voided") == 0
    foreign = await other_caller.post("/v3/singleuse/create", {"campaign": other_caller.shop.ref})
    answer = await mailer.mail(couponsession=foreign.body["single_use_code"])
    assert answer.codes == [513]


async def test_another_tenants_campaign(mailer, other_shop, office):
    assert (await mailer.mail(campaign=other_shop.ref)).codes == [502]
    assert office.met == []


async def test_opted_out(mailer, office, services):
    await mailer.post("/v3/emailtool/optout/add", {"email": "Ann@Example.com"})
    answer = await mailer.mail("ann@example.com")
    assert (answer.status, answer.codes) == (422, [605])
    assert answer.texts == [
        "Email not sent to 'ann@example.com'. Reason: This email address is on the blacklist or"
        " opt-out list."
    ]
    assert office.met == []
    assert await count(services, "sessions", mailer.shop) == 0
    assert await optouts.is_opted_out(services.db, mailer.shop.account, "ANN@example.com")
    await mailer.post("/v3/emailtool/optout/remove", {"email": "ann@EXAMPLE.com"})
    assert (await mailer.mail("ann@example.com")).status == 200


RECEIVED = "Email not sent to '{}'. Reason: This person already received this coupon."


async def test_check_unique(mailer, office, services):
    assert (await mailer.mail(check_unique=True)).status == 200
    await until_guards_are_freed(services, mailer.shop)
    again = await mailer.mail("ANN@example.com", check_unique="1", body="another")
    assert (again.status, again.codes) == (422, [604])
    assert again.texts == [RECEIVED.format("ANN@example.com")]
    assert len(office.taken) == 1
    assert await count(services, "sessions", mailer.shop) == 1
    assert (await mailer.mail(body="another", check_unique=False)).status == 200
    await mailer.post("/v3/emailtool/optout/add", {"email": "ann@example.com"})
    assert (await mailer.mail(check_unique=True, body="third")).codes == [605]


async def test_check_unique_with_a_session_of_their_own(mailer, office, services):
    values = {"campaign": mailer.shop.ref, "email": "bob@example.com"}
    code = (await mailer.post("/v3/singleuse/create", values)).body["single_use_code"]
    assert (await mailer.mail("bob@example.com", check_unique=True)).codes == [604]
    sent = await mailer.mail("bob@example.com", check_unique=True, couponsession=code)
    assert sent.status == 200
    await until_guards_are_freed(services, mailer.shop)
    again = await mailer.mail(
        "bob@example.com", check_unique=True, couponsession=code, body="again"
    )
    assert again.codes == [604]
    assert len(office.taken) == 1


async def test_a_refused_mail_was_not_received(mailer, office):
    assert (await mailer.mail("nobody@example.com", check_unique=True)).codes == [602]
    assert (await mailer.mail("nobody@example.com", check_unique=True)).codes == [602]
    assert office.met == ["nobody@example.com"] * 2


async def test_check_unique_at_once_sends_one_mail(mailer, office, services):
    office.pause = 0.3
    texts = ["one"] * 6 + [f"text {n}" for n in range(6)]
    answers = await asyncio.gather(
        *(mailer.mail("cora@example.com", check_unique=True, body=text) for text in texts)
    )
    assert len(office.of("cora@example.com")) == 1
    told = [a for a in answers if a.status == 200]
    assert told and len({a.body["single_use_code"] for a in told}) == 1
    assert {code for a in answers if a.status != 200 for code in a.codes} <= {602, 604}
    assert await count(services, "sessions", mailer.shop) == 1


async def test_equal_sends_at_once_are_one(mailer, office):
    office.pause = 2
    first = asyncio.create_task(mailer.mail("dora@example.com"))
    async with asyncio.timeout(PATIENCE):
        while "dora@example.com" not in office.met:
            await asyncio.sleep(0.02)
    second = await mailer.mail("dora@example.com")
    assert second.codes == [602]
    assert "has not confirmed" in second.texts[0]
    assert (await first).status == 200
    assert len(office.of("dora@example.com")) == 1


async def test_idempotency_key(mailer, office):
    extra = {"Idempotency-Key": "mail-1"}
    first = await mailer.mail(extra=extra)
    again = await mailer.mail(extra=extra)
    assert (first.status, again.status) == (200, 200)
    assert again.text == first.text
    assert again.headers["Idempotent-Replay"] == "true"
    assert len(office.taken) == 1
    other = await mailer.mail("eve@example.com", extra=extra)
    assert (other.status, other.codes) == (422, [422])


@pytest.mark.parametrize(
    ("name", "state", "status"),
    [("ann", "accepted", 200), ("nobody", "failed", 422), ("drop", "unknown", 422)],
)
async def test_a_send_that_was_interrupted(mailer, office, services, name, state, status):
    """The process died after its message was written and before it had an answer."""
    extra = {"Idempotency-Key": "interrupted"}
    first = await mailer.mail(f"{name}@example.com", extra=extra)
    await services.db.execute(
        "UPDATE idempotency_keys SET answer_sealed = NULL, status = NULL,"
        " lease_until = now() - interval '1 second' WHERE account_id = $1",
        mailer.shop.account,
    )
    again = await mailer.mail(f"{name}@example.com", extra=extra)
    assert await count(services, "messages", mailer.shop, f"state = '{state}'") == 1
    assert (first.status, again.status) == (status, status)
    assert again.text == first.text
    assert len(office.met) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"campaign": {"status": "paused"}}, "The campaign is not active."),
        ({"campaign": {"expires_at": datetime.now(UTC) - timedelta(hours=1)}},
         "The campaign has ended."),
        ({"campaign": {"limit_sessions": 0}}, "The campaign has reached its limit."),
        ({"account": {"limit_number_hour": 0}},
         "Too many messages to this address in the last hour."),
        ({"account": {"limit_spend_day": 699}},
         "The spending limit of your account for today is reached."),
    ],
)  # fmt: skip
async def test_refusals_before_anything_is_made(mailer, office, services, change, reason):
    mailer.shop = await open_mail_shop(services, office, **change)
    answer = await mailer.mail()
    assert (answer.status, answer.codes) == (422, [602])
    assert answer.texts == [f"Email not sent to 'ann@example.com'. Reason: {reason}"]
    for table in ("sessions", "messages", "open_sends"):
        assert await count(services, table, mailer.shop) == 0
    assert office.met == []


async def test_nobody_breaks_into_the_html(mailer, office, services):
    await services.db.execute(
        "UPDATE campaigns SET title = $2, terms = $3, brand = $4 WHERE id = $1",
        mailer.shop.campaign, "<script>x</script>", '"><img src=x onerror=y>',
        "Bean\u2028<b>\r\nBcc: eve@example.com",
    )  # fmt: skip
    answer = await mailer.mail(
        body="<a href='https://evil.example'>{link}</a> & {first_name}",
        firstname="<i>Ann</i>", lastname='"; DROP',
    )  # fmt: skip
    assert answer.status == 200, answer.text
    (taken,) = office.taken
    html = taken.part("html")
    for wrong in ("<script>x", "<img src=x", "<i>Ann", "<a href='https://evil", "<b>\n"):
        assert wrong not in html
    assert "&lt;i&gt;Ann&lt;/i&gt;" in html
    assert taken.mail.get_all("Bcc") is None
    assert len(taken.mail["From"].addresses) == len(taken.mail["To"].addresses) == 1


@pytest.mark.parametrize("language", ["en", "nl-BE", "fr", "de", "es", "ar", "xx"])
async def test_the_campaigns_language(mailer, office, services, language):
    await services.db.execute(
        "UPDATE campaigns SET language = $2, terms = $3 WHERE id = $1",
        mailer.shop.campaign, language, "Één per persoon. " * 400,
    )  # fmt: skip
    assert (await mailer.mail(body="x" * 5000)).status == 200
    html = office.taken[0].part("html")
    known = language.partition("-")[0] if language != "xx" else "en"
    assert f'lang="{known}"' in html
    assert ('dir="rtl"' in html) == (language == "ar")
    assert len(html.encode()) < 20_000
    assert re.search(r"<meta name=\"color-scheme\" content=\"light dark\">", html)
