"""Where a coupon and a message meet: a coupon to one person now; later to many, and by
keyword. Also what a message's outcome means for the coupon it carried."""
