"""`/v4/campaigns/{id}/codes`."""

import asyncio

import pytest


async def put(caller, body, campaign=None, **more):
    path = f"/v4/campaigns/{campaign or caller.shop.campaign}/codes"
    return await caller.post(path, data=body, extra={"Content-Type": "text/csv"}, **more)


async def left(caller):
    path = f"/v4/campaigns/{caller.shop.campaign}/codes"
    return (await caller.request("GET", path, headers=caller.shop.headers)).body


async def test_import_and_use(caller):
    answer = await put(caller, "code\nA-1\nA-2\nA-1\n")
    assert answer.status == 200, answer.text
    assert answer.body == {
        "imported": 2, "left_out": 1,
        "lines": [{"line": 4, "code": "A-1", "why": "twice in this list"}],
        "twins": 0, "twin_lines": [],
    }  # fmt: skip
    assert await left(caller) == {"left": 2, "low": 100}
    made = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    assert made.body["custom_validation_code"] == "A-1"
    assert (await left(caller))["left"] == 1


async def test_a_large_list_is_streamed(caller):
    async def lines():
        for lot in range(100):
            yield "".join(f"C-{lot}-{i}\n" for i in range(1000)).encode()
            await asyncio.sleep(0)

    answer = await put(caller, lines())
    assert answer.body["imported"] == 100_000
    assert (await left(caller))["left"] == 100_000


@pytest.mark.parametrize("body", ["", "ok\n\xff".encode("latin-1"), "ok\nb\x00d\n"])
async def test_a_bad_list_changes_nothing(caller, body):
    answer = await put(caller, body)
    assert answer.status == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["errors"][0]["field"] == "codes"
    assert (await left(caller))["left"] == 0


@pytest.mark.parametrize(
    ("barcode", "good", "bad", "told"),
    [
        ("ean13", "4006381333931", "4006381333932", "The last digit should be 1."),
        ("upca", "036000291452", "03600029145", "12 digits."),
        ("itf", "1234", "123", "An even number of digits."),
        ("code128", "A-1", "É-1", "Letters without accents"),
        ("gs1_128", "(01)09506000134352", "(01)1", "After (01): 14 digits."),
    ],
)
async def test_codes_fit_the_barcode_that_holds_them(caller, barcode, good, bad, told):
    path = f"/v4/campaigns/{caller.shop.campaign}"
    set_to = {"barcode": barcode, "code_source": "own"}
    done = await caller.request("PATCH", path, json=set_to, headers=caller.shop.headers)
    assert done.status == 200, done.text
    answer = await put(caller, f"{good}\n{bad}\n")
    assert answer.status == 422
    assert answer.body["detail"].startswith(f"Line 2: {bad} does not fit")
    assert told in answer.body["detail"]
    assert (await left(caller))["left"] == 0
    assert (await put(caller, f"{good}\n")).body["imported"] == 1


async def test_another_tenants_campaign(caller, other_caller):
    answer = await put(other_caller, "A\n", campaign=caller.shop.campaign)
    assert answer.status == 404
    assert (await left(caller))["left"] == 0


async def test_a_refusal_is_heard_while_the_list_is_sent(caller):
    async def lines():
        yield b"ok\nb\x00d\n"
        for _ in range(200):
            yield b"x\n" * 10_000
            await asyncio.sleep(0)

    answer = await put(caller, lines())
    assert answer.status == 422
    assert "Line 2" in answer.body["errors"][0]["detail"]
