# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The queue's SQL for SQLite (3.38 or newer, for ->> and UPDATE FROM). Batches come in as one JSON text, go out as one JSON row.

One statement a batch, not one a row: the writer thread takes Python's lock once a row otherwise, and the event loop waits for it
(measured: outcomes 61 ms late instead of 20). States by number as in domain.DeliveryState: 0 pending, 1 sending, 2 expired,
3 cancelled, 4 sent, 5 failed, 6 delivered, 7 read.
"""

from hub.store.queries import TURN, Queries
from hub.store.sqlite.auditing import AUDITING
from hub.store.sqlite.escalating import ESCALATING
from hub.store.sqlite.pieces import (
    ACCOUNT,
    DELIVERY,
    FIRST_ADDRESS,
    NOT_TRIED,
    REACHABLE,
    REPORTED,
    ROUTES,
    SERVED,
    SERVING,
)

# code, group_id, admin_id
_AUDIENCE = f"""FROM (SELECT gn.code AS code, ga.group_id AS group_id, {SERVING.format(p="p", now=3)} AS admin_id
        FROM json_each(?1) codes JOIN group_neighbourhood gn ON gn.code = codes.value
        JOIN group_admin ga ON ga.group_id = gn.group_id JOIN admin p ON p.id = ga.admin_id) served
    WHERE EXISTS (SELECT 1 FROM address a WHERE a.admin_id = served.admin_id AND a.state = 'verified'
                  AND a.channel IN (SELECT channel FROM route))"""

# {failed} gives the deliveries. The next address is one of a later rank that this alert has not been sent to; if the one that
# failed is gone from the directory meanwhile, any other will do.
_FALL_BACK = f"""{ROUTES.format(routes=3)} {DELIVERY}
    SELECT ?2 + row_number() OVER (), d.alert_id, d.admin_id, a.id, d.step + 1, a.channel, {ACCOUNT}, 0, 0, 0, d.priority,
        d.distance, ?4, d.expires_at, '', '', 0, ?4, '', d.follows, d.turn, d.rung
    FROM {{failed}} failed JOIN delivery d ON d.id = failed.value JOIN alert ON alert.id = d.alert_id
    LEFT JOIN address tried ON tried.id = d.address_id
    JOIN address a ON a.id = {FIRST_ADDRESS.format(admin="d.admin_id", more=NOT_TRIED)}
    WHERE d.state = 5 AND d.part = '' AND d.expires_at > ?4 AND alert.closed_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    ON CONFLICT (alert_id, admin_id, step) DO NOTHING"""

_FAILED_RECEIPTS = """(SELECT DISTINCT rc.delivery_id AS value FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1
    AND rc.kind = 'failed' AND rc.channel = ?5 WHERE r.value->>2 = 'failed')"""

# What may have reached somebody of the alerts ?2, newest first per person (and per chat of a group).
_REACHED = """(SELECT r.*, row_number() OVER (PARTITION BY r.admin_id, r.part, CASE r.part WHEN 'post' THEN r.address_id ELSE 0 END
            ORDER BY r.state = 3, r.id DESC) AS n FROM delivery r
        WHERE r.alert_id IN (SELECT value FROM json_each(?2)) AND r.part IN ('', 'post')
          AND (r.state IN (1, 4, 6, 7) OR r.sent_at IS NOT NULL OR r.possible_duplicates > 0))"""

_TAKEN_BACK = """(SELECT k0.* FROM acknowledgement k0 JOIN address a0 ON a0.admin_id = k0.admin_id
    WHERE k0.ref = ?3 AND k0.ref <> '' AND a0.channel = ?1 AND a0.handle_hash = ?2)"""

_BEFORE_NAMED = """(SELECT named.address_id AS address_id, MAX(named.sent_at) AS sent_at FROM json_each(?1) x
        JOIN delivery named ON named.provider_ref = x.value AND named.channel = ?2 GROUP BY 1) top
    JOIN delivery d ON d.address_id = top.address_id AND d.channel = ?2 AND d.state IN (4, 6) AND d.sent_at <= top.sent_at"""

_EARLY_RECEIPTS = """FROM json_each(?1) known JOIN delivery d ON d.id = known.value
    JOIN receipt rc ON rc.provider_ref = d.provider_ref AND rc.channel = d.channel AND rc.delivery_id IS NULL
    WHERE d.provider_ref <> ''"""

# A lost lease uses up no try: the process died, and nine in ten of what it had claimed it had not begun to send. But what is lost
# again and again may be what kills it: from the fourth time on it waits 1, 2, 4 … 64 s, and the others get through.
_RESCUE = """UPDATE delivery SET lease = NULL, lease_until = NULL,
        due_at = ?1 + CASE WHEN possible_duplicates < 3 THEN 0 ELSE 1000 << MIN(possible_duplicates - 3, 6) END,
        possible_duplicates = possible_duplicates + 1, reason = 'lease lost: it may have been sent',
        state = CASE WHEN (SELECT closed_at FROM alert WHERE alert.id = alert_id) IS NOT NULL THEN 3 ELSE 0 END
    WHERE state = 1 AND lease IS NOT NULL"""

_STATES_CHANGED = """INSERT INTO alert_event (alert_id, at, kind, data)
    SELECT d.alert_id, ?2, 'deliveries', json_group_array(json_array(d.id, d.state, d.channel, d.admin_id))
    FROM json_each(?1) changed JOIN delivery d ON d.id = changed.value WHERE d.part = '' GROUP BY d.alert_id"""

SQLITE = Queries(
    escalating=ESCALATING,
    auditing=AUDITING,
    # alerts ------------------------------------------------------------------------------------------------------------------
    # [id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority, accepted_at, expires_at, beside, repeats,
    # audience, planned_at, hold]
    insert_alerts="""INSERT INTO alert (id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority,
            accepted_at, expires_at, planned_at, closed_at, closed_as, closed_by, beside, repeats, audience, audited, hold)
        SELECT a.value->>0, a.value->>1, a.value->>2, a.value->>3, a.value->>4, a.value->>5, a.value->>6, a.value->>7, a.value->>8,
            a.value->>9, a.value->>10, a.value->>14, NULL, '', '', a.value->>11, a.value->>12, a.value->>13, 0,
            a.value->>15
        FROM json_each(?1) a WHERE true
        ON CONFLICT (sender, identifier) DO NOTHING RETURNING id""",
    insert_matches="""INSERT INTO alert_neighbourhood (alert_id, code, name, overlap, distance, why, admins, planned_at, check_at)
        SELECT m.value->>0, m.value->>1, m.value->>2, m.value->>3, m.value->>4, m.value->>5, m.value->>6, m.value->>7, m.value->>8
        FROM json_each(?1) m
        WHERE EXISTS (SELECT 1 FROM alert WHERE id = m.value->>0)""",
    close_alerts="""UPDATE alert SET closed_at = ?3, closed_as = ?4, closed_by = ?1 WHERE closed_at IS NULL
        AND id IN (SELECT value FROM json_each(?2)) AND EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    withdraw_deliveries="""UPDATE delivery SET state = 3, reason = ?3 WHERE state = 0
        AND alert_id IN (SELECT value FROM json_each(?2)) AND EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    # To those who got an earlier alert, or may have: the latest message of it that may have reached each of them is answered, and
    # where the channel can, edited ({"telegram": ["amend", …]}). A send under way counts; whether it came, the dispatcher looks up.
    follow_up=f"""{DELIVERY}
        SELECT ?3 + row_number() OVER (ORDER BY d.distance, d.id), ?1, d.admin_id, d.address_id, 0, d.channel, d.account, 0, 0, 0,
            ?4, d.distance, ?6, ?5, '', '', 0, ?6, '', d.id, (row_number() OVER (ORDER BY d.distance, d.id) - 1) / {TURN}, 0
        FROM {_REACHED} d WHERE d.n = 1 AND d.part = '' AND EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    # A post in a group's chat is answered there, and edited like the others: the old one must not live on as it was.
    follow_up_beside=f"""{DELIVERY}
        SELECT ?3 + row_number() OVER (ORDER BY d.distance, d.id, how.value), ?1, d.admin_id, d.address_id,
            CASE WHEN d.part = '' THEN 1000 WHEN how.value = 'post' THEN d.step ELSE d.step + 1000 END, d.channel, d.account,
            0, 0, 0, ?4 + 50, d.distance, ?6, ?5, '', '', 0, ?6, how.value, d.id,
            (row_number() OVER (ORDER BY d.distance, d.id, how.value) - 1) / {TURN}, 0
        FROM {_REACHED} d JOIN json_each('["post","amend"]') how
        WHERE d.n = 1 AND EXISTS (SELECT 1 FROM alert WHERE id = ?1)
          AND (how.value = 'post' AND d.part = 'post'
               OR how.value = 'amend' AND EXISTS (SELECT 1 FROM json_each(?7, '$.' || d.channel) WHERE value = 'amend'))""",
    alert_chain="""WITH RECURSIVE chain(id) AS (SELECT value FROM json_each(?1)
            UNION SELECT a.closed_by FROM chain JOIN alert a ON a.id = chain.id WHERE a.closed_by <> '')
        SELECT id FROM chain""",
    # [the alert that brings it, the alert it is about, at, kind, data]
    add_events="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT e.value->>1, e.value->>2, e.value->>3, e.value->>4 FROM json_each(?1) e
        WHERE EXISTS (SELECT 1 FROM alert WHERE id = e.value->>0)""",
    find_alerts="""SELECT alert.id, alert.fingerprint, alert.sender, alert.identifier FROM json_each(?1) r
        JOIN alert ON alert.sender = r.value->>0 AND alert.identifier = r.value->>1""",
    unplanned="""SELECT id, priority, accepted_at, expires_at,
            MAX(accepted_at, COALESCE((SELECT MAX(n.planned_at) FROM alert_neighbourhood n WHERE n.alert_id = alert.id), 0))
        FROM alert
        WHERE planned_at IS NULL AND closed_at IS NULL AND hold <> 'held' ORDER BY priority, accepted_at LIMIT 100""",
    unplanned_codes="""SELECT code, admins FROM alert_neighbourhood WHERE alert_id = ?1 AND planned_at IS NULL
        ORDER BY distance, code""",
    # Unless a neighbourhood was added meanwhile.
    planned_event="""INSERT INTO alert_event (alert_id, at, kind, data) SELECT id, ?2, 'planned', '{}' FROM alert
        WHERE id = ?1 AND planned_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = ?1 AND an.planned_at IS NULL)""",
    alert_planned="""UPDATE alert SET planned_at = ?2 WHERE id = ?1 AND planned_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = ?1 AND an.planned_at IS NULL)""",
    held="""SELECT id, key_id, accepted_at, expires_at FROM alert WHERE hold = 'held' AND closed_at IS NULL
        ORDER BY accepted_at LIMIT 100""",
    # One that is not held any more breaks the rule that `hold` is never null, so that nothing of the unit is stored.
    release_held="""UPDATE alert SET hold = CASE WHEN hold = 'held' AND closed_at IS NULL AND expires_at > ?3 THEN ?2 END
        WHERE id = ?1 RETURNING id""",
    end_held="""UPDATE alert SET hold = CASE WHEN hold = 'held' AND closed_at IS NULL THEN ?2 END, closed_as = ?3, closed_at = ?4
        WHERE id = ?1 RETURNING id""",
    closed_alerts="SELECT id FROM alert WHERE id IN (SELECT value FROM json_each(?1)) AND closed_at IS NOT NULL",
    # Ends, which matched nothing themselves, run out in silence.
    run_out="""SELECT id, sender, identifier, status, content FROM alert
        WHERE accepted_at > ?3 AND closed_at IS NULL AND expires_at <= ?1 AND expires_at > ?2
          AND EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = alert.id)
          AND EXISTS (SELECT 1 FROM delivery d WHERE d.alert_id = alert.id AND d.part = ''
              AND (d.state IN (1, 4, 6, 7) OR d.sent_at IS NOT NULL OR d.possible_duplicates > 0))""",
    alerts="""SELECT id, sender, identifier, status, msg_type, content, fingerprint, accepted_at, expires_at, planned_at,
            closed_at, closed_as, audience, (SELECT MAX(id) FROM alert_event e WHERE e.alert_id = alert.id), closed_by, outcome,
            hold
        FROM alert WHERE id IN (SELECT value FROM json_each(?1))""",
    alert_matches="""SELECT alert_id, code, name, overlap, distance, why, forwarded_at, added, rung, dark_at
        FROM alert_neighbourhood WHERE alert_id IN (SELECT value FROM json_each(?1)) ORDER BY distance, code""",
    alert_counts="""SELECT alert_id, state, COUNT(*), MIN(sent_at), MAX(sent_at) FROM delivery
        WHERE alert_id IN (SELECT value FROM json_each(?1)) AND part = '' GROUP BY alert_id, state""",
    alert_page="""SELECT id FROM alert WHERE (accepted_at, id) < (?1, ?2) ORDER BY accepted_at DESC, id DESC LIMIT ?3""",
    events_after="SELECT id, at, kind, data FROM alert_event WHERE alert_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    # audience ----------------------------------------------------------------------------------------------------------------
    audience=f"""{ROUTES.format(routes=2)}, who AS MATERIALIZED (SELECT code, group_id, admin_id {_AUDIENCE})
        SELECT (SELECT json_group_object(code, n) FROM (SELECT code, COUNT(DISTINCT admin_id) AS n FROM who GROUP BY code)),
            COUNT(DISTINCT group_id), COUNT(DISTINCT admin_id),
            (SELECT json_array(id, fingerprint) FROM alert WHERE sender = ?4 AND identifier = ?5) FROM who""",
    audience_by_account=f"""{ROUTES.format(routes=2)} SELECT a.channel, {ACCOUNT}, COUNT(*)
        FROM (SELECT DISTINCT admin_id {_AUDIENCE}) who
        JOIN address a ON a.id = {FIRST_ADDRESS.format(admin="who.admin_id", more="")} GROUP BY 1, 2""",
    # [code, distance]; as plan_deliveries would, ?4 as there
    would_send=f"""{ROUTES.format(routes=3)}
        SELECT who.admin_id, admin.name, a.channel, {ACCOUNT}, who.distance, who.codes
        FROM (SELECT {SERVING.format(p="p", now=2)} AS admin_id, MIN(m.value->>1) AS distance,
                  json_group_array(DISTINCT m.value->>0) AS codes
              FROM json_each(?1) m JOIN group_neighbourhood gn ON gn.code = m.value->>0
              JOIN group_admin ga ON ga.group_id = gn.group_id JOIN admin p ON p.id = ga.admin_id
              WHERE (NOT ?4 OR ga.id = (SELECT MIN(other.id) FROM group_admin other WHERE other.group_id = ga.group_id
                     AND {REACHABLE.format(admin="other.admin_id", now=2)}))
              GROUP BY 1) who
        JOIN admin ON admin.id = who.admin_id
        JOIN address a ON a.id = {FIRST_ADDRESS.format(admin="who.admin_id", more="")}
        ORDER BY who.distance, who.admin_id LIMIT ?5""",
    # outbox ------------------------------------------------------------------------------------------------------------------
    # [alert, code, number before the first of its ids]. ?4: of each group only its first admin who can be reached.
    plan_deliveries=f"""{ROUTES.format(routes=3)}, planned AS MATERIALIZED (SELECT id, priority, expires_at, key_id, identifier,
            (SELECT COUNT(*) FROM delivery o WHERE o.alert_id = alert.id AND o.step = 0) AS made
            FROM alert WHERE id IN (SELECT value->>0 FROM json_each(?1)) AND closed_at IS NULL) {DELIVERY}
        SELECT who.first + row_number() OVER mine, alert.id, who.admin_id, a.id, 0, a.channel, {ACCOUNT}, 0, 0, 0,
            alert.priority, who.distance, ?2, alert.expires_at, '', '', 0, ?2, '', NULL,
            (alert.made + row_number() OVER mine - 1) / {TURN}, who.rung
        FROM (SELECT c.value->>0 AS alert_id, c.value->>2 AS first,
                  {SERVING.format(p="p", now=2)} AS admin_id, MIN(an.distance) AS distance,
                  MAX(CASE an.added WHEN 'adjacent' THEN -1 ELSE 0 END) AS rung
              FROM json_each(?1) c JOIN alert_neighbourhood an ON an.alert_id = c.value->>0 AND an.code = c.value->>1
              JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
              JOIN admin p ON p.id = ga.admin_id
              WHERE (NOT ?4 OR ga.id = (SELECT MIN(other.id) FROM group_admin other WHERE other.group_id = ga.group_id
                     AND {REACHABLE.format(admin="other.admin_id", now=2)}))
              GROUP BY 1, 2, 3) who
        JOIN planned alert ON alert.id = who.alert_id
        JOIN address a ON a.id = {FIRST_ADDRESS.format(admin="who.admin_id", more="")}
        WHERE NOT {REPORTED} WINDOW mine AS (PARTITION BY alert.id ORDER BY who.distance, who.admin_id)
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    # ?4: when the escalation looks at it first; at once where nobody is
    codes_planned="""UPDATE alert_neighbourhood SET planned_at = ?3,
            check_at = CASE WHEN added = 'adjacent' OR ?4 IS NULL THEN NULL WHEN admins = 0 THEN ?3 ELSE ?4 END
        WHERE alert_id = ?1 AND code IN (SELECT value FROM json_each(?2))""",
    claim="""UPDATE delivery SET state = 1, attempt = attempt + 1, lease = ?3, lease_until = ?4 WHERE id IN (
            SELECT id FROM delivery WHERE channel = ?1 AND account = ?2 AND state = 0 AND due_at <= ?5 AND expires_at > ?5
            AND (priority, turn) < (?7, ?8) ORDER BY priority, turn, distance, id LIMIT ?6)""",
    claim_probe="""UPDATE delivery SET state = 1, attempt = attempt + 1, lease = ?3, lease_until = ?4 WHERE id IN (
            SELECT id FROM delivery WHERE channel = ?1 AND account = ?2 AND state = 0 AND due_at <= ?5 AND expires_at > ?5
            ORDER BY attempt, priority, turn, distance, id LIMIT ?6)""",
    claimed="""SELECT json_group_array(json_array(d.id, d.attempt, d.tries, d.alert_id, d.priority, d.distance, d.expires_at,
            d.lease_until, COALESCE(chat.handle, a.handle), chat.handle IS NOT NULL, admin.language, a.window_open_until,
            d.part, d.home, f.alert_id, CASE WHEN f.address_id = d.address_id THEN f.provider_ref END,
            f.state = 1, f.state IN (4, 6, 7) OR f.sent_at IS NOT NULL OR f.possible_duplicates > 0, d.turn, d.due_at, d.rung))
        FROM delivery d LEFT JOIN address a ON a.id = d.address_id AND a.state = 'verified' LEFT JOIN admin ON admin.id = d.admin_id
            LEFT JOIN delivery f ON f.id = d.follows
            LEFT JOIN group_chat chat ON d.part IN ('post', 'amend') AND chat.id = d.address_id AND chat.state = 'verified'
        WHERE d.state = 1 AND d.lease = ?1""",
    hand_over="""UPDATE delivery SET account = ?3, home = account
        WHERE channel = ?1 AND account = ?2 AND state = 0 AND home IS NULL AND due_at <= ?4 RETURNING id""",
    waiting_with_another=f"""{ROUTES.format(routes=3)}
        SELECT d.id FROM delivery d LEFT JOIN address tried ON tried.id = d.address_id
        WHERE d.channel = ?1 AND d.account = ?2 AND d.state = 0 AND d.part = '' AND d.expires_at > ?4
          AND {FIRST_ADDRESS.format(admin="d.admin_id", more=NOT_TRIED)} IS NOT NULL
        ORDER BY d.priority, d.turn, d.distance, d.id LIMIT ?5""",
    give_up="UPDATE delivery SET state = 5, reason = ?2 WHERE id IN (SELECT value FROM json_each(?1)) AND state = 0",
    go_home="""UPDATE delivery SET account = home
        WHERE id IN (SELECT value FROM json_each(?1)) AND state = 0 AND home IS NOT NULL""",
    reached_since="""SELECT COUNT(DISTINCT address_id) FROM delivery WHERE id > ?3 AND channel = ?1 AND sent_at > ?2""",
    # Of the most urgent thousand: over a hundred thousand that wait it would take 40 ms. For the others there is the poll.
    next_due="""SELECT MIN(due_at) FROM (SELECT due_at FROM delivery WHERE state = 0 AND channel = ?1 AND account = ?2
        ORDER BY priority, turn, distance, id LIMIT 1000)""",
    # outcomes: [id, attempt, state, due_at, reason, provider_ref, sent_at, tries, possible_duplicates]
    record_outcomes="""UPDATE delivery SET
            state = CASE WHEN delivery.state >= 2 THEN MAX(delivery.state, o.value->>2)
                         WHEN o.value->>2 = 0 AND alert.closed_at IS NOT NULL THEN 3 ELSE o.value->>2 END,
            due_at = o.value->>3, reason = CASE WHEN delivery.state >= 2 AND delivery.state > o.value->>2
                                              THEN delivery.reason ELSE o.value->>4 END,
            provider_ref = CASE WHEN o.value->>5 = '' THEN delivery.provider_ref ELSE o.value->>5 END,
            sent_at = COALESCE(delivery.sent_at, o.value->>6), tries = tries + (o.value->>7),
            possible_duplicates = possible_duplicates + (o.value->>8), lease = NULL, lease_until = NULL
        FROM json_each(?1) o, alert
        WHERE delivery.id = o.value->>0 AND delivery.attempt = o.value->>1 AND alert.id = delivery.alert_id""",
    # Those the provider took, the many: {"id": "sent_at|provider_ref"} of one attempt, so that no row is parsed as JSON.
    record_sent="""UPDATE delivery SET state = MAX(state, 4), tries = tries + 1, lease = NULL, lease_until = NULL,
            reason = CASE WHEN state > 4 THEN reason ELSE '' END, due_at = CAST(o.value AS INTEGER),
            sent_at = COALESCE(sent_at, CAST(o.value AS INTEGER)), provider_ref = substr(o.value, instr(o.value, '|') + 1)
        FROM json_each(?1) o WHERE delivery.id = CAST(o.key AS INTEGER) AND delivery.attempt = ?2""",
    # Receipts that came before we knew the message's reference: what of the batch ?1 has any.
    lift_early=f"""UPDATE delivery SET state = top.level, sent_at = COALESCE(sent_at, top.at),
            reason = CASE WHEN top.level = 5 THEN top.reason ELSE delivery.reason END
        FROM (SELECT d.id AS id, MIN(rc.at) AS at, MAX(CASE rc.kind WHEN 'failed' THEN rc.reason ELSE '' END) AS reason,
                     MAX(CASE rc.kind WHEN 'read' THEN 7 WHEN 'delivered' THEN 6 WHEN 'failed' THEN 5 ELSE 4 END) AS level
              {_EARLY_RECEIPTS} GROUP BY d.id) top
        WHERE delivery.id = top.id AND delivery.state < top.level""",
    match_early_receipts=f"""UPDATE receipt SET delivery_id = early.id
        FROM (SELECT rc.id AS receipt, d.id AS id {_EARLY_RECEIPTS}) early WHERE receipt.id = early.receipt""",
    unmatched="""SELECT DISTINCT d.id FROM receipt rc JOIN delivery d ON d.provider_ref = rc.provider_ref AND d.channel = rc.channel
        WHERE rc.delivery_id IS NULL AND rc.id > (SELECT MAX(id) - 10000 FROM receipt) AND rc.provider_ref <> ''""",
    fall_back=_FALL_BACK.format(failed="json_each(?1)"),
    kill_addresses="""UPDATE address SET state = 'dead' WHERE state = 'verified'
        AND id IN (SELECT d.address_id FROM json_each(?1) x JOIN delivery d ON d.id = x.value)""",
    kill_chats="""UPDATE group_chat SET state = 'dead' WHERE id IN (SELECT d.address_id FROM json_each(?1) x
        JOIN delivery d ON d.id = x.value AND d.part = 'post')""",
    # The third failure in a row that may mean so (channels.md 1.4: flag after 2-3).
    strike_addresses="""UPDATE address SET strikes = strikes + 1, state = CASE WHEN strikes >= 2 THEN 'dead' ELSE state END
        WHERE state = 'verified' AND id IN (SELECT d.address_id FROM json_each(?1) x JOIN delivery d ON d.id = x.value)""",
    kill_addresses_from_receipts="""UPDATE address SET state = 'dead' WHERE state = 'verified'
        AND id IN (SELECT d.address_id FROM json_each(?1) x JOIN receipt rc ON rc.provider_ref = x.value AND rc.channel = ?2
                   AND rc.kind = 'failed' JOIN delivery d ON d.id = rc.delivery_id)""",
    move_address="""UPDATE OR IGNORE address SET handle_hash = ?2, handle = ?3
        WHERE id = (SELECT address_id FROM delivery WHERE id = ?1)""",
    move_chat="""UPDATE OR IGNORE group_chat SET handle_hash = ?2, handle = ?3
        WHERE id = (SELECT address_id FROM delivery WHERE id = ?1 AND part = 'post')""",
    states_changed=_STATES_CHANGED,
    expire="""UPDATE delivery SET state = 2, reason = 'expired before it could be sent' WHERE state = 0 AND expires_at <= ?1
        RETURNING id""",
    clock_set_waiting="UPDATE delivery SET due_at = ?1 WHERE state = 0 AND due_at > ?1",
    clock_set_leases="UPDATE delivery SET lease_until = ?1 WHERE state = 1 AND lease IS NOT NULL",
    rescue=f"{_RESCUE} AND lease_until <= ?2 RETURNING id",
    rescue_account=f"{_RESCUE} AND channel = ?2 AND account = ?3 RETURNING id",
    deliveries="""SELECT d.id, d.admin_id, admin.name, d.channel, d.account, d.step, d.state, d.tries, d.reason,
            d.possible_duplicates, d.sent_at, d.rung,
            (SELECT json_group_array(json_array(kind, at, reason)) FROM receipt WHERE delivery_id = d.id),
            (SELECT json_group_array(json_array(kind, at, via)) FROM acknowledgement k
             WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
        FROM delivery d LEFT JOIN admin ON admin.id = d.admin_id
        WHERE d.alert_id = ?1 AND d.id > ?2 AND d.part = '' ORDER BY d.id LIMIT ?3""",
    totals="""SELECT (SELECT COUNT(*) FROM delivery WHERE state = 0), (SELECT COUNT(*) FROM delivery WHERE state = 1),
            (SELECT COALESCE(SUM(possible_duplicates), 0) FROM delivery WHERE possible_duplicates > 0),
            (SELECT COUNT(*) FROM inbox WHERE error <> '')""",
    # By account, those of alerts that are Actual beside them; as one more row the audiences of alerts not planned yet.
    # Counted by priority first, along the index: 27 ms for 200,000 instead of 50 to 160.
    waiting="""SELECT channel, account, SUM(n), SUM((priority < ?1) * n) FROM (SELECT channel, account, priority, COUNT(*) AS n
            FROM delivery WHERE state = 0 GROUP BY channel, account, priority) GROUP BY channel, account
        UNION ALL SELECT '', '', COALESCE(SUM(audience->>2), 0), COALESCE(SUM((priority < ?1) * (audience->>2)), 0)
        FROM alert WHERE planned_at IS NULL AND closed_at IS NULL AND hold <> 'held' AND expires_at > ?2""",
    # receipts: [delivery_id or null, provider_ref, kind, level, at, reason]
    insert_receipts="""INSERT INTO receipt (delivery_id, channel, provider_ref, kind, at, reason, heeded)
        SELECT COALESCE((SELECT d.id FROM delivery d WHERE d.id = r.value->>0 AND d.channel = ?2),
                        (SELECT d.id FROM delivery d WHERE d.provider_ref = r.value->>1 AND d.channel = ?2 LIMIT 1)),
            ?2, r.value->>1, r.value->>2, r.value->>4, r.value->>5, 0 FROM json_each(?1) r WHERE true
        ON CONFLICT (provider_ref, kind, at, channel) DO UPDATE SET delivery_id = COALESCE(delivery_id, excluded.delivery_id)""",
    lift_deliveries="""UPDATE delivery SET state = top.level, lease = NULL, lease_until = NULL, sent_at = COALESCE(sent_at, top.at),
            provider_ref = CASE WHEN delivery.provider_ref = '' THEN top.ref ELSE delivery.provider_ref END,
            reason = CASE WHEN top.level = 5 THEN top.reason ELSE delivery.reason END
        FROM (SELECT rc.delivery_id AS id, MAX(r.value->>3) AS level, MIN(rc.at) AS at, MAX(rc.provider_ref) AS ref,
                     MAX(CASE rc.kind WHEN 'failed' THEN rc.reason ELSE '' END) AS reason
              FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1 AND rc.kind = r.value->>2
                   AND rc.at = r.value->>4 AND rc.channel = ?2
              WHERE rc.delivery_id IS NOT NULL AND NOT (rc.kind = 'failed' AND EXISTS (
                  SELECT 1 FROM receipt old WHERE old.provider_ref = rc.provider_ref AND old.channel = ?2 AND old.heeded = 1))
              GROUP BY rc.delivery_id) top
        WHERE delivery.id = top.id AND delivery.state < top.level RETURNING id, state""",
    # A failure that another try may mend, each told once however often it is repeated: [[provider_ref, due_at]].
    try_again="""UPDATE delivery SET state = 0, due_at = x.value->>1, tries = MAX(tries, 1)
        FROM json_each(?1) x JOIN receipt rc ON rc.provider_ref = x.value->>0 AND rc.channel = ?2 AND rc.kind = 'failed', alert
        WHERE delivery.id = rc.delivery_id AND delivery.state = 5 AND delivery.tries < ?3 AND delivery.expires_at > x.value->>1
          AND alert.id = delivery.alert_id AND alert.closed_at IS NULL
          AND (delivery.provider_ref = rc.provider_ref OR delivery.provider_ref = '')""",
    heed_failures="""UPDATE receipt SET heeded = 1 WHERE channel = ?2 AND kind = 'failed' AND delivery_id IS NOT NULL
        AND provider_ref IN (SELECT value FROM json_each(?1))""",
    close_windows="""UPDATE address SET window_open_until = 0 WHERE window_open_until > 0 AND id IN (SELECT d.address_id
        FROM json_each(?1) x JOIN receipt rc ON rc.provider_ref = x.value AND rc.channel = ?2
            JOIN delivery d ON d.id = rc.delivery_id)""",
    strike_from_receipts="""UPDATE address SET strikes = strikes + 1, state = CASE WHEN strikes >= 2 THEN 'dead' ELSE state END
        WHERE state = 'verified' AND id IN (SELECT d.address_id FROM json_each(?1) x JOIN receipt rc ON rc.provider_ref = x.value
            AND rc.channel = ?2 AND rc.kind = 'failed' JOIN delivery d ON d.id = rc.delivery_id
            WHERE NOT EXISTS (SELECT 1 FROM receipt old WHERE old.provider_ref = rc.provider_ref AND old.channel = ?2
                              AND old.heeded = 1))""",
    forgive="""UPDATE address SET strikes = 0 WHERE strikes > 0 AND state = 'verified' AND id IN (SELECT d.address_id
        FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1 AND rc.channel = ?2
            AND rc.kind IN ('delivered', 'read')
        JOIN delivery d ON d.id = rc.delivery_id)""",
    # "Read up to": what was sent to the same address before the messages named (their references in ?1).
    read_up_to_seen=f"""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT d.alert_id, ?3, 'deliveries', json_group_array(json_array(d.id, 7, d.channel, d.admin_id))
        FROM {_BEFORE_NAMED} WHERE d.part = '' GROUP BY d.alert_id""",
    read_up_to=f"UPDATE delivery SET state = 7 WHERE id IN (SELECT d.id FROM {_BEFORE_NAMED})",
    fall_back_from_receipts=_FALL_BACK.format(failed=_FAILED_RECEIPTS),
    receipts_seen="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT d.alert_id, ?2, 'deliveries', json_group_array(DISTINCT json_array(d.id, d.state, d.channel, d.admin_id))
        FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1 AND rc.channel = ?3
        JOIN delivery d ON d.id = rc.delivery_id WHERE d.part = '' GROUP BY d.alert_id""",
    # acknowledgements --------------------------------------------------------------------------------------------------------
    acknowledge="""INSERT INTO acknowledgement (alert_id, admin_id, delivery_id, kind, at, via, ref)
        SELECT d.alert_id, d.admin_id, d.id, ?4, ?5, ?6, ?7 FROM delivery d
        JOIN address a ON a.admin_id = d.admin_id AND a.channel = ?2 AND a.handle_hash = ?3 WHERE d.id = ?1
        ON CONFLICT (alert_id, admin_id, kind) DO NOTHING""",
    acknowledgement_seen="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT k.alert_id, ?3, 'acknowledgement', json_object('delivery', CAST(k.delivery_id AS TEXT),
            'admin', CAST(k.admin_id AS TEXT), 'kind', k.kind, 'at', k.at, 'via', k.via)
        FROM acknowledgement k WHERE k.delivery_id = ?1 AND k.kind = ?2 AND k.at = ?4""",
    cover=f"""UPDATE alert_neighbourhood SET forwarded_at = ?2, forwarded_by = k.admin_id, check_at = NULL
        FROM delivery d JOIN acknowledgement k ON k.alert_id = d.alert_id AND k.admin_id = d.admin_id AND k.delivery_id = d.id
             JOIN group_admin ga ON {SERVED.format(d="d")} JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
        WHERE d.id = ?1 AND k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id
          AND alert_neighbourhood.code = gn.code AND alert_neighbourhood.forwarded_at IS NULL""",
    covered="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT an.alert_id, ?2, 'coverage', json_object('matched', COUNT(*), 'forwarded', COUNT(an.forwarded_at))
        FROM alert_neighbourhood an WHERE an.alert_id = (SELECT alert_id FROM delivery WHERE id = ?1) AND an.added <> 'adjacent'
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.delivery_id = ?1 AND k.kind = 'forwarded')
        GROUP BY an.alert_id""",
    # What goes beside the message, once the person answered: alert.beside of what their channel can ({"matrix": ["picture", …]}).
    send_beside=f"""{DELIVERY}
        SELECT ?2 + row_number() OVER (ORDER BY what.key), d.alert_id, d.admin_id, d.address_id,
            CASE what.value WHEN 'picture' THEN 1001 ELSE 1002 END, d.channel, d.account, 0, 0, 0, d.priority + 50, d.distance,
            ?3, d.expires_at, '', '', 0, ?3, what.value, d.id, d.turn, 0
        FROM delivery d JOIN alert ON alert.id = d.alert_id JOIN json_each(alert.beside) what
            JOIN json_each(?4, '$.' || d.channel) can ON can.value = what.value
        WHERE d.id = ?1 AND alert.closed_at IS NULL AND d.expires_at > ?3
          AND (d.follows IS NULL OR what.value NOT IN (SELECT value FROM json_each(alert.repeats)))
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id
                      AND k.kind <> 'cannot')
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    # "Forwarded" where we are in the group's own chat: each chat once, whoever of its admins said so first. Never an exercise.
    post_to_groups=f"""{DELIVERY}
        SELECT ?2 + row_number() OVER (ORDER BY chat.id), d.alert_id, d.admin_id, chat.id,
            2000 + row_number() OVER (ORDER BY chat.id) + (SELECT COUNT(*) FROM delivery o
                WHERE o.alert_id = d.alert_id AND o.admin_id = d.admin_id AND o.part = 'post'),
            chat.channel, chat.account, 0, 0, 0, d.priority + 50, d.distance, ?3, d.expires_at, '', '', 0, ?3, 'post', NULL,
            d.turn, 0
        FROM delivery d JOIN alert ON alert.id = d.alert_id JOIN (SELECT DISTINCT ga.group_id AS group_id FROM delivery own
                JOIN group_admin ga ON {SERVED.format(d="own")} WHERE own.id = ?1) ga
            JOIN group_chat chat ON chat.group_id = ga.group_id AND chat.state = 'verified'
        WHERE d.id = ?1 AND alert.status = 'Actual' AND alert.closed_at IS NULL AND d.expires_at > ?3
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id
                      AND k.kind = 'forwarded')
          AND EXISTS (SELECT 1 FROM group_neighbourhood gn JOIN alert_neighbourhood an ON an.code = gn.code
                      WHERE gn.group_id = chat.group_id AND an.alert_id = d.alert_id)
          AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.alert_id = d.alert_id AND o.address_id = chat.id AND o.part = 'post')
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    # An answer taken back (?3 its ref): what it covered is covered by somebody else's answer or not at all.
    uncover=f"""UPDATE alert_neighbourhood SET forwarded_at = NULL, forwarded_by = NULL FROM {_TAKEN_BACK} k
        WHERE k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id
          AND alert_neighbourhood.forwarded_by = k.admin_id""",
    cover_anew=f"""UPDATE alert_neighbourhood SET forwarded_at = other.at, forwarded_by = other.admin_id
        FROM (SELECT k.alert_id AS alert_id, gn.code AS code, MIN(k.at) AS at, k.admin_id AS admin_id
              FROM {_TAKEN_BACK} gone JOIN acknowledgement k ON k.alert_id = gone.alert_id
                   AND k.kind = 'forwarded' AND k.id <> gone.id
              JOIN delivery d ON d.id = k.delivery_id JOIN group_admin ga ON {SERVED.format(d="d")}
              JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
              GROUP BY k.alert_id, gn.code) other
        WHERE alert_neighbourhood.alert_id = other.alert_id AND alert_neighbourhood.code = other.code
          AND alert_neighbourhood.forwarded_at IS NULL""",
    taken_back=f"""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT k.alert_id, ?4, 'takenBack', json_object('delivery', CAST(k.delivery_id AS TEXT), 'admin', CAST(k.admin_id AS TEXT),
            'kind', k.kind) FROM {_TAKEN_BACK} k
        UNION ALL SELECT an.alert_id, ?4, 'coverage', json_object('matched', COUNT(*), 'forwarded', COUNT(an.forwarded_at))
        FROM {_TAKEN_BACK} k JOIN alert_neighbourhood an ON an.alert_id = k.alert_id AND an.added <> 'adjacent'
        WHERE k.kind = 'forwarded' GROUP BY an.alert_id""",
    # ?4: what is open again is looked at now
    climb_on=f"""UPDATE alert_neighbourhood SET check_at = ?4 FROM {_TAKEN_BACK} k JOIN alert ON alert.id = k.alert_id
        WHERE k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id AND alert_neighbourhood.added <> 'adjacent'
          AND alert_neighbourhood.forwarded_at IS NULL AND alert_neighbourhood.check_at IS NULL AND alert.closed_at IS NULL""",
    take_back=f"DELETE FROM acknowledgement WHERE id IN (SELECT k.id FROM {_TAKEN_BACK} k)",
    answered_delivery="""SELECT d.id FROM address a JOIN address own ON own.admin_id = a.admin_id
            JOIN delivery d ON d.address_id = own.id AND d.admin_id = a.admin_id
        WHERE a.channel = ?1 AND a.handle_hash = ?2 AND d.part = '' AND d.attempt > 0 AND d.state <> 2 AND d.state <> 3
          AND (?3 = '' OR d.provider_ref = ?3) AND d.created_at > ?4 ORDER BY d.created_at DESC, d.id DESC LIMIT 1""",
    open_window="""UPDATE address SET window_open_until = MAX(window_open_until, ?3) WHERE channel = ?1 AND handle_hash = ?2""",
    # On every channel, but only from an address that is known to be theirs, and never touching one that nobody verified yet: a
    # number typed wrong must neither sign its admin off nor come to life by their START.
    stop_person="""UPDATE address SET state = 'stopped' WHERE (channel = ?1 AND handle_hash = ?2)
        OR (state <> 'unverified' AND admin_id = (SELECT admin_id FROM address
            WHERE channel = ?1 AND handle_hash = ?2 AND state <> 'unverified'))""",
    withdraw_person="""UPDATE delivery SET state = 3, reason = 'the admin signed off' WHERE state = 0
        AND address_id IN (SELECT own.id FROM address a JOIN address own ON own.admin_id = a.admin_id
                           WHERE a.channel = ?1 AND a.handle_hash = ?2 AND a.state <> 'unverified')""",
    resolve="""SELECT a.handle FROM address_alias x JOIN address a ON a.id = x.address_id WHERE x.channel = ?1 AND x.alias = ?2""",
    # [handle, alias], hashed; most are known already, and are not written again
    know_aliases="""INSERT INTO address_alias (channel, alias, address_id) SELECT ?1, k.value->>1, a.id
        FROM json_each(?2) k JOIN address a ON a.channel = ?1 AND a.handle_hash = k.value->>0 WHERE true
        ON CONFLICT (channel, alias) DO UPDATE SET address_id = excluded.address_id WHERE address_id <> excluded.address_id""",
    alias_moved="UPDATE OR IGNORE address_alias SET alias = ?3 WHERE channel = ?1 AND alias = ?2",
    chat_unreachable="UPDATE group_chat SET state = 'dead' WHERE channel = ?1 AND handle_hash = ?2",
    chat_reachable="UPDATE group_chat SET state = 'verified' WHERE channel = ?1 AND handle_hash = ?2",
    chat_moved="UPDATE OR IGNORE group_chat SET handle_hash = ?3, handle = ?4 WHERE channel = ?1 AND handle_hash = ?2",
    address_unreachable="UPDATE address SET state = 'dead' WHERE channel = ?1 AND handle_hash = ?2 AND state = 'verified'",
    address_reachable="UPDATE address SET state = 'verified' WHERE channel = ?1 AND handle_hash = ?2 AND state = 'dead'",
    address_moved="UPDATE OR IGNORE address SET handle_hash = ?3, handle = ?4 WHERE channel = ?1 AND handle_hash = ?2",
    # inbox -------------------------------------------------------------------------------------------------------------------
    keep_update="""INSERT INTO inbox (channel, account, key, body, received_at, error) SELECT ?1, ?2, ?3, ?4, ?5, ''
        WHERE NOT EXISTS (SELECT 1 FROM heard WHERE channel = ?1 AND account = ?2 AND key = ?3)
        ON CONFLICT (channel, account, key) DO NOTHING""",
    kept_updates="""SELECT id, channel, account, COALESCE(key, ''), body, received_at FROM inbox WHERE error = '' AND id > ?1
        AND (channel, account) NOT IN (SELECT n.value->>0, n.value->>1 FROM json_each(?3) n) ORDER BY id LIMIT ?2""",
    cursor="SELECT cursor FROM channel_cursor WHERE channel = ?1 AND account = ?2",
    put_cursor="""INSERT INTO channel_cursor (channel, account, cursor) VALUES (?1, ?2, ?3)
        ON CONFLICT (channel, account) DO UPDATE SET cursor = excluded.cursor""",
    hear_updates="""INSERT INTO heard (channel, account, key, at) SELECT channel, account, key, ?2 FROM inbox
        WHERE id IN (SELECT value FROM json_each(?1)) AND key IS NOT NULL ON CONFLICT (channel, account, key) DO NOTHING""",
    forget_heard="DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE at < ?1 LIMIT ?2) RETURNING id",
    drop_updates="DELETE FROM inbox WHERE id IN (SELECT value FROM json_each(?1)) RETURNING id",
    mark_unreadable="UPDATE inbox SET error = ?2 WHERE id = ?1",
    # figures -----------------------------------------------------------------------------------------------------------------
    pending_by_account="""SELECT channel, account, COUNT(*), MIN(due_at) FROM delivery WHERE state = 0 GROUP BY channel, account""",
    sending_by_account="SELECT channel, account, COUNT(*) FROM delivery WHERE state = 1 GROUP BY channel, account",
    open_coverage="""SELECT COUNT(DISTINCT a.id), COUNT(*), COUNT(an.forwarded_at) FROM alert a
        JOIN alert_neighbourhood an ON an.alert_id = a.id AND an.added <> 'adjacent'
        WHERE a.accepted_at > ?2 AND a.expires_at > ?1 AND a.closed_at IS NULL""",
    oldest_unplanned="SELECT MIN(accepted_at) FROM alert WHERE planned_at IS NULL AND closed_at IS NULL AND hold <> 'held'",
    inbox_waiting="""SELECT (SELECT COUNT(*) FROM inbox),
        (SELECT received_at FROM inbox WHERE error = '' ORDER BY id LIMIT 1)""",
    last_reported="""SELECT (SELECT COALESCE(MAX(id), 0) FROM receipt), (SELECT COALESCE(MAX(id), 0) FROM acknowledgement),
        (SELECT COALESCE(MAX(id), 0) FROM alert_event)""",
    receipts_since="""SELECT d.channel, rc.kind, rc.at - d.sent_at FROM receipt rc JOIN delivery d ON d.id = rc.delivery_id
        WHERE rc.id > ?1 AND rc.kind <> 'sent' AND d.sent_at IS NOT NULL ORDER BY rc.id DESC LIMIT ?2""",
    answers_since="""SELECT d.channel, k.kind, k.at - d.sent_at FROM acknowledgement k JOIN delivery d ON d.id = k.delivery_id
        WHERE k.id > ?1 AND d.sent_at IS NOT NULL ORDER BY k.id DESC LIMIT ?2""",
    # Each answer after the last neighbourhood writes the same event once more: only the first counts.
    covered_since="""SELECT e.at - a.accepted_at FROM alert_event e JOIN alert a ON a.id = e.alert_id
        WHERE e.id > ?1 AND e.kind = 'coverage' AND e.data->>'matched' = e.data->>'forwarded' AND NOT EXISTS (
            SELECT 1 FROM alert_event f
            WHERE f.alert_id = e.alert_id AND f.kind = 'coverage' AND f.data = e.data AND f.id < e.id)""",
    # keys --------------------------------------------------------------------------------------------------------------------
    find_key="""SELECT id, name, role, sender, municipalities, scopes, senders, staff_id, certificate, public_key, used_on,
            CASE WHEN hash = ?1 THEN NULL ELSE old_until END
        FROM api_key WHERE (hash = ?1 OR (old_hash = ?1 AND old_until > ?2))
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)""",
    # What more than its secret must prove opens no session, and has none any more.
    key_of="""SELECT id, name, role, sender, municipalities, scopes, senders, staff_id FROM api_key
        WHERE id = ?1 AND certificate = '' AND public_key = ''
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)""",
    key_used="UPDATE api_key SET used_on = ?2 WHERE id = ?1 AND used_on < ?2",
    keys_ending="SELECT COUNT(*) FROM api_key WHERE revoked_at IS NULL AND expires_at < ?1",
    sweep_nonces="DELETE FROM signed_nonce WHERE until <= ?1",
    take_nonce="INSERT INTO signed_nonce (hash, until) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING RETURNING until",
    neighbourhood_version="SELECT COALESCE(MAX(id), 0) FROM neighbourhood_import",
    neighbourhoods="""SELECT code, name, district, district_name, municipality, municipality_name, boundary, edition,
            COALESCE(ground, x'') FROM neighbourhood ORDER BY code""",
    # leases ------------------------------------------------------------------------------------------------------------------
    # ?1 is the hub's own clock: all who ask are on one machine.
    leases="SELECT channel, account, holder, until - ?1 FROM account_lease ORDER BY channel, account",
    renew_leases="""UPDATE account_lease SET holder = ?2, until = ?1 + ?3 FROM json_each(?4) n
        WHERE channel = n.value->>0 AND account = n.value->>1 AND (holder = ?2 OR until <= ?1)""",
    new_leases="""INSERT INTO account_lease (channel, account, holder, until)
        SELECT n.value->>0, n.value->>1, ?2, ?1 + ?3 FROM json_each(?4) n WHERE true
        ON CONFLICT (channel, account) DO NOTHING""",
    release_leases="""UPDATE account_lease SET until = MIN(until, ?1) WHERE holder = ?2
        AND (channel, account) IN (SELECT n.value->>0, n.value->>1 FROM json_each(?3) n)""",
    drop_leases="DELETE FROM account_lease WHERE until <= ?1 - ?2",
    # linking -----------------------------------------------------------------------------------------------------------------
    # ?2 may be an alias of the handle; a handle of its own goes first.
    find_person="""SELECT a.handle, a.state, p.id, p.language, p.away_until,
            (SELECT json_group_array(json_array(channel, state)) FROM
                (SELECT channel, state FROM address WHERE admin_id = p.id ORDER BY rank))
        FROM (SELECT id, 0 AS place FROM address WHERE channel = ?1 AND handle_hash = ?2 UNION ALL
              SELECT address_id, 1 FROM address_alias WHERE channel = ?1 AND alias = ?2) found
        JOIN address a ON a.id = found.id JOIN admin p ON p.id = a.admin_id ORDER BY found.place LIMIT 1""",
    find_link="""SELECT t.admin_id, p.language, t.channel, t.expires_at, t.used_at IS NOT NULL,
            EXISTS (SELECT 1 FROM application y WHERE y.admin_id = t.admin_id AND y.state = 'accepted')
                AND NOT EXISTS (SELECT 1 FROM address a WHERE a.admin_id = t.admin_id)
        FROM link_token t JOIN admin p ON p.id = t.admin_id WHERE t.hash = ?1""",
    offered_links="SELECT 1 FROM link_token WHERE channel = ?1 AND used_at IS NULL AND expires_at > ?2 LIMIT 1",
    void_links="""UPDATE link_token SET expires_at = ?3
        WHERE admin_id = ?1 AND channel = ?2 AND used_at IS NULL AND expires_at > ?3""",
    put_link="""INSERT INTO link_token (hash, admin_id, channel, created_at, expires_at)
        SELECT ?1, id, ?3, ?4, ?5 FROM admin WHERE id = ?2 RETURNING hash""",
    sweep_links="DELETE FROM link_token WHERE expires_at <= ?1",
    # A handle of another admin stays theirs.
    link_address="""INSERT INTO address (id, admin_id, channel, handle_hash, handle, rank, state, window_open_until, account,
            strikes)
        SELECT ?2, t.admin_id, t.channel, ?4, ?5,
            (SELECT COALESCE(MAX(rank), 0) + 1 FROM address WHERE admin_id = t.admin_id), 'verified', 0, ?6, 0
        FROM link_token t WHERE t.hash = ?1 AND t.channel = ?3 AND t.used_at IS NULL AND t.expires_at > ?7
        ON CONFLICT (channel, handle_hash) DO UPDATE SET state = 'verified', account = excluded.account, strikes = 0
            WHERE address.admin_id = excluded.admin_id""",
    use_link="""UPDATE link_token SET used_at = ?4 WHERE hash = ?1 AND channel = ?2 AND used_at IS NULL AND expires_at > ?4
        AND EXISTS (SELECT 1 FROM address a WHERE a.admin_id = link_token.admin_id AND a.channel = ?2 AND a.handle_hash = ?3)""",
    # From an address that is not verified only that one: it does not prove who the person is.
    start_person="""UPDATE address SET state = 'verified', strikes = 0
        WHERE (channel = ?1 AND handle_hash = ?2) OR (state = 'stopped'
            AND admin_id = (SELECT admin_id FROM address WHERE channel = ?1 AND handle_hash = ?2 AND state <> 'unverified'))""",
    set_language="UPDATE admin SET language = ?2 WHERE id = ?1",
    set_away="UPDATE admin SET away_until = ?2 WHERE id = ?1",
    # Ranks are unique: first out of the way, then in the new order.
    lift_ranks="UPDATE address SET rank = -rank WHERE admin_id = ?1",
    order_channels="""UPDATE address SET rank = sorted.place
        FROM (SELECT a.id AS id, row_number() OVER (ORDER BY COALESCE(o.key, 99), a.rank DESC) AS place
              FROM address a LEFT JOIN json_each(?2) o ON o.value = a.channel WHERE a.admin_id = ?1) sorted
        WHERE address.id = sorted.id""",
    groups_of="""SELECT g.id, g.name FROM group_admin ga JOIN watch_group g ON g.id = ga.group_id WHERE ga.admin_id = ?1
        ORDER BY g.id""",
    replace_chat="DELETE FROM group_chat WHERE group_id = ?1 AND channel = ?2 AND handle_hash <> ?3",
    put_chat="""INSERT INTO group_chat (id, group_id, channel, account, handle_hash, handle, state)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'verified')
        ON CONFLICT (channel, handle_hash) DO UPDATE SET group_id = excluded.group_id, account = excluded.account,
            state = 'verified'""",
)
