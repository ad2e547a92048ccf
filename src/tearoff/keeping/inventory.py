"""The one table of what is kept of people, and where.

Every column of the database that can hold a text is in it (a test fails for one that is not): among
`HOLDINGS` with what becomes of it, or among `OTHERS`, where nothing of a customer can stand.
Retention and erasing do what it says, and docs/data-protection.md is printed from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

STAYS = "stays"


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of a table in which something of a customer can stand. `seen_by`: who is shown it.
    `kept`: how long, whatever the account says. `old`: what the account's retention does with it,
    `erased`: what erasing its person does."""

    what: str
    table: str
    columns: str
    holds: str
    seen_by: str
    kept: str
    old: str
    erased: str


_WHO_SEES = "owner, manager, editor, sender, staff; readers see no person"

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        what="Coupons",
        table="sessions",
        columns="firstname lastname email phone gender customid customfields utm device language"
        " begun_by",
        holds="name, number, mail address, your own tag and free fields, where they came from,"
        " their device and language",
        seen_by=_WHO_SEES,
        kept="until you say otherwise",
        old="emptied; the coupon's row, code, state and times stay",
        erased="emptied; the coupon's row, code, state and times stay",
    ),
    Holding(
        what="Names as they are searched",
        table="session_words",
        columns="word",
        holds="each word of a name on a coupon, in small letters",
        seen_by="nobody",
        kept="as long as the name",
        old="deleted with the name",
        erased="deleted",
    ),
    Holding(
        what="What happened to a coupon",
        table="session_events",
        columns="reason",
        holds="the browser of an open, the reason that somebody typed",
        seen_by=_WHO_SEES,
        kept="as long as the coupon",
        old="emptied; what happened and when stays",
        erased="emptied; what happened and when stays",
    ),
    Holding(
        what="Messages",
        table="messages",
        columns="recipient text asked_text subject reason_text provider_id link_id provider_raw",
        holds="number or mail address, the text, what the service answered",
        seen_by=_WHO_SEES,
        kept="until you say otherwise",
        old="emptied once its coupon is; state, price and times stay",
        erased="emptied; state, price and times stay",
    ),
    Holding(
        what="Messages whose outcome nobody knows",
        table="unknown_messages",
        columns="recipient",
        holds="number or mail address",
        seen_by="nobody",
        kept="until the outcome is known, three days at most",
        old="deleted",
        erased="deleted",
    ),
    Holding(
        what="Parts of messages",
        table="message_parts",
        columns="provider_id",
        holds="the service's name for a message, which leads to the person there",
        seen_by="nobody",
        kept="as long as the message",
        old="deleted",
        erased="deleted",
    ),
    Holding(
        what="Sends that are under way",
        table="open_sends",
        columns="guard",
        holds="a hash of number and text",
        seen_by="nobody",
        kept="ten minutes",
        old=STAYS,
        erased="deleted",
    ),
    Holding(
        what="What services reported, as it came",
        table="arrivals",
        columns="raw",
        holds="receipts and answers with numbers and texts",
        seen_by="nobody",
        kept="90 days",
        old="deleted",
        erased="emptied",
    ),
    Holding(
        what="What people answered",
        table="replies",
        columns="sender phone text keyword provider_ref",
        holds="number and text",
        seen_by="owner, manager, sender",
        kept="90 days; those that nobody has decided about stay until somebody does",
        old="deleted, but for those that nobody has decided about",
        erased="deleted",
    ),
    Holding(
        what="Contacts",
        table="contacts",
        columns="phone email first_name last_name birthday customfields",
        holds="number, mail address, name, birthday, free fields",
        seen_by="owner, manager, sender",
        kept="until they are taken out of all groups",
        old="stays: it is the shop's own address book",
        erased="deleted, from all groups",
    ),
    Holding(
        what="The opt-out list",
        table="opt_outs",
        columns="address reason",
        holds="number or mail address, and why",
        seen_by="owner, manager, editor, sender",
        kept="until they are taken off it",
        old="stays: without it they would get messages again",
        erased="a keyed mark stays in place of the address",
    ),
    Holding(
        what="How somebody opted out or in",
        table="consent_events",
        columns="address words received_by provider_ref",
        holds="number or mail address, the words",
        seen_by="nobody",
        kept="for good: it is the proof",
        old=STAYS,
        erased="a keyed mark stays in place of the address; the words are emptied",
    ),
    Holding(
        what="Events for webhooks",
        table="hook_events",
        columns="body thread",
        holds="what webhooks are told: name, number, mail address",
        seen_by="owner, manager, and the receivers",
        kept="30 days",
        old="deleted",
        erased="emptied of the person; those that are still due go out so",
    ),
    Holding(
        what="Deliveries of webhooks",
        table="hook_deliveries",
        columns="thread last_error last_head last_answer",
        holds="what the receiver answered",
        seen_by="owner, manager",
        kept="30 days",
        old="deleted",
        erased="emptied",
    ),
    Holding(
        what="Answers to calls with an Idempotency-Key",
        table="idempotency_keys",
        columns="path key body_sha256 answer_sealed",
        holds="the answer, sealed, which may name the person; the caller's own key",
        seen_by="the caller",
        kept="24 hours",
        old=STAYS,
        erased="emptied of the person; deleted where the key itself names them",
    ),
    Holding(
        what="Forms of a sign-in that was over",
        table="kept_forms",
        columns="sealed",
        holds="what a colleague had typed, sealed",
        seen_by="that colleague",
        kept="one hour",
        old=STAYS,
        erased="stays, sealed, for its hour",
    ),
    Holding(
        what="Lists that wait to be imported",
        table="kept_lists",
        columns="sealed done",
        holds="numbers and mail addresses of a list of opt-outs, sealed",
        seen_by="the colleague who uploaded it",
        kept="one hour",
        old=STAYS,
        erased="stays, sealed, for its hour",
    ),
    Holding(
        what="Scans at the counter",
        table="counter_scans",
        columns="code detail",
        holds="what was scanned or typed: nearly always a coupon's code",
        seen_by="owner, manager, staff",
        kept="as long as the account",
        old="what was no coupon is emptied",
        erased="emptied where it was their number or mail address",
    ),
    Holding(
        what="Limits",
        table="tallies",
        columns="scope",
        holds="numbers and mail addresses that got messages today; hashes of people with a used"
        " coupon of a campaign that limits them",
        seen_by="nobody",
        kept="a day; hashes as long as the campaign",
        old=STAYS,
        erased="deleted",
    ),
    Holding(
        what="Wallets",
        table="wallet_passes",
        columns="message",
        holds="the last notification",
        seen_by="owner, manager, editor, sender",
        kept="as long as the coupon",
        old="emptied",
        erased="emptied",
    ),
    Holding(
        what="Phones with a pass of a coupon",
        table="wallet_registrations",
        columns="device push_token",
        holds="Apple's names of the phone",
        seen_by="nobody",
        kept="until the pass is deleted there",
        old="deleted",
        erased="deleted",
    ),
)

COLLEAGUES: tuple[Holding, ...] = tuple(
    Holding(
        what=what, table=table, columns=columns, holds=holds, seen_by=seen_by, kept=kept,
        old=STAYS, erased=STAYS,
    )
    for what, table, columns, holds, seen_by, kept in (
        ("People who sign in", "people",
         "email first_name last_name language password_hash totp_secret_sealed totp_begun_sealed"
         " recovery_codes", "name, mail address, hash of the password, second step",
         "themselves", "until they leave their last account"),
        ("Members", "members", "email first_name last_name language password_hash",
         "name, mail address, role", "owner, manager", "until they are removed"),
        ("Passkeys", "passkeys", "credential_id public_key site user_handle transports name",
         "the public half of a key, and what its owner called it", "themselves",
         "until they remove it"),
        ("Invitations", "invitations", "mail_state mail_reason",
         "whether the mail left, in the mail server's words", "owner, manager",
         "until the place is accepted"),
        ("Whom a provider of sign-ins means", "single_sign_on_people", "subject_mark given_role",
         "a keyed mark of the provider's name for them, the role it gave", "nobody",
         "as long as single sign-on is set up"),
        ("Sign-ins that are on their way", "single_sign_on_begun",
         "state_sha256 browser_sha256 sealed", "where they want to go, sealed", "nobody",
         "ten minutes"),
        ("Mails of alerts that somebody chose", "alert_choices", "kinds", "which ones",
         "themselves", "until they leave the account"),
        ("Sign-ins", "sign_ins", "address user_agent", "network address and browser",
         "themselves", "30 days"),
        ("The audit log", "audit_entries", "actor_name address subject before after",
         "who changed what, by their id, and from which network address; customers only by the last"
         " three digits", "owner, manager", "for good"),
        ("Background work", "pgqueuer", "payload", "mail addresses of people who forgot their"
         " password", "nobody", "until it is done"),
        ("Background work that failed", "pgqueuer_log", "traceback", "that it failed, and where",
         "nobody", "until it is emptied by hand"),
    )
)  # fmt: skip
"""The same for people who sign in, whom neither retention nor erasing is about."""

FILES: Sequence[tuple[str, str, str, str]] = (
    ("`outbox.jsonl` in the data folder", "what the trial service would have sent",
     "until you delete it", "lines to the person become blank"),
    ("`erased.jsonl` in the data folder", "keyed marks of who was erased: no name, no number",
     "for good", "grows by a line"),
    ("`opt-outs-to-put-back.jsonl` in the data folder",
     "the opt-out list, while a backup is brought back",
     "until that is done; of a `tearoff restore` that was broken off, until the next one",
     "nothing; the restore that puts it back erases the person again"),
    ("Uploads", "lists that are being imported", "until they are read",
     "nothing: they are gone by then"),
    ("Logs", "ids, no number, no mail address, no name", "as you keep them", "nothing"),
    ("Backups", "everything, as it was then", "as long as you keep them",
     "nothing; `tearoff restore` erases the person again"),
    ("SMS services, mail servers, wallets, receivers of webhooks", "what they were sent",
     "by their own rules", "nothing: ask them"),
)  # fmt: skip
"""Outside of the database: where, what, how long, and what erasing does."""

OTHERS: dict[str, str] = {
    "accounts": "name email language timezone country currency link_host allowed_countries hooks"
    " stage frame_hosts day_zone brand brand_color sender"
    " sign_in_code",
    "alerts": "facts kind subject",
    "alembic_version": "version_num",
    "api_keys": "client_id secret_sha256 secret_sealed previous_sha256 scopes name created_by"
    " signing_sealed",
    "arrivals": "key kind result",
    "audit_entries": "actor_kind verb",
    "call_buckets": "client_id",
    "campaign_days": "day",
    "campaign_drafts": "values",
    "campaigns": "code status name title subtitle description terms value brand brand_color"
    " language picture_alt message_text timezone tags customid raw_options changed_by search_text",
    "categories": "name",
    "connections": "channel kind settings_sealed sender callback_token country callback_sha256"
    " callback_sealed name price_countries reply_numbers secrets_at last_error",
    "consent_events": "kind source",
    "counter_scans": "key verdict reason",
    "devices": "name secret_sha256 pin_hash",
    "erasures": "ref",
    "folders": "name",
    "groups": "channel name",
    "hook_deliveries": "state",
    "hook_endpoints": "url kinds description secret_sealed previous_secret_sealed"
    " switched_off_reason",
    "hook_events": "ref kind",
    "keeping_marks": "what",
    "kept_forms": "word_sha256",
    "kept_lists": "word_sha256",
    "key_uses": "client_id",
    "list_anchors": "list",
    "locations": "name street zip city province country phone website pin_mac raw_hours",
    "members": "role",
    "message_parts": "state",
    "messages": "sender encoding state reason channel",
    "one_time_tokens": "token_sha256 purpose page scopes",
    "opt_outs": "source channel",
    "packages": "name access",
    "passkey_challenges": "nonce",
    "pgqueuer": "queue_manager_id entrypoint dedupe_key headers",
    "pgqueuer_log": "entrypoint",
    "pgqueuer_schedules": "expression entrypoint",
    "pgqueuer_statistics": "entrypoint",
    "pictures": "sha256 webp card",
    "pool_codes": "code",
    "replies": "received_by state",
    "reserved_limits": "scopes",
    "session_consents": "key language words",
    "session_events": "kind actor channel verdict value receipt",
    "sessions": "code short_code validation_code value validation_value reservation reserved_by"
    " prize receipt",
    "sign_ins": "token_sha256 scopes",
    "signs_of_life": "name",
    "single_sign_on": "client_id client_secret_sealed default_role domains issuer name role_claim"
    " roles scopes",
    "upkeep": "name",
    "wallet_passes": "wallet serial",
}
"""Columns of texts in which nothing of a customer stands, by table: the shop's own words, names of
states, hashes of secrets, ids."""


def classified() -> set[tuple[str, str]]:
    """Table and column of all that is in the table."""
    known = {(h.table, column) for h in (*HOLDINGS, *COLLEAGUES) for column in h.columns.split()}
    return known | {(table, column) for table, names in OTHERS.items() for column in names.split()}
