"""The documentation is part of the program: its examples run, its lists are whole."""

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tearoff.accounts import devices
from tearoff.accounts.rights import GRANTS, ROLES, SCOPE_MEANS, SCOPES, Right
from tearoff.api.openapi import make_document
from tearoff.api.v4.campaigns import FIELDS
from tearoff.api.v4.locations import FIELDS as LOCATION_FIELDS
from tearoff.cli import lists
from tearoff.cli.main import make_parser
from tearoff.config import SETTINGS
from tearoff.coupons.pools import importing
from tearoff.errors import Invalid
from tearoff.keeping import inventory
from tearoff.kit import clock
from tearoff.kit.words import words_in
from tearoff.web.dashboard import role_words, standings
from tearoff.web.dashboard.editor_tabs import TABS
from tearoff.web.dashboard.routes import SCREENS
from tests.cast import open_shop
from tests.providers.postoffice import connect_mail, open_post_office

ROOT = Path(__file__).parent.parent


def examples(page):
    text = (ROOT / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.S | re.M)
    return [block for block in blocks if block.startswith("curl")]


async def test_every_example_for_callers_works(server, services):
    shop = await open_shop(services)
    found = examples("callers.md")
    assert len(found) >= 5
    env = {
        "PATH": "/usr/bin:/bin", "TEAROFF": server.url, "CLIENT_ID": shop.client_id,
        "CLIENT_SECRET": shop.client_secret, "CAMPAIGN": shop.ref, "SESSION": "", "SECOND": "",
    }  # fmt: skip
    async with open_post_office() as office:
        await connect_mail(services, shop.account, office)
        for example in found:
            done = await asyncio.to_thread(
                subprocess.run, ["sh", "-c", example],
                env=env, capture_output=True, text=True, check=True,
            )  # fmt: skip
            answer = json.loads(done.stdout)
            if "/v4/sessions/" in example:
                assert answer["code"] == env["SESSION"], answer
                continue
            if "/v4/" in example:
                assert answer["imported"] == 2, answer
                continue
            assert answer["status"] == {"status": "OK"}, answer
            before = env["SESSION"]
            env["SESSION"] = answer.get("single_use_code", before)
            env["SECOND"] = env["SECOND"] if before == env["SESSION"] else before
        assert [one.to for one in office.taken] == ["ann@example.com"]


def command_lines(page):
    """The `tearoff` lines of a page, each with the lines that it goes on."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.S | re.M)
    joined = "".join(blocks).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("tearoff ")]


STARTED = "providers.md"


def start(words, env):
    return subprocess.run(
        [sys.executable, "-m", "tearoff", *words],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("page", ["counter.md", "options.md", "providers.md"])
async def test_every_command_works(services, settings, commands, tmp_path, monkeypatch, page):
    """Those of one page are started as an operator starts them, the others as forks."""
    monkeypatch.chdir(tmp_path)
    shop = await open_shop(services, kind=None, campaign={})
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = re.findall(r"^```json\n(.*?)^```$", text, re.S | re.M)
    for name, block in zip(("form.json", "scratch.json"), found, strict=False):
        (tmp_path / name).write_text(block, "utf-8")
    for name in ("twilio.txt", "smtp.txt"):
        (tmp_path / name).write_text("a secret\n", "utf-8")
    lines = command_lines(page)
    if page == "options.md":
        assert len(found) == 2
        lines.append("tearoff campaign set --account N --campaign cam_100001 --scratch"
                     " @scratch.json")  # fmt: skip
    assert len(lines) >= 2
    env = {
        "PATH": os.environ["PATH"], "TEAROFF_DATABASE_URL": settings.database_url,
        "TEAROFF_SECRET_KEY": settings.secret_key, "TEAROFF_DATA": str(settings.data),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }  # fmt: skip
    ids = {"cam_100001": shop.ref}
    for line in lines:
        words = re.sub(r" N\b", f" {shop.account}", line)
        for written, real in ids.items():
            words = words.replace(written, real)
        run = start if page == STARTED else commands.run
        done = await asyncio.to_thread(run, shlex.split(words)[1:], env)
        assert done.returncode == 0, done.stderr
        # A line that follows may need what this one has printed.
        ids |= {f"{one[:4]}…": one for one in re.findall(r"^(?:loc|dev)_\d+", done.stdout, re.M)}
        for token in re.findall(r"/till/pair/(\w+)$", done.stdout, re.M):
            await devices.pair(services.db, token, name="Ann", pin="4711", now=clock.now())


async def test_the_lists_that_can_be_imported(tmp_path):
    """Each example is read with the command below it, and says what is printed under it."""
    text = (ROOT / "docs" / "importing.md").read_text("utf-8")
    blocks = re.findall(r"^```csv\n(.*?)^```$", text, re.S | re.M)
    lines = [
        line.replace(" N ", " 1 ")
        for line in re.findall(r"^tearoff .*", text.replace("\\\n", ""), re.M)
    ]
    plain, _, asked = (make_parser().parse_args(shlex.split(line)[1:]) for line in lines)
    expected = [["AUTUMN-0001", "AUTUMN-0002"], ["00123", "A;1", "B-2"], ["K-1", "K-2"],
                ["1.23E+15"]]  # fmt: skip
    for block, arguments, codes in zip(blocks, (plain, plain, asked, plain), expected, strict=True):
        arguments.file = tmp_path / "codes.csv"
        arguments.file.write_text(block, "utf-8")
        async with lists.opened(arguments, importing.COLUMN) as (table, _):
            values = [value async for lot in table.lots() for value in lot]
        assert [value.text for value in values] == codes
        assert [value.text for value in values if value.problem] == (codes if "E+" in block else [])
        if block == blocks[0]:
            assert lists.lines_of(table.reading, len(values))[0] in text
    arguments = plain
    arguments.file.write_text(blocks[2], "utf-8")
    with pytest.raises(Invalid, match="several columns"):
        async with lists.opened(arguments, importing.COLUMN):
            pass


def test_every_option_is_told():
    told = (ROOT / "docs" / "options.md").read_text("utf-8")
    apart = {"name", "status", "tags", "folder", "category", "language", "brand", "price",
             "message_text", "picture_alt", "featured"}  # fmt: skip
    missing = {field.name for field in FIELDS} - apart - set(re.findall(r"`(\w+)`", told))
    assert missing == set()
    told = (ROOT / "docs" / "counter.md").read_text("utf-8")
    named = {f"--{field.name.replace('_', '-')}" for field in LOCATION_FIELDS}
    assert named - {"--province"} <= set(re.findall(r"--[a-z-]+", told))


LANGUAGES = {"sh": ["sh"], "python": [sys.executable], "php": ["php"]}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_five_jobs(server, services, tmp_path, language):
    if language == "php" and shutil.which("php") is None and "CI" not in os.environ:
        pytest.skip("PHP is not installed (Debian: apt-get install php-cli)")
    shop = await open_shop(services)
    text = (ROOT / "docs" / "programs.md").read_text("utf-8")
    programs = re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)
    assert len(programs) == 5
    env = {
        "PATH": os.environ["PATH"], "TEAROFF": server.url, "CLIENT_ID": shop.client_id,
        "CLIENT_SECRET": shop.client_secret, "CAMPAIGN": shop.ref, "SESSION": "",
    }  # fmt: skip
    answers = []
    for program in programs:
        file = tmp_path / f"job-{len(answers)}"
        file.write_text(program, "utf-8")
        done = await asyncio.to_thread(
            subprocess.run, [*LANGUAGES[language], str(file)],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        answers.append(json.loads(done.stdout))
        env["SESSION"] = answers[-1].get("single_use_code", env["SESSION"])
    sent, made, seen, used, listed = answers
    assert sent["action"] == "sms_sent"
    assert made["customid"] == "42"
    assert seen["session"] == made["single_use_code"]
    assert used["data"]["status"]["validated"] == "1"
    assert [item["session"] for item in listed["data"]] == [made["single_use_code"]]
    refused = tmp_path / "refused"
    refused.write_text(programs[3], "utf-8")
    again = subprocess.run(
        [*LANGUAGES[language], str(refused)], env=env | {"SESSION": "zzzzzz"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode != 0


def test_every_setting_is_listed():
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert page == settings_page(), "run: python -m tests.test_docs"


def settings_page():
    lines = ["# Settings", "", "Read from the environment; `tearoff config` prints this list.", ""]
    lines += ["| setting | default | meaning |", "| --- | --- | --- |"]
    for s in SETTINGS:
        secret = f" Also `{s.variable}_FILE`, a file that holds it." if s.secret else ""
        default = f"`{s.default}`" if s.default else ""
        lines.append(f"| `{s.variable}` | {default} | {s.help}.{secret} |")
    return "\n".join(lines) + "\n"


def test_every_picture_is_there():
    """Each page names them from where it lies, as Markdown: mkdocs looks after such addresses, and
    not after those of HTML."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    named = {page: re.findall(r"!\[[^]]*\]\(([^)\s]+)", page.read_text("utf-8")) for page in pages}
    named[ROOT / "README.md"] = re.findall(r'<img src="([^"]+)', (ROOT / "README.md").read_text())
    assert sum(map(len, named.values())) > 50
    missing = [f"{page.name}: {path}" for page, paths in named.items()
               for path in paths if not (page.parent / path).is_file()]  # fmt: skip
    assert missing == []
    assert [page.name for page in pages if "<img" in page.read_text("utf-8")] == []


def test_every_page_that_the_readme_leads_to_is_there():
    """Links of the documentation among itself are held by its build (tests/web/test_site.py)."""
    linked = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert [path for path in linked if not (ROOT / path).exists()] == []
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md", "contributing.md"}
    assert pages - {Path(path).name for path in linked} == set()


def test_the_rules_stand_once():
    """A link: what edits files in place may make a copy of it, which then grows old."""
    link = ROOT / "docs" / "contributing.md"
    assert link.is_symlink() and link.resolve() == ROOT / "CONTRIBUTING.md"


def test_commands_named_in_the_readme_exist():
    text = (ROOT / "README.md").read_text() + (ROOT / "docs" / "operators.md").read_text()
    help_text = make_parser().format_help()
    for name in set(re.findall(r"^tearoff (\w+)", text, re.M)):
        assert name in help_text


def test_the_contract_is_the_committed_one():
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(make_document())), "run: python -m tests.test_docs"


def table_of(head, rows):
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def scopes_table():
    rows = [(f"`{scope}`", SCOPE_MEANS[scope]) for scope in SCOPES]
    return table_of(("scope", "what it allows"), rows)


RIGHT_MEANS = {
    Right.LOOK: "look at campaigns, coupons, messages and figures",
    Right.SEND: "give a coupon to somebody",
    Right.EDIT: "make and change campaigns, publish, pause, archive",
    Right.PEOPLE: "groups, contacts, opt-outs, replies",
    Right.LIFT: "take somebody off the opt-out list",
    Right.REDEEM: "take coupons in, block one",
    Right.UNDO: "take back that one was taken in, later than a device can",
    Right.PLACES: "locations, their PINs and devices",
    Right.HOOKS: "webhooks",
    Right.SUBACCOUNTS: "subaccounts, links that sign in",
    Right.SETTINGS: "the account's settings",
    Right.PROVIDERS: "services that carry messages",
    Right.KEYS: "API keys",
    Right.MEMBERS: "people of the account",
    Right.AUDIT: "the audit log",
    Right.EXPORT: "lists of people as files",
    Right.SIGN_IN: "single sign-on",
    Right.ERASE: "erasing a person for good",
}


def roles_table():
    rows = [
        (RIGHT_MEANS[right], ", ".join(role for role in ROLES if role in grant.roles),
         f"`{grant.scope}`")
        for right, grant in GRANTS.items()
    ]  # fmt: skip
    return table_of(("what", "roles that may", "scope of a key"), rows)


def team_table():
    """As the page *Team* prints it."""
    rows = [
        (row.what, *("yes" if may else "–" for may in row.may))
        for row in role_words.table(words_in("dashboard", "en"))
    ]
    return table_of(("what", *ROLES), rows)


def tabs_table():
    """What a change on each tab of the editor does to coupons that people have."""
    return table_of(("a change on", "reaches"), [(f"**{tab.name}**", tab.reaches) for tab in TABS])


def states_table():
    found = {one.name: one for one in (*standings._MESSAGES.values(), standings._MAILED)}
    rows = [(f"**{one.name}**", one.means or "and why not, in the provider's own words too")
            for one in found.values()]  # fmt: skip
    return table_of(("it says", "it means"), rows)


async def test_the_audit_log_is_read_as_operators_are_told(services):
    shop = await open_shop(services)
    await services.db.execute(
        "INSERT INTO audit_entries (account_id, at, actor_kind, verb)"
        " VALUES ($1, now(), 'command', 'account.create')",
        shop.account,
    )
    text = (ROOT / "docs" / "operators.md").read_text("utf-8")
    (asked,) = re.findall(r"^```sql\n(SELECT .*?)^```$", text, re.S | re.M)
    rows = await services.db.fetch(asked.replace("100001", str(shop.account)))
    assert [row["verb"] for row in rows] == ["account.create"]


def kept_table():
    rows = [
        (one.what, one.holds, one.seen_by, one.kept, one.old, one.erased)
        for one in inventory.HOLDINGS
    ]
    return table_of(("where", "what", "who sees it", "how long", "when it is old",
                     "when the person is erased"), rows)  # fmt: skip


def colleagues_table():
    rows = [(one.what, one.holds, one.seen_by, one.kept) for one in inventory.COLLEAGUES]
    return table_of(("where", "what", "who sees it", "how long"), rows)


def files_table():
    return table_of(("where", "what", "how long", "when a person is erased"), inventory.FILES)


TABLES = {
    "kept": ("data-protection.md", kept_table),
    "colleagues": ("data-protection.md", colleagues_table),
    "files": ("data-protection.md", files_table),
    "scopes": ("callers.md", scopes_table),
    "roles": ("operators.md", roles_table),
    "team": ("team.md", team_table),
    "tabs": ("marketers.md", tabs_table),
    "states": ("marketers.md", states_table),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_that_of_the_code(name):
    page, table = TABLES[name]
    told = (ROOT / "docs" / page).read_text("utf-8")
    assert table() in told, f"print it: python -m tests.test_docs {name}"


def test_every_screen_is_in_the_pictures():
    """By the pictures that `make pictures` takes: a new screen needs its own."""
    from tests.web.dashboard.pictures import UNSEEN, shown_paths

    paths = {re.sub(r"{[^}]+}", "{}", one.path) for one in SCREENS if one.method == "GET"}
    assert paths - UNSEEN == shown_paths()


def test_every_reason_for_not_sending_is_listed():
    from tearoff.distribution.draft import _LIMIT_TEXTS

    page = " ".join((ROOT / "docs" / "callers.md").read_text("utf-8").split())
    for reason in _LIMIT_TEXTS.values():
        assert f"`{reason}`" in page


if __name__ == "__main__":
    if asked := [name for name in TABLES if name in sys.argv]:
        print(*(TABLES[name][1]() for name in asked), sep="\n\n")
        sys.exit()
    (ROOT / "docs" / "settings.md").write_text(settings_page(), "utf-8")
    contract = json.dumps(make_document(), indent=1, ensure_ascii=False)
    (ROOT / "docs" / "openapi.json").write_text(contract + "\n", "utf-8")
