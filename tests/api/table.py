"""One table of calls: for every endpoint of the v3 dialect the right one, and one for each error
that it names.

A value that begins with `$` is made for the call: `$campaign`, `$session:voided` and so on, by
the functions of `Maker`. The tests in `test_table.py` are generated from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tearoff.accounts import members, subaccounts
from tearoff.coupons.campaigns import campaigns, copies, folders
from tearoff.people import optouts
from tests.api.caller import Caller
from tests.cast import Shop, open_shop

Values = Mapping[str, Any]
NUMBER = "+32470001000"
_N = iter(range(10**9))


@dataclass(frozen=True)
class Wrong:
    """Values to put over the right ones (None takes one away), and who calls."""

    over: Values = field(default_factory=dict)
    who: str = "shop"


@dataclass(frozen=True)
class Case:
    """`foreign`: the code that another tenant gets for the same values; None where the call
    names nothing, so that the answer must only not show the first tenant's things. `refused`:
    the right call is refused with this code, because what it needs does not exist yet."""

    right: Values
    errors: Mapping[int, Wrong | Values] = field(default_factory=dict)
    foreign: int | None = None
    refused: int | None = None

    def wrong(self, code: int) -> Wrong:
        given = self.errors[code]
        return given if isinstance(given, Wrong) else Wrong(given)


PAST, FUTURE = timedelta(days=-1), timedelta(days=1)
CAMPAIGNS = {
    "paused": {"status": "paused"},
    "over": {"expires_at": PAST},
    "notyet": {"starts_at": FUTURE},
    "full": {"limit_sessions": 0},
    "closed": {"limit_validations": 0},
}
OF_CAMPAIGN = {"expired": "over", "notyet": "notyet", "paused": "paused", "closed": "closed"}


class Maker:
    """Makes what a call names, for one shop."""

    def __init__(self, caller: Caller, services: Any) -> None:
        self.caller, self.services = caller, services

    async def values(self, given: Values) -> dict[str, Any]:
        return {name: await self._value(value) for name, value in given.items()}

    async def _value(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        kind, _, state = value[1:].partition(":")
        return await getattr(self, kind)(state)

    async def post(self, path: str, values: Values) -> dict[str, Any]:
        answer = await self.caller.post(f"/v3/{path}", values)
        assert answer.status == 200, (path, answer.text)
        return answer.body

    async def campaign(self, state: str) -> str:
        if not state:
            return self.caller.shop.ref
        values = {
            name: datetime.now(UTC) + value if isinstance(value, timedelta) else value
            for name, value in CAMPAIGNS[state].items()
        }
        made = await campaigns.create_campaign(
            self.services.db, self.caller.shop.account,
            campaigns.NewCampaign(name=state, message_text="Here: {link}", **values),
        )  # fmt: skip
        return made.ref

    async def template(self, state: str) -> str:
        async with self.services.db.transaction() as db:
            shop = self.caller.shop
            return (await copies.save_as_template(db, shop.account, shop.campaign, "")).ref

    async def session(self, state: str) -> str:
        campaign = await self.campaign(OF_CAMPAIGN.get(state, ""))
        made = await self.post("singleuse/create", {"campaign": campaign})
        code = made["single_use_code"]
        if state == "reserved":
            await self.post("couponsession/reserve", {"couponsession": code})
        elif state in ("validated", "voided", "locked"):
            await self.post("couponsession/update", {"couponsession": code, "operation": state})
        return code

    async def reservation(self, state: str) -> str:
        code = await self.session("")
        held = await self.post("couponsession/reserve", {"couponsession": code})
        if state in ("voided", "locked"):
            await self.post("couponsession/update", {"couponsession": code, "operation": state})
        now = datetime.now(UTC)
        changes = {
            "expired": ("expires_at", now + PAST), "notyet": ("starts_at", now + FUTURE),
            "closed": ("limit_validations", 0),
        }  # fmt: skip
        if state in changes:
            column, value = changes[state]
            await self.services.db.execute(
                f"UPDATE campaigns SET {column} = $2 WHERE id = $1",
                self.caller.shop.campaign, value,
            )  # fmt: skip
        if state == "paused":
            await self.services.db.execute(
                "UPDATE campaigns SET status = 'paused' WHERE id = $1", self.caller.shop.campaign
            )
        return held["reservation"]

    async def location(self, state: str) -> str:
        return f"loc_{self.caller.shop.location}"

    async def folder(self, state: str) -> str:
        made = await folders.create_folder(self.services.db, self.caller.shop.account, "Autumn")
        return str(made.id)

    async def category(self, state: str) -> str:
        made = await folders.create_category(self.services.db, self.caller.shop.account, "Food")
        return made.ref

    async def webhook(self, state: str) -> str:
        made = await self.post("webhook/create", {"url": "http://127.0.0.1:9/hook"})
        ref = made["webhook"]["ID"]
        if state == "off":
            await self.post("webhook/update", {"webhook": ref, "active": False})
        return ref

    async def twenty_webhooks(self, state: str) -> str:
        for _ in range(20):
            await self.webhook("")
        return "One too many"

    async def event(self, state: str) -> str:
        """Something that a webhook of the shop was told of."""
        await self.webhook("")
        await self.session("validated")
        return await self.services.db.fetchval(
            "SELECT ref FROM hook_events WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
            self.caller.shop.account,
        )

    async def subaccount(self, state: str) -> str:
        made = await self.post("subaccount/create", {"email": await self.email("")})
        return made["subaccount"]["ID"]

    async def email(self, state: str) -> str:
        address = f"n{next(_N)}.{self.caller.shop.account}@example.com"
        if state == "taken":
            await self.post("subaccount/create", {"email": address})
        return address

    async def teammate(self, state: str) -> str:
        new = members.NewMember(email=await self.email(""), role="editor")
        async with self.services.db.transaction() as db:
            return str(await members.create_member(db, self.caller.shop.account, new))

    async def smsgroup(self, state: str) -> str:
        made = await self.post("smstool/addgroup", {"group_name": "Regulars"})
        return made["group"]["ID"]

    async def emailgroup(self, state: str) -> str:
        made = await self.post("emailtool/addgroup", {"group_name": "Regulars"})
        return made["group"]["ID"]

    async def smscontact(self, state: str) -> str:
        """The only contact of the group that `smsgroup` made last."""
        made = await self.post(
            "smstool/addcontact", {"smsgroup": await self._last_group(), "phone": NUMBER}
        )
        return made["contact"]["ID"]

    async def emailcontact(self, state: str) -> str:
        made = await self.post(
            "emailtool/addcontact",
            {"emailgroup": await self._last_group(), "email": "ann@example.com"},
        )
        return made["contact"]["ID"]

    async def _last_group(self) -> str:
        found = await self.services.db.fetchval(
            "SELECT max(id) FROM groups WHERE account_id = $1", self.caller.shop.account
        )
        return f"gro_{found}"

    async def sent_before(self, state: str) -> bool:
        await self.post(
            "send/email", {"campaign": self.caller.shop.ref, "email": "ann@example.com"}
        )
        return True

    async def too_many_groups(self, state: str) -> str:
        await self.services.db.execute(
            "INSERT INTO groups (account_id, channel, name) SELECT $1, c, 'g'"
            " FROM generate_series(1, 1000), unnest(ARRAY['sms', 'email']) c",
            self.caller.shop.account,
        )
        return "One too many"

    async def too_many_subaccounts(self, state: str) -> str:
        await self.services.db.execute(
            "INSERT INTO accounts (parent_id, name, email) SELECT $1, 's', 's@example.com'"
            " FROM generate_series(1, 10000)",
            self.caller.shop.account,
        )
        return "One too many"

    async def optedoutemail(self, state: str) -> str:
        await self.post("emailtool/optout/add", {"email": "ann@example.com"})
        return "ann@example.com"

    async def phone(self, state: str) -> str:
        now = datetime.now(UTC)
        await optouts.add(
            self.services.db, self.caller.shop.account, NUMBER, source="shop", now=now
        )
        return NUMBER


async def another_caller(who: str, caller: Caller, services: Any) -> Caller:
    """Who makes a wrong call: the shop itself, or one that something is missing for."""
    if who in ("shop", "unplugged"):
        return caller
    if who == "bare":
        return Caller(caller.http, caller.url, await open_shop(services, kind=None))
    if who == "packaged":
        shop = await open_shop(services)
        package = await subaccounts.create_package(services.db, shop.account, "None", 0, ())
        await services.db.execute(
            "UPDATE accounts SET package_id = $2 WHERE id = $1", shop.account, package.id
        )
        return Caller(caller.http, caller.url, shop)
    assert who == "subaccount"
    made = await caller.post(
        "/v3/subaccount/create", {"email": await Maker(caller, services).email("")}
    )
    sub = made.body["subaccount"]
    shop = Shop(
        account=int(sub["ID"].removeprefix("sub_")), client_id=sub["api_key"],
        client_secret=sub["api_secret"], campaign=0, code="", location=0, connection=None,
    )  # fmt: skip
    return Caller(caller.http, caller.url, shop)


_CHANGE_ERRORS = {
    300: {"customid": "x" * 51},
    302: {"operation": "eaten"},
    305: {"email": "nobody"},
}
_STATES = {
    506: "validated", 508: "voided", 511: "locked", 512: "expired", 516: "closed",
    517: "notyet", 518: "paused", 520: "reserved",
}  # fmt: skip
_REFUSED_SESSIONS = {code: {"couponsession": f"$session:{s}"} for code, s in _STATES.items()}
_LISTED = {
    300: {"page": 0}, 303: {"start_date": "soon"}, 502: {"campaign": "cam_999999"},
}  # fmt: skip
_PERIODIC = Case({"campaign": "$campaign", "page": 1, "start_date": "2026-01-01"}, _LISTED, 502)
_SUB = Case(
    {"subaccount": "$subaccount"},
    {102: Wrong(who="subaccount"), 510: {"subaccount": "sub_999999"}},
    510,
)
_SUB_FIELDS = {
    300: {"password": "short"}, 302: {"status": "vip"}, 303: {"expiry_date": "31/12/2030"},
    304: {"email": "$email:taken"}, 305: {"email": "nobody"}, 524: {"package": "pac_999999"},
}  # fmt: skip
_SSO = {
    200: {"page": "update_campaign"}, 301: {"campaign": "?"}, 302: {"page": "kitchen"},
    502: {"campaign": "cam_999999"},
}  # fmt: skip

CASES: dict[str, Case] = {
    "/v3/send/sms": Case(
        {"campaign": "$campaign", "phone": NUMBER, "body": "Hello {link}"},
        {
            103: Wrong(who="bare"), 302: {"duplicate_check": "shoe"},
            303: {"expiry_date": "soon"}, 305: {"email": "nobody"},
            502: {"campaign": "cam_999999"}, 513: {"couponsession": "zzzzzz"},
            602: {"campaign": "$campaign:paused"}, 605: {"phone": "$phone:out"},
        },
        502,
    ),
    "/v3/singleuse/create": Case(
        {"campaign": "$campaign", "firstname": "Ann", "customid": "42"},
        {
            300: {"customid": "x" * 51}, 302: {"autovalcode": "7digits"},
            303: {"expiry_date": "soon"}, 305: {"email": "nobody"},
            502: {"campaign": "cam_999999"}, 516: {"campaign": "$campaign:full"},
        },
        502,
    ),
    "/v3/multiplesingleuse/create": Case(
        {"campaign": "$campaign", "amount": 2},
        {
            300: {"amount": 100_001}, 302: {"status": "asleep"},
            502: {"campaign": "cam_999999"}, 516: {"campaign": "$campaign:full"},
        },
        502,
    ),
    "/v3/singleuse/remove": Case(
        {"campaign": "$campaign", "single_use_code": "$session"},
        {
            502: {"campaign": "cam_999999"}, 505: {"single_use_code": "zzzzzz"},
            506: {"single_use_code": "$session:validated"},
        },
        505,
    ),
    "/v3/couponsession/data": Case(
        {"couponsession": "$session"}, {505: {"couponsession": "zzzzzz"}}, 505
    ),
    "/v3/couponsession/update": Case(
        {"couponsession": "$session", "operation": "validated", "validation_value": "2.50"},
        {
            **_CHANGE_ERRORS, **_REFUSED_SESSIONS, 505: {"couponsession": "zzzzzz"},
            519: {"redeem_location": "loc_999999"},
        },
        505,
    ),
    "/v3/couponsession/updatemultiple": Case(
        {"couponsessions": "$session", "operation": "locked"}, _CHANGE_ERRORS
    ),
    "/v3/couponsession/reserve": Case(
        {"couponsession": "$session", "seconds": 60, "redeem_location": "$location"},
        {
            **{k: v | {"redeem_location": None} for k, v in _REFUSED_SESSIONS.items()},
            300: {"seconds": 9}, 505: {"couponsession": "zzzzzz"},
            519: {"redeem_location": "loc_999999"},
        },
        505,
    ),
    "/v3/couponsession/confirm": Case(
        {"reservation": "$reservation", "validation_value": "1.20"},
        {
            **{code: {"reservation": f"$reservation:{s}"} for code, s in _STATES.items()},
            519: {"redeem_location": "loc_999999"}, 522: {"reservation": "zzzzzzzz"},
        },
        522,
    ),
    "/v3/couponsession/release": Case(
        {"reservation": "$reservation"}, {522: {"reservation": "zzzzzzzz"}}, 522
    ),
    "/v3/campaign/data": _PERIODIC,
    "/v3/campaign/opens": _PERIODIC,
    "/v3/campaign/claims": _PERIODIC,
    "/v3/campaign/validations": _PERIODIC,
    "/v3/campaign/search": Case(
        {"campaign": "$campaign", "search": "$session"},
        {300: {"page": 0}, 305: {"email": "nobody"}, 502: {"campaign": "cam_999999"}},
        502,
    ),
    "/v3/couponsession/search": Case(
        {"search": "$session"},
        {300: {"page": 0}, 301: {"phone": "x"}, 305: {"email": "nobody"}},
    ),
    "/v3/coupon/list": Case(
        {"only_active": True},
        {300: {"tags": ["x"] * 51}, 301: {"folder": "?"}, 302: {"sorting": "up"},
         515: {"folder": "999999"}},
    ),
    "/v3/coupon/info": Case(
        {"campaign": "$campaign", "show_usage_stats": True},
        {302: {"show_usage_stats": "maybe"}, 502: {"campaign": "cam_999999"}},
        502,
    ),
    "/v3/coupon/create": Case(
        {"name": "Autumn", "title": "Soup", "folder": "$folder", "category": "$category",
         "expiry_date": "2030-12-31"},
        {
            102: Wrong({"subaccount": "sub_999999", "folder": None, "category": None},
                       "subaccount"),
            300: {"uses": 0}, 301: {"category": "?"}, 302: {"timezone": "Mars/Base"},
            303: {"expiry_date": "soon"}, 502: {"template": "cam_999999"},
            510: {"subaccount": "sub_999999"}, 515: {"folder": "999999"},
            516: Wrong({"folder": None, "category": None}, "packaged"),
            521: {"category": "cat_999999"},
        },
        515,
    ),
    "/v3/coupon/update": Case(
        {"campaign": "$campaign", "title": "Soup"},
        {300: {"uses": 0}, 302: {"timezone": "Mars/Base"}, 303: {"expiry_date": "soon"},
         502: {"campaign": "cam_999999"}, 515: {"folder": "999999"},
         521: {"category": "cat_999999"}},
        502,
    ),
    "/v3/coupon/status": Case(
        {"campaign": "$campaign", "status": "paused"},
        {302: {"status": "asleep"}, 502: {"campaign": "cam_999999"}}, 502,
    ),
    "/v3/coupon/delete": Case({"campaign": "$campaign"}, {502: {"campaign": "cam_999999"}}, 502),
    "/v3/category/list": Case({}),
    "/v3/category/main/list": Case({}),
    "/v3/folder/list": Case({}),
    "/v3/webhook/create": Case(
        {"url": "http://127.0.0.1:9/hook", "events": "coupon_validated", "description": "Till"},
        {300: {"url": "ftp://example.com"}, 301: {"description": "a\u0000b"},
         302: {"events": "coupon_eaten"}, 516: {"description": "$twenty_webhooks"}},
    ),
    "/v3/webhook/list": Case({}),
    "/v3/webhook/update": Case(
        {"webhook": "$webhook", "active": False},
        {300: {"url": "ftp://example.com"}, 302: {"active": "maybe"},
         509: {"webhook": "whk_999999"}},
        509,
    ),
    "/v3/webhook/delete": Case({"webhook": "$webhook"}, {509: {"webhook": "whk_999999"}}, 509),
    "/v3/webhook/test": Case({"webhook": "$webhook"}, {509: {"webhook": "whk_999999"}}, 509),
    "/v3/webhook/deliveries": Case(
        {"webhook": "$webhook"},
        {300: {"page": 0}, 302: {"state": "lost"}, 303: {"since": "soon"},
         509: {"webhook": "whk_999999"}},
        509,
    ),
    "/v3/webhook/resend": Case(
        {"event": "$event"},
        {301: {"webhook": "?!"}, 303: {"since": "soon"},
         509: {"event": "evt_00000000000000000000"},
         523: {"event": None, "webhook": "$webhook:off", "since": "2026-01-01"}},
        509,
    ),
    "/v3/webhook/verification": Case(
        {"webhook": "$event"},
        {301: {"session": "?!"}, 509: {"webhook": "evt_00000000000000000000"}}, 509
    ),
    "/v3/send/email": Case(
        {"campaign": "$campaign", "email": "ann@example.com", "body": "Hello {link}"},
        {
            104: Wrong(who="bare"), 300: {"customid": "x" * 51}, 302: {"duplicate_check": "shoe"},
            303: {"expiry_date": "soon"}, 305: {"email": "nobody"},
            502: {"campaign": "cam_999999"}, 513: {"couponsession": "zzzzzz"},
            602: {"campaign": "$campaign:paused"}, 604: {"check_unique": "$sent_before"},
            605: {"email": "$optedoutemail"},
        },
        502,
    ),
    "/v3/coupon/pushnotification/single": Case(
        {"campaign": "$campaign", "couponsession": "$session", "message": "Hello"},
        {300: {"message": "x" * 10_000}, 502: {"campaign": "cam_999999"},
         505: {"couponsession": "zzzzzz"}, 602: {}},
        502, refused=602,
    ),
    "/v3/coupon/pushnotification/all": Case(
        {"campaign": "$campaign", "message": "Hello"},
        {300: {"message": "x" * 10_000}, 502: {"campaign": "cam_999999"}, 602: {}},
        502, refused=602,
    ),
    "/v3/smstool/grouplist": Case({}, {103: Wrong(who="bare")}),
    "/v3/smstool/userlist": Case(
        {"smsgroup": "$smsgroup"},
        {103: Wrong(who="unplugged"), 300: {"page": 0},
         514: {"smsgroup": "gro_999999"}},
        514,
    ),
    "/v3/smstool/addgroup": Case(
        {"group_name": "Regulars"},
        {103: Wrong(who="bare"), 300: {"group_name": "x" * 1_000}, 301: {"group_name": "a\u0000b"},
         516: {"group_name": "$too_many_groups"}},
    ),
    "/v3/smstool/addcontact": Case(
        {"smsgroup": "$smsgroup", "phone": NUMBER, "first_name": "Ann"},
        {103: Wrong(who="unplugged"), 300: {"first_name": "x" * 1_000},
         303: {"birthday": "1/2/1990"}, 514: {"smsgroup": "gro_999999"}},
        514,
    ),
    "/v3/smstool/removecontact": Case(
        {"smsgroup": "$smsgroup", "contact": "$smscontact"},
        {103: Wrong(who="unplugged"),
         514: {"smsgroup": "gro_999999", "contact": "con_1"}, 525: {"contact": "con_999999"}},
        514,
    ),
    "/v3/smstool/optout/list": Case({}, {300: {"page": 0}, 301: {"page": "x"}}),
    "/v3/smstool/optout/add": Case(
        {"phone": NUMBER, "reason": "Asked at the till"}, {300: {"reason": "x" * 10_000}}
    ),
    "/v3/smstool/optout/remove": Case({"phone": "$phone:out"}),
    "/v3/emailtool/grouplist": Case({}, {103: Wrong(who="bare")}),
    "/v3/emailtool/userlist": Case(
        {"emailgroup": "$emailgroup"},
        {103: Wrong(who="unplugged"), 300: {"page": 0},
         514: {"emailgroup": "gro_999999"}},
        514,
    ),
    "/v3/emailtool/addgroup": Case(
        {"group_name": "Regulars"},
        {103: Wrong(who="bare"), 300: {"group_name": "x" * 1_000}, 301: {"group_name": "a\u0000b"},
         516: {"group_name": "$too_many_groups"}},
    ),
    "/v3/emailtool/addcontact": Case(
        {"emailgroup": "$emailgroup", "email": "ann@example.com", "first_name": "Ann"},
        {103: Wrong(who="unplugged"), 300: {"first_name": "x" * 1_000},
         303: {"birthday": "1/2/1990"}, 305: {"email": "nobody"},
         514: {"emailgroup": "gro_999999"}},
        514,
    ),
    "/v3/emailtool/removecontact": Case(
        {"emailgroup": "$emailgroup", "contact": "$emailcontact"},
        {103: Wrong(who="unplugged"),
         514: {"emailgroup": "gro_999999", "contact": "con_1"}, 525: {"contact": "con_999999"}},
        514,
    ),
    "/v3/emailtool/optout/list": Case({}, {300: {"page": 0}, 301: {"page": "x"}}),
    "/v3/emailtool/optout/add": Case(
        {"email": "ann@example.com"},
        {300: {"reason": "x" * 10_000}, 301: {"email": "a\u0000b"}, 305: {"email": "nobody"}},
    ),
    "/v3/emailtool/optout/remove": Case(
        {"email": "$optedoutemail"}, {301: {"email": "a\u0000b"}, 305: {"email": "nobody"}}
    ),
    "/v3/account/info": Case({}),
    "/v3/account/usage": Case(
        {"campaign": "$campaign"},
        {300: {"start_date": "2020-01-01"}, 301: {"campaign": "?!"},
         303: {"start_date": "soon"},
         502: {"campaign": "cam_999999"}},
        502,
    ),
    "/v3/account/sso": Case({"page": "statistics"}, _SSO),
    "/v3/teammate/sso": Case({"teammate": "$teammate"},
                             {**_SSO, 503: {"teammate": "999999"}}, 503),
    "/v3/subaccount": _SUB,
    "/v3/subaccount/list": Case(
        {}, {102: Wrong(who="subaccount"), 300: {"page": 0}, 301: {"page": "x"}}
    ),
    "/v3/subaccount/create": Case(
        {"email": "$email", "first_name": "Ann", "company_name": "Corner Coffee"},
        {102: Wrong(who="subaccount"), 301: {"first_name": "a\nb"},
         516: {"last_name": "$too_many_subaccounts"}, **_SUB_FIELDS},
    ),
    "/v3/subaccount/update": Case(
        {"subaccount": "$subaccount", "first_name": "Bo"},
        {**_SUB.errors, **_SUB_FIELDS, 300: {"first_name": "x" * 101}}, 510,
    ),
    "/v3/subaccount/block": _SUB,
    "/v3/subaccount/unblock": _SUB,
    "/v3/subaccount/reset/url": _SUB,
    "/v3/subaccount/sso": Case(
        {"subaccount": "$subaccount", "page": "campaigns"},
        {**_SUB.errors, 302: {"page": "kitchen"}, 502: {"campaign": "cam_999999"}}, 510,
    ),
}  # fmt: skip


def case_of(path: str) -> Case:
    """Old paths under /v4 are the same calls."""
    return CASES[path.replace("/v4/", "/v3/", 1)]
