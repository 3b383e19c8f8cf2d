"""What several of SQLite's statements are made of: routes, a person's next address, the row of a delivery."""

# ?routes: {"whatsapp": ["main"], …}, the channels that can send now with their sender accounts, read once a statement: read for
# each admin it was half of the cost of planning (measured). An admin's address is the first by rank that is verified and on such a
# channel; the account is picked by the address, so that one person always meets one sender.
ROUTES = """WITH route AS MATERIALIZED (SELECT r.key AS channel, a.key AS place, a.value AS account,
    json_array_length(r.value) AS accounts FROM json_each(?{routes}) r, json_each(r.value) a)"""
FIRST_ADDRESS = """(SELECT a2.id FROM address a2 WHERE a2.admin_id = {admin} AND a2.state = 'verified'
    AND a2.channel IN (SELECT channel FROM route) {more} ORDER BY a2.rank LIMIT 1)"""
# Where the person linked with one of our accounts, that one: a Telegram bot may only write to who has started it.
ACCOUNT = """COALESCE((SELECT r.account FROM route r WHERE r.channel = a.channel AND r.account = a.account),
    (SELECT r.account FROM route r WHERE r.channel = a.channel AND r.place = a.id % r.accounts))"""

NOT_TRIED = """AND a2.rank > COALESCE(tried.rank, 0)
    AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.alert_id = d.alert_id AND o.admin_id = d.admin_id AND o.address_id = a2.id)"""

DELIVERY = """INSERT INTO delivery (id, alert_id, admin_id, address_id, step, channel, account, state, attempt, tries, priority,
        distance, due_at, expires_at, reason, provider_ref, possible_duplicates, created_at, part, follows, turn, rung)"""

# Somebody who is there and has an address that can be sent to.
REACHABLE = """(NOT EXISTS (SELECT 1 FROM admin away WHERE away.id = {admin} AND away.away_until > ?{now})
    AND EXISTS (SELECT 1 FROM address a3 WHERE a3.admin_id = {admin} AND a3.state = 'verified'
                AND a3.channel IN (SELECT channel FROM route)))"""

# Of a delivery d that the escalation made: nobody has forwarded there yet, and the person has not answered. Who was asked for the
# neighbourhood next door (rung -1) is needed as long as any of the alert's own is dark.
NEEDED = """NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    AND EXISTS (SELECT 1 FROM alert_neighbourhood bare WHERE bare.alert_id = d.alert_id AND bare.forwarded_at IS NULL
        AND bare.added <> 'adjacent' AND (d.rung < 0 OR bare.code IN (SELECT gn.code FROM group_admin ga
            JOIN group_neighbourhood gn ON gn.group_id = ga.group_id WHERE ga.admin_id = d.admin_id)))"""
