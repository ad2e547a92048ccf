"""Who is a robot: agents of the world, each with its verdict."""

import json

import pytest

from tearoff.web.coupon import robots
from tearoff.web.coupon.robots import judge
from tests.running import start_server
from tests.web.agents import PEOPLE, ROBOTS

LANGUAGE = {"accept-language": "en"}


@pytest.mark.parametrize("agent", ROBOTS.values(), ids=ROBOTS)
def test_robot(agent):
    told = judge({"user-agent": agent, **LANGUAGE})
    assert told.verdict == "robot"
    assert told.reason


@pytest.mark.parametrize("agent", PEOPLE.values(), ids=PEOPLE)
def test_person(agent):
    assert judge({"user-agent": agent, **LANGUAGE}) == robots.HUMAN


def test_all_that_the_public_list_has_seen_are_robots():
    """But for those whose patterns are left out."""
    left_out = {"AP3A\\.240617\\.008", "MetaIAB Facebook", "Fluid", "Magellan", "Adventurer",
                "Charlotte", "Butterfly", "Hello World"}  # fmt: skip
    missed = {
        entry["pattern"]
        for entry in robots.CRAWLER_USER_AGENTS_DATA
        for agent in entry["instances"]
        if judge({"user-agent": agent, **LANGUAGE}).verdict != "robot"
    }
    assert missed == left_out


def test_the_reason_names_the_pattern():
    assert judge({"user-agent": ROBOTS["whatsapp"]}).reason == (
        "agent: WhatsApp link preview (^WhatsApp(/|$))"
    )
    assert "Googlebot/" in judge({"user-agent": ROBOTS["google"]}).reason
    assert judge({}).reason == "no agent"


def test_patterns_that_cannot_stand_inside_of_another(tmp_path):
    """Each is right for itself, and the file is read; none makes the others be ignored."""
    patterns = [
        "(?i)acmebot",
        r"(x)\1tester",
        r"(?P<who>tiny)bot",
        r"(?P<who>giant)bot",
        "PlainBot",
    ]
    file = tmp_path / "robots.json"
    file.write_text(json.dumps([{"pattern": pattern} for pattern in patterns]))
    for agent in ("AcmeBot/1", "xxtester", "tinybot", "giantbot", "PlainBot"):
        assert judge({"user-agent": f"Any {agent}", **LANGUAGE}, str(file)).verdict == "robot"
    person = {"user-agent": PEOPLE["android"], **LANGUAGE}
    assert judge(person, str(file)).verdict == "human"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-moz": "prefetch"},
        {"x-purpose": "preview"},
        {"sec-purpose": "Prefetch;anonymous-client-ip"},
    ],
)
def test_what_is_fetched_ahead_of_time_is_not_seen(headers):
    told = judge({"user-agent": PEOPLE["android"], **LANGUAGE, **headers})
    assert told.verdict == "robot"
    assert next(iter(headers)) in told.reason


SILENT = {
    name: agent
    for name, agent in PEOPLE.items()
    if judge({"user-agent": agent}).verdict == "unsure"
}


def test_a_browser_of_today_without_its_headers_is_a_doubt():
    assert {"android", "samsung", "firefox", "firefox_android", "windows"} <= SILENT.keys()
    for header in ({"sec-fetch-site": "same-origin"}, LANGUAGE):
        told = judge({"user-agent": PEOPLE["android"], **header})
        assert told == robots.HUMAN


def test_old_phones_and_browsers_behind_servers_of_their_makers_are_no_doubt():
    """What they leave out of a request says nothing."""
    quiet = {"opera_mini", "opera_mini_new", "uc", "kaios", "nokia", "blackberry", "android_old",
             "iphone", "iphone_old", "silk", "xiaomi", "instagram_android_15"}  # fmt: skip
    assert not quiet & SILENT.keys()


# the operator's own list ----------------------------------------------------------------

NEW = "Mozilla/5.0 (compatible; Prenzlauer/1.0)"


def write(path, *entries):
    path.write_text(json.dumps(entries))


def ask(path, agent):
    return judge({"user-agent": agent, **LANGUAGE}, str(path))


def test_an_operators_list_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "robots.json"
    write(path, {"pattern": "Prenzlauer", "url": "https://berg.example", "instances": [NEW]})
    assert ask(path, NEW).reason == "agent: Prenzlauer"
    assert ask(path, ROBOTS["whatsapp"]).verdict == "robot"
    write(path, {"pattern": "Something else"})
    assert ask(path, NEW).verdict == "human"


def test_an_operator_may_say_who_is_a_person(tmp_path):
    path = tmp_path / "robots.json"
    kiosk = "AcmeKiosk/2.0 okhttp/4.12.0"
    assert ask("", kiosk).verdict == "robot"
    write(path, {"pattern": "^AcmeKiosk/", "name": "our own kiosk", "verdict": "human"})
    assert ask(path, kiosk).verdict == "human"


def test_a_newer_copy_of_the_public_list_takes_no_person_for_a_robot(tmp_path):
    path = tmp_path / "robots.json"
    write(path, {"pattern": "AP3A\\.240617\\.008"}, {"pattern": "Prenzlauer"})
    assert ask(path, PEOPLE["instagram_android_15"]).verdict == "human"
    assert ask(path, NEW).verdict == "robot"


@pytest.mark.parametrize(
    "text", ["", "{", '{"pattern": "x"}', '[{"pattern": "("}]', '[{"name": "no pattern"}]', None]
)
def test_with_a_broken_file_the_last_good_list_stays(tmp_path, text):
    path = tmp_path / "robots.json"
    write(path, {"pattern": "Prenzlauer"})
    assert ask(path, NEW).verdict == "robot"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    for _ in range(2):
        assert ask(path, NEW).verdict == "robot"
        assert ask(path, PEOPLE["iphone"]).verdict == "human"


def test_with_a_file_that_never_was_there_is_the_packages_list(tmp_path):
    assert ask(tmp_path / "none.json", ROBOTS["curl"]).verdict == "robot"
    assert ask(tmp_path / "none.json", PEOPLE["iphone"]).verdict == "human"


def test_every_line_of_ours_says_where_it_is_from():
    listed = json.loads((robots.resources.files("tearoff.web.coupon") / "robots.json").read_text())
    assert all(
        e["name"] and e["source"] and e["why"] for e in listed["patterns"] + listed["at_last"]
    )
    public = {entry["pattern"] for entry in robots.CRAWLER_USER_AGENTS_DATA}
    assert {e["pattern"] for e in listed["left_out"]} <= public, "the public list has changed"


async def test_a_running_server_reads_the_operators_file(make_coupon, settings, tmp_path):
    path, agent = tmp_path / "robots.json", PEOPLE["iphone"]
    write(path, {"pattern": "iPhone", "name": "a fleet of test phones"})
    with start_server(settings, tmp_path, with_worker=False, TEAROFF_ROBOTS_FILE=str(path)) as own:
        coupon = await make_coupon()
        coupon.url = own.url
        token = (await coupon.get()).token
        assert (await coupon.post("/open", {"t": token}, user_agent=agent)).status == 204
        assert (await coupon.row())["opened_at"] is None
        path.write_text("[")
        await coupon.post("/open", {"t": token}, user_agent=agent)
        assert (await coupon.row())["opened_at"] is None
        assert "robots.file_is_broken" in own.log.read_text()
        write(path, {"pattern": "Another"})
        await coupon.post("/open", {"t": token}, user_agent=agent)
        assert (await coupon.row())["opened_at"] is not None
