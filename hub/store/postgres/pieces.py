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

REACHABLE = f"""(NOT EXISTS (SELECT 1 FROM admin away WHERE away.id = {{admin}} AND away.away_until > {{now}}::bigint)
    AND EXISTS (SELECT 1 FROM address a2 WHERE a2.admin_id = {{admin}} AND a2.state = 'verified' AND {ROUTED}))"""

NEEDED = """NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    AND EXISTS (SELECT 1 FROM alert_neighbourhood bare WHERE bare.alert_id = d.alert_id AND bare.forwarded_at IS NULL
        AND bare.added <> 'adjacent' AND (d.rung < 0 OR bare.code IN (SELECT gn.code FROM group_admin ga
            JOIN group_neighbourhood gn ON gn.group_id = ga.group_id WHERE ga.admin_id = d.admin_id)))"""


def logged(events: str) -> str:
    """`events` gives alert_id, at, kind, data. Who follows an alert's log by its ids must not miss one that became visible late."""
    return f"""INSERT INTO alert_event (alert_id, at, kind, data) SELECT e.alert_id, e.at, e.kind, e.data
        FROM ({events} ORDER BY 1) e(alert_id, at, kind, data),
            LATERAL (SELECT pg_advisory_xact_lock(hashtext('alert_event'), hashtext(e.alert_id))) locked"""
