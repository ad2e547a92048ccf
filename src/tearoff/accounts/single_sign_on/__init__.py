"""Single sign-on: people of an account who come in by the account's own provider (OpenID
Connect). Such a sign-in sees that account alone, like one by the account's own link."""
