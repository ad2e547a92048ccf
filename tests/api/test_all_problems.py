"""All problems of a call's parameters are told together, in the order of its table: also those
that a parameter has only beside another one."""

import pytest

MANY = {"email": "x", "phone": "1"}


@pytest.mark.parametrize(
    ("path", "values", "codes", "first"),
    [
        ("singleuse/create", {"customvalcode": "a", "autovalcode": "8digits", **MANY},
         [200, 305, 301, 300], "Missing parameter: campaign"),
        ("multiplesingleuse/create", {"campaign": "cam_999999999", "automated_codes": True},
         [200, 200, 200], "Missing parameter: code_prefix"),
        ("multiplesingleuse/create", {"campaign": "x", "automated_codes": True, "code_length": 9},
         [301, 200, 300, 200], "Invalid character in parameter: campaign."),
        ("multiplesingleuse/create", {"campaign": "x", "automated_codes": "maybe"}, [301, 302],
         "Invalid character in parameter: campaign."),
        ("couponsession/update", {}, [200, 200], "Missing parameter: couponsession"),
        ("couponsession/update", {"email": "x"}, [200, 305], "Missing parameter: couponsession"),
        ("couponsession/updatemultiple", {}, [200, 200], "Missing parameter: couponsessions"),
        ("campaign/search", {}, [200, 200], "Missing parameter: campaign"),
        ("campaign/search", {"campaign": "x", "phone": "1"}, [301, 301],
         "Invalid character in parameter: campaign."),
        ("couponsession/search", {"page": 0}, [200, 300], "Missing parameter: search"),
        ("coupon/create", {"timezone": "Mars"}, [200, 302], "Missing parameter: name"),
        ("coupon/create", {"template": "x"}, [301], "Invalid character in parameter: template."),
        ("teammate/sso", {"page": "update_campaign"}, [200, 200], "Missing parameter: teammate"),
        ("webhook/resend", {"webhook": "x"}, [301, 200],
         "Invalid character in parameter: webhook."),
        ("account/usage",
         {"campaign": "cam_999999999", "start_date": "2026-02-01", "end_date": "2026-01-01"}, [300],
         "Invalid value in parameter: start_date. At most 366 days before end_date."),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_at_once(caller, path, values, codes, first):
    answer = await caller.post(f"/v3/{path}", values)
    assert (answer.status, answer.codes, answer.texts[0]) == (422, codes, first)
