"""Lists that wait until somebody has looked at them."""

import threading

from tearoff.accounts import kept_lists
from tearoff.kit import clock
from tearoff.kit.vault import Vault


class Watched(Vault):
    """Notes in which threads it opens."""

    threads: set[threading.Thread] = set()  # noqa: RUF012

    def open(self, sealed):
        self.threads.add(threading.current_thread())
        return super().open(sealed)


async def test_a_long_list_is_opened_beside_the_event_loop(services, shop, settings):
    """It takes some tenths of a second, in which nobody else would get an answer."""
    vault, now = Watched(settings.secret_key), clock.now()
    sealed = kept_lists.seal(vault, b"+32470001301\n")
    word = await kept_lists.keep(services.db, shop.account, sealed, now)
    found = await kept_lists.find(services.db, vault, shop.account, word, now)
    assert (found.file, found.done) == (b"+32470001301\n", None)
    await kept_lists.finish(services.db, shop.account, word, kept_lists.seal(vault, b"{}"))
    found = await kept_lists.find(services.db, vault, shop.account, word, now)
    assert (found.file, found.done) == (b"", b"{}")
    assert vault.threads
    assert threading.current_thread() not in vault.threads
