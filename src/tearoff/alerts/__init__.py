"""What an account is told of without having asked: at the bell of the dashboard, and by mail.

Watches what the rooms below write down anyway, once a minute or less often, and keeps what it finds
as alerts, from their beginning to their end. Nothing on the way of a send, a page or a validation
knows of it.
"""
