"""A service's settings as a form, made from what its adapter declares: to connect one, to change
one, and to ask the service before anything is stored."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.accounts.idempotency import KeyReused
from tearoff.accounts.rights import Right
from tearoff.api.v4 import providers
from tearoff.api.v4.fields import BadFields
from tearoff.errors import Forbidden, NotFound, TearoffError, TryLater
from tearoff.kit.words import Words
from tearoff.messages.connection_views import Kind, Provider, Setting
from tearoff.web.dashboard import forms, pages, prices, provider_words, typed_secrets
from tearoff.web.dashboard.integrations import card_of, kinds_of
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.phone_address import trouble_of
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import NotFoundHere, Visit
from tearoff.web.paper.html import Answer

SETTING, SECRET = "settings.", ".secret"
"""Round the name of a setting, and behind that of a secret: `settings.auth_token.secret` is never
stored with a form that waits for a sign-in."""


class Form(msgspec.Struct, frozen=True):
    """What is connected or changed: `one` is None while it is new."""

    kind: Kind
    one: Provider | None = None

    @property
    def path(self) -> str:
        return f"/integrations/{self.one.id}" if self.one else "/integrations/new"

    @property
    def about(self) -> str:
        return f"{self.kind.kind} {self.one.id if self.one else ''}"

    @property
    def settings(self) -> Mapping[str, str]:
        return self.one.settings if self.one else {}


async def show(visit: Visit) -> Answer:
    return await form_page(visit, await form_of(visit))


async def save(visit: Visit) -> Answer:
    form = await form_of(visit)
    listed = prices.typed_prices(visit.words, visit.typed)
    if listed.is_wrong:
        return await form_page(visit, form, _wrong_prices(visit, listed), listed=listed)
    given = {**_given(visit, form), **_given_prices(visit, form, listed)}
    try:
        if form.one is None:
            made = await _made(visit, given)
            if made is None:
                return to(visit, "/integrations", visit.words("It was connected before."))
            return to(visit, f"/integrations/{made.id}", _connected(visit, made))
        await visit.do(providers.UPDATE, {"id": form.one.id, **given})
    except (NotFound, Forbidden, TryLater):
        raise
    except TearoffError as error:
        return await form_page(visit, form, told(visit, form, error), listed=listed)
    return to(visit, form.path, visit.words("Saved."))


async def _made(visit: Visit, given: Mapping[str, Any]) -> Provider | None:
    """None when this very form was sent before: whatever was typed since, it connects no second
    one."""
    try:
        made: Provider | None = await visit.do(
            providers.CREATE, given, once=visit.typed.text("once")
        )
    except KeyReused:
        return None
    return made


def _connected(visit: Visit, made: Provider) -> str:
    if made.default:
        return visit.words("It is connected and used from now on. Send yourself a test message.")
    return visit.words("It is connected. It is used once it is the first of the list.")


async def try_out(visit: Visit) -> Answer:
    """Ask the service about what stands in the form; nothing is stored. A script gets the answer
    alone."""
    form = await form_of(visit)
    given: dict[str, Any] = {"kind": form.kind.kind, "settings": _settings(visit, form)}
    if form.one is not None:
        given["id"] = form.one.id
    try:
        tried = await visit.do_alone(providers.TRY, given)
    except (NotFound, Forbidden, TryLater):
        raise
    except TearoffError as error:
        return await _tried(visit, form, told(visit, form, error), None)
    said = provider_words.Answer("")
    if tried.result != "ok":
        said = provider_words.spoken(visit.words, tried.reason or "")
    return await _tried(visit, form, Problems(), said)


async def _tried(
    visit: Visit, form: Form, problems: Problems, tried: provider_words.Answer | None
) -> Answer:
    if visit.is_part:
        return pages.part(
            visit, "integration_tried", form=form, problems=problems, tried=tried,
            labels=labels_of(visit, form),
        )  # fmt: skip
    return await form_page(visit, form, problems, tried=tried, status=422 if problems else 200)


async def more_rows(visit: Visit) -> Answer:
    """The price list as typed, with a row more."""
    form = await form_of(visit)
    listed = prices.typed_prices(visit.words, visit.typed)
    if visit.is_part:
        return pages.part(visit, "integration_prices", **_listed(visit, form, listed, is_new=True))
    return await form_page(visit, form, listed=listed, status=200)


# the page -----------------------------------------------------------------------------------


async def form_of(visit: Visit) -> Form:
    """Raises `NotFoundHere` for a kind of service that there is not."""
    kinds = await kinds_of(visit)
    one = await visit.read(providers.GET, id=visit.path["id"]) if "id" in visit.path else None
    wanted = one.kind if one else visit.typed.text("kind") or visit.query.get("kind", "")
    for kind in kinds:
        if kind.kind == wanted:
            return Form(kind, one)
    raise NotFoundHere


async def form_page(
    visit: Visit,
    form: Form,
    problems: Problems | None = None,
    *,
    listed: prices.Prices | None = None,
    status: int = 0,
    **more: Any,
) -> Answer:
    words, one = visit.words, form.one
    title = provider_words.title_of(words, form.kind)
    if listed is None:
        listed = _prices_of(visit, form)
    return await page(
        visit,
        "integration",
        title=(one.name or title) if one else words("Connect: {name}", name=title),
        at="/integrations",
        status=status or (422 if problems else 200),
        **{"tried": None, "message": None, **more},
        problems=problems or Problems(),
        labels=labels_of(visit, form),
        card=card_of(visit, one, await kinds_of(visit)) if one else None,
        fields=[_field(visit, form, s) for s in form.kind.settings if not s.advanced],
        advanced=[_field(visit, form, s) for s in form.kind.settings if s.advanced],
        about=provider_words.told(words, provider_words.ABOUT.get(form.kind.kind)),
        receipts=provider_words.told(words, provider_words.RECEIPTS.get(form.kind.kind)),
        is_unreachable=_is_unreachable(one),
        once=secrets.token_urlsafe(9),
        sealed=typed_secrets.seal(visit, form.about, _typed_secrets(visit, form)),
        followers=await _followers(visit, one) if one else [],
        **_listed(visit, form, listed),
    )


def _is_unreachable(one: Provider | None) -> bool:
    """Whether the address for its receipts is one that the internet does not know."""
    address = one.callback_url if one else None
    return bool(address) and trouble_of(address or "") in ("this_machine", "inside")


def _prices_of(visit: Visit, form: Form) -> prices.Prices:
    if visit.typed.has(prices.DEFAULT):
        return prices.typed_prices(visit.words, visit.typed)
    return prices.stored(form.one.prices if form.one else {}, visit.language)


def _listed(
    visit: Visit, form: Form, listed: prices.Prices, *, is_new: bool = False
) -> dict[str, Any]:
    return {
        "form": form,
        "listed": prices.with_room(listed),
        "countries": sorted(prices.country_names(visit.language).values()),
        "is_new_row": is_new,
    }


async def _followers(visit: Visit, one: Provider) -> list[str]:
    """What takes over when this one is switched off."""
    found, kinds = (await visit.read(providers.LIST)).data, await kinds_of(visit)
    same = [p for p in found if p.channel == one.channel and p.active and p.id != one.id]
    return [provider_words.name_of(visit.words, p, kinds) for p in same]


class Shown(msgspec.Struct, frozen=True):
    """A setting as a field: `since` says when its secret was stored, `is_typed` that one came with
    the form."""

    name: str
    setting: Setting
    label: str
    hint: str
    value: str
    options: list[tuple[str, str]]
    since: Any = None
    is_typed: bool = False


def _field(visit: Visit, form: Form, setting: Setting) -> Shown:
    words = visit.words
    label, help = words(setting.label), words(setting.help)
    is_plain = setting.required or setting.advanced or setting.choices or setting.name == "sender"
    return Shown(
        name=field_name(setting),
        setting=setting,
        label=label if is_plain else words("{label} (optional)", label=label),
        hint=_hint(words, setting, help),
        value=form.settings.get(setting.name, setting.default if setting.choices else ""),
        options=provider_words.choices_of(words, setting),
        since=form.one.secrets.get(setting.name) if form.one and setting.secret else None,
        is_typed=setting.name in _typed_secrets(visit, form),
    )


def _hint(words: Words, setting: Setting, help: str) -> str:
    sentence = f"{help[:1].upper()}{help[1:]}."
    if not setting.default or setting.choices:
        return sentence
    otherwise = words("Left empty: {default}.", default=setting.default)
    return f"{sentence} {otherwise}"


def field_name(setting: Setting) -> str:
    return f"{SETTING}{setting.name}{SECRET if setting.secret else ''}"


def labels_of(visit: Visit, form: Form) -> dict[str, str]:
    """What the fields of the page are called, by their names."""
    words = visit.words
    named = {field_name(s): words(s.label) for s in form.kind.settings}
    return named | {
        "name": words("Name"),
        "reply_numbers": words("Your numbers for answers"),
        "prices": words("Prices"),
        "to": words("To"),
    }


# what was typed -----------------------------------------------------------------------------


def _given(visit: Visit, form: Form) -> dict[str, Any]:
    operation = providers.UPDATE if form.one else providers.CREATE
    plain = forms.given_by(
        operation.body, visit.typed, without=("settings", "prices", "kind", "active")
    )
    if form.one is None:
        plain["kind"] = form.kind.kind
    return {**plain, "settings": _settings(visit, form)}


def _given_prices(visit: Visit, form: Form, listed: prices.Prices) -> dict[str, Any]:
    """All of them: those of countries stay where the form has no rows for them."""
    if not visit.typed.has(prices.DEFAULT):
        return {}
    stays = {} if visit.typed.has(prices.COUNTRY) or form.one is None else form.one.prices
    return {"prices": {**stays, **listed.millionths}}


def _settings(visit: Visit, form: Form) -> dict[str, str]:
    """Those that the form has. What is at its default and was never stored stays unsaid; so does
    a secret that was not typed."""
    typed, given = visit.typed, _typed_secrets(visit, form)
    for setting in form.kind.settings:
        name = field_name(setting)
        if setting.secret or not typed.has(name):
            continue
        value, known = typed.text(name), setting.name in form.settings
        if known or (value and value != setting.default):
            given[setting.name] = value
    return given


def _typed_secrets(visit: Visit, form: Form) -> dict[str, str]:
    """Typed just now, or before the form came back."""
    earlier = typed_secrets.brought(visit, form.about)
    names = [s for s in form.kind.settings if s.secret]
    now = {s.name: visit.typed.text(field_name(s)) for s in names}
    found = {s.name: now[s.name] or earlier.get(s.name, "") for s in names}
    return {name: value for name, value in found.items() if value}


def _wrong_prices(visit: Visit, listed: prices.Prices) -> Problems:
    wrong = [listed.wrong, *(row.wrong for row in listed.rows)]
    return Problems({"prices": next(text for text in wrong if text)})


def told(visit: Visit, form: Form, error: TearoffError) -> Problems:
    """What is wrong, at the fields of the page."""
    if not isinstance(error, BadFields):
        return problems_of(visit.words, error)
    fields = dict(problems_of(visit.words, error).fields)
    secret = {s.name for s in form.kind.settings if s.secret}
    for problem in error.problems:
        if problem.field.startswith(SETTING):
            fields.pop(problem.field, None)
            name = problem.field.removeprefix(SETTING)
            text = problem.detail.partition(f"parameter: {problem.field}. ")[2] or problem.detail
            at = f"{problem.field}{SECRET if name in secret else ''}"
            fields[at] = provider_words.wrong_setting(visit.words, text)
    return Problems(fields)


SCREENS = (
    Screen(path="/integrations/new", right=Right.PROVIDERS, act=show, confirmed=True),
    Screen(
        method="POST", path="/integrations/new", right=Right.PROVIDERS, act=save, confirmed=True
    ),
    Screen(
        method="POST", path="/integrations/new/try", right=Right.PROVIDERS, act=try_out,
        confirmed=True,
    ),
    Screen(
        method="POST", path="/integrations/new/rows", right=Right.PROVIDERS, act=more_rows,
        confirmed=True,
    ),
    Screen(
        method="POST", path="/integrations/{id:int}", right=Right.PROVIDERS, act=save,
        confirmed=True,
    ),
    Screen(
        method="POST", path="/integrations/{id:int}/try", right=Right.PROVIDERS, act=try_out,
        confirmed=True,
    ),
    Screen(
        method="POST", path="/integrations/{id:int}/rows", right=Right.PROVIDERS, act=more_rows,
        confirmed=True,
    ),
)  # fmt: skip
