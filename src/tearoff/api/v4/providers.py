"""`/v4/providers`: the account's connections to SMS and e-mail services, and `/v4/routes`: which
one is used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from tearoff.accounts.rights import Right
from tearoff.api.call import Call, claim, keep
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import provider_fields as pf
from tearoff.api.v4 import provider_shapes as shapes
from tearoff.api.v4.operation import Operation, encode
from tearoff.api.v4.pages import Page
from tearoff.api.v4.provider_shapes import ProviderTest
from tearoff.distribution import trial
from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.phone import Phone
from tearoff.messages import connection_changes, connection_checks, connections
from tearoff.messages import connection_views as views
from tearoff.messages.connection_changes import Changes, merged
from tearoff.messages.connection_views import Kind, Provider, Route
from tearoff.messages.connections import ConnectionNotFound, NewConnection
from tearoff.messages.models import Connection
from tearoff.messages.open_connections import surroundings_of
from tearoff.providers import registry
from tearoff.providers.base import Accepted, NoAnswer, Outcome, Surroundings

TAG = "Providers"


async def list_kinds(call: Call, db: Handle) -> Page[Kind]:
    return Page([views.show_kind(kind) for kind in registry.KINDS])


async def list_providers(call: Call, db: Handle) -> Page[Provider]:
    """All of them: an account has at most 200."""
    return Page(await views.all_shown(db, call.doors.services, call.account.id))


async def get_provider(call: Call, db: Handle) -> Provider:
    return await _shown(call, db, call.given["id"])


async def create_provider(call: Call, db: Any) -> Provider:
    given = call.given
    prices = dict(given.get("prices", {}))
    new = NewConnection(
        kind=given["kind"],
        settings=merged(given["kind"], {}, given.get("settings", {})),
        segment_price=prices.pop("*", 0),
        country_prices=prices,
        name=given.get("name", ""),
        reply_numbers=given.get("reply_numbers", ()),
    )
    vault = call.doors.services.vault
    with telling_of_settings():
        made = await connections.add_connection(
            db, vault, call.account.id, new, _surroundings(call)
        )
    return await _shown(call, db, made.id)


async def update_provider(call: Call, db: Any) -> Provider:
    given = call.given
    prices = dict(given["prices"]) if "prices" in given else None
    changes = Changes(
        settings=given.get("settings", {}),
        name=given.get("name", UNSET),
        active=given.get("active", UNSET),
        segment_price=UNSET if prices is None else prices.pop("*", 0),
        country_prices=UNSET if prices is None else prices,
        reply_numbers=given.get("reply_numbers", UNSET),
    )
    vault = call.doors.services.vault
    with telling_of_settings():
        await connection_changes.update(
            db, vault, call.account.id, given["id"], changes, _surroundings(call), call.now
        )
    return await _shown(call, db, given["id"])


async def delete_provider(call: Call, db: Any) -> None:
    await connection_changes.switch_off(db, call.account.id, call.given["id"])


async def try_settings(call: Call) -> tuple[int, bytes]:
    """Before they are stored. What is not given is taken from the connection that is named."""
    given, services = call.given, call.doors.services
    kind, connection_id = given.get("kind", ""), given.get("id")
    if connection_id is not None:
        one = await connections.of_account(services.db, call.account.id, connection_id)
        if kind not in ("", one.kind):
            text = f"Invalid value in parameter: kind. This provider is of kind {one.kind}."
            raise f.wrong("kind", 302, text)
    elif not kind:
        raise f.wrong("kind", 200, "Missing parameter: kind")
    with telling_of_settings():
        problem = await connection_checks.try_out(
            services, call.account.id, given.get("settings", {}), kind=kind,
            connection_id=connection_id,
        )  # fmt: skip
    return 200, encode(ProviderTest("failed" if problem else "ok", problem or None, None))


async def test_provider(call: Call) -> tuple[int, bytes]:
    """Ask the service whether it takes the credentials, then send a message, if one is asked for.
    Under an Idempotency-Key no second one is ever sent."""
    services = call.doors.services
    one = await connections.of_account(services.db, call.account.id, call.given["id"])
    to = _receiver(call, one)
    with telling_of_settings():
        problem = await connection_checks.ask_of_stored(services, one)
    if problem:
        return 200, encode(ProviderTest("failed", problem, None))
    if to is None:
        return 200, encode(ProviderTest("ok", None, None))
    async with services.db.transaction() as db:
        await claim(db, call)
        begun = await trial.begin(
            db, call.account, one, to, now=call.now, lease=services.settings.send_lease,
            link_host=services.settings.link_host,
        )  # fmt: skip
        await call.note(db, "provider.test", subject=str(one.id))
        await keep(db, call, 200, encode(ProviderTest("unknown", None, begun.message.id)))
    outcome = await trial.carry_out(services, call.doors.links, begun)
    told = encode(_tested(outcome, begun.message.id))
    await keep(services.db, call, 200, told)
    return 200, told


async def list_routes(call: Call, db: Handle) -> Page[Route]:
    return Page(views.routes_of(await connections.connections_of(db, call.account.id)))


async def set_route(call: Call, db: Any) -> Page[Route]:
    given = call.given
    try:
        await connection_changes.set_order(
            db, call.account.id, given["channel"], given["providers"]
        )
    except ConnectionNotFound:
        text = "Invalid value in parameter: providers. Use providers of your own, of this channel."
        raise f.wrong("providers", 302, text) from None
    return await list_routes(call, db)


async def check_given(call: Call) -> None:
    """Where the settings lead, asked before any transaction."""
    given = call.given
    with telling_of_settings():
        await connection_checks.check_given(
            call.doors.services, call.account.id, given.get("settings", {}),
            kind=given.get("kind", ""), connection_id=given.get("id"),
        )  # fmt: skip


@contextlib.contextmanager
def telling_of_settings() -> Iterator[None]:
    """What is wrong with a setting is told of the field `settings.{name}`."""
    try:
        yield
    except f.BadFields:
        raise
    except Invalid as error:
        if not error.field:
            raise
        name = f"settings.{error.field}"
        text = str(error).removeprefix(f"{error.field}: ")
        raise f.wrong(name, 300, f"Invalid value in parameter: {name}. {text}") from None


def _receiver(call: Call, one: Connection) -> Phone | str | None:
    given = call.given.get("to")
    try:
        return None if given is None else trial.read_receiver(call.account, one, given)
    except Invalid as error:
        raise f.wrong("to", 301, f"Invalid value in parameter: to. {error}") from None


async def _shown(call: Call, db: Handle, connection_id: int) -> Provider:
    return await views.shown(db, call.doors.services, call.account.id, connection_id)


def _tested(outcome: Outcome, message_id: int) -> ProviderTest:
    if isinstance(outcome, Accepted):
        return ProviderTest("ok", None, message_id)
    result = "unknown" if isinstance(outcome, NoAnswer) else "failed"
    return ProviderTest(result, outcome.text, message_id)


def _surroundings(call: Call) -> Surroundings:
    return surroundings_of(call.doors.services)


_TEST = ProviderTest("ok", None, 62391478206464001)

KINDS = Operation(
    method="GET",
    path="/v4/providers/kinds",
    tag=TAG,
    right=Right.PROVIDERS,
    summary="The kinds of services that can be connected, with the settings of each.",
    act=list_kinds,
    errors=(201,),
    answers={200: ("The kinds.", Page[Kind])},
    example=Page([views.show_kind("log")]),
)
LIST = Operation(
    method="GET",
    path="/v4/providers",
    tag=TAG,
    right=Right.PROVIDERS,
    summary="The account's providers, on one page: of each channel those that are used first.",
    act=list_providers,
    errors=(201,),
    answers={200: ("The providers.", Page[Provider])},
    example=Page([shapes.NEW]),
)
CREATE = Operation(
    method="POST",
    path="/v4/providers",
    tag=TAG,
    right=Right.PROVIDERS,
    verb="provider.create",
    summary="Connect the account to a service. The first of a channel is used at once; later"
    " ones come after it.",
    body=(pf.KIND, pf.SETTINGS, pf.NAME, pf.PRICES, pf.REPLY_NUMBERS),
    before=check_given,
    act=create_provider,
    errors=(200, 201, 300, 301, 302, 409, 422, 516),
    answers={201: ("The provider.", Provider)},
    example=shapes.EXAMPLE,
)
TRY = Operation(
    method="POST",
    path="/v4/providers/test",
    tag=TAG,
    right=Right.PROVIDERS,
    summary="Ask a service whether it takes these settings, before they are stored. With `id`,"
    " what is not given is taken from that provider.",
    body=(pf.KIND_OF_TEST, pf.SETTINGS, pf.ID_OF_TEST),
    act_alone=try_settings,
    errors=(200, 201, 300, 301, 302, 501),
    answers={200: ("What the service says.", ProviderTest)},
    example=ProviderTest("ok", None, None),
)
GET = Operation(
    method="GET",
    path="/v4/providers/{id}",
    tag=TAG,
    right=Right.PROVIDERS,
    summary="One provider.",
    path_fields=(pf.ID,),
    act=get_provider,
    errors=(404, 501),
    answers={200: ("The provider.", Provider)},
    example=shapes.NEW,
)
UPDATE = Operation(
    method="PATCH",
    path="/v4/providers/{id}",
    tag=TAG,
    right=Right.PROVIDERS,
    verb="provider.change",
    look=get_provider,
    summary="Change a provider, or switch it off or on. What is not given stays, each setting"
    " by itself: a secret as it is stored, and the callback address always. To send a stored"
    " secret to another address, give it again. `prices` are replaced as a whole.",
    path_fields=(pf.ID,),
    body=(pf.SETTINGS, pf.NAME, pf.ACTIVE, pf.PRICES, pf.REPLY_NUMBERS),
    before=check_given,
    act=update_provider,
    errors=(201, 300, 301, 302, 404, 409, 422, 501),
    answers={200: ("The provider as it is then.", Provider)},
    example=shapes.EXAMPLE,
)
DELETE = Operation(
    method="DELETE",
    path="/v4/providers/{id}",
    tag=TAG,
    right=Right.PROVIDERS,
    verb="provider.switch_off",
    look=get_provider,
    summary="Switch a provider off. Receipts of its messages, and replies, are taken in as before.",
    path_fields=(pf.ID,),
    act=delete_provider,
    errors=(404, 409, 422, 501),
    answers={204: ("It is off.", None)},
)
TEST = Operation(
    method="POST",
    path="/v4/providers/{id}/test",
    tag=TAG,
    right=Right.PROVIDERS,
    verb="provider.test",
    summary="Ask the service whether it takes the credentials and, with `to`, send one test"
    " message to a number or an address of your own.",
    path_fields=(pf.ID,),
    body=(pf.TO,),
    act_alone=test_provider,
    errors=(201, 301, 404, 409, 422, 501, 602, 605),
    answers={200: ("What the service says.", ProviderTest)},
    example=_TEST,
)
ROUTES = Operation(
    method="GET",
    path="/v4/routes",
    tag=TAG,
    right=Right.PROVIDERS,
    summary="Which provider each channel uses: the first that is switched on. The next one is"
    " used once that is switched off; a message is never sent again by another one.",
    act=list_routes,
    errors=(201,),
    answers={200: ("The channels.", Page[Route])},
    example=Page([Route("sms", [100001, 100002]), Route("email", [])]),
)
SET_ROUTE = Operation(
    method="PUT",
    path="/v4/routes",
    tag=TAG,
    right=Right.PROVIDERS,
    verb="route.set",
    summary="Put the providers of a channel into order. Those that are not named follow as they"
    " stood.",
    body=(
        f.words_field("channel", registry.CHANNELS, "Channel.", "sms", required=True),
        pf.PROVIDERS,
    ),
    act=set_route,
    errors=(200, 201, 300, 301, 302, 409, 422),
    answers={200: ("The channels as they are then.", Page[Route])},
    example=Page([Route("sms", [100001, 100002]), Route("email", [])]),
)

OPERATIONS = (KINDS, LIST, CREATE, TRY, GET, UPDATE, DELETE, TEST, ROUTES, SET_ROUTE)
