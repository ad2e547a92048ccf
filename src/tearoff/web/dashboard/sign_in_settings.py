"""How the account's people sign in: the account's own provider (single sign-on), set up, tried, and
made the only way in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tearoff.accounts.rights import ROLES, Right
from tearoff.accounts.single_sign_on.models import NoOwnerYet, Trouble
from tearoff.api.v4 import single_sign_on as v4
from tearoff.errors import NotFound, TearoffError, TryLater
from tearoff.kit.words import phrase
from tearoff.web.dashboard import pages, sure, typed_secrets
from tearoff.web.dashboard.forms import given_by
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import ROLE_NAMES, Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

_PATH = "/settings/sign-in"
SECRET = "client_secret.secret"  # noqa: S105 - the field's name; such an end is never kept
_FORM = "single sign-on"
_TEXTS = {
    Trouble.AWAY: phrase("The provider does not answer."),
    Trouble.PRIVATE: phrase(
        "This address leads into a private network, which this server does not call. Whoever runs"
        " the server can allow it: TEAROFF_ALLOWED_HOSTS."
    ),
    Trouble.PLAIN: phrase("All addresses of a provider begin with https://."),
    Trouble.NOT_FOUND: phrase(
        "At this address nothing describes how to sign in. Use the issuer's address: the one"
        " in front of /.well-known/openid-configuration."
    ),
    Trouble.GARBAGE: phrase("What the provider answers is not what OpenID Connect asks for."),
    Trouble.OTHER_ISSUER: phrase("The provider calls itself by another address. Use that one:"),
    Trouble.NO_CODE: phrase(
        "The provider does not offer signing in by a code (authorization code flow)."
    ),
    Trouble.NO_METHOD: phrase(
        "The provider takes the secret neither by client_secret_basic nor by client_secret_post."
    ),
    Trouble.NO_KEYS: phrase("The provider shows no key by which its answers could be checked."),
}
SAID_BELOW = (
    phrase("Use domains, such as shop.example."),
    phrase("It is needed the first time."),
    phrase("Give the secret again: the one that is stored goes to no other issuer."),
)


async def show(visit: Visit) -> Answer:
    return await _page(visit)


async def save(visit: Visit) -> Answer:
    before = await visit.read(v4.GET)
    try:
        done = await visit.do(v4.SAVE, _given(visit))
    except (NotFound, TryLater):
        raise
    except TearoffError as error:
        return await _page(visit, _problems(visit, error))
    return to(visit, _PATH, said=_saved(visit, before, done))


def _saved(visit: Visit, before: v4.SingleSignOn, done: v4.SingleSignOn) -> str:
    words = visit.words
    if before.only and not done.only:
        return words(
            "Saved. Passwords are good again until an owner has come in by the provider as it is"
            " now."
        )
    if done.owner_came_in_at is None:
        return words("Saved. Now come in by it once: open the sign-in address below.")
    return words("Saved.")


async def try_out(visit: Visit) -> Answer:
    """Asks the provider about what stands in the form; nothing is stored. A script gets the answer
    alone."""
    issuer = visit.typed.text("issuer")
    try:
        tried = await visit.do_alone(v4.TRY, {"issuer": issuer})
    except TearoffError as error:
        problems = _problems(visit, error)
        if visit.is_part:
            return pages.part(visit, "sign_in_tried", problems=problems, tried=None, said="")
        return await _page(visit, problems)
    said = visit.words(_TEXTS[Trouble(tried.reason)]) if tried.reason else ""
    if visit.is_part:
        return pages.part(visit, "sign_in_tried", problems=Problems(), tried=tried, said=said)
    return await _page(visit, tried=tried, said=said)


# the only way in --------------------------------------------------------------------------------


async def ask_only(visit: Visit) -> Answer:
    """What it means is said before it is done."""
    known, words = await visit.read(v4.GET), visit.words
    if known.issuer is None or known.only or known.owner_came_in_at is None:
        return to(visit, f"{_PATH}#only")
    return await sure.ask(
        visit,
        title=words("Only by {name}?", name=known.name),
        text=words(
            "From then on nobody comes into this account by password or passkey, you neither."
            " Whoever is signed in that way is asked to come in by {name} at the next click. If the"
            " provider fails one day, whoever runs the server opens the other ways with one"
            " command.",
            name=known.name,
        ),
        button=words("Close the other ways"),
        action=f"{_PATH}/only",
        back=visit.address(_PATH),
        at="/settings",
    )


async def close(visit: Visit) -> Answer:
    words = visit.words
    if not visit.typed.is_ticked(sure.YES):
        return await ask_only(visit)
    try:
        done = await visit.do(v4.SET_ONLY, {"only": True})
    except NoOwnerYet:
        told = words("An owner has to come in by the provider once before the others are closed.")
        return await _page(visit, Problems(page=told), status=409)
    return to(visit, _PATH, said=words("Only by {name} from now on.", name=done.name))


async def open_again(visit: Visit) -> Answer:
    await visit.do(v4.SET_ONLY, {"only": False})
    return to(visit, _PATH, said=visit.words("Passwords are good again, beside the provider."))


async def remove(visit: Visit) -> Answer:
    known = await visit.read(v4.GET)
    if known.issuer is not None:
        await visit.do(v4.REMOVE, {})
    return to(visit, _PATH, said=visit.words("Single sign-on is switched off and forgotten."))


# the form ---------------------------------------------------------------------------------------


def _given(visit: Visit) -> dict[str, Any]:
    """A secret that was not typed is not said: the stored one stays."""
    typed = visit.typed
    given = given_by(v4.FIELDS, typed, without=("roles", "client_secret", "domains"))
    if typed.has("roles"):
        given["roles"] = _roles(visit)
    if typed.has("domains"):
        given["domains"] = [word for word in re.split(r"[\s,;]+", typed.text("domains")) if word]
    secret = _secret(visit)
    return {**given, "client_secret": secret} if secret else given


def _secret(visit: Visit) -> str:
    """Typed just now, or before the form came back."""
    now = visit.typed.text(SECRET)
    return now or typed_secrets.brought(visit, _FORM).get("client_secret", "")


def _roles(visit: Visit) -> dict[str, str]:
    """Lines as `value = role`; a role by its name in the person's language too. What is no role
    stays as it is: its field says what would be right."""
    names = {visit.words(name).casefold(): role for role, name in ROLE_NAMES.items()}
    found = {}
    for line in visit.typed.lines("roles"):
        value, _, role = line.rpartition("=")
        key = role.strip().casefold()
        found[value.strip() or line] = names.get(key, key if value else "")
    return found


def _problems(visit: Visit, error: TearoffError) -> Problems:
    told = problems_of(visit.words, error)
    fields = dict(told.fields)
    if "client_secret" in fields:
        fields[SECRET] = fields.pop("client_secret")
    if "roles" in fields:
        roles = ", ".join(ROLES)
        fields["roles"] = visit.words("Write each line as: value = role. Roles: {roles}.",
                                      roles=roles)  # fmt: skip
    return Problems(fields, told.page)


def _labels(visit: Visit) -> Mapping[str, str]:
    words = visit.words
    return {
        "name": words("What the button says"),
        "issuer": words("Issuer"),
        "client_id": words("Client ID"),
        SECRET: words("Client secret"),
        "scopes": words("Scopes"),
        "domains": words("Domains of their addresses"),
        "role_claim": words("Claim that tells roles"),
        "roles": words("Roles by its values"),
        "default_role": words("Who may come in"),
    }


async def _page(
    visit: Visit,
    problems: Problems | None = None,
    *,
    tried: v4.ProviderAnswer | None = None,
    said: str = "",
    status: int = 0,
) -> Answer:
    known, words, secret = await visit.read(v4.GET), visit.words, _secret(visit)
    default_roles = [(v4.INVITED, words("Only people who were invited"))]
    default_roles += [
        (role, words("Everybody the provider lets in, as: {role}", role=words(ROLE_NAMES[role])))
        for role in v4.DEFAULTS[1:]
    ]
    return await page(
        visit,
        "settings_sign_in",
        title=words("Sign-in"),
        at="/settings",
        status=status or (422 if problems else 200),
        problems=problems or Problems(),
        labels=_labels(visit),
        known=known,
        secret_field=SECRET,
        is_typed=bool(secret),
        sealed=typed_secrets.seal(visit, _FORM, {"client_secret": secret} if secret else {}),
        roles="\n".join(f"{value} = {role}" for value, role in known.roles.items()),
        role_list=", ".join(ROLES),
        default_roles=default_roles,
        tried=tried,
        said_of_provider=said,
    )


SCREENS = (
    Screen(path=_PATH, right=Right.SIGN_IN, act=show, confirmed=True),
    Screen(method="POST", path=_PATH, right=Right.SIGN_IN, act=save, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/try", right=Right.SIGN_IN, act=try_out, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/only", right=Right.SIGN_IN, act=close, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/open", right=Right.SIGN_IN, act=open_again,
           confirmed=True),
    Screen(method="POST", path=f"{_PATH}/remove", right=Right.SIGN_IN, act=remove, confirmed=True),
)  # fmt: skip
