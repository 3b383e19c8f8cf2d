# ruff: noqa: S608  # pieces of our own SQL are put together, never values
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

# Stand-ins, here alone. They run a group together, so nobody outside is ever asked.
_TOGETHER = """EXISTS (SELECT 1 FROM group_admin his JOIN group_admin hers ON hers.group_id = his.group_id
        WHERE his.admin_id = {one} AND hers.admin_id = {other})"""
# Who gets the alerts of admin {p}: they themselves; while they are away their stand-in, who must be there; else NULL.
SERVING = f"""CASE WHEN {{p}}.away_until <= ?{{now}} THEN {{p}}.id ELSE (SELECT s.id FROM admin s WHERE s.id = {{p}}.stand_in
    AND s.away_until <= ?{{now}} AND {_TOGETHER.format(one="{p}.id", other="s.id")}) END"""
# Whether delivery {d} was for admin {p}: their own, or their stand-in's, made while they were away.
MEANT = f"""({{d}}.admin_id IN ({{p}}.id, {{p}}.stand_in) AND ({{d}}.admin_id = {{p}}.id OR {{p}}.away_until > {{d}}.created_at
    AND {_TOGETHER.format(one="{p}.id", other="{d}.admin_id")}))"""
# The same from the other side: ga runs a group as, or for, the person of delivery {d}.
SERVED = f"""ga.admin_id IN (SELECT {{d}}.admin_id UNION ALL SELECT x.id FROM admin x WHERE x.stand_in = {{d}}.admin_id
    AND x.away_until > {{d}}.created_at AND {_TOGETHER.format(one="x.id", other="{d}.admin_id")})"""

# Somebody who is there, or whose stand-in is, with an address that can be sent to.
REACHABLE = f"""EXISTS (SELECT 1 FROM admin p3 JOIN address a3 ON a3.admin_id = {SERVING.format(p="p3", now="{now}")}
    WHERE p3.id = {{admin}} AND a3.state = 'verified' AND a3.channel IN (SELECT channel FROM route))"""

# Whether `who` reported what this alert of our own (relay/neighbours.py) passes on: they know it. The police's are not looked up.
REPORTED = """(alert.key_id = 'hub' AND EXISTS (SELECT 1 FROM neighbour_report nr
    WHERE nr.admin_id = who.admin_id AND alert.identifier = 'buurtsein-neighbours-' || nr.id))"""

# Of a delivery d that the escalation made: nobody has forwarded there yet, and the person has not answered. Who was asked for the
# neighbourhood next door (rung -1) is needed as long as any of the alert's own is dark.
NEEDED = f"""NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    AND EXISTS (SELECT 1 FROM alert_neighbourhood bare WHERE bare.alert_id = d.alert_id AND bare.forwarded_at IS NULL
        AND bare.added <> 'adjacent' AND (d.rung < 0 OR bare.code IN (SELECT gn.code FROM group_admin ga
            JOIN group_neighbourhood gn ON gn.group_id = ga.group_id WHERE {SERVED.format(d="d")})))"""
