"""The opt-out lists of `smstool` and `emailtool`: addresses that must get nothing.

They need no connection to a service: who does not want messages can be noted at any time.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.contactlists import PAGE_OR_ALL, Tool, when
from tearoff.api.v3.endpoint import Endpoint
from tearoff.kit.db import Handle
from tearoff.people import optout_pages, optouts
from tearoff.people.contacts import MOST_LISTED, PAGE

_REASON = p.string("reason", p.text(500), "Why, for your records.", "Asked at the counter")


def endpoints_of(tool: Tool) -> tuple[Endpoint, ...]:
    return _list(tool), _add(tool), _remove(tool)


def _address(tool: Tool) -> p.Parameter:
    """Whoever wants nothing is not refused for a number that is not in use."""
    if tool.channel == "sms":
        return msgspec.structs.replace(tool.address, read=p.any_phone)
    return tool.address


def _list(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        page = call.given["page"]
        limit, offset = (MOST_LISTED, 0) if page is None else (PAGE, (page - 1) * PAGE)
        amount = await optout_pages.count_all(db, call.account.id, tool.channel)
        found = await optout_pages.list_page(
            db, call.account.id, tool.channel, limit=limit, offset=offset
        )
        rows = [
            {
                tool.address.name: tool.shown(one.address),
                "reason": one.reason,
                "source": one.source,
                "unsubscribedate": when(one.created_at),
            }
            for one in found
        ]
        return {"amount_of_optouts": amount, "optout": rows}

    row = {
        tool.address.name: tool.example,
        "reason": "Asked at the counter",
        "source": "shop",
        "unsubscribedate": "13/07/2026 19:47 UTC",
    }
    return Endpoint(
        path=f"/v3/{tool.name}/optout/list",
        right=Right.LOOK,
        summary="List who has opted out, and why: one line for each reason (source `reply`,"
        " `provider`, `shop`, `link` or `complaint`).",
        parameters=(PAGE_OR_ALL,),
        act=act,
        writes=False,
        errors=(300, 301),
        example={"status": {"status": "OK"}, "amount_of_optouts": 1, "optout": [row]},
    )


def _add(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        address = tool.given_address(call)
        reason = call.given["reason"] or ""
        await optouts.add(db, call.account.id, address, source="shop", now=call.now, reason=reason)
        return {"action": "optout_added", tool.address.name: tool.shown(address)}

    return Endpoint(
        path=f"/v3/{tool.name}/optout/add",
        right=Right.PEOPLE,
        summary="Nothing is sent to this address any more. OK also when that is so already.",
        parameters=(_address(tool), _REASON),
        act=act,
        errors=(200, 300, 301) if tool.channel == "sms" else (200, 300, 301, 305),
        example={
            "status": {"status": "OK"},
            "action": "optout_added",
            tool.address.name: tool.example,
        },
    )


def _remove(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        address = tool.given_address(call)
        with contextlib.suppress(optouts.NotOptedOut):
            await optouts.remove(db, call.account.id, address, now=call.now)
        return {"action": "optout_removed", tool.address.name: tool.shown(address)}

    return Endpoint(
        path=f"/v3/{tool.name}/optout/remove",
        right=Right.PEOPLE,
        summary="Messages may be sent to this address again, whyever it was on the list. OK also"
        " when it was not.",
        parameters=(_address(tool),),
        act=act,
        errors=(200, 301) if tool.channel == "sms" else (200, 301, 305),
        example={
            "status": {"status": "OK"},
            "action": "optout_removed",
            tool.address.name: tool.example,
        },
    )
