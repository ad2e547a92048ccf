"""What an alert says: at the bell, on its page and in mails."""

from __future__ import annotations

from datetime import datetime

import msgspec
from babel.numbers import format_currency, format_decimal

from tearoff.alerts import models
from tearoff.alerts.models import Alert
from tearoff.hooks import sentences
from tearoff.kit import times
from tearoff.kit.words import Words, phrase

KIND_NAMES = {
    models.PROVIDER_FAILING: phrase("A service takes no messages"),
    models.RECEIPTS_MISSING: phrase("A service tells of no message whether it arrived"),
    models.WEBHOOK_FAILING: phrase("A webhook has failed for an hour"),
    models.WEBHOOK_OFF: phrase("A webhook was switched off after days of failures"),
    models.POOL_LOW: phrase("A campaign runs out of its own codes"),
    models.BUDGET_NEAR: phrase("A budget is nearly spent"),
    models.CAMPAIGN_ENDS: phrase("A campaign ends within two days"),
    models.PIN_GUESSED: phrase("Somebody guesses PINs"),
    models.PREFIX_SILENT: phrase("Nobody opens what goes to numbers that begin alike"),
}
"""What can be chosen to be told of."""

PAGES = {
    models.PROVIDER_FAILING: "/integrations/{}",
    models.RECEIPTS_MISSING: "/integrations/{}",
    models.WEBHOOK_FAILING: "/webhooks/{}",
    models.WEBHOOK_OFF: "/webhooks/{}",
    models.POOL_LOW: "/campaigns/{}/validation",
    models.BUDGET_NEAR: "/settings#limits",
    models.CAMPAIGN_ENDS: "/campaigns/{}/validity",
    models.PIN_GUESSED: "/locations",
    models.PREFIX_SILENT: "/settings#texts",
}
"""Where something can be done about it, below the account's address."""

_MILLIONTHS = 1_000_000


class Sayer(msgspec.Struct, frozen=True):
    """In whose language, on whose clock and in whose money."""

    words: Words
    zone: str
    currency: str

    def title(self, alert: Alert) -> str:
        """What is the matter, in one sentence."""
        words, facts = self.words, alert.facts
        match alert.kind:
            case models.PROVIDER_FAILING:
                return words("{service} takes no messages", service=facts.name)
            case models.RECEIPTS_MISSING:
                return words("{service} does not tell whether messages arrive", service=facts.name)
            case models.WEBHOOK_FAILING:
                return words("The webhook to {host} fails", host=facts.name)
            case models.WEBHOOK_OFF:
                return words("The webhook to {host} was switched off", host=facts.name)
            case models.POOL_LOW:
                return words.ngettext(
                    "{campaign} has {n} code left", "{campaign} has {n} codes left", facts.n,
                    campaign=facts.name,
                )  # fmt: skip
            case models.BUDGET_NEAR:
                return self._budget(alert)
            case models.CAMPAIGN_ENDS:
                return words("{campaign} ends soon", campaign=facts.name)
            case models.PIN_GUESSED:
                return words("Somebody guesses PINs on your coupons")
            case _:
                return words("Nobody opens what goes to {prefix}…", prefix=alert.subject)

    def line(self, alert: Alert) -> str:
        """What it means, and what would help."""
        words, facts = self.words, alert.facts
        match alert.kind:
            case models.PROVIDER_FAILING:
                said = self._since(facts.at)
                return f"{said} {facts.reason}".strip()
            case models.RECEIPTS_MISSING:
                return words(
                    "Of the last {n} texts and more it told nothing within two hours. Mostly the"
                    " address for receipts is not set at the service, or leads elsewhere.",
                    n=facts.n,
                )
            case models.WEBHOOK_FAILING:
                return words(
                    "{since} What is to be told waits, and goes out once it answers.",
                    since=self._since(facts.at),
                )
            case models.WEBHOOK_OFF:
                return words(
                    "{why} What happens since is kept for a while: mend it, switch it on, and have"
                    " it sent.",
                    why=sentences.said(words, facts.reason),
                )
            case models.POOL_LOW:
                return words("Without a code nobody can get a coupon of it. Add some.")
            case models.BUDGET_NEAR:
                return words(
                    "When all of it is spent, texts are refused until {at}.", at=self._at(facts.at)
                )
            case models.CAMPAIGN_ENDS:
                return words(
                    "On {at}. Coupons that are out then cannot be used any more.",
                    at=times.end_of(facts.at, self.zone, words.language) if facts.at else "",
                )
            case models.PIN_GUESSED:
                return words(
                    "{n} wrong PINs within an hour. Whoever guesses is slowed and coupons are"
                    " locked; a new PIN for your locations makes sure.",
                    n=self._number(facts.n),
                )
            case _:
                return words(
                    "{n} texts within a day, and not one was opened. Sometimes that is somebody"
                    " who earns by texts that others pay: look at who asks for coupons there, and"
                    " at the countries that texts may go to.",
                    n=self._number(facts.n),
                )

    def _budget(self, alert: Alert) -> str:
        words, facts = self.words, alert.facts
        spent = {"spent": self._money(facts.n), "limit": self._money(facts.of)}
        if alert.subject == "spend-day":
            return words("{spent} of the day's {limit} are spent", **spent)
        return words("{spent} of the month's {limit} are spent", **spent)

    def _since(self, at: datetime | None) -> str:
        return self.words("Since {at}.", at=self._at(at)) if at else ""

    def _at(self, at: datetime | None) -> str:
        return times.words_of(at, self.zone, self.words.language) if at else ""

    def _number(self, n: int) -> str:
        return str(format_decimal(n, locale=times.locale_of(self.words.language)))

    def _money(self, millionths: int) -> str:
        locale = times.locale_of(self.words.language)
        return str(format_currency(millionths / _MILLIONTHS, self.currency, locale=locale))
