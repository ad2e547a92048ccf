"""`/v4/account/logo`"""

from __future__ import annotations

from tearoff.accounts import queries as accounts
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4.account import EXAMPLE, TAG, Account, get_account, shown
from tearoff.api.v4.operation import File, Operation, encode
from tearoff.coupons.campaigns import logos, pictures
from tearoff.kit.db import Handle
from tearoff.kit.spool import Upload


async def put_logo(call: Call, upload: Upload) -> tuple[int, bytes]:
    """It is made small outside of the transaction."""
    account_id = call.account.id
    logo = await logos.prepared_logo(upload.path)
    async with call.doors.services.db.transaction() as db:
        await logos.put_logo(db, account_id, logo)
        await call.note(db, "account.logo", subject=str(account_id))
        changed = await accounts.account(db, account_id)
        assert changed is not None
        answer = await shown(call, db, changed)
    return 200, encode(answer)


async def remove_logo(call: Call, db: Handle) -> None:
    await logos.remove_logo(db, call.account.id)


PUT = Operation(
    method="PUT",
    path="/v4/account/logo",
    tag=TAG,
    right=Right.SETTINGS,
    verb="account.logo",
    summary="Give the account a logo: a JPEG, PNG or WebP file of at most 10 MB. Its coupons show"
    " it beside the brand, made small.",
    takes=File("logo", "application/octet-stream", pictures.MOST_BYTES),
    act_on_upload=put_logo,
    errors=(201, 300, 301),
    answers={200: ("The account as it is then.", Account)},
    example=EXAMPLE,
)
REMOVE = Operation(
    method="DELETE",
    path="/v4/account/logo",
    tag=TAG,
    right=Right.SETTINGS,
    verb="account.logo_remove",
    look=get_account,
    summary="Take the account's logo away.",
    act=remove_logo,
    errors=(409, 422),
    answers={204: ("It is gone.", None)},
)

OPERATIONS = (PUT, REMOVE)
