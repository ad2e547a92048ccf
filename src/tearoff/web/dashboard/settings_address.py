"""The address that the links in messages begin with: which it is, and whether it leads here."""

from __future__ import annotations

from datetime import timedelta

from tearoff.accounts.rights import Right
from tearoff.api.v4 import account, account_address
from tearoff.api.v4.account_address import AddressCheck, CheckedOften
from tearoff.errors import TearoffError
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
    checked, problem = None, ""
    if visit.query.get("check"):
        try:
            checked = await visit.read(account_address.CHECK)
        except CheckedOften:
            problem = visit.words("It was checked often just now. Wait some minutes.")
    return await _page(visit, checked=checked, often=problem)


async def save(visit: Visit) -> Answer:
    try:
        await visit.do(account.UPDATE, given_of(visit))
    except TearoffError as error:
        return await _page(visit, problems_of(visit.words, error), 422)
    return to(visit, f"{AT}#check", said=visit.words("Saved."), check=1)


async def _page(
    visit: Visit,
    problems: Problems | None = None,
    status: int = 200,
    *,
    checked: AddressCheck | None = None,
    often: str = "",
) -> Answer:
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
        steps=_steps(visit, checked) if checked else [],
        ends_soon=_ends_soon(visit, checked),
        often=often,
    )


def _steps(visit: Visit, checked: AddressCheck) -> list[tuple[str, str, str]]:
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


def _ends_soon(visit: Visit, checked: AddressCheck | None) -> bool:
    until = checked.certificate_until if checked else None
    return until is not None and until - visit.now < ENDS_SOON


SCREENS = (
    Screen(path=AT, right=Right.SETTINGS, act=show),
    Screen(method="POST", path=AT, right=Right.SETTINGS, act=save),
)
