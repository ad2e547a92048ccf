"""Polish."""

import msgspec

from tearoff.web.words.en import EN

PL = msgspec.structs.replace(EN, name="Polski")
