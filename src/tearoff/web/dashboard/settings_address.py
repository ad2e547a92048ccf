"""The address that the links in messages begin with: which it is, and whether it leads here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tearoff.accounts.actions import read_link_host
from tearoff.accounts.rights import Right
from tearoff.api.v4 import account, account_address
from tearoff.api.v4.account_address import AddressCheck, CheckedOften
from tearoff.errors import TearoffError
from tearoff.kit.address_check import AddressStep
from tearoff.kit.words import phrase
from tearoff.web.dashboard import phone_address
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.settings import given_of
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

AT = "/settings/address"
ENDS_SOON = timedelta(days=14)

STEPS = {
    "name": phrase("The name leads somewhere"),
    "connection": phrase("A server answers there"),
    "certificate": phrase("Its certificate is good"),
    "answer": phrase("It is this server"),
}
PROBLEMS = {
    "no_name": phrase(
        "The name is not known. At whoever keeps your domain, add an entry (CNAME or A) for it that"
        " leads to this server. A new entry can take an hour."
    ),
    "private": phrase(
        "The name leads into a private network, which phones cannot reach. Let its entry name the"
        " public address of this server."
    ),
    "refused": phrase(
        "Nobody listens there. Start the proxy or the server that shall answer, and open the port"
        " in its firewall."
    ),
    "silent": phrase(
        "Nothing came back within five seconds. Mostly a firewall is shut, or the name leads to"
        " another machine."
    ),
    "no_tls": phrase(
        "What answers there does not speak https. Let your proxy serve this name with a"
        " certificate."
    ),
    "expired": phrase("The certificate has run out. Let your proxy get a new one."),
    "other_name": phrase(
        "The certificate is for another name. Add this name to your proxy, so that it gets one for"
        " it."
    ),
    "self_signed": phrase(
        "The certificate was made by the server itself, and phones warn of it. Get one of an"
        " authority, such as Let's Encrypt."
    ),
    "unknown_issuer": phrase(
        "Phones do not know who issued the certificate. Mostly the chain is not whole: serve the"
        " certificate together with those between."
    ),
    "no_answer": phrase("The connection broke before an answer came."),
    "somebody_else": phrase(
        "Another program answers there. Let your proxy hand this name on to Tearoff."
    ),
    "plain": phrase(
        "Without https there is none: phones warn of it, and the counter's camera stays off."
    ),
}


async def show(visit: Visit) -> Answer:
    """`check=1`: asks, which can take some seconds."""
    checked, often = None, False
    if visit.query.get("check"):
        try:
            checked = await _asked(visit)
        except CheckedOften:
            often = True
    return await _page(visit, checked=checked, often=often)


async def save(visit: Visit) -> Answer:
    """An address that leads nowhere would make every link in messages dead: it is stored by
    somebody who says so alone."""
    given = given_of(visit)
    try:
        await stop_dead_links(visit, given)
        await visit.do(account.UPDATE, given)
    except LeadsNowhere as stopped:
        often, told = stopped.checked is None, not_saved(visit)
        return await _page(visit, told, 422, checked=stopped.checked, often=often, asks=True)
    except TearoffError as error:
        return await _page(visit, problems_of(visit.words, error), 422)
    return to(visit, f"{AT}#check", said=visit.words("Saved."), check=1)


ANYWAY = "anyway"
"""The box of whoever wants an address all the same."""


class LeadsNowhere(TearoffError):
    """A new address does not lead to this server. `checked` None: it was not asked once more."""

    def __init__(self, checked: AddressCheck | None) -> None:
        super().__init__()
        self.checked = checked


async def stop_dead_links(visit: Visit, given: Mapping[str, Any]) -> None:
    """Raises `LeadsNowhere` for a new address in `given`, and what its field refuses."""
    typed = given.get("link_host")
    if not typed or visit.typed.is_ticked(ANYWAY):
        return
    visit.call(account.UPDATE, given)  # what is wrong besides is told first
    if read_link_host(typed) == visit.account.link_host:
        return
    try:
        checked = await _asked(visit, link_host=typed)
    except CheckedOften:
        raise LeadsNowhere(None) from None
    if checked.steps[-1] != AddressStep("answer"):
        raise LeadsNowhere(checked)


async def _asked(visit: Visit, **given: str) -> AddressCheck:
    """The world outside has longer than the database (`patiently`): each step ends by itself."""
    call = visit.call(account_address.CHECK, given)
    return await account_address.check_address(call, visit.services.db)


def not_saved(visit: Visit) -> Problems:
    told = visit.words("This address does not lead to this server. Nothing is saved.")
    return Problems({"link_host": told})


async def _page(
    visit: Visit,
    problems: Problems | None = None,
    status: int = 200,
    *,
    checked: AddressCheck | None = None,
    often: bool = False,
    asks: bool = False,
) -> Answer:
    """`asks`: whether the address that was typed, and does not lead here, is wanted all the
    same."""
    known = await visit.read(account.GET)
    return await page(
        visit,
        "settings_address",
        title=visit.words("Address of your links"),
        at="/settings",
        status=status,
        problems=problems,
        account=known,
        own_link_host=visit.account.link_host or "",
        phone=phone_address.of(visit),
        checked=checked,
        steps=steps_of(visit, checked) if checked else [],
        ends_soon=ends_soon(visit, checked),
        often=often,
        asks=asks,
    )


def steps_of(visit: Visit, checked: AddressCheck) -> list[tuple[str, str, str]]:
    """Of each: kind of badge, what it is about, and what is wrong."""
    words, met = visit.words, {step.name: step.problem for step in checked.steps}
    return [
        (_kind(met.get(name)), words(said), words(PROBLEMS[met[name]]) if met.get(name) else "")
        for name, said in STEPS.items()
    ]


def _kind(problem: str | None) -> str:
    if problem is None:
        return "dull"
    return {"": "ok", "plain": "warn"}.get(problem, "no")


def ends_soon(visit: Visit, checked: AddressCheck | None) -> bool:
    until = checked.certificate_until if checked else None
    return until is not None and until - visit.now < ENDS_SOON


SCREENS = (
    Screen(path=AT, right=Right.SETTINGS, act=show),
    Screen(method="POST", path=AT, right=Right.SETTINGS, act=save),
)
