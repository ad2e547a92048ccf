"""What was wrong, in words for people, at the field where it can be put right."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from tearoff.api.v4.fields import BadFields, FieldProblem
from tearoff.coupons.campaigns.option_rules import BadOptions
from tearoff.errors import Invalid, TearoffError
from tearoff.kit.words import Words, phrase

ROLE_NAMES = {
    "owner": phrase("Owner"),
    "manager": phrase("Manager"),
    "editor": phrase("Editor"),
    "sender": phrase("Sender"),
    "staff": phrase("Staff"),
    "reader": phrase("Reader"),
}


class Problems(msgspec.Struct, frozen=True):
    """`fields`: what is wrong with each, by name; `page`: what is wrong with none of them."""

    fields: Mapping[str, str] = {}
    page: str = ""

    def __bool__(self) -> bool:
        return bool(self.fields or self.page)

    def of(self, name: str) -> str:
        return self.fields.get(name, "")

    def without(self, *names: str) -> str:
        """What no field of these says, in one text: nothing that is wrong goes untold."""
        others = [text for name, text in self.fields.items() if name not in names]
        return " ".join(filter(None, (self.page, *others)))


def problems_of(words: Words, error: TearoffError) -> Problems:
    """What an error says about the fields of a form."""
    if isinstance(error, BadFields):
        return Problems({p.field: _told(words, p) for p in reversed(error.problems)})
    if isinstance(error, BadOptions):
        return Problems({name: words(text) for name, text in reversed(error.problems)})
    if isinstance(error, Invalid) and error.field:
        return Problems({error.field: words(str(error))})
    return Problems(page=words(str(error)))


_WRONG = re.compile(r"(?:Invalid|Value|Missing|Too many|Unknown)[\w ]* parameter: [^.]*\. ?")
_NUMBERS = re.compile(r"Use a number from ([\d-]+) to (\d+)\.")
_LENGTH = re.compile(r"Value too long in parameter: \w+\. At most (\d+) characters\.")
_WORDS = re.compile(r"Use one of: (.*)\.")


def _told(words: Words, problem: FieldProblem) -> str:
    """The API's sentence without its grammar."""
    text = problem.detail
    if problem.code == 200:
        return words("This is needed.")
    if found := _LENGTH.fullmatch(text):
        return words("At most {n} characters.", n=found[1])
    rest = _WRONG.sub("", text) or text
    if rest.startswith("Use RFC 3339"):
        return words("Use a day and a time that there is, in a year from 1900 to 2999.")
    if found := _NUMBERS.fullmatch(rest):
        return words("Use a number from {least} to {most}.", least=found[1], most=found[2])
    if found := _WORDS.fullmatch(rest):
        return words("Use one of: {list}.", list=found[1])
    return words(rest)


# Sentences of the fields and rooms below, which are said here in other languages.
SAID_BELOW = (
    phrase("Use a whole number."),
    phrase("Use a text."),
    phrase("Use true or false."),
    phrase("Phone number not valid"),
    phrase("Email address is not valid"),
    phrase("Use a colour: #0b5d4b."),
    phrase("Use a name such as Europe/Brussels."),
    phrase("Use two letters, such as BE."),
    phrase("It cannot be null."),
    phrase("Use a time of day: 22:00."),
    phrase("Name one country or more, or none at all."),
    phrase("Quiet hours have a beginning and an end."),
    phrase("Quiet hours end at another time than they begin."),
    phrase("Use the three letters of a currency, such as EUR."),
    phrase("Use at most eleven plain letters and digits, or a number with its country code."),
    phrase("Give scheme and host alone, such as https://c.shop.example."),
    phrase("Give one to fifty hosts."),
    phrase("This is not a picture that can be read. Use PNG, JPEG or WebP."),
    phrase("Give one or more."),
    phrase("The account has no key with this client id."),
    phrase(
        "There may be 100 API keys, with those that were revoked within 30 days. Roll one instead"
        " of making another."
    ),
    # locations and their devices
    phrase("A PIN has 6 to 8 digits."),
    phrase("Another location has this PIN: each is known by its own."),
    phrase("Use two capital letters (ISO 3166-1), such as BE."),
    phrase("Use an address that begins with https:// or http://."),
    phrase("An account has at most 1,000 locations. Remove those that are closed."),
    phrase(
        "A location has at most 500 devices and open pairing links together. Throw out the devices"
        " that nobody uses, or wait until links that were not used are over (15 minutes)."
    ),
    phrase("There is no such device."),
    # webhooks
    phrase("An account has at most 20 webhooks. Delete one that is not needed any more."),
    phrase("The end of a span comes after its beginning."),
    phrase("A span of this webhook is being sent again already. Wait until all of it is in line."),
)
