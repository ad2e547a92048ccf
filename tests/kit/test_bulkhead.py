"""Costly work: so much at once, so much waiting, and a clear word to everybody else."""

import asyncio
import threading

import pytest

from tearoff.kit.bulkhead import Bulkhead, TooBusy


async def test_who_comes_when_it_is_full_is_told_so():
    bulkhead, done = Bulkhead("test", at_once=2, waiting=3, after=7), threading.Event()
    came = [asyncio.create_task(bulkhead.run(done.wait)) for _ in range(6)]
    (refused,), _ = await asyncio.wait(came, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(TooBusy) as told:
        refused.result()
    assert told.value.after == 7
    done.set()
    came.remove(refused)
    assert await asyncio.gather(*came) == [True] * 5
    assert await bulkhead.run(divmod, 7, 2) == (3, 1)


async def test_who_goes_away_leaves_the_line_and_errors_give_the_place_back():
    bulkhead, done = Bulkhead("test", at_once=1, waiting=1, after=1), threading.Event()
    works = asyncio.create_task(bulkhead.run(done.wait))
    waits = asyncio.create_task(bulkhead.run(done.wait))
    await asyncio.sleep(0)
    works.cancel()  # has begun: its place stays taken
    waits.cancel()
    await asyncio.wait([works, waits])
    again = asyncio.create_task(bulkhead.run(int, "no number"))
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await bulkhead.run(int)
    done.set()
    with pytest.raises(ValueError, match="no number"):
        await again
    assert await bulkhead.run(int) == 0


async def test_one_network_leaves_room_for_the_others():
    bulkhead, done = Bulkhead("test", at_once=1, waiting=5, after=1), threading.Event()
    came = [asyncio.create_task(bulkhead.run_for("203.0.113.0/24", done.wait)) for _ in range(20)]
    await asyncio.sleep(0)
    refused = [task for task in came if task.done()]
    assert len(refused) == 16
    for task in refused:
        with pytest.raises(TooBusy):
            task.result()
    others = [asyncio.create_task(bulkhead.run_for(f"{n}", done.wait)) for n in range(3)]
    await asyncio.sleep(0)
    done.set()
    beside = await asyncio.gather(*others, return_exceptions=True)
    assert [type(one) for one in beside] == [bool, bool, TooBusy]  # all places are taken then
    assert await asyncio.gather(*(task for task in came if task not in refused)) == [True] * 4
    assert await bulkhead.run_for("203.0.113.0/24", divmod, 7, 2) == (3, 1)
