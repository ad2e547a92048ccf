"""The commands as an operator types them, beside a running server's database."""

import json
import os
import re
import subprocess
import sys

import aiohttp
import msgspec
import pytest

from tearoff.cli import address
from tearoff.cli.main import MODULES, make_parser
from tearoff.kit import clock, signs_of_life
from tearoff.messages import replies
from tearoff.people.keywords import Keyword


@pytest.fixture
def tearoff(settings, commands, tmp_path_factory):
    """Runs one command. Its data folder is its own, so that no server of another test, which may
    run on the common one at that moment, lends it an address."""
    data = tmp_path_factory.mktemp("data")

    def run(*words, code=0, stdin=None, **environment):
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TEAROFF_")},
            "TEAROFF_DATABASE_URL": settings.database_url,
            "TEAROFF_SECRET_KEY": settings.secret_key,
            "TEAROFF_DATA": str(data),
            **environment,
        }
        done = commands.run(words, env, stdin)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words and not code else done

    return run


def test_from_nothing_to_a_first_text(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    assert re.fullmatch(r"\d{31}", key["client_id"])
    assert re.fullmatch(r"[A-Za-z0-9]{31}", key["client_secret"])
    account = ["--account", str(key["account"])]
    made = tearoff(
        "campaign", "create", *account, "--name", "Coffee", "--title", "2-for-1", "--value",
        "Second free", "--expires", "2030-01-31", "--timezone", "Europe/Brussels",
        "--pin", "471108",
        "--json",
    )  # fmt: skip
    assert re.fullmatch(r"cam_\d+", made["ID"])
    assert made["expirydate"] == "2030-01-31 23:59:59"
    listed = tearoff("campaign", "list", *account, "--json")
    assert listed["coupon_info"] == [made]
    assert tearoff("provider", "list", *account, "--json") == {"providers": []}
    added = tearoff("provider", "add", *account, "--kind", "log", "--set", "sender=Shop", "--json")
    assert added["kind"] == "log"
    tested = tearoff("provider", "test", *account, "--to", "+32470007000", "--json")
    assert tested["result"] == "accepted"
    outbox = tearoff("outbox", "--last", "1000", "--json")
    assert any(m["to"] == "+32470007000" for m in outbox["messages"])
    tearoff("account", "set", *account, "--country", "BE", "--limit-number-hour", "5")


def test_secrets_are_rolled_and_accounts_end(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    rolled = tearoff("account", "roll-secret", *account, "--json")
    assert rolled["client_id"] == key["client_id"]
    assert rolled["client_secret"] != key["client_secret"]
    assert tearoff("account", "expire", *account, "--json")["expires"] != "never"
    assert tearoff("account", "expire", *account, "--never", "--json")["expires"] == "never"


def test_keys_of_an_account(tearoff, shop):
    account = ["--account", str(shop.account)]
    made = tearoff("key", "create", *account, "--name", "Till", "--scopes", "validate,read",
                   "--json")  # fmt: skip
    one = [*account, "--client-id", made["client_id"]]
    rolled = tearoff("key", "roll", *one, "--json")
    assert rolled["client_secret"] != made["client_secret"]
    first, second = tearoff("key", "list", *account, "--json")["keys"]
    assert (first["client_id"], first["signs_webhooks"]) == (shop.client_id, True)
    assert (second["name"], second["scopes"]) == ("Till", ["read", "validate"])
    assert second["old_secret_ends_at"] and second["created_by"].startswith("command ")
    assert made["client_secret"] not in json.dumps(second)
    tearoff("key", "revoke", *one)
    gone = tearoff("key", "roll", *one, code=1)
    assert "no key with this client id" in gone.stderr
    listed = tearoff("key", "list", *account).stdout
    assert "signs webhooks" in listed and "revoked" in listed
    wrong = tearoff("key", "create", *account, "--name", "x", "--scopes", "all", code=1)
    assert "read, send, manage, validate, admin" in wrong.stderr


def test_codes_shelves_packages_and_limits(tearoff, tmp_path):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", "--json")
    file = tmp_path / "codes.csv"
    file.write_text("code\nA-1\nA-2\nA-1\n")
    words = ("campaign", "import-codes", *account, "--campaign", made["ID"], str(file))
    done = tearoff(*words, "--json")
    assert (done["imported"], done["left_out"]) == (2, 1)
    assert "line 2: A-1: already imported" in tearoff(*words).stdout
    file.write_text("Nr;Bon\n1;B-1\n2;B-2\n")
    assert "column" in tearoff(*words, "--column", "Wert", code=1).stderr
    told = tearoff(*words, "--column", "bon", "--header", "yes").stdout
    assert "2 rows read (CSV, utf-8, parted by ;); first line read as header: column 'Bon'" in told
    folder = tearoff("campaign", "add-folder", *account, "--name", "Autumn", "--json")
    assert folder["name"] == "Autumn"
    top = tearoff("campaign", "add-category", *account, "--name", "Food", "--json")
    number = top["category"].removeprefix("cat_")
    below = tearoff("campaign", "add-category", *account, "--name", "Soup", "--parent", number,
                    "--json")  # fmt: skip
    assert below["level"] == 2
    package = tearoff("account", "add-package", *account, "--name", "Small", "--max-campaigns",
                      "3", "--access", "campaigns,statistics", "--json")  # fmt: skip
    assert tearoff("account", "packages", *account, "--json") == {"packages": [package]}
    tearoff("account", "set", *account, "--limit-calls-per-second", "50")
    refused = tearoff("account", "add-package", *account, "--name", "x", "--access", "moon", code=1)
    assert "access" in refused.stderr


def test_opt_outs_from_a_file(tearoff, tmp_path):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--country",
                  "BE", "--json")  # fmt: skip
    file = tmp_path / "optouts.csv"
    file.write_text("Name;Handynummer\nAnn;0470 00 12 41\nBob;nobody\n", "utf-8")
    words = ("optout", "import", "--account", str(key["account"]), str(file))
    done = tearoff(*words, "--reason", "old system", "--json")
    assert (done["added"], done["bad"], done["bad_lines"][0]["line"]) == (1, 1, 3)
    assert (
        "0 added, 1 already there, 0 twice in the list, 1 not readable\n" in tearoff(*words).stdout
    )
    (listed,) = tearoff("optout", "list", "--account", str(key["account"]), "--json")["opt_outs"]
    assert (listed["number"], listed["reason"]) == ("+32470001241", "old system")


def test_teammates(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    new = ("teammate", "add", *account, "--first-name", "Ann", "--email")
    made = tearoff(*new, "team-cli@example.com", "--json")
    assert (made["role"], made["first_name"]) == ("editor", "Ann")
    assert made in tearoff("teammate", "list", *account, "--json")["teammates"]
    assert str(made["teammate"]) in tearoff("teammate", "list", *account).stdout
    assert "already exists" in tearoff(*new, "Team-CLI@example.com", code=1).stderr
    one = [*account, "--teammate", str(made["teammate"])]
    done = tearoff("teammate", "signout", *one)
    assert "member.signed_out" in done.stderr
    assert tearoff("teammate", "signout", *one, "--json")["signed_out"] == 0
    assert tearoff("teammate", "remove", *one, "--json") == {"removed": made["teammate"]}
    assert "Teammate" in tearoff("teammate", "remove", *one, code=1).stderr
    owner = tearoff(*new, "owner-cli@example.com", "--role", "owner", "--json")["teammate"]
    last = tearoff("teammate", "remove", *account, "--teammate", str(owner), code=1)
    assert "keeps one owner" in last.stderr
    assert "email" in tearoff(*new, "nowhere", code=1).stderr
    nobody = tearoff("teammate", "add", "--account", "1", "--email", "b@example.com", code=1)
    assert "account" in nobody.stderr.lower()


def test_opt_outs(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    for number in ("12", "0470 00 70 01"):
        told = tearoff("optout", "add", *account, number, code=1).stderr
        assert f"number: {number}: not an international number" in told
        assert "tearoff account set --country BE" in told
    tearoff("optout", "add", *account, "0032 470 00 70 01", "--reason", "asked by phone")
    (row,) = tearoff("optout", "list", *account, "--json")["opt_outs"]
    assert (row["number"], row["source"]) == ("+32470007001", "shop")
    refused = tearoff("provider", "test", *account, "--to", "+32470007001", code=1)
    assert "tearoff: " in refused.stderr
    tearoff("optout", "remove", *account, "+32470007001")
    assert tearoff("optout", "list", *account, "--json") == {"opt_outs": []}
    assert "not on the list" in tearoff("optout", "remove", *account, "+32470007001", code=1).stderr


def test_numbers_are_typed_as_in_the_accounts_country(tearoff):
    made = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--country",
                   "BE", "--json")  # fmt: skip
    account = ["--account", str(made["account"])]
    tearoff("provider", "add", *account, "--kind", "log")
    tested = tearoff("provider", "test", *account, "--to", "0470/00.70.02", "--json")
    assert tested["result"] == "accepted"
    assert (
        "0470 00 70" in tearoff("provider", "test", *account, "--to", "0470 00 70", code=1).stderr
    )
    tearoff("optout", "add", *account, "0470 00 70 02")
    (row,) = tearoff("optout", "list", *account, "(0)470 00 70 02", "--json")["opt_outs"]
    assert row["number"] == "+32470007002"
    assert tearoff("provider", "test", *account, "--to", "+32 (0)470 00 70 02", code=1)
    tearoff("optout", "remove", *account, "470007002")
    place = ("location", "create", *account, "--json", "--name")
    assert tearoff(*place, "Ghent", "--phone", "0470 00 70 03")["phone"] == "+32470007003"
    assert (
        tearoff(*place, "Lille", "--country", "FR", "--phone", "06 00 00 12 34")["phone"]
        == "+33600001234"
    )
    assert "Phone number" in tearoff(*place, "Bruges", "--phone", "0470", code=1).stderr


async def test_replies_are_reviewed(tearoff, services, shop):
    account = ["--account", str(shop.account)]
    review = ("optout", "review", *account)
    assert tearoff(*review).stdout.strip() == "No reply waits for a decision."
    ids = [
        await replies.keep(
            services.db,
            replies.Arriving(shop.account, shop.connection, "0470007101", phone, "8850", words,
                             Keyword.MAYBE_STOP, "", clock.now()),
        )
        for phone, words in ((None, "so stop?"), ("+32470007102", "bus stop?"))
    ]  # fmt: skip
    listed = tearoff(*review, "--json")["replies"]
    assert [(r["reply"], r["number"]) for r in listed] == [(ids[1], "+32470007102"), (ids[0], None)]
    assert "unreadable" in tearoff(*review).stdout
    assert tearoff(*review, "--dismiss", f"rep_{ids[1]}", "--json")["state"] == "dismissed"
    assert "phone" in tearoff(*review, "--optout", str(ids[0]), code=1).stderr
    tearoff(*review, "--optout", str(ids[0]), "--phone", "+32 470/00.71.01")
    (row,) = tearoff("optout", "list", *account, "--json")["opt_outs"]
    assert (row["number"], row["source"]) == ("+32470007101", "reply")
    assert tearoff(*review, "--json") == {"replies": []}


def test_the_country_of_a_connection(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    add = ("provider", "add", "--account", str(key["account"]), "--kind", "log")
    assert "country" in tearoff(*add, "--set", "country=Belgium", code=1).stderr
    tearoff(*add, "--set", "country=be", "--json")
    assert "country" in tearoff("provider", "fields", "--kind", "log", "--json")


def test_a_connection_is_changed_and_comes_first(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    ids = [tearoff("provider", "add", *account, "--kind", "log", "--json")["provider"]
           for _ in range(2)]  # fmt: skip
    change = ("provider", "set", *account, "--provider", str(ids[1]))
    assert "fail: use one of" in tearoff(*change, "--set", "fail=often", code=1).stderr
    assert "Belgium" in tearoff(*change, "--price", "Belgium=1", code=2).stderr
    changed = tearoff(
        *change, "--set", "sender=Shop", "--price", "70000", "--price", "FR=55000", "--first",
        "--json",
    )  # fmt: skip
    assert changed["prices"] == {"*": 70000, "FR": 55000}

    def listed():
        found = tearoff("provider", "list", *account, "--json")["providers"]
        return {c["position"]: c["provider"] for c in found}

    assert listed() == {1: ids[1], 2: ids[0]}
    tearoff(*change, "--off", "--unset", "sender", "--json")
    assert listed() == {1: ids[0], None: ids[1]}
    tearoff(*change, "--on", "--json")
    assert listed()[1] == ids[1]
    nobodys = ("provider", "set", *account, "--provider", "7", "--on")
    assert "There is no such connection." in tearoff(*nobodys, code=1).stderr


def test_backup_doctor_config_and_help(tearoff, tmp_path):
    file = tmp_path / "all.dump"
    assert tearoff("backup", str(file), "--json")["bytes"] == file.stat().st_size
    assert "--force" in tearoff("restore", str(file), code=1).stderr
    doctor = tearoff("doctor", code=1)
    assert "TEAROFF_PUBLIC_URL" in doctor.stdout
    assert "TEAROFF_SECRET_KEY" in tearoff("config").stdout
    for words in ([], ["account"], ["provider"]):
        assert "COMMAND" in tearoff(*words, code=2).stdout
    assert "text" in tearoff("provider", "test", "--help").stdout


async def test_a_backup_is_noted_for_home(tearoff, tmp_path, services):
    before = clock.now()
    tearoff("backup", str(tmp_path / "all.dump"))
    assert (await signs_of_life.last(services.db))[signs_of_life.BACKUP] >= before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["account", "create", "--name", " ", "--email", "a@b.c"],
            "name: An account needs a name.",
        ),
        (["account", "create", "--name", "x", "--email", "nobody"], "email: This is not an e-mail"),
        (["account", "create", "--name", "x", "--email", "a@b..c"], "behind the @ is not a domain"),
        (["account", "expire", "--account", "1"], "There is no account with this id."),
        (["campaign", "create", "--account", "1", "--name", "x", "--title", "x"], "no account"),
        (["provider", "add", "--account", "1", "--kind", "log"], "no account"),
        (["provider", "add", "--account", "1", "--kind", "smpp", "--set", "x"], "set: 'x' is not"),
    ],
)
def test_problems_say_which_field_and_what_would_be_right(tearoff, words, told):
    assert told in tearoff(*words, code=1).stderr


@pytest.mark.parametrize(
    "words",
    [
        ("provider", "list"),
        ("campaign", "list"),
        ("campaign", "twins"),
        ("location", "list"),
        ("optout", "list"),
        ("optout", "review"),
        ("teammate", "list"),
        ("account", "packages"),
    ],
)
def test_an_account_that_is_not_there_has_no_empty_list(tearoff, words):
    done = tearoff(*words, "--account", "1", code=1)
    assert (done.stdout, done.stderr) == ("", "tearoff: There is no account with this id.\n")


def test_lists_are_refused_in_the_words_of_who_types(tearoff, tmp_path):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", "--json")
    file = tmp_path / "codes.csv"
    codes = ("campaign", "import-codes", *account, "--campaign", made["ID"], str(file))
    file.write_text("code\n1.23E+15\n")
    assert "or confirm with --numeric accept that" in tearoff(*codes, code=1).stderr
    file.write_text("Number;Action\nK-1;Autumn 1\nK-2;Autumn 2\n")
    told = tearoff(*codes, code=1).stderr
    assert told.startswith("tearoff: file: The list has several columns")
    assert "to take each code from, by its heading" in told
    assert "Say in --column which" in told
    assert "tearoff: --column: There is" in tearoff(*codes, "--column", "Foo", code=1).stderr
    file.write_text("")
    optouts = tearoff("optout", "import", *account, str(file), code=1)
    assert optouts.stderr.startswith("tearoff: file: There is no ")


def test_a_wrong_setting_names_the_field_and_the_known_ones(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    done = tearoff("provider", "add", *account, "--kind", "twilio", "--set", "sid=1", code=1)
    assert "sid: not a setting of twilio. Known: account_sid" in done.stderr


def test_the_address_of_callbacks_is_shown_again(tearoff):
    """It is kept sealed: with another key the list is there without it."""
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"]), "--json"]
    public = {"TEAROFF_PUBLIC_URL": "https://coupons.example.com"}
    added = tearoff("provider", "add", *account, "--kind", "log", **public)
    assert re.fullmatch(
        r"https://coupons\.example\.com/callbacks/log/[\w-]{22}", added["callback_url"]
    )
    (listed,) = tearoff("provider", "list", *account, **public)["providers"]
    assert listed["callback_url"] == added["callback_url"]
    other = {"TEAROFF_SECRET_KEY": "another key that is long enough to be one"}
    (listed,) = tearoff("provider", "list", *account, **public, **other)["providers"]
    assert (listed["provider"], listed["callback_url"]) == (added["provider"], "")


def test_mail_has_its_own_connections_and_list(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    tearoff("provider", "add", *account, "--kind", "log", "--json")
    mail = ["--set", "host=127.0.0.1", "--set", "port=9", "--set", "security=none"]
    mail += ["--set", "from=hello@beanleaf.example"]
    for _ in range(2):  # the second one replaces the first, and leaves the other channel's
        tearoff("provider", "add", *account, "--kind", "smtp", *mail, "--replace", "--json")
    found = tearoff("provider", "list", *account, "--json")["providers"]
    assert [(c["channel"], c["active"]) for c in found] == [
        ("sms", True), ("email", False), ("email", True)
    ]  # fmt: skip
    refused = tearoff("provider", "test", *account, "--to", "ann@example.com", code=1)
    assert "private or special address" in refused.stdout
    tearoff("optout", "add", *account, "Ann@Example.com", "--reason", "asked")
    (row,) = tearoff("optout", "list", *account, "ANN@example.com", "--json")["opt_outs"]
    assert row["number"] == "ann@example.com"
    barred = tearoff("provider", "test", *account, "--to", "ann@example.com", code=1)
    assert "opt-out list" in barred.stderr
    tearoff("optout", "remove", *account, "ann@example.com")
    assert tearoff("optout", "list", *account, "--json") == {"opt_outs": []}


async def test_metrics_of_all_processes(server, services):
    """Counters of the web processes and of the worker meet at one address."""
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{server.url}/v3/folder/list") as answer:
            assert answer.status == 401
        async with http.get(f"{server.url}/metrics") as answer:
            assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = await answer.text()
    assert 'tearoff_calls_total{endpoint="/v3/folder/list",outcome="401"}' in text
    assert "tearoff_queue_depth" in text


def test_what_an_agent_is_taken_for(tearoff):
    robot = tearoff("robots", "test", "WhatsApp/2.23.20.0", "--json")
    assert robot == {
        "verdict": "robot",
        "reason": "agent: WhatsApp link preview (^WhatsApp(/|$))",
    }
    assert tearoff("robots", "test", "Mozilla/5.0 (iPhone)").stdout == "human\n"


def test_sites_that_may_frame_public_links(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    change = ["account", "set", "--account", str(key["account"]), "--frame-hosts"]
    set_to = tearoff(*change, "Shop.example, *.shop.example", "--json")["frame_hosts"]
    assert set_to == ["shop.example", "*.shop.example"]
    assert tearoff(*change, "-", "--json")["frame_hosts"] is None
    assert "no host" in tearoff(*change, "shop.example/path", code=1).stderr


def test_the_host_of_links_is_a_host(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    change = ["account", "set", "--account", str(key["account"]), "--link-host"]
    told = tearoff(*change, "https://c.shop.example:8443/", "--json")
    assert told["link_host"] == "https://c.shop.example:8443"
    for wrong in ("../../etc/passwd", "c.shop.example", "https://a\nb", "https://" + "x" * 300, ""):
        assert "scheme and host" in tearoff(*change, wrong, code=1).stderr, wrong
    assert tearoff(*change, "-", "--json")["link_host"] is None


def test_a_value_that_is_empty_is_none(tearoff):
    """As a script gives it whose variable was never set."""
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    for command in (
        ["expire", *account, "--at", ""],
        ["roll-secret", *account, "--client-id", ""],
        ["add-package", *account, "--name", "", "--access", ""],
    ):
        tearoff("account", *command, code=1)
    assert tearoff("account", "packages", *account, "--json") == {"packages": []}


async def test_metrics_are_closed_to_whoever_comes_through_a_proxy(server):
    port = server.url.rpartition(":")[2]
    forwarded = [
        {name: "203.0.113.9"}
        for name in (
            "X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "Via", "X-Real-IP",
            "X-Client-IP", "CF-Connecting-IP", "True-Client-IP",
        )
    ]  # fmt: skip
    hosts = ["coupons.example.com", "127.0.0.1.example.com", "10.0.0.1:80", "localhost.example"]
    named = [{"Host": host} for host in [*hosts, f"[::2]:{port}", "127.0.0.1@x", ""]]
    here = ["localhost", f"LocalHost:{port}", "127.1.2.3:1", "[::1]", f"[::1]:{port}"]
    async with aiohttp.ClientSession() as http:
        for headers in [*forwarded, *named]:
            async with http.get(f"{server.url}/metrics", headers=headers) as answer:
                assert answer.status == 401, headers
        for host in here:
            async with http.get(f"{server.url}/metrics", headers={"Host": host}) as answer:
                assert answer.status == 200, host


def test_an_account_has_the_time_zone_of_its_country(tearoff, services):
    words = ("account", "create", "--name", "Shop", "--email", "a@example.com", "--country")
    key = tearoff(*words, "BE", "--json")
    account = ["--account", str(key["account"])]
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", "--json")
    assert made["timezone"] == "Europe/Brussels"
    asked = tearoff(*words, "US", code=1).stderr
    assert "US has several time zones" in asked and "America/Chicago" in asked
    tearoff(*words, "US", "--timezone", "America/Chicago", "--json")
    assert (
        "Europe/Brussels" in tearoff("account", "set", *account, "--timezone", "x", code=1).stderr
    )
    tearoff("account", "set", *account, "--timezone", "Europe/Paris")


def test_ids_are_taken_with_their_prefix(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", f"sub_{key['account']}"]
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", "--json")
    top = tearoff("campaign", "add-category", *account, "--name", "Food", "--json")["category"]
    words = ("add-category", *account, "--name", "Soup", "--parent", top)
    below = tearoff("campaign", *words, "--json")["category"]
    folder = tearoff("campaign", "add-folder", *account, "--name", "Autumn", "--json")["folder"]
    shelved = tearoff(
        "campaign", "set", *account, "--campaign", made["ID"], "--category", below,
        "--folder", f"fol_{folder}", "--json",
    )  # fmt: skip
    assert (f"cat_{shelved['category']}", shelved["folder"]) == (below, folder)
    wrong = tearoff("campaign", "list", "--account", "cam_1", code=2)
    assert "Use an id such as sub_100001." in wrong.stderr


@pytest.mark.parametrize(
    ("served", "host"),
    [
        ({"port": 9123}, "http://127.0.0.1:9123"),
        ({"host": "10.1.2.3", "port": 80}, "http://10.1.2.3:80"),
        ({"public_url": "https://c.example"}, "https://c.example"),
    ],
)
def test_links_lead_to_the_server_that_runs(tearoff, settings, tmp_path, served, host):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    words = ("campaign", "create", "--account", str(key["account"]), "--name", "C", "--title", "T")
    words = (*words, "--data", str(tmp_path), "--json")
    here = {"data": tmp_path, "public_url": "", **served}
    with address.told(msgspec.structs.replace(settings, **here)):
        made = tearoff(*words)
        assert made["url"] == f"{host}/p/{made['code']}"
        looked = tearoff("doctor", "--data", str(tmp_path), code=1).stdout
        assert re.search(rf"link host: .*{re.escape(host)}", looked)
        where = {"host": settings.host, "port": settings.port, **served}
        assert f"address: {where['host']}:{where['port']}" in looked
    assert not list(tmp_path.glob("server*"))
    # Killed, and its process id belongs to another by now: to this one.
    gone = address.Address(pid=os.getpid(), host="x", port=1, public_url="")
    (tmp_path / "server-0.json").write_bytes(msgspec.json.encode(gone))
    assert tearoff(*words)["url"].startswith("http://127.0.0.1:8080/")


def test_of_two_servers_the_one_that_runs_is_told(settings, tmp_path):
    """The younger one ends; the older one runs on."""
    first = msgspec.structs.replace(settings, data=tmp_path, public_url="", port=9123)
    second = msgspec.structs.replace(first, port=9124)
    looking = msgspec.structs.replace(first, port=8080)
    with address.told(first):
        with address.told(second):
            assert address.of_running(looking).port == 9124
        assert address.of_running(looking).port == 9123
    assert address.of_running(looking).port == 8080


def test_a_command_loads_its_own_module_alone():
    every = make_parser().format_help()
    for name in (name for names in MODULES.values() for name in names):
        line = re.compile(rf"^    {name}\s", re.M)
        assert line.search(every), name
        alone = make_parser(name)
        assert line.search(alone.format_help()), name
        assert alone.format_usage() == make_parser().format_usage()


def test_what_only_keeps_others_alive_loads_no_server():
    heavy = ["aiohttp", "fpdf", "httpx", "jinja2", "litestar", "pgqueuer", "PIL"]
    code = (
        "import sys; import tearoff.cli.webserver; from tearoff.cli.main import make_parser;"
        f" make_parser('serve'); print(sorted(sys.modules.keys() & {set(heavy)}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_links_of_owners(tearoff):
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    assert "There is an account already" in tearoff("owner", "link", code=1).stderr
    told = tearoff("owner", "link", *account)
    assert re.search(r"/begin/[A-Za-z0-9]{49}\n\nIt works once, for 24 hours", told.stdout)
    assert "has no owner" in tearoff("owner", "reset", *account, code=1).stderr
    boss = tearoff(
        "teammate", "add", *account, "--email", "boss@example.com", "--role", "owner", "--json"
    )
    invited = tearoff("teammate", "invite", *account, "--teammate", str(boss["teammate"]))
    assert re.search(r"/password/[A-Za-z0-9]{49}\n\nIt works once, for 7 days", invited.stdout)
    reset = tearoff("owner", "reset", *account, "--email", "Boss@example.com", "--json")
    assert re.search(r"/owner/[A-Za-z0-9]{49}$", reset["url"])
    assert (
        "has no owner"
        in tearoff("owner", "reset", *account, "--email", "x@example.com", code=1).stderr
    )
