"""Italian."""

import msgspec

from tearoff.web.words.en import EN

IT = msgspec.structs.replace(EN, name="Italiano")
