"""`coupon/*`, `category/*`, `folder/*`."""

import pytest

from tearoff.coupons.campaigns import folders as shelves


async def make(caller, **values):
    answer = await caller.post("/v3/coupon/create", {"name": "Autumn", **values})
    assert answer.status == 200, answer.text
    return answer.body["coupon_info"]


async def refs(caller, **values):
    answer = await caller.post("/v3/coupon/list", values)
    assert answer.status == 200, answer.text
    assert answer.body["amount_of_coupons"] == len(answer.body["coupon_info"])
    return [item["ID"] for item in answer.body["coupon_info"]]


async def test_create_plain(caller):
    answer = await caller.post(
        "/v3/coupon/create",
        {
            "name": "Autumn", "title": "Soup", "value": "1 euro off", "tags": "Soup, autumn,soup",
            "start_date": "2026-10-01", "expiry_date": "2027-12-31", "customid": "a1",
            "featured": 1, "status": "published", "uses": "2",
        },
    )  # fmt: skip
    info = answer.body["coupon_info"]
    assert answer.body["campaign"] == info["ID"]
    assert answer.body["action"] == "coupon_created"
    assert info == {
        "ID": info["ID"], "name": "Autumn", "title": "Soup", "subtitle": "", "description": "",
        "terms": "", "code": info["code"], "url": info["url"], "status": "active",
        "type": "coupon", "coupon_value": "1 euro off", "coupon_category": "",
        "coupon_category_name": "", "coupon_tags": "soup,autumn", "coupon_image": "",
        "banner1": "", "banner3": "", "logo_url": "", "website": "",
        "startdate": "2026-10-01 00:00:00", "start_date": "2026-10-01 00:00:00",
        "expirydate": "2027-12-31 23:59:59",
        "timezone": "Europe/Brussels", "language": "en", "folder": "", "customid": "a1",
        "featured": "1", "uses": 2, "poweredbylink": "", "subaccount": "",
        "created_date_utc": info["created_date_utc"],
    }  # fmt: skip
    assert info["url"] == f"https://coupons.example.com/p/{info['code']}"


async def test_create_from_template(caller, services):
    await services.db.execute(
        "UPDATE campaigns SET terms = 'No cash', brand_color = '#112233', limit_sessions = 7"
        " WHERE id = $1", caller.shop.campaign,
    )  # fmt: skip
    info = await make(caller, name=None, template=str(caller.shop.campaign), title="Other")
    assert info["name"] == "Two for one"
    assert info["title"] == "Other"
    assert info["terms"] == "No cash"
    assert info["ID"] != caller.shop.ref
    made = await services.db.fetchrow(
        "SELECT * FROM campaigns WHERE id = $1", int(info["ID"].removeprefix("cam_"))
    )
    assert (made["brand_color"], made["limit_sessions"]) == ("#112233", 7)
    assert await services.db.fetchval(
        "SELECT count(*) FROM campaign_locations WHERE campaign_id = $1", made["id"]
    ) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, [200]),
        ({"name": "x", "expiry_date": "tomorrow"}, [303]),
        ({"name": "x", "status": "sleeping", "timezone": "Mars/Base"}, [302, 302]),
        ({"name": "x", "uses": 0}, [300]),
        ({"name": "x", "start_date": "2027-01-02", "expiry_date": "2027-01-01"}, [301]),
        ({"name": "x", "folder": "999999"}, [515]),
        ({"name": "x", "category": "cat_999999"}, [521]),
        ({"name": "x", "subaccount": "sub_999999"}, [510]),
        ({"name": "x", "template": "cam_999999"}, [502]),
        ({"name": "x", "brand_color": "red"}, [302]),
        ({"name": "x", "tags": ["a"] * 51}, [300]),
        ({"name": "x" * 201, "campaign": "?"}, [300]),
    ],
)
async def test_create_refusals(caller, values, codes):
    answer = await caller.post("/v3/coupon/create", values)
    assert answer.status == 422
    assert answer.codes == codes


async def test_list_filters(caller, services):
    account = caller.shop.account
    folder = await shelves.create_folder(services.db, account, "Autumn")
    top = await shelves.create_category(services.db, account, "Food")
    below = await shelves.create_category(services.db, account, "Soup", top.id)
    a = (await make(caller, tags="food", folder=str(folder.id)))["ID"]
    b = (await make(caller, tags="food,drinks", category=below.ref, status="paused"))["ID"]
    c = (await make(caller, tags=["drinks"], category=top.ref))["ID"]
    first = caller.shop.ref
    assert await refs(caller) == [first, a, b, c]
    assert await refs(caller, sorting="desc") == [c, b, a, first]
    assert await refs(caller, only_active="true") == [first, a, c]
    assert await refs(caller, only_active=False) == [first, a, b, c]
    assert await refs(caller, tags="FOOD") == [a, b]
    assert await refs(caller, tags="food,drinks") == [a, b, c]
    assert await refs(caller, tags=["none"]) == []
    assert await refs(caller, folder=folder.id) == [a]
    assert await refs(caller, category=top.ref) == [b, c]
    assert await refs(caller, category=below.id) == [b]
    assert await refs(caller, category="cat_999999") == []
    assert (await caller.post("/v3/coupon/list", {"folder": 999999})).codes == [515]


async def test_reads_answer_get(caller):
    for path, query in (
        ("coupon/list", "only_active=1"), ("coupon/info", f"campaign={caller.shop.ref}"),
        ("category/list", ""), ("category/main/list", ""), ("folder/list", ""),
    ):  # fmt: skip
        answer = await caller.request("GET", f"/v3/{path}?{query}", headers=caller.shop.headers)
        assert answer.status == 200, (path, answer.text)


async def test_info_and_usage_stats(caller):
    for code in ("A-1", "A-2"):
        made = await caller.post(
            "/v3/singleuse/create", {"campaign": caller.shop.ref, "customvalcode": code}
        )
    session = made.body["single_use_code"]
    await caller.post(
        "/v3/couponsession/update", {"couponsession": session, "operation": "claimed"}
    )
    plain = await caller.post("/v3/coupon/info", {"campaign": caller.shop.ref})
    assert "custom_validation_codes" not in plain.body["coupon_info"]
    more = await caller.post(
        "/v3/coupon/info", {"campaign": caller.shop.ref, "show_usage_stats": "1"}
    )
    assert more.body["coupon_info"]["custom_validation_codes"] == 2
    assert more.body["coupon_info"]["custom_validation_codes_claimed"] == 1


async def test_update_changes_only_what_is_given(caller):
    before = (await caller.post("/v3/coupon/info", {"campaign": caller.shop.ref})).body
    answer = await caller.post(
        "/v3/coupon/update",
        {"campaign": caller.shop.ref, "subtitle": "Today", "expiry_date": "2028-02-29 12:00"},
    )
    assert answer.body["action"] == "coupon_updated"
    assert answer.body["coupon_info"] == before["coupon_info"] | {
        "subtitle": "Today", "expirydate": "2028-02-29 12:00:00",
    }  # fmt: skip
    bad = await caller.post(
        "/v3/coupon/update", {"campaign": caller.shop.ref, "start_date": "2029-01-01"}
    )
    assert bad.status == 422
    after = (await caller.post("/v3/coupon/info", {"campaign": caller.shop.ref})).body
    assert after["coupon_info"]["startdate"] == ""


async def test_status_stops_sending(caller):
    answer = await caller.post(
        "/v3/coupon/status", {"campaign": caller.shop.ref, "status": "paused"}
    )
    assert answer.body["coupon_info"]["status"] == "paused"
    assert (await caller.send()).codes == [602]
    await caller.post("/v3/coupon/status", {"campaign": caller.shop.ref, "status": "active"})
    assert (await caller.send()).status == 200


async def test_delete_keeps_the_sessions_history(caller):
    made = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    session = made.body["single_use_code"]
    answer = await caller.post("/v3/coupon/delete", {"campaign": caller.shop.ref})
    assert answer.body == {
        "status": {"status": "OK"}, "campaign": caller.shop.ref, "action": "coupon_removed",
    }  # fmt: skip
    assert await refs(caller) == []
    for path in ("coupon/info", "coupon/delete", "singleuse/create", "coupon/update"):
        assert (await caller.post(f"/v3/{path}", {"campaign": caller.shop.ref})).codes == [502]
    assert (await caller.send()).codes == [502]
    data = await caller.post("/v3/couponsession/data", {"couponsession": session})
    assert data.body["campaign"] == caller.shop.ref
    used = await caller.post(
        "/v3/couponsession/update", {"couponsession": session, "operation": "validated"}
    )
    assert used.codes == [518]


async def test_nobody_sees_another_tenants_campaigns(caller, other_caller):
    assert await refs(other_caller) == [other_caller.shop.ref]
    for path, more in (
        ("info", {}), ("update", {"title": "x"}), ("status", {"status": "paused"}), ("delete", {}),
    ):  # fmt: skip
        answer = await other_caller.post(
            f"/v3/coupon/{path}", {"campaign": caller.shop.ref, **more}
        )
        assert answer.codes == [502], path
    answer = await other_caller.post(
        "/v3/coupon/create", {"name": "x", "template": caller.shop.ref}
    )
    assert answer.codes == [502]


async def test_folders_and_categories(caller, services):
    account = caller.shop.account
    folder = await shelves.create_folder(services.db, account, "Autumn")
    one = await shelves.create_category(services.db, account, "Food")
    two = await shelves.create_category(services.db, account, "Soup", one.id)
    three = await shelves.create_category(services.db, account, "Tomato", two.id)
    info = await make(caller, folder=folder.id, category=three.ref)
    assert info["folder"] == str(folder.id)
    assert (info["coupon_category"], info["coupon_category_name"]) == (three.ref, "Tomato")
    folders = (await caller.post("/v3/folder/list")).body
    assert folders["folder"] == [{"ID": str(folder.id), "name": "Autumn", "amount_of_coupons": 1}]
    all_of_them = (await caller.post("/v3/category/list")).body
    assert [c["name"] for c in all_of_them["category"]] == ["Food", "Soup", "Tomato"]
    main = (await caller.post("/v3/category/main/list")).body
    assert main["category"] == [
        {"ID": three.ref, "name": "Tomato", "level": "3", "parent": two.ref}
    ]
