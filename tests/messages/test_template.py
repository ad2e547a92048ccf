import pytest

from tearoff.messages.template import EmptyField, has_forbidden_characters, render, without_empty

LINK = "https://cpn.example/p/abc/def"


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Your coupon", f"Your coupon {LINK}"),
        ("Open {link} now", f"Open {LINK} now"),
        ("", LINK),
        ("Hi {first_name}", f"Hi Ann {LINK}"),
        ("{a} {} {{link}}", f"{{a}} {{}} {{{LINK}}}"),
        ("{customfield7}{link}", f"seven{LINK}"),
    ],
)
def test_fills(text, rendered):
    assert render(text, {"first_name": "Ann", "customfield7": "seven"}, LINK) == rendered


def test_a_field_is_not_filled_again():
    assert render("{first_name}", {"first_name": "{link}"}, LINK) == f"{{link}} {LINK}"


def test_an_empty_field_in_use_is_an_error():
    with pytest.raises(EmptyField) as error:
        render("Hi {last_name}", {"last_name": ""}, LINK)
    assert error.value.name == "last_name"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{first_name}, your coffee", "your coffee"),
        ("Hi {first_name}!", "Hi!"),
        ("Hi {first_name}, {last_name}'s coffee", "Hi, {last_name}'s coffee"),
        ("{first_name} {customid}", ""),
        ("!Hi {last_name} {50% off}", "!Hi {last_name} {50% off}"),
        ("{link} {frist_name}", "{link} {frist_name}"),
    ],
)
def test_what_is_empty_can_be_left_out(text, left):
    assert without_empty(text, {"first_name": "", "last_name": "Ann"}) == left


@pytest.mark.parametrize("text", ["a\x00b", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_are_forbidden(text):
    assert has_forbidden_characters(text)


def test_line_ends_and_tab_are_fine():
    assert not has_forbidden_characters("a\r\nb\tc ł 😀")
