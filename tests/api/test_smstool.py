"""`/v3/smstool/*` and `/v3/emailtool/*` as a caller sees them."""

import re

import pytest

from tests.cast import open_shop

PRODUCT = "Tearoff"
TOOLS = {
    "sms": ("smstool", "smsgroup", "phone", "+32470007{:03}", "SMS"),
    "email": ("emailtool", "emailgroup", "email", "ann{}@example.com", "email"),
}


class Tool:
    """One of the two tools, with the names of its parameters."""

    def __init__(self, caller, channel):
        self.caller, self.channel = caller, channel
        self.name, self.group, self.address, self._form, self.services = TOOLS[channel]

    def where(self, n):
        return self._form.format(n)

    def shown(self, n):
        return self.where(n).removeprefix("+")

    async def call(self, verb, caller=None, **values):
        return await (caller or self.caller).post(f"/v3/{self.name}/{verb}", values)

    async def new_group(self, name="Regulars"):
        answer = await self.call("addgroup", group_name=name)
        assert answer.status == 200, answer.text
        return answer.body["group"]["ID"]

    async def add(self, group, n, **fields):
        return await self.call("addcontact", **{self.group: group, self.address: self.where(n)},
                               **fields)  # fmt: skip

    async def users(self, group, **more):
        return await self.call("userlist", **{self.group: group}, **more)


@pytest.fixture(params=["sms", "email"])
def channel(request):
    return request.param


@pytest.fixture
async def tool(caller, other_caller, services, channel):
    await connect(services, caller.shop)
    await connect(services, other_caller.shop)
    return Tool(caller, channel)


async def connect(services, shop):
    """Give the shop a mail service too."""
    await services.db.execute(
        "INSERT INTO connections (account_id, channel, kind, settings_sealed, callback_token)"
        " VALUES ($1, 'email', 'smtp', '', gen_random_uuid()::text)",
        shop.account,
    )


async def test_groups(tool):
    empty = await tool.call("grouplist")
    assert empty.body == {"status": {"status": "OK"}, "amount_of_groups": 0, "group": []}
    first, second = await tool.new_group("Regulars"), await tool.new_group('Zoë & "co"')
    assert re.fullmatch(r"gro_\d+", first)
    listed = await tool.call("grouplist")
    assert listed.body["amount_of_groups"] == 2
    assert listed.body["group"] == [
        {"ID": first, "name": "Regulars"},
        {"ID": second, "name": 'Zoë & "co"'},
    ]
    by_get = await tool.caller.request(
        "GET", f"/v3/{tool.name}/grouplist", headers=tool.caller.shop.headers
    )
    assert by_get.text == listed.text


async def test_contacts(tool, services):
    group = await tool.new_group()
    added = await tool.add(group, 1, first_name="Ann", customfield2="gold", birthday="1990-05-17")
    contact = added.body["contact"]
    assert added.body["action"] == "contact_added"
    assert re.fullmatch(r"con_\d+", contact["ID"])
    assert contact[tool.address] == tool.shown(1)
    await tool.add(group, 2)
    listed = await tool.users(group)
    assert listed.body["group_id"] == group
    assert listed.body["group_name"] == "Regulars"
    assert listed.body["amount_of_contacts"] == "2"
    first, second = listed.body["contact"]
    assert first == {
        "ID": contact["ID"], tool.address: tool.shown(1), "first_name": "Ann", "last_name": "",
        "birthday": "1990-05-17", "customfield1": "", "customfield2": "gold", "customfield3": "",
        "customfield4": "", "customfield5": "", "customfield6": "", "customfield7": "",
        "unsubscribed": "0",
    }  # fmt: skip
    assert second[tool.address] == tool.shown(2)


async def test_somebody_who_is_there_already_is_updated(tool):
    group, other = await tool.new_group(), await tool.new_group("Others")
    first = await tool.add(group, 3, first_name="Ann", last_name="Peeters", customfield1="a",
                           birthday="1990-05-17")  # fmt: skip
    where = tool.where(3).upper() if tool.channel == "email" else tool.where(3)
    again = await tool.call("addcontact", **{tool.group: other, tool.address: where},
                            first_name="Anna", customfield7="z")  # fmt: skip
    assert again.body["contact"]["ID"] == first.body["contact"]["ID"]
    for one in (group, other):
        (contact,) = (await tool.users(one)).body["contact"]
        assert (contact["first_name"], contact["last_name"]) == ("Anna", "Peeters")
        assert (contact["customfield1"], contact["customfield7"]) == ("a", "z")
        assert contact["birthday"] == "1990-05-17"
    await tool.add(group, 3)
    assert (await tool.users(group)).body["amount_of_contacts"] == "1"


async def test_removing(tool, services):
    group, other = await tool.new_group(), await tool.new_group("Others")
    contact = (await tool.add(group, 4)).body["contact"]["ID"]
    await tool.add(other, 4)
    removed = await tool.call("removecontact", **{tool.group: group}, contact=contact)
    assert removed.body["action"] == "contact_removed"
    assert (await tool.users(group)).body["contact"] == []
    assert (await tool.users(other)).body["contact"][0]["ID"] == contact
    again = await tool.call("removecontact", **{tool.group: group}, contact=contact)
    assert (again.status, again.codes, again.texts) == (422, [525], ["Contact ID not found"])
    await tool.call("removecontact", **{tool.group: other}, contact=contact)
    left = await services.db.fetchval(
        "SELECT count(*) FROM contacts WHERE id = $1", int(contact.removeprefix("con_"))
    )
    assert left == 0


async def test_unsubscribed(tool, services):
    group = await tool.new_group()
    await tool.add(group, 5)
    added = await tool.call("optout/add", **{tool.address: tool.where(5)}, reason="Asked us")
    assert added.body[tool.address] == tool.shown(5)
    (contact,) = (await tool.users(group)).body["contact"]
    assert contact["unsubscribed"] == "1"
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d UTC", contact["unsubscribedate"])
    listed = (await tool.call("optout/list")).body
    assert listed["amount_of_optouts"] == 1
    (row,) = listed["optout"]
    assert row == {tool.address: tool.shown(5), "reason": "Asked us", "source": "shop",
                   "unsubscribedate": contact["unsubscribedate"]}  # fmt: skip
    assert (await tool.call("optout/add", **{tool.address: tool.where(5)})).status == 200
    for _ in range(2):  # also when it is not on the list
        removed = await tool.call("optout/remove", **{tool.address: tool.where(5)})
        assert (removed.status, removed.body["action"]) == (200, "optout_removed")
    (contact,) = (await tool.users(group)).body["contact"]
    assert contact["unsubscribed"] == "0"
    assert "unsubscribedate" not in contact


async def test_the_lists_of_the_two_channels_are_apart(tool):
    await tool.call("optout/add", **{tool.address: tool.where(6)})
    other = Tool(tool.caller, "email" if tool.channel == "sms" else "sms")
    assert (await other.call("optout/list")).body["optout"] == []
    group = await tool.new_group()
    assert (await other.call("grouplist")).body["group"] == []
    assert (await other.users(group)).codes == [514]
    assert (await other.add(group, 6)).codes == [514]


async def test_pages(tool):
    group = await tool.new_group()
    await tool.caller.http.get(tool.caller.url + "/")
    for n in range(105):
        assert (await tool.add(group, n)).status == 200
    everybody = (await tool.users(group)).body["contact"]
    assert len(everybody) == 105
    pages = [(await tool.users(group, page=n)).body for n in (1, 2, 3)]
    assert [len(page["contact"]) for page in pages] == [100, 5, 0]
    assert pages[0]["contact"] + pages[1]["contact"] == everybody
    assert {page["amount_of_contacts"] for page in pages} == {"105"}


@pytest.mark.parametrize(
    ("verb", "values", "codes", "texts"),
    [
        ("userlist", {}, [200], ["Missing parameter: GROUP"]),
        ("userlist", {"GROUP": "x"}, [301], ["Invalid character in parameter: GROUP."]),
        ("userlist", {"GROUP": "gro_1"}, [514], ["Group ID not found"]),
        ("addgroup", {}, [200], ["Missing parameter: group_name"]),
        ("addcontact", {}, [200, 200], ["Missing parameter: GROUP", "Missing parameter: ADDRESS"]),
        ("addcontact", {"GROUP": "gro_1", "ADDRESS": "WHERE"}, [514], ["Group ID not found"]),
        ("addcontact", {"GROUP": "gro_1", "ADDRESS": "WHERE", "birthday": "17-05-1990"}, [303],
         ["incorrect format in birthday field, must be yyyy-MM-dd"]),
        ("addcontact", {"GROUP": "gro_1", "ADDRESS": "WHERE", "birthday": "1990-02-30"}, [303],
         ["incorrect format in birthday field, must be yyyy-MM-dd"]),
        ("removecontact", {"GROUP": "gro_1", "contact": "con_1"}, [514], ["Group ID not found"]),
        ("optout/add", {}, [200], ["Missing parameter: ADDRESS"]),
        ("optout/remove", {}, [200], ["Missing parameter: ADDRESS"]),
    ],
)  # fmt: skip
async def test_what_is_wrong(tool, verb, values, codes, texts):
    def named(text):
        return text.replace("GROUP", tool.group).replace("ADDRESS", tool.address)

    given = {named(k): tool.where(7) if v == "WHERE" else v for k, v in values.items()}
    answer = await tool.call(verb, **given)
    assert (answer.status, answer.codes, answer.texts) == (422, codes, [named(t) for t in texts])


@pytest.mark.parametrize("verb", ["addcontact", "optout/add", "optout/remove"])
async def test_wrong_addresses(tool, verb):
    group = await tool.new_group()
    code = {"sms": 301, "email": 305}[tool.channel]
    text = {"sms": "Phone number not valid", "email": "Email address is not valid"}[tool.channel]
    for wrong in ("123", "a@b", "+31600000000x", "a b@example.com", "<x@example.com>"):
        answer = await tool.call(verb, **{tool.group: group, tool.address: wrong})
        assert (answer.status, answer.codes, answer.texts) == (422, [code], [text])


async def test_no_integration(tool, services, http, server):
    shop = await open_shop(services, kind=None)
    tool.caller.shop = shop
    text = f"Your account is not connected with the {PRODUCT} {tool.services} services"
    for verb, values in (("grouplist", {}), ("addgroup", {"group_name": "x"})):
        answer = await tool.call(verb, **values)
        assert (answer.status, answer.codes, answer.texts) == (422, [103], [text])
    made = "SELECT count(*) FROM groups WHERE account_id = $1"
    assert await services.db.fetchval(made, shop.account) == 0
    # Who wants nothing can be noted all the same.
    assert (await tool.call("optout/add", **{tool.address: tool.where(8)})).status == 200


async def test_another_tenant_sees_and_changes_nothing(tool, other_caller):
    group = await tool.new_group()
    contact = (await tool.add(group, 9, first_name="Ann")).body["contact"]["ID"]
    await tool.call("optout/add", **{tool.address: tool.where(9)})
    stranger = Tool(other_caller, tool.channel)
    assert (await stranger.call("grouplist")).body["group"] == []
    assert (await stranger.users(group)).codes == [514]
    assert (await stranger.add(group, 9, first_name="Eve")).codes == [514]
    own = await stranger.new_group()
    values = {tool.group: own, "contact": contact}
    assert (await stranger.call("removecontact", **values)).codes == [525]
    values = {tool.group: group, "contact": contact}
    assert (await stranger.call("removecontact", **values)).codes == [514]
    mine = (await stranger.add(own, 9, first_name="Eve")).body["contact"]["ID"]
    assert mine != contact
    assert (await stranger.users(own)).body["contact"][0]["unsubscribed"] == "0"
    assert (await stranger.call("optout/list")).body["optout"] == []
    await stranger.call("optout/remove", **{tool.address: tool.where(9)})
    (kept,) = (await tool.users(group)).body["contact"]
    assert (kept["first_name"], kept["unsubscribed"]) == ("Ann", "1")


async def test_the_same_person_added_at_once_is_one_contact(tool):
    import asyncio

    group = await tool.new_group()
    answers = await asyncio.gather(*(tool.add(group, 10, last_name=f"n{n}") for n in range(12)))
    assert {a.status for a in answers} == {200}
    assert len({a.body["contact"]["ID"] for a in answers}) == 1
    assert (await tool.users(group)).body["amount_of_contacts"] == "1"


async def test_added_and_removed_at_once_is_never_lost(tool, services):
    """Whoever is put into a group while being taken out of another one is in it afterwards."""
    import asyncio

    old, new = await tool.new_group("Old"), await tool.new_group("New")
    for n in range(20, 30):
        contact = (await tool.add(old, n)).body["contact"]["ID"]
        removed, added = await asyncio.gather(
            tool.call("removecontact", **{tool.group: old}, contact=contact), tool.add(new, n)
        )
        assert (removed.status, added.status) == (200, 200)
    assert (await tool.users(old)).body["contact"] == []
    assert (await tool.users(new)).body["amount_of_contacts"] == "10"
