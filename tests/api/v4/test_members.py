"""`/v4/members`: what is told of somebody before they have come."""

from __future__ import annotations

import pyotp
import pytest

from tearoff.accounts import members, people
from tearoff.accounts.members import NewMember
from tearoff.kit import clock
from tests.api.v4.client import Client


@pytest.fixture
def known_elsewhere(services, other_caller):
    """Somebody who works for another tenant, with all that can be seen of a person."""

    async def make(email):
        new = NewMember(email=email, first_name="Ann", last_name="Berg", language="nl")
        db = services.db
        async with db.transaction() as work:
            await members.create_member(work, other_caller.shop.account, new)
        found = (await people.person_of_mail(db, email)).id
        app = pyotp.TOTP(await people.start_second_step(db, services.vault, found))
        await people.confirm_second_step(db, services.vault, found, app.now(), clock.now())
        await db.execute("UPDATE people SET last_sign_in_at = now() WHERE id = $1", found)
        return found

    return make


async def test_an_address_tells_nothing_of_other_tenants(caller, services, known_elsewhere):
    """Whoever invites learns the same of everybody: in the answer, in the list, of one, after
    another link."""
    v4, account = Client(caller), caller.shop.account
    known, new = f"known.{account}@example.com", f"new.{account}@example.com"
    person = await known_elsewhere(known)
    told = {}
    for email in (known, new):
        made = await v4.post("/v4/members", {"email": email, "role": "editor"})
        assert made.status == 201, made.text
        path = f"/v4/members/{made.body['id']}"
        listed = (await v4.get("/v4/members?limit=100")).body["data"]
        seen = [made.body, next(one for one in listed if one["email"] == email),
                (await v4.get(path)).body, (await v4.post(f"{path}/invitation")).body,
                (await v4.patch(path, {"role": "reader"})).body]  # fmt: skip
        assert (await v4.delete(f"{path}/second-step")).status == 204
        told[email] = [_comparable(one) for one in seen]
    assert told[known] == told[new]
    assert (await people.person(services.db, person)).has_second_step
    await services.db.execute(
        "UPDATE members SET accepted_at = now() WHERE account_id = $1 AND email = $2",
        account,
        known,
    )
    (joined,) = [one for one in (await v4.get("/v4/members?limit=100")).body["data"]
                 if one["email"] == known]  # fmt: skip
    assert joined["belongs_elsewhere"] and joined["second_step"]


def _comparable(one):
    """Without what is each one's own."""
    own = {"id", "email", "created_at", "invitation_url"}
    found = {name: value for name, value in one.items() if name not in own}
    moments = ("made_at", "expires_at", "mail_at")
    return found | {"invitation": {**found["invitation"], **dict.fromkeys(moments)}}
