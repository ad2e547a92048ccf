"""What there is to say of services, in the person's language: what each kind is for, how one is
doing, and what it answered."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tearoff.kit.words import Words, phrase
from tearoff.messages.connection_views import Kind, Provider, Setting
from tearoff.web.dashboard.standings import REASONS, Standing

SECTIONS = (("sms", phrase("SMS marketing")), ("email", phrase("E-mail marketing")))

ABOUT = {
    "log": phrase("For trying everything out: messages are written to a log and reach nobody."),
    "twilio": phrase("Text messages worldwide, with your Account SID and Auth Token."),
    "smpp": phrase("A direct line to an operator or an SMS centre that gave you an SMPP login."),
    "http": phrase("Any other SMS service that takes messages over the web."),
    "smtp": phrase("Your own mail server, or a mail service that gave you an SMTP login."),
}
TITLES = {
    "log": phrase("Trial: into a log"),
    "smpp": phrase("SMS over SMPP"),
    "http": phrase("Other SMS service (HTTP)"),
    "smtp": phrase("Mail server (SMTP)"),
}
"""Where the name that a kind has for itself is one that only those know who speak English."""

RECEIPTS = {
    "twilio": phrase(
        "Receipts need nothing more. For answers such as STOP, paste this at your number with"
        " Twilio, under “A message comes in”."
    ),
    "http": phrase("Give it to the service as the address for receipts and for answers."),
}

STATES = {
    "working": Standing("ok", phrase("Working")),
    "failing": Standing("no", phrase("Failing")),
    "new": Standing("info", phrase("Not used yet")),
    "off": Standing("dull", phrase("Switched off")),
}

CHOICES = {
    "true": phrase("Yes"),
    "false": phrase("No"),
    "starttls": phrase("Encrypted (STARTTLS, usual)"),
    "tls": phrase("Encrypted from the start (TLS)"),
    "security none": phrase("Not encrypted"),
    "auth none": phrase("Nothing"),
    "basic": phrase("Login and password"),
    "bearer": phrase("Token"),
    "failure none": phrase("Nothing fails"),
}

MOST_SAID = 300
"""Characters of what a service says that a page shows."""

_SAID = (
    *REASONS.values(),
    phrase("The mailbox could not be reached."),
    phrase("The email provider does not allow this sender."),
    phrase("The message was blocked as unwanted or not allowed."),
    phrase("The message is too large for the email provider."),
    phrase("The email provider asks to try again later."),
    phrase("The email provider does not accept the credentials of this account."),
    phrase("The email provider could not be reached. Nothing was sent."),
    phrase("The email provider refused the message."),
    phrase("The service did not answer in time."),
    phrase("The SMS provider did not answer in time."),
    phrase("The SMS provider's answer could not be read."),
    phrase("The connection to the SMS provider broke before its answer."),
    phrase("The settings cannot be opened with the key of this server."),
)
"""How sentences begin that the rooms below make, longest first where one begins another."""

_OPENINGS = (
    ("The mail server said ", phrase("The mail server said: {told}")),
    ("The mail server cannot be used: ", phrase("The mail server cannot be used: {told}")),
    ("The SMSC does not accept the login: ", phrase("The SMSC does not accept the login: {told}")),
    ("The SMSC cannot be reached: ", phrase("The SMSC cannot be reached: {told}")),
    ("Twilio answers with status ", phrase("Twilio answers with an error of its own: {told}")),
    ("Twilio says that the account is ", phrase("Twilio says that the account is {told}")),
    (
        "The SMS provider answered with an error of its own ",
        phrase("The SMS provider answered with an error of its own: {told}"),
    ),
)


class Answer(msgspec.Struct, frozen=True):
    """`said`: in the person's language; `own`: the service's own words behind it, cut; `advice`:
    what to do about it."""

    said: str
    own: str = ""
    advice: str = ""


def spoken(words: Words, text: str) -> Answer:
    """What a service answered, or what its silence means."""
    for sentence in sorted(_SAID, key=len, reverse=True):
        if text.startswith(sentence):
            own = _cut(text[len(sentence) :])
            return Answer(words(sentence), own, told(words, _ADVICE.get(sentence)))
    for opening, sentence in _OPENINGS:
        if text.startswith(opening):
            return Answer(words(sentence, told=_cut(text[len(opening) :])))
    return Answer(_cut(text))


_LOGIN = phrase("Copy the login and the password or token once more from the service's own site.")
_ADVICE = {
    phrase("The SMS provider does not accept the credentials of this account."): _LOGIN,
    phrase("The email provider does not accept the credentials of this account."): _LOGIN,
    phrase("The SMS provider reports no credit left."): phrase(
        "Add credit with the service; then messages go out again."
    ),
    phrase("The SMS provider could not be reached. Nothing was sent."): phrase(
        "Look at the address, and whether the service has a disturbance."
    ),
}


def told(words: Words, sentence: str | None) -> str:
    """ "" for none: what catalogs have under "" is their own header."""
    return words(sentence) if sentence else ""


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_SAID else f"{text[:MOST_SAID].rstrip()}…"


def title_of(words: Words, kind: Kind) -> str:
    return words(TITLES[kind.kind]) if kind.kind in TITLES else kind.title


def name_of(words: Words, one: Provider, kinds: Sequence[Kind]) -> str:
    """What its people call it, else what it is."""
    kind = next(kind for kind in kinds if kind.kind == one.kind)
    return one.name or title_of(words, kind)


def choices_of(words: Words, setting: Setting) -> list[tuple[str, str]]:
    """What a select offers: the value, and what it is called."""
    return [
        (value, words(CHOICES.get(f"{setting.name} {value}") or CHOICES.get(value, value)))
        for value in setting.choices
    ]


# what is wrong with a setting ---------------------------------------------------------------

_NEEDED = re.compile(r"\w+ needs it: .*", re.S)
_RANGE = re.compile(r"use a whole number from (\d+) to (\d+)\.")
_ONE_OF = re.compile(r"use one of:? (.*)\.", re.I)

SAID_OF_SETTINGS = (
    phrase("Must be AC and 32 hexadecimal digits."),
    phrase("Must be MG and 32 hexadecimal digits."),
    phrase("Give a sender or a messaging_service_sid."),
    phrase("Give it again: a stored secret is not sent to another address."),
    phrase("It leads to a private or special address."),
    phrase("The host cannot be found."),
    phrase("This is no host."),
    phrase("Use two letters, such as BE."),
    phrase("Use a name or an address alone, without port or path."),
    phrase("A password is only sent encrypted: use starttls or tls."),
    phrase("A username needs one."),
    phrase("GET has no body: use query."),
    phrase("Must have {to} or {to_digits} somewhere."),
    phrase("Use two words with a comma, such as text,unicode."),
)


def wrong_setting(words: Words, problem: str) -> str:
    """What an adapter says of one of its settings, as a sentence."""
    if _NEEDED.fullmatch(problem):
        return words("This is needed.")
    if found := _RANGE.fullmatch(problem):
        return words("Use a number from {least} to {most}.", least=found[1], most=found[2])
    if found := _ONE_OF.fullmatch(problem):
        return words("Use one of: {list}.", list=found[1])
    return told(words, _cut(problem[:1].upper() + problem[1:]))
