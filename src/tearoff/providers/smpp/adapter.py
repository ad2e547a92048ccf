"""`smpp`: the adapter that the rest of Tearoff sees."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from tearoff.kit import clock
from tearoff.kit.http import resolve_public
from tearoff.kit.words import phrase
from tearoff.providers.base import (
    IN_USE,
    Accepted,
    Field,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Receipt,
    Surroundings,
    Take,
    WithoutCallbacks,
    refused,
)
from tearoff.providers.smpp import pdu, submits
from tearoff.providers.smpp.inbound import Inbox
from tearoff.providers.smpp.link import Address, BindRefused, Link
from tearoff.providers.smpp.pace import Busy
from tearoff.providers.smpp.session import LinkLost, NoResponse, NotBound
from tearoff.providers.smpp.settings import FIELDS, read_settings

TIME_LIMIT = 10.0
"""Seconds from the call in which a message is written, and written again when the SMSC said
that it was too much: it was certainly not taken then."""
REST_LIMIT = 5.0
"""Seconds that the later parts have in any case: a message in halves helps nobody."""
TRY_LATER = 5.0
DRAIN_LIMIT = 10.0
"""Seconds that messages under way have for their answers when the link is closed."""
STORE_LIMIT = 2.0
"""Seconds after that for receipts that are being stored; the SMSC repeats the others."""


class SmppProvider(WithoutCallbacks):
    kind: ClassVar[str] = "smpp"
    title: ClassVar[str] = phrase("SMPP (operators and aggregators)")
    fields: ClassVar[Sequence[Field]] = FIELDS

    def __init__(self, settings: Mapping[str, str], surroundings: Surroundings) -> None:
        self._settings = read_settings(settings)
        self._surroundings = surroundings
        self._inbox = Inbox(self._settings.alphabet, self._settings.id_format, clock.now)
        self._take: Take | None = None
        self._link: Link | None = None
        self._is_closed = False
        self._under_way = 0
        self._is_idle = asyncio.Event()
        self._reference = random.randrange(0x10000)  # noqa: S311 (ties parts together, no secret)

    # Provider ----------------------------------------------------------------------------

    async def send(self, message: Outgoing) -> Outcome:
        """Send all parts; accepted when all are."""
        if self._is_closed:
            return refused(Reason.PROVIDER_DOWN, raw="the link was closed")
        try:
            bodies = submits.bodies(message, self._settings, self._next_reference())
        except submits.BadSender as error:
            return refused(Reason.BAD_SENDER, detail=f"Sender: {error}")
        self._under_way += 1
        try:
            return await self._send_all(self._open(), bodies)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_idle.set()

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        """SMPP's query_sm is switched off nearly everywhere; receipts settle what is open."""
        return None

    async def check(self) -> str:
        """Bind and unbind once. A link that is up is asked instead: many an SMSC allows one."""
        try:
            if self._link is not None and self._link.is_up:
                await (await self._link.bound()).request(pdu.ENQUIRE_LINK)
            else:
                await (await self._make_link().open_session()).unbind()
        except BindRefused as error:
            return f"The SMSC does not accept the login: {_bind_problem(error)}."
        except (OSError, ValueError) as error:
            return f"The SMSC cannot be reached: {error}."
        return ""

    async def close(self) -> None:
        """Messages under way get their answers first, ten seconds at the most."""
        self._is_closed = True
        link, self._link = self._link, None
        if link is None:
            return
        if self._under_way:
            self._is_idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_idle.wait(), DRAIN_LIMIT)
        await link.close(STORE_LIMIT)

    # Linked ------------------------------------------------------------------------------

    def listen(self, take: Take) -> None:
        self._take = take

    async def start(self) -> None:
        if not self._is_closed:
            self._open().start()

    # sending -----------------------------------------------------------------------------

    async def _send_all(self, link: Link, bodies: Sequence[bytes]) -> Outcome:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + TIME_LIMIT
        first = await self._submit(link, bodies[0], give_up)
        if not isinstance(first, Accepted) or len(bodies) == 1:
            return first
        give_up = max(give_up, loop.time() + REST_LIMIT)
        rest = await asyncio.gather(*(self._submit(link, body, give_up) for body in bodies[1:]))
        return _together([first, *rest])

    async def _submit(self, link: Link, body: bytes, give_up: float) -> Outcome:
        """One part. Written again only while the SMSC says that it did not take it."""
        while True:
            try:
                answer = await link.submit(body, give_up)
            except BindRefused as error:
                return _not_bound(error)
            except NotBound as error:
                return refused(Reason.PROVIDER_DOWN, raw=str(error))
            except Busy as error:
                return refused(Reason.THROTTLED, raw=str(error), after=TRY_LATER)
            except (LinkLost, NoResponse) as error:
                return NoAnswer("The message went to the SMSC, and no answer came.", str(error))
            if not submits.is_throttled(answer):
                return submits.outcome(answer, self._settings)
            link.pace.slow_down()
            if asyncio.get_running_loop().time() > give_up:
                said = f"command_status 0x{answer.status:08X}"
                return refused(Reason.THROTTLED, raw=said, after=TRY_LATER)

    def _next_reference(self) -> int:
        self._reference = (self._reference + 1) % 0x10000
        return self._reference

    # receiving ---------------------------------------------------------------------------

    async def _on_delivered(self, delivered: Sequence[pdu.Delivered]) -> None:
        if self._take is None:
            raise RuntimeError("nobody stores what arrives")
        await self._take([self._inbox.read(one) for one in delivered])

    # opening -----------------------------------------------------------------------------

    def _open(self) -> Link:
        if self._link is None:
            self._link = self._make_link()
        return self._link

    def _make_link(self) -> Link:
        s = self._settings
        return Link(
            pdu.Bind(s.system_id, s.password, s.system_type),
            self._resolve,
            self._on_delivered,
            tls=s.tls,
            server_name=s.host,
            window=s.window,
            rate=s.rate,
            enquire=s.enquire_seconds,
            answer_within=s.answer_seconds,
        )

    async def _resolve(self) -> list[Address]:
        found = await resolve_public(
            self._settings.host,
            self._settings.port,
            allowed_hosts=self._surroundings.allowed_hosts,
            allow_loopback=self._surroundings.allow_loopback,
        )
        return [(str(info[4][0]), int(info[4][1])) for info in found]


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """What the parts say together. One that was refused after another was taken is no refusal
    of the message: somebody may read half of it."""
    failed = [one for one in outcomes if not isinstance(one, Accepted)]
    taken = [one for one in outcomes if isinstance(one, Accepted)]
    ids = [name for one in taken for name in one.provider_ids]
    if not failed:
        return Accepted(tuple(ids), raw=" ".join(one.raw for one in taken))
    text = f"Only {len(taken)} of {len(outcomes)} parts of the message were surely accepted."
    raw = f"accepted {' '.join(ids)}; then {failed[0].raw}"
    return NoAnswer(f"{text} {failed[0].text}", raw)


def _not_bound(error: BindRefused) -> Outcome:
    if not error.is_misconfigured:
        return refused(Reason.PROVIDER_DOWN, raw=str(error))
    return refused(Reason.AUTH, raw=str(error), detail=f"It says: {_bind_problem(error)}.")


def _bind_problem(error: BindRefused) -> str:
    words = {
        pdu.ALREADY_BOUND: IN_USE,
        pdu.INVALID_PASSWORD: "wrong password",
        pdu.INVALID_SYSTEM_ID: "wrong system_id",
        pdu.INVALID_SYSTEM_TYPE: "wrong system_type",
    }
    return words.get(error.status, f"status 0x{error.status:02X}")
