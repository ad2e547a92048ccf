"""SMPP 3.4: a standing link to a mobile operator's message centre (SMSC).

`pdu` is the wire format, `text` how texts become octets, `receipts` how delivery receipts are
read, `submits` a message as it leaves, `inbound` what comes in, `session` one bind over one
connection, `pace` and `link` keep it, `adapter` is what the rest of Tearoff sees.
Source: "Short Message Peer to Peer Protocol Specification v3.4", SMPP Developers Forum, 1999.
"""
