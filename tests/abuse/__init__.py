"""A hub under abuse: slow clients, idle streams, forged webhooks by the thousand; and how long an alert takes meanwhile."""
