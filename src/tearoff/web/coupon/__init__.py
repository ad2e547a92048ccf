"""What a consumer sees and does: the public link, the coupon and its states, taking it in by the
PIN of the staff, stopping messages."""
