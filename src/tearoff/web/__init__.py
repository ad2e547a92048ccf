"""What people see in a browser: the consumer's coupon page with validation by the staff's PIN.
Pages are made on the server, work without script and without cookies, and a GET never
changes anything."""
