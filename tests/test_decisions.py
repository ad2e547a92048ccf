"""Records of decisions: one style of title, all in their list, which is the one way to them."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("0*.md"))
TITLE = re.compile(r"# (\d{4})\. ([A-Z].*[^.\n])\n\n")
ROW = re.compile(r"\| \[(\d{4})\. (.+)\]\((.+)\) \| (.+) \|")


def test_each_is_named_by_its_number_and_what_was_decided():
    """`# 0043. What was decided`, and a line that is empty."""
    titles = {record.name: TITLE.match(record.read_text("utf-8")) for record in RECORDS}
    wrong = [name for name, title in titles.items() if not title or title[1] != name[:4]]
    assert wrong == []


def test_no_number_is_left_out_or_taken_twice():
    numbers = [int(record.name[:4]) for record in RECORDS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_their_list_has_each_once_and_the_newest_last():
    """A new record needs its line in docs/decisions/index.md."""
    rows = [row.groups() for line in (FOLDER / "index.md").read_text("utf-8").splitlines()
            if (row := ROW.fullmatch(line))]  # fmt: skip
    titles = [TITLE.match(record.read_text("utf-8")).groups() for record in RECORDS]
    assert [row[:3] for row in rows] == [
        (*title, record.name) for title, record in zip(titles, RECORDS, strict=True)
    ]


def test_one_that_holds_no_more_names_what_holds_now():
    """As `> Superseded by [0037](…)`, or `Superseded in part by …`, by a later one."""
    for record in RECORDS:
        for line in re.findall(r"^.*[Ss]uperseded.*$", record.read_text("utf-8"), re.M):
            told = re.match(r"> Superseded (?:in part )?by \[(\d{4})\]\(\1-[a-z0-9-]+\.md\)", line)
            assert told and told[1] > record.name[:4], f"{record.name}: {line}"
