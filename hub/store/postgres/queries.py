# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The queue's SQL for PostgreSQL (14 or newer), beside sqlite/queries.py: what a statement means stands there and at its verb.

A batch of values is one array, a batch of rows one array a column (`unnest`), routes and other maps are jsonb. Every parameter says
its type, because PostgreSQL would deduce varchar at one place and text at another.

SQLite has one writer; here units run side by side, so three things are locked that there need none: an alert while deliveries are
made or put back for it (`FOR SHARE`: its end waits for us or we see it), a delivery while it is claimed (`SKIP LOCKED`), and an
alert's log until the unit's end, so that its ids become visible in their order (`logged`).

Statistics of a queue are always old: PostgreSQL may believe that nothing waits, or nothing failed, and read the whole table by that
condition. `state + 0` keeps it from choosing an index by the state where another one leads there (seen: ten times slower).
"""

from hub.store.postgres.auditing import AUDITING
from hub.store.postgres.escalating import ESCALATING
from hub.store.postgres.pieces import (
    ACCOUNT,
    DELIVERY,
    FIRST_ADDRESS,
    NOT_TRIED,
    REACHABLE,
    REPORTED,
    ROUTED,
    SERVED,
    SERVING,
    logged,
)
from hub.store.queries import TURN, Queries

_AUDIENCE = f"""FROM (SELECT gn.code, ga.group_id, {SERVING.format(p="p", now="$3")} AS admin_id
        FROM unnest($1::text[]) codes(code) JOIN group_neighbourhood gn ON gn.code = codes.code
        JOIN group_admin ga ON ga.group_id = gn.group_id JOIN admin p ON p.id = ga.admin_id) served
    WHERE EXISTS (SELECT 1 FROM address a2 WHERE a2.admin_id = served.admin_id AND a2.state = 'verified'
                  AND {ROUTED.format(routes="$2")})"""


def _fall_back(failed: str, first: str, routes: str, now: str) -> str:
    """`failed` gives the deliveries' ids, the others are parameters."""
    return f"""{DELIVERY}
    SELECT {first}::bigint + row_number() OVER (), d.alert_id, d.admin_id, a.id, d.step + 1, a.channel,
        {ACCOUNT.format(routes=routes)}, 0, 0, 0, d.priority, d.distance, {now}::bigint, d.expires_at, '', '', 0, {now}::bigint,
        '', d.follows, d.turn, d.rung
    FROM (SELECT d.*, alert.closed_at
          FROM {failed} failed(id) CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = failed.id OFFSET 0) d
          JOIN alert ON alert.id = d.alert_id WHERE d.state = 5 AND d.part = '' AND d.expires_at > {now}::bigint
          FOR SHARE OF alert) d
    LEFT JOIN address tried ON tried.id = d.address_id
    CROSS JOIN LATERAL {FIRST_ADDRESS.format(routes=routes, admin="d.admin_id", more=NOT_TRIED)} a
    WHERE d.closed_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    ON CONFLICT (alert_id, admin_id, step) DO NOTHING"""


def _rescue(which: str) -> str:
    return f"""WITH ours AS MATERIALIZED (SELECT id, closed_at FROM alert WHERE id IN (SELECT alert_id FROM delivery
                WHERE state = 1 AND lease IS NOT NULL AND {which}) ORDER BY id FOR SHARE)
        UPDATE delivery SET lease = NULL, lease_until = NULL,
            due_at = $1::bigint + CASE WHEN possible_duplicates < 3 THEN 0 ELSE 1000 << LEAST(possible_duplicates - 3, 6) END,
            possible_duplicates = possible_duplicates + 1, reason = 'lease lost: it may have been sent',
            state = CASE WHEN ours.closed_at IS NOT NULL THEN 3 ELSE 0 END
        FROM ours WHERE ours.id = delivery.alert_id AND delivery.state = 1 AND delivery.lease IS NOT NULL AND {which}
        RETURNING delivery.id"""


# Milliseconds of the server's clock at this moment, not at the transaction's begin. The hub's own ($1) does not count.
_SERVER_NOW = "((extract(epoch FROM clock_timestamp()) * 1000)::bigint + 0 * $1::bigint)"

_RECEIPTS = """unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[])
    r(delivery_id, provider_ref, kind, level, at, reason)"""

_FAILED_RECEIPTS = f"""(SELECT DISTINCT rc.delivery_id FROM {_RECEIPTS} JOIN receipt rc ON rc.provider_ref = r.provider_ref
    AND rc.kind = 'failed' AND rc.channel = $10::text WHERE r.kind = 'failed')"""

# What may have reached somebody of the alerts $2, newest first per person (and per chat of a group).
_REACHED = """(SELECT r.*, row_number() OVER (PARTITION BY r.admin_id, r.part, CASE r.part WHEN 'post' THEN r.address_id ELSE 0 END
            ORDER BY r.state = 3, r.id DESC) AS n FROM delivery r
        WHERE r.alert_id = ANY($2::text[]) AND r.part IN ('', 'post')
          AND (r.state IN (1, 4, 6, 7) OR r.sent_at IS NOT NULL OR r.possible_duplicates > 0))"""

_TAKEN_BACK = """(SELECT k0.* FROM acknowledgement k0 JOIN address a0 ON a0.admin_id = k0.admin_id
    WHERE k0.ref = $3::text AND k0.ref <> '' AND a0.channel = $1::text AND a0.handle_hash = $2::text)"""

_BEFORE_NAMED = """(SELECT named.address_id AS address_id, MAX(named.sent_at) AS sent_at FROM unnest($1::text[]) x(ref)
        JOIN delivery named ON named.provider_ref = x.ref AND named.channel = $2::text GROUP BY 1) top
    JOIN delivery d ON d.address_id = top.address_id AND d.channel = $2::text AND d.state + 0 IN (4, 6)
        AND d.sent_at <= top.sent_at"""

_EARLY_RECEIPTS = """FROM unnest($1::bigint[]) known JOIN delivery d ON d.id = known
    JOIN receipt rc ON rc.provider_ref = d.provider_ref AND rc.channel = d.channel AND rc.delivery_id + 0 IS NULL
    WHERE d.provider_ref || '' <> ''"""

_CHANGED = """SELECT d.alert_id, {at}::bigint, 'deliveries',
        json_agg({distinct} json_build_array(d.id, {state}, d.channel, d.admin_id){text})::text"""


def _claim(order: str, more: str = "") -> str:
    return f"""UPDATE delivery SET state = 1, attempt = attempt + 1, lease = $3::bigint, lease_until = $4::bigint
        WHERE id = ANY(ARRAY(SELECT id FROM delivery
            WHERE channel = $1::text AND account = $2::text AND state = 0 AND due_at <= $5::bigint AND expires_at + 0 > $5::bigint
            {more} ORDER BY {order} LIMIT $6::int FOR UPDATE SKIP LOCKED))"""


POSTGRES = Queries(
    escalating=ESCALATING,
    auditing=AUDITING,
    # alerts ------------------------------------------------------------------------------------------------------------------
    insert_alerts="""INSERT INTO alert (id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority,
            accepted_at, expires_at, planned_at, closed_at, closed_as, closed_by, beside, repeats, audience, audited, hold)
        SELECT a.id, a.sender, a.identifier, a.status, a.msg_type, a.content, a.fingerprint, a.key_id, a.priority, a.accepted_at,
            a.expires_at, a.planned_at, NULL, '', '', a.beside, a.repeats, a.audience, 0, a.hold
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[],
            $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::text[])
            a(id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority, accepted_at, expires_at, beside,
              repeats, audience, planned_at, hold)
        ON CONFLICT (sender, identifier) DO NOTHING RETURNING id""",
    insert_matches="""INSERT INTO alert_neighbourhood (alert_id, code, name, overlap, distance, why, admins, planned_at, check_at)
        SELECT m.* FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::text[], $7::int[], $8::bigint[],
            $9::bigint[]) m(alert_id, code, name, overlap, distance, why, admins, planned_at, check_at)
        WHERE EXISTS (SELECT 1 FROM alert WHERE id = m.alert_id)""",
    close_alerts="""UPDATE alert SET closed_at = $3::bigint, closed_as = $4::text, closed_by = $1::text WHERE closed_at IS NULL
        AND id IN (SELECT id FROM alert WHERE id = ANY($2::text[]) ORDER BY id FOR NO KEY UPDATE)
        AND EXISTS (SELECT 1 FROM alert WHERE id = $1::text)""",
    withdraw_deliveries="""UPDATE delivery SET state = 3, reason = $3::text WHERE state + 0 = 0 AND id = ANY(ARRAY(
            SELECT id FROM delivery WHERE state + 0 = 0 AND alert_id = ANY($2::text[]) ORDER BY id FOR NO KEY UPDATE))
        AND EXISTS (SELECT 1 FROM alert WHERE id = $1::text)""",
    follow_up=f"""{DELIVERY}
        SELECT $3::bigint + row_number() OVER (ORDER BY d.distance, d.id), $1::text, d.admin_id, d.address_id, 0, d.channel,
            d.account, 0, 0, 0, $4::int, d.distance, $6::bigint, $5::bigint, '', '', 0, $6::bigint, '', d.id,
            (row_number() OVER (ORDER BY d.distance, d.id) - 1) / {TURN}, 0
        FROM {_REACHED} d WHERE d.n = 1 AND d.part = '' AND EXISTS (SELECT 1 FROM alert WHERE id = $1::text)""",
    follow_up_beside=f"""{DELIVERY}
        SELECT $3::bigint + row_number() OVER (ORDER BY d.distance, d.id, how.part), $1::text, d.admin_id, d.address_id,
            CASE WHEN d.part = '' THEN 1000 WHEN how.part = 'post' THEN d.step ELSE d.step + 1000 END, d.channel, d.account,
            0, 0, 0, $4::int + 50, d.distance, $6::bigint, $5::bigint, '', '', 0, $6::bigint, how.part, d.id,
            (row_number() OVER (ORDER BY d.distance, d.id, how.part) - 1) / {TURN}, 0
        FROM {_REACHED} d CROSS JOIN (VALUES ('post'), ('amend')) how(part)
        WHERE d.n = 1 AND EXISTS (SELECT 1 FROM alert WHERE id = $1::text)
          AND (how.part = 'post' AND d.part = 'post'
               OR how.part = 'amend' AND COALESCE($7::jsonb -> d.channel, '[]') ? 'amend')""",
    alert_chain="""WITH RECURSIVE chain(id) AS (SELECT unnest($1::text[])
            UNION SELECT a.closed_by FROM chain JOIN alert a ON a.id = chain.id WHERE a.closed_by <> '')
        SELECT id FROM chain""",
    add_events=logged("""SELECT e.alert_id, e.at, e.kind, e.data
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[]) e(by_alert, alert_id, at, kind, data)
        WHERE EXISTS (SELECT 1 FROM alert WHERE id = e.by_alert)"""),
    find_alerts="""SELECT alert.id, alert.fingerprint, alert.sender, alert.identifier
        FROM unnest($1::text[], $2::text[]) r(sender, identifier)
        JOIN alert ON alert.sender = r.sender AND alert.identifier = r.identifier""",
    unplanned="""SELECT id, priority, accepted_at, expires_at,
            GREATEST(accepted_at, (SELECT MAX(n.planned_at) FROM alert_neighbourhood n WHERE n.alert_id = alert.id)) FROM alert
        WHERE planned_at IS NULL AND closed_at IS NULL AND hold <> 'held' ORDER BY priority, accepted_at LIMIT 100""",
    unplanned_codes="""SELECT code, admins FROM alert_neighbourhood WHERE alert_id = $1::text AND planned_at IS NULL
        ORDER BY distance, code""",
    planned_event=logged("""SELECT p.id, $2::bigint, 'planned', '{}' FROM (SELECT id FROM alert
        WHERE id = $1::text AND planned_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = $1::text AND an.planned_at IS NULL)
        FOR NO KEY UPDATE) p"""),
    alert_planned="""UPDATE alert SET planned_at = $2::bigint WHERE id = $1::text AND planned_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = $1::text AND an.planned_at IS NULL)""",
    held="""SELECT id, key_id, accepted_at, expires_at FROM alert WHERE hold = 'held' AND closed_at IS NULL
        ORDER BY accepted_at LIMIT 100""",
    # One that is not held any more breaks the rule that `hold` is never null, so that nothing of the unit is stored.
    release_held="""UPDATE alert SET hold = CASE WHEN hold = 'held' AND closed_at IS NULL AND expires_at > $3::bigint
        THEN $2::text END WHERE id = $1::text RETURNING id""",
    end_held="""UPDATE alert SET hold = CASE WHEN hold = 'held' AND closed_at IS NULL THEN $2::text END, closed_as = $3::text,
        closed_at = $4::bigint WHERE id = $1::text RETURNING id""",
    closed_alerts="SELECT id FROM alert WHERE id = ANY($1::text[]) AND closed_at IS NOT NULL",
    run_out="""SELECT id, sender, identifier, status, content FROM alert
        WHERE accepted_at > $3::bigint AND closed_at IS NULL AND expires_at <= $1::bigint AND expires_at > $2::bigint
          AND EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = alert.id)
          AND EXISTS (SELECT 1 FROM delivery d WHERE d.alert_id = alert.id AND d.part = ''
              AND (d.state + 0 IN (1, 4, 6, 7) OR d.sent_at IS NOT NULL OR d.possible_duplicates > 0))""",
    alerts="""SELECT id, sender, identifier, status, msg_type, content, fingerprint, accepted_at, expires_at, planned_at,
            closed_at, closed_as, audience, (SELECT MAX(id) FROM alert_event e WHERE e.alert_id = alert.id), closed_by, outcome,
            hold
        FROM alert WHERE id = ANY($1::text[])""",
    alert_matches="""SELECT alert_id, code, name, overlap, distance, why, forwarded_at, added, rung, dark_at
        FROM alert_neighbourhood WHERE alert_id = ANY($1::text[]) ORDER BY distance, code""",
    alert_counts="""SELECT alert_id, state, COUNT(*), MIN(sent_at), MAX(sent_at) FROM delivery
        WHERE alert_id = ANY($1::text[]) AND part = '' GROUP BY alert_id, state""",
    alert_page="""SELECT id FROM alert WHERE (accepted_at, id) < ($1::bigint, $2::text)
        ORDER BY accepted_at DESC, id DESC LIMIT $3::int""",
    events_after="""SELECT id, at, kind, data FROM alert_event WHERE alert_id = $1::text AND id > $2::bigint
        ORDER BY id LIMIT $3::int""",
    # audience ----------------------------------------------------------------------------------------------------------------
    audience=f"""WITH who AS MATERIALIZED (SELECT code, group_id, admin_id {_AUDIENCE})
        SELECT (SELECT COALESCE(json_object_agg(code, n), '{{}}')::text
                FROM (SELECT code, COUNT(DISTINCT admin_id) AS n FROM who GROUP BY code) counted),
            COUNT(DISTINCT group_id), COUNT(DISTINCT admin_id),
            (SELECT json_build_array(id, fingerprint)::text FROM alert WHERE sender = $4::text AND identifier = $5::text)
        FROM who""",
    audience_by_account=f"""SELECT a.channel, {ACCOUNT.format(routes="$2")}, COUNT(*)
        FROM (SELECT DISTINCT admin_id {_AUDIENCE}) who
        CROSS JOIN LATERAL {FIRST_ADDRESS.format(routes="$2", admin="who.admin_id", more="")} a GROUP BY 1, 2""",
    would_send=f"""SELECT who.admin_id, admin.name, a.channel, {ACCOUNT.format(routes="$4")}, who.distance, who.codes
        FROM (SELECT {SERVING.format(p="p", now="$3")} AS admin_id, MIN(m.distance) AS distance,
                  json_agg(DISTINCT m.code)::text AS codes
              FROM unnest($1::text[], $2::float8[]) m(code, distance) JOIN group_neighbourhood gn ON gn.code = m.code
              JOIN group_admin ga ON ga.group_id = gn.group_id JOIN admin p ON p.id = ga.admin_id
              WHERE (NOT $5::boolean OR ga.id = (SELECT MIN(other.id) FROM group_admin other WHERE other.group_id = ga.group_id
                     AND {REACHABLE.format(admin="other.admin_id", now="$3", routes="$4")}))
              GROUP BY 1) who
        JOIN admin ON admin.id = who.admin_id
        CROSS JOIN LATERAL {FIRST_ADDRESS.format(routes="$4", admin="who.admin_id", more="")} a
        ORDER BY who.distance, who.admin_id LIMIT $6::int""",
    # outbox ------------------------------------------------------------------------------------------------------------------
    # Not FOR SHARE: the planners of two processes would both hold the alert, and each wait for the other to mark it as planned.
    plan_deliveries=f"""{DELIVERY}
        SELECT who.first + row_number() OVER mine, alert.id, who.admin_id, a.id, 0, a.channel, {ACCOUNT.format(routes="$5")},
            0, 0, 0, alert.priority, who.distance, $4::bigint, alert.expires_at, '', '', 0, $4::bigint, '', NULL::bigint,
            (alert.made + row_number() OVER mine - 1) / {TURN}, who.rung
        FROM (SELECT id, priority, expires_at, closed_at, key_id, identifier,
                  (SELECT COUNT(*) FROM delivery o WHERE o.alert_id = alert.id AND o.step = 0) AS made
              FROM alert WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE) alert
        JOIN (SELECT an.alert_id, c.first,
                  {SERVING.format(p="p", now="$4")} AS admin_id, MIN(an.distance) AS distance,
                  MAX(CASE an.added WHEN 'adjacent' THEN -1 ELSE 0 END) AS rung
              FROM unnest($1::text[], $2::text[], $3::bigint[]) c(alert_id, code, first)
              JOIN alert_neighbourhood an ON an.alert_id = c.alert_id AND an.code = c.code
              JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
              JOIN admin p ON p.id = ga.admin_id
              WHERE (NOT $6::boolean OR ga.id = (SELECT MIN(other.id) FROM group_admin other WHERE other.group_id = ga.group_id
                     AND {REACHABLE.format(admin="other.admin_id", now="$4", routes="$5")}))
              GROUP BY 1, 2, 3) who ON who.alert_id = alert.id
        CROSS JOIN LATERAL {FIRST_ADDRESS.format(routes="$5", admin="who.admin_id", more="")} a
        WHERE alert.closed_at IS NULL AND NOT {REPORTED} WINDOW mine AS (PARTITION BY alert.id ORDER BY who.distance, who.admin_id)
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    codes_planned="""UPDATE alert_neighbourhood SET planned_at = $3::bigint, check_at = CASE
            WHEN added = 'adjacent' OR $4::bigint IS NULL THEN NULL WHEN admins = 0 THEN $3::bigint ELSE $4::bigint END
        WHERE alert_id = $1::text AND code = ANY($2::text[])""",
    claim=_claim("priority, turn, distance, id", "AND (priority, turn) < ($7::int, $8::int)"),
    claim_probe=_claim("attempt, priority, turn, distance, id"),
    claimed="""SELECT COALESCE(json_agg(json_build_array(d.id, d.attempt, d.tries, d.alert_id, d.priority, d.distance, d.expires_at,
            d.lease_until, COALESCE(chat.handle, a.handle), chat.handle IS NOT NULL, admin.language, a.window_open_until,
            d.part, d.home, f.alert_id, CASE WHEN f.address_id = d.address_id THEN f.provider_ref END,
            f.state = 1, f.state IN (4, 6, 7) OR f.sent_at IS NOT NULL OR f.possible_duplicates > 0, d.turn, d.due_at,
            d.rung)), '[]')
        FROM delivery d LEFT JOIN address a ON a.id = d.address_id AND a.state = 'verified' LEFT JOIN admin ON admin.id = d.admin_id
            LEFT JOIN delivery f ON f.id = d.follows
            LEFT JOIN group_chat chat ON d.part IN ('post', 'amend') AND chat.id = d.address_id AND chat.state = 'verified'
        WHERE d.state = 1 AND d.lease = $1::bigint""",
    hand_over="""UPDATE delivery SET account = $3::text, home = account
        WHERE channel = $1::text AND account = $2::text AND state = 0 AND home IS NULL AND due_at <= $4::bigint RETURNING id""",
    waiting_with_another=f"""SELECT d.id FROM delivery d LEFT JOIN address tried ON tried.id = d.address_id
        WHERE d.channel = $1::text AND d.account = $2::text AND d.state = 0 AND d.part = '' AND d.expires_at > $4::bigint
          AND EXISTS {FIRST_ADDRESS.format(routes="$3", admin="d.admin_id", more=NOT_TRIED)}
        ORDER BY d.priority, d.turn, d.distance, d.id LIMIT $5::int""",
    give_up="UPDATE delivery SET state = 5, reason = $2::text WHERE id = ANY($1::bigint[]) AND state + 0 = 0",
    go_home="UPDATE delivery SET account = home WHERE id = ANY($1::bigint[]) AND state + 0 = 0 AND home IS NOT NULL",
    reached_since="""SELECT COUNT(DISTINCT address_id) FROM delivery
        WHERE id > $3::bigint AND channel = $1::text AND sent_at > $2::bigint""",
    next_due="""SELECT MIN(due_at) FROM (SELECT due_at FROM delivery WHERE state = 0 AND channel = $1::text AND account = $2::text
        ORDER BY priority, turn, distance, id LIMIT 1000) urgent""",
    record_outcomes="""WITH o AS MATERIALIZED (
            SELECT * FROM unnest($1::bigint[], $2::int[], $3::smallint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
                $8::int[], $9::int[])
            o(id, attempt, state, due_at, reason, provider_ref, sent_at, tries, possible_duplicates) ORDER BY id),
        ours AS MATERIALIZED (SELECT id, closed_at FROM alert
            WHERE id IN (SELECT d.alert_id FROM o JOIN delivery d ON d.id = o.id) ORDER BY id FOR SHARE)
        UPDATE delivery SET
            state = CASE WHEN delivery.state >= 2 THEN GREATEST(delivery.state, o.state)
                         WHEN o.state = 0 AND ours.closed_at IS NOT NULL THEN 3 ELSE o.state END,
            due_at = o.due_at, reason = CASE WHEN delivery.state >= 2 AND delivery.state > o.state
                                             THEN delivery.reason ELSE o.reason END,
            provider_ref = CASE WHEN o.provider_ref = '' THEN delivery.provider_ref ELSE o.provider_ref END,
            sent_at = COALESCE(delivery.sent_at, o.sent_at), tries = delivery.tries + o.tries,
            possible_duplicates = delivery.possible_duplicates + o.possible_duplicates, lease = NULL, lease_until = NULL
        FROM o, ours WHERE delivery.id = o.id AND delivery.attempt = o.attempt AND ours.id = delivery.alert_id""",
    record_sent="""UPDATE delivery SET state = GREATEST(state, 4::smallint), tries = tries + 1, lease = NULL, lease_until = NULL,
            reason = CASE WHEN state > 4 THEN reason ELSE '' END, due_at = o.at, sent_at = COALESCE(sent_at, o.at),
            provider_ref = o.ref
        FROM (SELECT key::bigint AS id, split_part(value, '|', 1)::bigint AS at, substr(value, strpos(value, '|') + 1) AS ref
              FROM json_each_text($1::json) ORDER BY 1) o
        WHERE delivery.id = o.id AND delivery.attempt = $2::int""",
    lift_early=f"""UPDATE delivery SET state = top.level, sent_at = COALESCE(sent_at, top.at),
            reason = CASE WHEN top.level = 5 THEN top.reason ELSE delivery.reason END
        FROM (SELECT d.id AS id, MIN(rc.at) AS at, MAX(CASE rc.kind WHEN 'failed' THEN rc.reason ELSE '' END) AS reason,
                     MAX(CASE rc.kind WHEN 'read' THEN 7 WHEN 'delivered' THEN 6 WHEN 'failed' THEN 5 ELSE 4 END) AS level
              {_EARLY_RECEIPTS} GROUP BY d.id ORDER BY d.id) top
        WHERE delivery.id = top.id AND delivery.state < top.level""",
    match_early_receipts=f"""UPDATE receipt SET delivery_id = early.id
        FROM (SELECT rc.id AS receipt, d.id AS id {_EARLY_RECEIPTS}) early WHERE receipt.id = early.receipt""",
    # Where units run side by side a receipt and the outcome of its message may each be stored unseen by the other. No further
    # back than the last 10,000, for receipts of messages that are not ours stay without a delivery for ever.
    unmatched="""SELECT DISTINCT d.id FROM receipt rc JOIN delivery d ON d.provider_ref = rc.provider_ref AND d.channel = rc.channel
        WHERE rc.delivery_id IS NULL AND rc.id > (SELECT MAX(id) - 10000 FROM receipt) AND rc.provider_ref <> ''""",
    fall_back=_fall_back("unnest($1::bigint[])", "$2", "$3", "$4"),
    kill_addresses="""UPDATE address SET state = 'dead' WHERE state = 'verified'
        AND id IN (SELECT d.address_id FROM delivery d WHERE d.id = ANY($1::bigint[]))""",
    kill_chats="""UPDATE group_chat SET state = 'dead' WHERE id IN (SELECT d.address_id FROM delivery d
        WHERE d.id = ANY($1::bigint[]) AND d.part = 'post')""",
    strike_addresses="""UPDATE address SET strikes = strikes + 1, state = CASE WHEN strikes >= 2 THEN 'dead' ELSE state END
        WHERE state = 'verified' AND id IN (SELECT d.address_id FROM delivery d WHERE d.id = ANY($1::bigint[]))""",
    kill_addresses_from_receipts="""UPDATE address SET state = 'dead' WHERE state = 'verified'
        AND id IN (SELECT d.address_id FROM receipt rc JOIN delivery d ON d.id = rc.delivery_id
                   WHERE rc.provider_ref = ANY($1::text[]) AND rc.channel = $2::text AND rc.kind = 'failed')""",
    # Another address that has this handle already keeps it.
    move_address="""UPDATE address SET handle_hash = $2::text, handle = $3::text
        WHERE id = (SELECT address_id FROM delivery WHERE id = $1::bigint)
        AND NOT EXISTS (SELECT 1 FROM address other WHERE other.channel = address.channel AND other.handle_hash = $2::text)""",
    move_chat="""UPDATE group_chat SET handle_hash = $2::text, handle = $3::text
        WHERE id = (SELECT address_id FROM delivery WHERE id = $1::bigint AND part = 'post')
          AND NOT EXISTS (SELECT 1 FROM group_chat other WHERE other.channel = group_chat.channel
              AND other.handle_hash = $2::text)""",
    states_changed=logged(f"""{_CHANGED.format(at="$2", state="d.state", distinct="", text="")}
        FROM delivery d WHERE d.id = ANY($1::bigint[]) AND d.part = '' GROUP BY d.alert_id"""),
    expire="""UPDATE delivery SET state = 2, reason = 'expired before it could be sent' WHERE state + 0 = 0 AND id = ANY(ARRAY(
            SELECT id FROM delivery WHERE state = 0 AND expires_at > 0 AND expires_at <= $1::bigint ORDER BY id
            FOR NO KEY UPDATE SKIP LOCKED))
        RETURNING id""",
    clock_set_waiting="UPDATE delivery SET due_at = $1::bigint WHERE state = 0 AND due_at > $1::bigint",
    clock_set_leases="UPDATE delivery SET lease_until = $1::bigint WHERE state = 1 AND lease IS NOT NULL",
    rescue=_rescue("delivery.lease_until <= $2::bigint"),
    rescue_account=_rescue("delivery.channel = $2::text AND delivery.account = $3::text"),
    deliveries="""SELECT d.id, d.admin_id, admin.name, d.channel, d.account, d.step, d.state, d.tries, d.reason,
            d.possible_duplicates, d.sent_at, d.rung,
            (SELECT COALESCE(json_agg(json_build_array(kind, at, reason)), '[]') FROM receipt WHERE delivery_id = d.id),
            (SELECT COALESCE(json_agg(json_build_array(kind, at, via)), '[]') FROM acknowledgement k
             WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
        FROM delivery d LEFT JOIN admin ON admin.id = d.admin_id
        WHERE d.alert_id = $1::text AND d.id > $2::bigint AND d.part = '' ORDER BY d.id LIMIT $3::int""",
    totals="""SELECT (SELECT COUNT(*) FROM delivery WHERE state = 0), (SELECT COUNT(*) FROM delivery WHERE state = 1),
            (SELECT COALESCE(SUM(possible_duplicates), 0) FROM delivery WHERE possible_duplicates > 0),
            (SELECT COUNT(*) FROM inbox WHERE error <> '')""",
    waiting="""SELECT channel, account, COUNT(*), COUNT(*) FILTER (WHERE priority < $1::int) FROM delivery
            WHERE state = 0 GROUP BY channel, account
        UNION ALL SELECT '', '', COALESCE(SUM(admins), 0)::bigint,
            COALESCE(SUM(admins) FILTER (WHERE priority < $1::int), 0)::bigint
        FROM (SELECT priority, (audience::json->>2)::bigint AS admins FROM alert
              WHERE planned_at IS NULL AND closed_at IS NULL AND hold <> 'held' AND expires_at > $2::bigint) unplanned""",
    # receipts ----------------------------------------------------------------------------------------------------------------
    insert_receipts=f"""INSERT INTO receipt (delivery_id, channel, provider_ref, kind, at, reason, heeded)
        SELECT DISTINCT ON (r.provider_ref, r.kind, r.at) COALESCE(
                (SELECT d.id FROM delivery d WHERE d.id = r.delivery_id AND d.channel = $7::text),
                (SELECT d.id FROM delivery d WHERE d.provider_ref = r.provider_ref AND d.channel = $7::text LIMIT 1)) AS delivery,
            $7::text, r.provider_ref, r.kind, r.at, r.reason, false
        FROM {_RECEIPTS} WHERE r.level > 0 ORDER BY r.provider_ref, r.kind, r.at, delivery
        ON CONFLICT (provider_ref, kind, at, channel)
            DO UPDATE SET delivery_id = COALESCE(receipt.delivery_id, excluded.delivery_id)""",
    lift_deliveries=f"""UPDATE delivery SET state = top.level, lease = NULL, lease_until = NULL,
            sent_at = COALESCE(sent_at, top.at),
            provider_ref = CASE WHEN delivery.provider_ref = '' THEN top.ref ELSE delivery.provider_ref END,
            reason = CASE WHEN top.level = 5 THEN top.reason ELSE delivery.reason END
        FROM (SELECT rc.delivery_id AS id, MAX(r.level) AS level, MIN(rc.at) AS at, MAX(rc.provider_ref) AS ref,
                     MAX(CASE rc.kind WHEN 'failed' THEN rc.reason ELSE '' END) AS reason
              FROM {_RECEIPTS} JOIN receipt rc ON rc.provider_ref = r.provider_ref AND rc.kind = r.kind
                   AND rc.at = r.at AND rc.channel = $7::text
              WHERE rc.delivery_id IS NOT NULL AND NOT (rc.kind = 'failed' AND EXISTS (
                  SELECT 1 FROM receipt old WHERE old.provider_ref = rc.provider_ref AND old.channel = $7::text AND old.heeded))
              GROUP BY rc.delivery_id ORDER BY 1) top
        WHERE delivery.id = top.id AND delivery.state < top.level RETURNING delivery.id, delivery.state""",
    try_again="""UPDATE delivery SET state = 0, due_at = x.due_at, tries = GREATEST(delivery.tries, 1)
        FROM unnest($1::text[], $2::bigint[]) x(provider_ref, due_at)
            JOIN receipt rc ON rc.provider_ref = x.provider_ref AND rc.channel = $3::text AND rc.kind = 'failed'
            JOIN delivery failed ON failed.id = rc.delivery_id
            JOIN LATERAL (SELECT closed_at FROM alert WHERE alert.id = failed.alert_id FOR SHARE) alert
                ON alert.closed_at IS NULL
        WHERE delivery.id = rc.delivery_id AND delivery.state + 0 = 5 AND delivery.tries < $4::int
          AND delivery.expires_at > x.due_at
          AND (delivery.provider_ref = rc.provider_ref OR delivery.provider_ref = '')""",
    heed_failures="""UPDATE receipt SET heeded = true WHERE channel = $2::text AND kind = 'failed' AND delivery_id IS NOT NULL
        AND provider_ref = ANY($1::text[])""",
    close_windows="""UPDATE address SET window_open_until = 0 WHERE window_open_until > 0 AND id IN (SELECT d.address_id
        FROM receipt rc JOIN delivery d ON d.id = rc.delivery_id
        WHERE rc.provider_ref = ANY($1::text[]) AND rc.channel = $2::text)""",
    strike_from_receipts="""UPDATE address SET strikes = strikes + 1, state = CASE WHEN strikes >= 2 THEN 'dead' ELSE state END
        WHERE state = 'verified' AND id IN (SELECT d.address_id FROM receipt rc JOIN delivery d ON d.id = rc.delivery_id
            WHERE rc.provider_ref = ANY($1::text[]) AND rc.channel = $2::text AND rc.kind = 'failed'
              AND NOT EXISTS (SELECT 1 FROM receipt old WHERE old.provider_ref = rc.provider_ref AND old.channel = $2::text
                              AND old.heeded))""",
    forgive=f"""UPDATE address SET strikes = 0 WHERE strikes > 0 AND state = 'verified' AND id IN (SELECT d.address_id
        FROM {_RECEIPTS} JOIN receipt rc ON rc.provider_ref = r.provider_ref AND rc.channel = $7::text
            AND rc.kind IN ('delivered', 'read')
        JOIN delivery d ON d.id = rc.delivery_id)""",
    read_up_to_seen=logged(f"""{_CHANGED.format(at="$3", state="7", distinct="", text="")}
        FROM {_BEFORE_NAMED} WHERE d.part = '' GROUP BY d.alert_id"""),
    read_up_to=f"UPDATE delivery SET state = 7 WHERE id IN (SELECT d.id FROM {_BEFORE_NAMED})",
    fall_back_from_receipts=_fall_back(_FAILED_RECEIPTS, "$7", "$8", "$9"),
    receipts_seen=logged(f"""{_CHANGED.format(at="$7", state="d.state", distinct="DISTINCT", text="::jsonb")}
        FROM {_RECEIPTS} JOIN receipt rc ON rc.provider_ref = r.provider_ref AND rc.channel = $8::text
        JOIN delivery d ON d.id = rc.delivery_id WHERE d.part = '' GROUP BY d.alert_id"""),
    # acknowledgements --------------------------------------------------------------------------------------------------------
    # The alert is locked first: "each chat once" and the coverage that is told count the answers that came beside this one.
    acknowledge="""INSERT INTO acknowledgement (alert_id, admin_id, delivery_id, kind, at, via, ref)
        SELECT d.alert_id, d.admin_id, d.id, $4::text, $5::bigint, $6::text, $7::text
        FROM (SELECT d.id, d.alert_id, d.admin_id FROM delivery d JOIN alert ON alert.id = d.alert_id WHERE d.id = $1::bigint
              FOR NO KEY UPDATE OF alert) d
        JOIN address a ON a.admin_id = d.admin_id AND a.channel = $2::text AND a.handle_hash = $3::text
        ON CONFLICT (alert_id, admin_id, kind) DO NOTHING""",
    acknowledgement_seen=logged("""SELECT k.alert_id, $3::bigint, 'acknowledgement',
            json_build_object('delivery', k.delivery_id::text,
            'admin', k.admin_id::text, 'kind', k.kind, 'at', k.at, 'via', k.via)::text
        FROM acknowledgement k WHERE k.delivery_id = $1::bigint AND k.kind = $2::text AND k.at = $4::bigint"""),
    cover=f"""UPDATE alert_neighbourhood SET forwarded_at = $2::bigint, forwarded_by = k.admin_id, check_at = NULL
        FROM delivery d JOIN acknowledgement k ON k.alert_id = d.alert_id AND k.admin_id = d.admin_id AND k.delivery_id = d.id
             JOIN group_admin ga ON {SERVED.format(d="d")} JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
        WHERE d.id = $1::bigint AND k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id
          AND alert_neighbourhood.code = gn.code AND alert_neighbourhood.forwarded_at IS NULL""",
    covered=logged("""SELECT an.alert_id, $2::bigint, 'coverage',
            json_build_object('matched', COUNT(*), 'forwarded', COUNT(an.forwarded_at))::text
        FROM alert_neighbourhood an
        WHERE an.alert_id = (SELECT alert_id FROM delivery WHERE id = $1::bigint) AND an.added <> 'adjacent'
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.delivery_id = $1::bigint AND k.kind = 'forwarded')
        GROUP BY an.alert_id"""),
    send_beside=f"""{DELIVERY}
        SELECT $2::bigint + row_number() OVER (ORDER BY what.place), d.alert_id, d.admin_id, d.address_id,
            CASE what.part WHEN 'picture' THEN 1001 ELSE 1002 END, d.channel, d.account, 0, 0, 0, d.priority + 50, d.distance,
            $3::bigint, d.expires_at, '', '', 0, $3::bigint, what.part, d.id, d.turn, 0
        FROM (SELECT d.*, alert.closed_at, alert.beside, alert.repeats FROM delivery d JOIN alert ON alert.id = d.alert_id
              WHERE d.id = $1::bigint FOR SHARE OF alert) d
            CROSS JOIN LATERAL jsonb_array_elements_text(d.beside::jsonb) WITH ORDINALITY what(part, place)
        WHERE COALESCE($4::jsonb -> d.channel, '[]') ? what.part AND d.closed_at IS NULL AND d.expires_at > $3::bigint
          AND (d.follows IS NULL OR NOT d.repeats::jsonb ? what.part)
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id
                      AND k.kind <> 'cannot')
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    post_to_groups=f"""{DELIVERY}
        SELECT $2::bigint + row_number() OVER (ORDER BY chat.id), d.alert_id, d.admin_id, chat.id,
            2000 + row_number() OVER (ORDER BY chat.id) + (SELECT COUNT(*) FROM delivery o
                WHERE o.alert_id = d.alert_id AND o.admin_id = d.admin_id AND o.part = 'post'),
            chat.channel, chat.account, 0, 0, 0, d.priority + 50, d.distance, $3::bigint, d.expires_at, '', '', 0, $3::bigint,
            'post', NULL::bigint, d.turn, 0
        FROM delivery d JOIN alert ON alert.id = d.alert_id CROSS JOIN (SELECT DISTINCT ga.group_id FROM delivery own
                JOIN group_admin ga ON {SERVED.format(d="own")} WHERE own.id = $1::bigint) ga
            JOIN group_chat chat ON chat.group_id = ga.group_id AND chat.state = 'verified'
        WHERE d.id = $1::bigint AND alert.status = 'Actual' AND alert.closed_at IS NULL AND d.expires_at > $3::bigint
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id
                      AND k.kind = 'forwarded')
          AND EXISTS (SELECT 1 FROM group_neighbourhood gn JOIN alert_neighbourhood an ON an.code = gn.code
                      WHERE gn.group_id = chat.group_id AND an.alert_id = d.alert_id)
          AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.alert_id = d.alert_id AND o.address_id = chat.id AND o.part = 'post')
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    uncover=f"""UPDATE alert_neighbourhood SET forwarded_at = NULL, forwarded_by = NULL FROM {_TAKEN_BACK} k
        WHERE k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id
          AND alert_neighbourhood.forwarded_by = k.admin_id""",
    cover_anew=f"""UPDATE alert_neighbourhood SET forwarded_at = other.at, forwarded_by = other.admin_id
        FROM (SELECT DISTINCT ON (k.alert_id, gn.code) k.alert_id, gn.code, k.at, k.admin_id
              FROM {_TAKEN_BACK} gone JOIN acknowledgement k ON k.alert_id = gone.alert_id
                   AND k.kind = 'forwarded' AND k.id <> gone.id
              JOIN delivery d ON d.id = k.delivery_id JOIN group_admin ga ON {SERVED.format(d="d")}
              JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
              ORDER BY k.alert_id, gn.code, k.at) other
        WHERE alert_neighbourhood.alert_id = other.alert_id AND alert_neighbourhood.code = other.code
          AND alert_neighbourhood.forwarded_at IS NULL""",
    taken_back=logged(f"""SELECT k.alert_id, $4::bigint, 'takenBack', json_build_object('delivery', k.delivery_id::text,
            'admin', k.admin_id::text, 'kind', k.kind)::text FROM {_TAKEN_BACK} k
        UNION ALL SELECT an.alert_id, $4::bigint, 'coverage',
            json_build_object('matched', COUNT(*), 'forwarded', COUNT(an.forwarded_at))::text
        FROM {_TAKEN_BACK} k JOIN alert_neighbourhood an ON an.alert_id = k.alert_id AND an.added <> 'adjacent'
        WHERE k.kind = 'forwarded' GROUP BY an.alert_id"""),
    climb_on=f"""UPDATE alert_neighbourhood SET check_at = $4::bigint FROM {_TAKEN_BACK} k JOIN alert ON alert.id = k.alert_id
        WHERE k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id AND alert_neighbourhood.added <> 'adjacent'
          AND alert_neighbourhood.forwarded_at IS NULL AND alert_neighbourhood.check_at IS NULL AND alert.closed_at IS NULL""",
    take_back=f"DELETE FROM acknowledgement WHERE id IN (SELECT k.id FROM {_TAKEN_BACK} k)",
    answered_delivery="""SELECT d.id FROM address a JOIN address own ON own.admin_id = a.admin_id
            JOIN delivery d ON d.address_id = own.id AND d.admin_id = a.admin_id
        WHERE a.channel = $1::text AND a.handle_hash = $2::text AND d.part = '' AND d.attempt > 0 AND d.state NOT IN (2, 3)
          AND ($3::text = '' OR d.provider_ref = $3::text) AND d.created_at > $4::bigint
        ORDER BY d.created_at DESC, d.id DESC LIMIT 1""",
    open_window="""UPDATE address SET window_open_until = GREATEST(window_open_until, $3::bigint)
        WHERE channel = $1::text AND handle_hash = $2::text""",
    stop_person="""UPDATE address SET state = 'stopped' WHERE (channel = $1::text AND handle_hash = $2::text)
        OR (state <> 'unverified' AND admin_id = (SELECT admin_id FROM address
            WHERE channel = $1::text AND handle_hash = $2::text AND state <> 'unverified'))""",
    withdraw_person="""UPDATE delivery SET state = 3, reason = 'the admin signed off' WHERE state + 0 = 0
        AND address_id IN (SELECT own.id FROM address a JOIN address own ON own.admin_id = a.admin_id
                           WHERE a.channel = $1::text AND a.handle_hash = $2::text AND a.state <> 'unverified')""",
    resolve="""SELECT a.handle FROM address_alias x JOIN address a ON a.id = x.address_id
        WHERE x.channel = $1::text AND x.alias = $2::text""",
    know_aliases="""INSERT INTO address_alias (channel, alias, address_id) SELECT $1::text, k.alias, a.id
        FROM unnest($2::text[], $3::text[]) k(handle, alias) JOIN address a ON a.channel = $1::text AND a.handle_hash = k.handle
        ORDER BY k.alias ON CONFLICT (channel, alias)
            DO UPDATE SET address_id = excluded.address_id WHERE address_alias.address_id <> excluded.address_id""",
    alias_moved="""UPDATE address_alias SET alias = $3::text WHERE channel = $1::text AND alias = $2::text
        AND NOT EXISTS (SELECT 1 FROM address_alias other WHERE other.channel = $1::text AND other.alias = $3::text)""",
    chat_unreachable="UPDATE group_chat SET state = 'dead' WHERE channel = $1::text AND handle_hash = $2::text",
    chat_reachable="UPDATE group_chat SET state = 'verified' WHERE channel = $1::text AND handle_hash = $2::text",
    chat_moved="""UPDATE group_chat SET handle_hash = $3::text, handle = $4::text
        WHERE channel = $1::text AND handle_hash = $2::text
        AND NOT EXISTS (SELECT 1 FROM group_chat other WHERE other.channel = $1::text AND other.handle_hash = $3::text)""",
    address_unreachable="""UPDATE address SET state = 'dead'
        WHERE channel = $1::text AND handle_hash = $2::text AND state = 'verified'""",
    address_reachable="""UPDATE address SET state = 'verified'
        WHERE channel = $1::text AND handle_hash = $2::text AND state = 'dead'""",
    address_moved="""UPDATE address SET handle_hash = $3::text, handle = $4::text
        WHERE channel = $1::text AND handle_hash = $2::text
        AND NOT EXISTS (SELECT 1 FROM address other WHERE other.channel = $1::text AND other.handle_hash = $3::text)""",
    # inbox -------------------------------------------------------------------------------------------------------------------
    keep_update="""INSERT INTO inbox (channel, account, key, body, received_at, error)
        SELECT $1::text, $2::text, $3::text, $4::bytea, $5::bigint, ''
        WHERE NOT EXISTS (SELECT 1 FROM heard WHERE channel = $1::text AND account = $2::text AND key = $3::text)
        ON CONFLICT (channel, account, key) DO NOTHING""",
    kept_updates="""SELECT id, channel, account, COALESCE(key, ''), body, received_at FROM inbox
        WHERE error = '' AND id > $1::bigint AND (channel, account) NOT IN (SELECT * FROM unnest($3::text[], $4::text[]))
        ORDER BY id LIMIT $2::int""",
    cursor="SELECT cursor FROM channel_cursor WHERE channel = $1::text AND account = $2::text",
    put_cursor="""INSERT INTO channel_cursor (channel, account, cursor) VALUES ($1, $2, $3)
        ON CONFLICT (channel, account) DO UPDATE SET cursor = excluded.cursor""",
    hear_updates="""INSERT INTO heard (channel, account, key, at) SELECT channel, account, key, $2::bigint FROM inbox
        WHERE id = ANY($1::bigint[]) AND key IS NOT NULL ON CONFLICT (channel, account, key) DO NOTHING""",
    forget_heard="DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE at < $1::bigint LIMIT $2::int) RETURNING id",
    drop_updates="DELETE FROM inbox WHERE id = ANY($1::bigint[]) RETURNING id",
    mark_unreadable="UPDATE inbox SET error = $2::text WHERE id = $1::bigint",
    # keys --------------------------------------------------------------------------------------------------------------------
    find_key="""SELECT id, name, role, sender, municipalities, scopes, senders, staff_id, certificate, public_key, used_on,
            CASE WHEN hash = $1::text THEN NULL ELSE old_until END
        FROM api_key WHERE (hash = $1::text OR (old_hash = $1::text AND old_until > $2::bigint))
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2::bigint)""",
    # What more than its secret must prove opens no session, and has none any more.
    key_of="""SELECT id, name, role, sender, municipalities, scopes, senders, staff_id FROM api_key
        WHERE id = $1::text AND certificate = '' AND public_key = ''
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2::bigint)""",
    key_used="UPDATE api_key SET used_on = $2::bigint WHERE id = $1::text AND used_on < $2::bigint",
    keys_ending="SELECT COUNT(*) FROM api_key WHERE revoked_at IS NULL AND expires_at < $1::bigint",
    # Two that sweep at once must not wait for each other's rows, in whatever order they come to them.
    sweep_nonces="""DELETE FROM signed_nonce WHERE hash IN (
        SELECT hash FROM signed_nonce WHERE until <= $1::bigint LIMIT 1000 FOR UPDATE SKIP LOCKED)""",
    take_nonce="""INSERT INTO signed_nonce (hash, until) VALUES ($1::text, $2::bigint)
        ON CONFLICT (hash) DO NOTHING RETURNING until""",
    neighbourhood_version="SELECT COALESCE(MAX(id), 0) FROM neighbourhood_import",
    neighbourhoods="""SELECT code, name, district, district_name, municipality, municipality_name, boundary, edition,
            COALESCE(ground, ''::bytea) FROM neighbourhood ORDER BY code""",
    # figures -----------------------------------------------------------------------------------------------------------------
    pending_by_account="""SELECT channel, account, COUNT(*), MIN(due_at) FROM delivery WHERE state = 0 GROUP BY channel, account""",
    sending_by_account="SELECT channel, account, COUNT(*) FROM delivery WHERE state = 1 GROUP BY channel, account",
    open_coverage="""SELECT COUNT(DISTINCT a.id), COUNT(*), COUNT(an.forwarded_at) FROM alert a
        JOIN alert_neighbourhood an ON an.alert_id = a.id AND an.added <> 'adjacent'
        WHERE a.accepted_at > $2::bigint AND a.expires_at > $1::bigint AND a.closed_at IS NULL""",
    oldest_unplanned="SELECT MIN(accepted_at) FROM alert WHERE planned_at IS NULL AND closed_at IS NULL AND hold <> 'held'",
    inbox_waiting="""SELECT (SELECT COUNT(*) FROM inbox),
        (SELECT received_at FROM inbox WHERE error = '' ORDER BY id LIMIT 1)""",
    last_reported="""SELECT (SELECT COALESCE(MAX(id), 0) FROM receipt), (SELECT COALESCE(MAX(id), 0) FROM acknowledgement),
        (SELECT COALESCE(MAX(id), 0) FROM alert_event)""",
    receipts_since="""SELECT d.channel, rc.kind, rc.at - d.sent_at FROM receipt rc JOIN delivery d ON d.id = rc.delivery_id
        WHERE rc.id > $1::bigint AND rc.kind <> 'sent' AND d.sent_at IS NOT NULL ORDER BY rc.id DESC LIMIT $2::bigint""",
    answers_since="""SELECT d.channel, k.kind, k.at - d.sent_at FROM acknowledgement k JOIN delivery d ON d.id = k.delivery_id
        WHERE k.id > $1::bigint AND d.sent_at IS NOT NULL ORDER BY k.id DESC LIMIT $2::bigint""",
    # Each answer after the last neighbourhood writes the same event once more: only the first counts.
    covered_since="""SELECT e.at - a.accepted_at FROM alert_event e JOIN alert a ON a.id = e.alert_id
        WHERE e.id > $1::bigint AND e.kind = 'coverage' AND e.data::json->>'matched' = e.data::json->>'forwarded'
          AND NOT EXISTS (SELECT 1 FROM alert_event f
              WHERE f.alert_id = e.alert_id AND f.kind = 'coverage' AND f.data = e.data AND f.id < e.id)""",
    # leases ------------------------------------------------------------------------------------------------------------------
    leases=f"SELECT channel, account, holder, until - {_SERVER_NOW} FROM account_lease ORDER BY channel, account FOR UPDATE",
    renew_leases=f"""UPDATE account_lease l SET holder = $2::text, until = {_SERVER_NOW} + $3::bigint
        FROM unnest($4::text[], $5::text[]) n(channel, account) WHERE l.channel = n.channel AND l.account = n.account
            AND (l.holder = $2::text OR l.until <= {_SERVER_NOW})""",
    # Only where there is none: each insert that is tried uses up an id, and a lease is renewed every two seconds for years.
    new_leases=f"""INSERT INTO account_lease (channel, account, holder, until)
        SELECT n.channel, n.account, $2::text, {_SERVER_NOW} + $3::bigint FROM unnest($4::text[], $5::text[]) n(channel, account)
        WHERE NOT EXISTS (SELECT 1 FROM account_lease l WHERE l.channel = n.channel AND l.account = n.account) ORDER BY 1, 2
        ON CONFLICT (channel, account) DO NOTHING""",
    release_leases=f"""UPDATE account_lease SET until = LEAST(until, {_SERVER_NOW}) WHERE holder = $2::text
        AND (channel, account) IN (SELECT * FROM unnest($3::text[], $4::text[]))""",
    drop_leases=f"DELETE FROM account_lease WHERE until <= {_SERVER_NOW} - $2::bigint",
    # linking -----------------------------------------------------------------------------------------------------------------
    find_person="""SELECT a.handle, a.state, p.id, p.language, p.away_until,
            (SELECT COALESCE(json_agg(json_build_array(channel, state) ORDER BY rank), '[]') FROM address WHERE admin_id = p.id)
        FROM (SELECT id, 0 AS place FROM address WHERE channel = $1::text AND handle_hash = $2::text UNION ALL
              SELECT address_id, 1 FROM address_alias WHERE channel = $1::text AND alias = $2::text) found
        JOIN address a ON a.id = found.id JOIN admin p ON p.id = a.admin_id ORDER BY found.place LIMIT 1""",
    find_link="""SELECT t.admin_id, p.language, t.channel, t.expires_at, t.used_at IS NOT NULL,
            EXISTS (SELECT 1 FROM application y WHERE y.admin_id = t.admin_id AND y.state = 'accepted')
                AND NOT EXISTS (SELECT 1 FROM address a WHERE a.admin_id = t.admin_id)
        FROM link_token t JOIN admin p ON p.id = t.admin_id WHERE t.hash = $1::text""",
    offered_links="SELECT 1 FROM link_token WHERE channel = $1::text AND used_at IS NULL AND expires_at > $2::bigint LIMIT 1",
    void_links="""UPDATE link_token SET expires_at = $3::bigint
        WHERE admin_id = $1::bigint AND channel = $2::text AND used_at IS NULL AND expires_at > $3::bigint""",
    put_link="""INSERT INTO link_token (hash, admin_id, channel, created_at, expires_at)
        SELECT $1::text, id, $3::text, $4::bigint, $5::bigint FROM admin WHERE id = $2::bigint RETURNING hash""",
    sweep_links="DELETE FROM link_token WHERE expires_at <= $1::bigint",
    # Locked, so that of two who use one link at the same moment only the first has it.
    link_address="""INSERT INTO address (id, admin_id, channel, handle_hash, handle, rank, state, window_open_until, account,
            strikes)
        SELECT $2::bigint, t.admin_id, t.channel, $4::text, $5::text,
            (SELECT COALESCE(MAX(rank), 0) + 1 FROM address WHERE admin_id = t.admin_id), 'verified', 0, $6::text, 0
        FROM link_token t WHERE t.hash = $1::text AND t.channel = $3::text AND t.used_at IS NULL AND t.expires_at > $7::bigint
        FOR UPDATE OF t
        ON CONFLICT (channel, handle_hash) DO UPDATE SET state = 'verified', account = excluded.account, strikes = 0
            WHERE address.admin_id = excluded.admin_id""",
    use_link="""UPDATE link_token SET used_at = $4::bigint
        WHERE hash = $1::text AND channel = $2::text AND used_at IS NULL AND expires_at > $4::bigint AND EXISTS (SELECT 1
            FROM address a WHERE a.admin_id = link_token.admin_id AND a.channel = $2::text AND a.handle_hash = $3::text)""",
    start_person="""UPDATE address SET state = 'verified', strikes = 0 WHERE (channel = $1::text AND handle_hash = $2::text)
        OR (state = 'stopped' AND admin_id = (SELECT admin_id FROM address
            WHERE channel = $1::text AND handle_hash = $2::text AND state <> 'unverified'))""",
    set_language="UPDATE admin SET language = $2::text WHERE id = $1::bigint",
    set_away="UPDATE admin SET away_until = $2::bigint WHERE id = $1::bigint",
    # Ranks are unique: first out of the way, then in the new order.
    lift_ranks="UPDATE address SET rank = -rank WHERE admin_id = $1::bigint",
    order_channels="""UPDATE address SET rank = sorted.place
        FROM (SELECT a.id AS id, row_number() OVER (ORDER BY COALESCE(o.place, 99), a.rank DESC) AS place
              FROM address a LEFT JOIN unnest($2::text[]) WITH ORDINALITY o(channel, place) ON o.channel = a.channel
              WHERE a.admin_id = $1::bigint) sorted
        WHERE address.id = sorted.id""",
    groups_of="""SELECT g.id, g.name FROM group_admin ga JOIN watch_group g ON g.id = ga.group_id
        WHERE ga.admin_id = $1::bigint ORDER BY g.id""",
    replace_chat="DELETE FROM group_chat WHERE group_id = $1::bigint AND channel = $2::text AND handle_hash <> $3::text",
    put_chat="""INSERT INTO group_chat (id, group_id, channel, account, handle_hash, handle, state)
        VALUES ($1, $2, $3, $4, $5, $6, 'verified')
        ON CONFLICT (channel, handle_hash) DO UPDATE SET group_id = excluded.group_id, account = excluded.account,
            state = 'verified'""",
)
