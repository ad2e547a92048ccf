"""The counter: pairing a device, the page of the validator and what its script asks."""
