"""The numbers of errors, which both dialects share: what each means and what helps."""

from __future__ import annotations

import msgspec

from tearoff.people.optouts import ON_LIST


class Code(msgspec.Struct, frozen=True):
    """`title` is short and stable; `text` is how v3 words it; `cure` says what helps."""

    title: str
    text: str
    cure: str


_ANOTHER_ACCOUNT = "Use an id that the lists of this account give; those of others do not exist."

CODES: dict[int, Code] = {
    101: Code("The account has expired", "Account has expired",
              "Ask whoever runs this service to extend the account."),
    102: Code("Not for subaccounts", "Subaccounts are not allowed to do this.",
              "Use the credentials of the parent account."),
    103: Code("No SMS service is connected",
              "No SMS integration has been setup in your account.",
              "Connect an SMS service to the account."),
    104: Code("No e-mail service is connected",
              "No e-mail integration has been setup in your account.",
              "Connect an e-mail service to the account."),
    105: Code("The key lacks a scope",
              "This API key may not do this: it needs the scope '<scope>'.",
              "Use a key that has the scope, or let somebody give it to this one."),
    200: Code("A parameter is missing", "Missing parameter: <name>", "Give it."),
    201: Code("A parameter is not known here", "Unknown parameter: <name>",
              "Look for a slip in its name; v4 ignores nothing."),
    300: Code("A value is not right", "Invalid value in parameter: <name>.",
              "The text says what would be right."),
    301: Code("A value cannot be read", "Invalid character in parameter: <name>.",
              "Send the type and the form that the parameter's table asks for."),
    302: Code("A value is none of those allowed", "Invalid value in parameter: <name>.",
              "Use one of the values that the text names."),
    303: Code("A date cannot be read", "Invalid format in parameter: <name>.",
              "Use the form that the text names."),
    304: Code("The e-mail address is taken", "Email already exists", "Use another one."),
    305: Code("An e-mail address is not valid", "Email address is not valid",
              "Look for a slip in it."),
    400: Code("The body cannot be read", "The body is not JSON: …",
              "Send one JSON object (v3: or a form) in UTF-8, of at most 1 MB."),
    403: Code("Not allowed", "Not allowed.", "Use credentials that may do this."),
    404: Code("Unknown address", "Unknown path.", "Look for a slip in the path or the method."),
    408: Code("The body came too slowly", "The body did not arrive in time.",
              "Send it again over a better connection, or in smaller parts."),
    409: Code("The first call with this key is still at work",
              "A call with this Idempotency-Key is still being worked on.",
              "Wait for the seconds of Retry-After, then send the same again."),
    422: Code("The key was used for another call",
              "This Idempotency-Key was used with another body.",
              "Take a new key for each new call."),
    429: Code("Too many calls", "Too many calls.",
              "Wait for the seconds of Retry-After; RateLimit-Remaining says what is left."),
    500: Code("Something broke on our side",
              "Something broke on our side. Reference: <reference>",
              "Tell whoever runs this service the reference, which is also in its log."),
    501: Code("There is no such thing", "Not found.", _ANOTHER_ACCOUNT),
    502: Code("There is no such campaign", "Campaign ID not found.", _ANOTHER_ACCOUNT),
    503: Code("Not possible at this moment", "The database is away.",
              "With HTTP 503 (also when others were changing the same): wait for the seconds of"
              " Retry-After, then send the same again. With HTTP 422 (`Teammate ID not found`):"
              " name a teammate of this account."),
    505: Code("There is no such session", "Couponsession not found.", _ANOTHER_ACCOUNT),
    506: Code("The coupon has been used", "Couponsession already validated.",
              "The answer says when and where."),
    508: Code("The coupon is voided", "Couponsession is voided.",
              "Take it back with `unvoided`, if that is meant."),
    509: Code("There is no such webhook or event", "Webhook not found.", _ANOTHER_ACCOUNT),
    510: Code("There is no such subaccount", "Subaccount ID not correct.", _ANOTHER_ACCOUNT),
    511: Code("The coupon is locked", "Couponsession is locked.",
              "Take it back with `unlocked`, if that is meant."),
    512: Code("The coupon has expired", "Couponsession has expired.",
              "Give a new one, or move the end of the campaign."),
    513: Code("There is no such session", "Statcode not found", _ANOTHER_ACCOUNT),
    514: Code("There is no such group", "Group ID not found", _ANOTHER_ACCOUNT),
    515: Code("There is no such folder", "Folder not found", _ANOTHER_ACCOUNT),
    516: Code("A limit is reached", "Limit reached.",
              "Raise the limit, or delete what is not needed any more."),
    517: Code("The coupon is not valid yet", "Not valid yet.",
              "Wait for the campaign's first moment."),
    518: Code("The campaign is not active", "Campaign is not active.",
              "Set its status to active."),
    519: Code("Not valid at this location", "Not valid at this location.",
              "Use one of the campaign's locations."),
    520: Code("Another till holds the coupon", "Reserved by another till.",
              "Wait until the reservation is over."),
    521: Code("There is no such category", "Category not found", _ANOTHER_ACCOUNT),
    522: Code("The reservation is over", "Reservation not found or over.", "Reserve again."),
    523: Code("The webhook is switched off", "Webhook is switched off.", "Switch it on first."),
    524: Code("There is no such package", "Package not found", _ANOTHER_ACCOUNT),
    525: Code("There is no such contact", "Contact ID not found", _ANOTHER_ACCOUNT),
    526: Code("The reply is decided about", "This reply was dismissed already.",
              "Look at it again: somebody was faster."),
    540: Code("The campaign was changed meanwhile",
              "<who> changed this campaign meanwhile; its version is <version> now. Look at it"
              " again and send your changes with that version.",
              "Get the campaign, decide what of both holds, and send it with the new version."),
    527: Code("The key signs webhooks",
              "This key signs (X-Hmac) what is sent to <urls>. Name the key that signs then in"
              " signer, or confirm.",
              "Give the receivers the secret of another key first, and let that one sign."),
    528: Code("The account's last owner",
              "An account keeps one owner.",
              "Make somebody else an owner first, who has accepted the place."),
    529: Code("There is no invitation any more", "This person has accepted already.",
              "Remove the member instead."),
    530: Code("The second step is the person's own",
              "This person belongs to another account too.",
              "They use a recovery code, or whoever runs the server helps"
              " (`tearoff teammate second-step`)."),
    531: Code("A span is being sent again already",
              "A span of this webhook is being sent again already. Wait until all of it is in"
              " line.",
              "Wait until `placed` is true, then ask once more."),
    541: Code("The campaign lacks something", "<what it lacks>",
              "`errors` names each field and what is to be done; then publish again."),
    542: Code("The list was changed meanwhile",
              "The list has changed meanwhile: it finds <n> campaigns now.",
              "Look at the list again, and confirm the number that it finds now."),
    550: Code("No owner has come in by the provider",
              "No owner has come in by this provider as it is set up now. Come in by it once; then"
              " the other ways can be closed.",
              "Let an owner open `sign_in_url` and come in by the provider, then try again."),
    602: Code("The message was not sent", "SMS not sent to '<phone>'. Reason: <reason>",
              "The reason says what stands in the way."),
    604: Code("This person has the coupon already",
              "Email not sent to '<email>'. Reason: This person already received this coupon.",
              "Leave `check_unique` out to send it once more."),
    605: Code("The receiver has opted out",
              f"SMS not sent to '<phone>'. Reason: {ON_LIST['sms']}",
              "Send this person nothing, unless they ask for it again."),
    1000: Code("Wrong or missing credentials",
               "HTTP/1.0 401 Unauthorized. Client ID or Secret not correct.",
               "Send the client id and secret of an API key in both headers."),
}  # fmt: skip
"""By number. A code that is not here is one that no answer carries."""
