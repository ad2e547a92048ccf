"""The second step: codes of an app and for recovery, each good once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pyotp
import pytest

from tearoff.accounts import people, sign_ins, tries
from tearoff.kit import clock


async def test_a_code_of_the_app_is_good_once(visitor, make_owner, services, with_second_step):
    owner, one, two = await make_owner(), visitor(), visitor()
    app, _ = await with_second_step(owner.person)
    for browser in (one, two):
        done = await browser.sign_in(owner.email, query=f"?next=/a/{owner.account}/send")
        assert done.headers["location"].startswith("/sign-in/second-step?next=/a/")
        assert await sign_ins.signed_in(services.db, browser.secret, clock.now()) is None
        assert await browser.home() == "/sign-in"
    waiting, code = one.secret, app.now()
    done = await one.send(f"/sign-in/second-step?next=/a/{owner.account}/send", code=code)
    assert (done.status, done.headers["location"]) == (303, f"/a/{owner.account}/send")
    assert one.secret != waiting
    assert await one.home() == f"/a/{owner.account}/"
    assert (await two.send("/sign-in/second-step", code=code)).status == 422
    assert (await two.send("/sign-in/second-step", code=app.at(0))).status == 422
    assert (await two.post("/sign-in/second-step", {"t": "x", "code": code})).status == 403


async def test_of_many_at_once_one_code_lets_one_in(
    visitor, make_owner, services, with_second_step
):
    owner, browsers = await make_owner(), [visitor() for _ in range(4)]
    app, recovery = await with_second_step(owner.person)
    for kind in (app.now(), recovery[0].upper().replace("-", " ")):
        for browser in browsers:
            await browser.sign_in(owner.email)
        done = await asyncio.gather(
            *(browser.send("/sign-in/second-step", code=kind) for browser in browsers)
        )
        assert Counter(page.status for page in done) == {303: 1, 422: 3}
        await services.db.execute("DELETE FROM tallies WHERE scope LIKE 'try%'")


async def test_codes_are_counted_and_recovery_codes_keep_nobody_out(
    visitor, make_owner, services, with_second_step
):
    owner, browser = await make_owner(), visitor()
    _, recovery = await with_second_step(owner.person)
    await browser.sign_in(owner.email)
    for _ in range(tries.TRIES):
        assert (await browser.send("/sign-in/second-step", code="000000")).status == 422
    assert (await browser.send("/sign-in/second-step", code=recovery[0])).status == 429
    await services.db.execute("DELETE FROM tallies WHERE scope LIKE 'try:code:%'")
    await services.db.execute(
        "UPDATE tallies SET n = cap WHERE scope = $1", f"try-codes:{owner.person}"
    )
    assert (await browser.send("/sign-in/second-step", code="000000")).status == 429
    assert (await browser.send("/sign-in/second-step", code=recovery[0])).status == 303


async def test_setting_it_up(make_owner, services):
    owner = await make_owner()
    db, vault, now, person = services.db, services.vault, clock.now(), owner.person
    with pytest.raises(people.WrongCode):
        await people.confirm_second_step(db, vault, person, "000000", now)
    secret = await people.start_second_step(db, vault, person)
    assert await people.begun_second_step(db, vault, person) == secret
    assert not (await people.person(db, person)).has_second_step
    stored = await db.fetchrow("SELECT p::text FROM people p WHERE id = $1", person)
    assert secret not in stored[0] and secret.encode().hex() not in stored[0]
    uri = people.uri_of(secret, owner.email, "Tearoff")
    assert uri.startswith("otpauth://totp/Tearoff:") and secret in uri
    codes = await people.confirm_second_step(db, vault, person, pyotp.TOTP(secret).at(now), now)
    assert len(set(codes)) == 10
    assert (await people.person(db, person)).recovery_left == 10
    assert await people.use_recovery_code(db, person, codes[3])
    assert not await people.use_recovery_code(db, person, codes[3])
    mark = await people.mark_of_recovery_codes(db, person)
    made = await asyncio.gather(*[people.new_recovery_codes(db, person, mark) for _ in range(4)])
    (fresh,) = filter(None, made)  # pressed several times: the codes of one press are good
    assert not await people.use_recovery_code(db, person, codes[4])
    assert await people.use_recovery_code(db, person, fresh[4])
    await people.end_second_step(db, person)
    assert not (await people.person(db, person)).has_second_step
    assert await people.new_recovery_codes(db, person, mark) == []
