# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""What several of PostgreSQL's statements are made of, beside sqlite/pieces.py: what a piece means stands there."""

# {routes}: $n of {"whatsapp": ["main"], …}, the channels that can send now with their sender accounts.
ROUTED = "jsonb_array_length(COALESCE({routes}::jsonb -> a2.channel, '[]')) > 0"
FIRST_ADDRESS = f"""(SELECT a2.* FROM address a2 WHERE a2.admin_id = {{admin}} AND a2.state = 'verified'
    AND {ROUTED} {{more}} ORDER BY a2.rank LIMIT 1)"""
# Where the person linked with one of our accounts, that one: a Telegram bot may only write to who has started it.
ACCOUNT = """CASE WHEN ({routes}::jsonb -> a.channel) ? a.account THEN a.account
    ELSE ({routes}::jsonb -> a.channel) ->> (a.id % jsonb_array_length({routes}::jsonb -> a.channel))::int END"""

NOT_TRIED = """AND a2.rank > COALESCE(tried.rank, 0)
    AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.alert_id = d.alert_id AND o.admin_id = d.admin_id AND o.address_id = a2.id)"""

DELIVERY = """INSERT INTO delivery (id, alert_id, admin_id, address_id, step, channel, account, state, attempt, tries, priority,
        distance, due_at, expires_at, reason, provider_ref, possible_duplicates, created_at, part, follows, turn, rung)"""

_TOGETHER = """EXISTS (SELECT 1 FROM group_admin his JOIN group_admin hers ON hers.group_id = his.group_id
        WHERE his.admin_id = {one} AND hers.admin_id = {other})"""
SERVING = f"""CASE WHEN {{p}}.away_until <= {{now}}::bigint THEN {{p}}.id ELSE (SELECT s.id FROM admin s WHERE s.id = {{p}}.stand_in
    AND s.away_until <= {{now}}::bigint AND {_TOGETHER.format(one="{p}.id", other="s.id")}) END"""
# Here as a join by equality: with an OR every delivery of the alert was tried for every admin (seen: 27 ms instead of 2).
STANDING_IN = f"""LATERAL (SELECT {{ga}}.admin_id, NULL::bigint UNION ALL SELECT p.stand_in, p.away_until FROM admin p
    WHERE p.id = {{ga}}.admin_id AND p.stand_in IS NOT NULL AND {_TOGETHER.format(one="p.id", other="p.stand_in")})
    asked(admin_id, away_until)"""
MEANT = "({d}.admin_id = asked.admin_id AND (asked.away_until IS NULL OR asked.away_until > {d}.created_at))"
SERVED = f"""ga.admin_id = ANY(ARRAY(SELECT {{d}}.admin_id UNION ALL SELECT x.id FROM admin x WHERE x.stand_in = {{d}}.admin_id
    AND x.away_until > {{d}}.created_at AND {_TOGETHER.format(one="x.id", other="{d}.admin_id")}))"""

REACHABLE = f"""EXISTS (SELECT 1 FROM admin p3 JOIN address a2 ON a2.admin_id = {SERVING.format(p="p3", now="{now}")}
    WHERE p3.id = {{admin}} AND a2.state = 'verified' AND {ROUTED})"""

# Whether `who` reported what this alert of our own (relay/neighbours.py) passes on: they know it. The police's are not looked up.
REPORTED = """(alert.key_id = 'hub' AND EXISTS (SELECT 1 FROM neighbour_report nr
    WHERE nr.admin_id = who.admin_id AND alert.identifier = 'buurtsein-neighbours-' || nr.id))"""

NEEDED = f"""NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    AND EXISTS (SELECT 1 FROM alert_neighbourhood bare WHERE bare.alert_id = d.alert_id AND bare.forwarded_at IS NULL
        AND bare.added <> 'adjacent' AND (d.rung < 0 OR bare.code IN (SELECT gn.code FROM group_admin ga
            JOIN group_neighbourhood gn ON gn.group_id = ga.group_id WHERE {SERVED.format(d="d")})))"""


def logged(events: str) -> str:
    """`events` gives alert_id, at, kind, data. Who follows an alert's log by its ids must not miss one that became visible late."""
    return f"""INSERT INTO alert_event (alert_id, at, kind, data) SELECT e.alert_id, e.at, e.kind, e.data
        FROM ({events} ORDER BY 1) e(alert_id, at, kind, data),
            LATERAL (SELECT pg_advisory_xact_lock(hashtext('alert_event'), hashtext(e.alert_id))) locked"""
