"""What people see in a browser. Pages are made on the server, work without script and without
cookies, and a GET never changes anything. Each room has its templates beside it."""
