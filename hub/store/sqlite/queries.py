# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The queue's SQL for SQLite (3.38 or newer, for ->> and UPDATE FROM). Batches come in as one JSON text, go out as one JSON row.

One statement a batch, not one a row: the writer thread takes Python's lock once a row otherwise, and the event loop waits for it
(measured: outcomes 61 ms late instead of 20). States by number as in domain.DeliveryState: 0 pending, 1 sending, 2 expired,
3 cancelled, 4 sent, 5 failed, 6 delivered, 7 read.
"""

from hub.store.queries import Queries

# ?routes: {"whatsapp": ["main"], …}, the channels that can send now with their sender accounts. An admin's address is the first by
# rank that is verified and on such a channel; the account is picked by the address, so that one person always meets one sender.
_FIRST_ADDRESS = """(SELECT a2.id FROM address a2 JOIN json_each(?{routes}) r2 ON r2.key = a2.channel AND r2.value <> '[]'
    WHERE a2.admin_id = {admin} AND a2.state = 'verified' {more} ORDER BY a2.rank LIMIT 1)"""
_ACCOUNT = "json_extract(r.value, '$[' || (a.id % json_array_length(r.value)) || ']')"

_AUDIENCE = """FROM json_each(?1) codes JOIN group_neighbourhood gn ON gn.code = codes.value
    JOIN group_admin ga ON ga.group_id = gn.group_id
    WHERE EXISTS (SELECT 1 FROM address a JOIN json_each(?2) r ON r.key = a.channel
                  WHERE a.admin_id = ga.admin_id AND a.state = 'verified' AND r.value <> '[]')"""

_NOT_TRIED = """AND a2.rank > COALESCE(tried.rank, 0)
    AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.alert_id = d.alert_id AND o.admin_id = d.admin_id AND o.address_id = a2.id)"""

# {failed} gives the deliveries. The next address is one of a later rank that this alert has not been sent to; if the one that
# failed is gone from the directory meanwhile, any other will do.
_FALL_BACK = f"""INSERT INTO delivery (id, alert_id, admin_id, address_id, step, channel, account, state, attempt, tries, priority,
        distance, due_at, expires_at, reason, provider_ref, possible_duplicates, created_at)
    SELECT ?2 + row_number() OVER (), d.alert_id, d.admin_id, a.id, d.step + 1, a.channel, {_ACCOUNT}, 0, 0, 0, d.priority,
        d.distance, ?4, d.expires_at, '', '', 0, ?4
    FROM {{failed}} failed JOIN delivery d ON d.id = failed.value JOIN alert ON alert.id = d.alert_id
    LEFT JOIN address tried ON tried.id = d.address_id
    JOIN address a ON a.id = {_FIRST_ADDRESS.format(routes=3, admin="d.admin_id", more=_NOT_TRIED)}
    JOIN json_each(?3) r ON r.key = a.channel
    WHERE d.state = 5 AND d.expires_at > ?4 AND alert.closed_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
    ON CONFLICT (alert_id, admin_id, step) DO NOTHING"""

_FAILED_RECEIPTS = """(SELECT DISTINCT rc.delivery_id AS value FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1
    AND rc.kind = 'failed' AND rc.channel = ?5 WHERE r.value->>2 = 'failed')"""

_EARLY_RECEIPTS = """FROM receipt rc JOIN delivery d ON d.provider_ref = rc.provider_ref AND d.channel = rc.channel
    WHERE rc.delivery_id IS NULL AND rc.id > (SELECT MAX(id) - 10000 FROM receipt) AND rc.provider_ref <> ''"""

_STATES_CHANGED = """INSERT INTO alert_event (alert_id, at, kind, data)
    SELECT d.alert_id, ?2, 'deliveries', json_group_array(json_array(d.id, d.state, d.channel, d.admin_id))
    FROM json_each(?1) changed JOIN delivery d ON d.id = changed.value GROUP BY d.alert_id"""

SQLITE = Queries(
    # alerts ------------------------------------------------------------------------------------------------------------------
    insert_alert="""INSERT INTO alert (id, sender, identifier, status, msg_type, content, fingerprint, key_id, priority,
            accepted_at, expires_at, planned_at, closed_at, closed_as, audience)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
        ON CONFLICT (sender, identifier) DO NOTHING""",
    insert_matches="""INSERT INTO alert_neighbourhood (alert_id, code, name, overlap, distance, why, admins)
        SELECT ?1, m.value->>0, m.value->>1, m.value->>2, m.value->>3, m.value->>4, m.value->>5 FROM json_each(?2) m
        WHERE EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    close_alerts="""UPDATE alert SET closed_at = ?3, closed_as = ?4 WHERE closed_at IS NULL
        AND id IN (SELECT value FROM json_each(?2)) AND EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    withdraw_deliveries="""UPDATE delivery SET state = 3, reason = ?3 WHERE state = 0
        AND alert_id IN (SELECT value FROM json_each(?2)) AND EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    add_events="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT e.value->>0, ?3, e.value->>1, e.value->>2 FROM json_each(?2) e WHERE EXISTS (SELECT 1 FROM alert WHERE id = ?1)""",
    stored_alert="SELECT id, fingerprint FROM alert WHERE sender = ?1 AND identifier = ?2",
    find_alerts="""SELECT alert.id, alert.sender, alert.identifier FROM json_each(?1) r
        JOIN alert ON alert.sender = r.value->>0 AND alert.identifier = r.value->>1""",
    unplanned="""SELECT id, priority, accepted_at, expires_at FROM alert
        WHERE planned_at IS NULL AND closed_at IS NULL ORDER BY priority, accepted_at LIMIT 100""",
    unplanned_codes="""SELECT code, admins FROM alert_neighbourhood WHERE alert_id = ?1 AND planned_at IS NULL
        ORDER BY distance, code""",
    alert_planned="UPDATE alert SET planned_at = ?2 WHERE id = ?1 AND planned_at IS NULL",
    alerts="""SELECT id, sender, identifier, status, msg_type, content, fingerprint, accepted_at, expires_at, planned_at,
            closed_at, closed_as, audience, (SELECT MAX(id) FROM alert_event e WHERE e.alert_id = alert.id)
        FROM alert WHERE id IN (SELECT value FROM json_each(?1))""",
    alert_matches="""SELECT alert_id, code, name, overlap, distance, why, forwarded_at FROM alert_neighbourhood
        WHERE alert_id IN (SELECT value FROM json_each(?1)) ORDER BY distance, code""",
    alert_counts="""SELECT alert_id, state, COUNT(*), MIN(sent_at), MAX(sent_at) FROM delivery
        WHERE alert_id IN (SELECT value FROM json_each(?1)) GROUP BY alert_id, state""",
    alert_page="""SELECT id FROM alert WHERE (accepted_at, id) < (?1, ?2) ORDER BY accepted_at DESC, id DESC LIMIT ?3""",
    events_after="SELECT id, at, kind, data FROM alert_event WHERE alert_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    # audience ----------------------------------------------------------------------------------------------------------------
    audience_by_code=f"SELECT gn.code, COUNT(DISTINCT ga.admin_id) {_AUDIENCE} GROUP BY gn.code",
    audience_total=f"SELECT COUNT(DISTINCT ga.group_id), COUNT(DISTINCT ga.admin_id) {_AUDIENCE}",
    audience_by_account=f"""SELECT a.channel, {_ACCOUNT}, COUNT(*) FROM (SELECT DISTINCT ga.admin_id AS admin_id {_AUDIENCE}) who
        JOIN address a ON a.id = {_FIRST_ADDRESS.format(routes=2, admin="who.admin_id", more="")}
        JOIN json_each(?2) r ON r.key = a.channel GROUP BY 1, 2""",
    # outbox ------------------------------------------------------------------------------------------------------------------
    plan_deliveries=f"""INSERT INTO delivery (id, alert_id, admin_id, address_id, step, channel, account, state, attempt, tries,
            priority, distance, due_at, expires_at, reason, provider_ref, possible_duplicates, created_at)
        SELECT ?3 + row_number() OVER (ORDER BY who.distance, who.admin_id), ?1, who.admin_id, a.id, 0, a.channel, {_ACCOUNT},
            0, 0, 0, ?5, who.distance, ?7, ?6, '', '', 0, ?7
        FROM (SELECT ga.admin_id AS admin_id, MIN(an.distance) AS distance FROM alert_neighbourhood an
              JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
              WHERE an.alert_id = ?1 AND an.code IN (SELECT value FROM json_each(?2)) GROUP BY ga.admin_id) who
        JOIN address a ON a.id = {_FIRST_ADDRESS.format(routes=4, admin="who.admin_id", more="")}
        JOIN json_each(?4) r ON r.key = a.channel
        WHERE EXISTS (SELECT 1 FROM alert WHERE id = ?1 AND closed_at IS NULL)
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    codes_planned="""UPDATE alert_neighbourhood SET planned_at = ?3
        WHERE alert_id = ?1 AND code IN (SELECT value FROM json_each(?2))""",
    claim="""UPDATE delivery SET state = 1, attempt = attempt + 1, lease = ?3, lease_until = ?4 WHERE id IN (
            SELECT id FROM delivery WHERE channel = ?1 AND account = ?2 AND state = 0 AND due_at <= ?5 AND expires_at > ?5
            ORDER BY priority, distance, id LIMIT ?6)""",
    claimed="""SELECT json_group_array(json_array(d.id, d.attempt, d.tries, d.alert_id, d.priority, d.distance, d.expires_at,
            d.lease_until, a.handle, admin.language, a.window_open_until))
        FROM delivery d LEFT JOIN address a ON a.id = d.address_id AND a.state = 'verified' LEFT JOIN admin ON admin.id = d.admin_id
        WHERE d.state = 1 AND d.lease = ?1""",
    next_due="SELECT MIN(due_at) FROM delivery WHERE state = 0 AND channel = ?1 AND account = ?2",
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
    # Receipts that came before we knew the message's reference: hardly ever any, so the search begins there, and no further
    # back than the last 10,000, for those of messages that are not ours stay without a delivery for ever.
    lift_early=f"""UPDATE delivery SET state = top.level, sent_at = COALESCE(sent_at, top.at),
            reason = CASE WHEN top.level = 5 THEN top.reason ELSE delivery.reason END
        FROM (SELECT d.id AS id, MIN(rc.at) AS at, MAX(CASE rc.kind WHEN 'failed' THEN rc.reason ELSE '' END) AS reason,
                     MAX(CASE rc.kind WHEN 'read' THEN 7 WHEN 'delivered' THEN 6 WHEN 'failed' THEN 5 ELSE 4 END) AS level
              {_EARLY_RECEIPTS} GROUP BY d.id) top
        WHERE delivery.id = top.id AND delivery.state < top.level""",
    match_early_receipts=f"""UPDATE receipt SET delivery_id = early.id
        FROM (SELECT rc.id AS receipt, d.id AS id {_EARLY_RECEIPTS}) early WHERE receipt.id = early.receipt""",
    fall_back=_FALL_BACK.format(failed="json_each(?1)"),
    kill_addresses="""UPDATE address SET state = 'dead' WHERE state = 'verified'
        AND id IN (SELECT d.address_id FROM json_each(?1) x JOIN delivery d ON d.id = x.value)""",
    kill_addresses_from_receipts="""UPDATE address SET state = 'dead' WHERE state = 'verified'
        AND id IN (SELECT d.address_id FROM json_each(?1) x JOIN receipt rc ON rc.provider_ref = x.value AND rc.channel = ?2
                   AND rc.kind = 'failed' JOIN delivery d ON d.id = rc.delivery_id)""",
    move_address="""UPDATE OR IGNORE address SET handle = ?2 WHERE id = (SELECT address_id FROM delivery WHERE id = ?1)""",
    states_changed=_STATES_CHANGED,
    expire="""UPDATE delivery SET state = 2, reason = 'expired before it could be sent' WHERE state = 0 AND expires_at <= ?1
        RETURNING id""",
    rescue="""UPDATE delivery SET lease = NULL, lease_until = NULL, due_at = ?1, tries = tries + 1,
            possible_duplicates = possible_duplicates + 1, reason = 'lease lost: it may have been sent',
            state = CASE WHEN (SELECT closed_at FROM alert WHERE alert.id = alert_id) IS NOT NULL THEN 3 ELSE 0 END
        WHERE state = 1 AND lease IS NOT NULL AND lease_until <= ?2 RETURNING id""",
    deliveries="""SELECT d.id, d.admin_id, admin.name, d.channel, d.account, d.step, d.state, d.tries, d.reason,
            d.possible_duplicates, d.sent_at,
            (SELECT json_group_array(json_array(kind, at, reason)) FROM receipt WHERE delivery_id = d.id),
            (SELECT json_group_array(json_array(kind, at, via)) FROM acknowledgement k
             WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
        FROM delivery d LEFT JOIN admin ON admin.id = d.admin_id
        WHERE d.alert_id = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3""",
    totals="""SELECT (SELECT COUNT(*) FROM delivery WHERE state = 0), (SELECT COUNT(*) FROM delivery WHERE state = 1),
            (SELECT COALESCE(SUM(possible_duplicates), 0) FROM delivery WHERE possible_duplicates > 0),
            (SELECT COUNT(*) FROM inbox WHERE error <> '')""",
    # receipts: [delivery_id or null, provider_ref, kind, level, at, reason]
    insert_receipts="""INSERT INTO receipt (delivery_id, channel, provider_ref, kind, at, reason)
        SELECT COALESCE((SELECT d.id FROM delivery d WHERE d.id = r.value->>0 AND d.channel = ?2),
                        (SELECT d.id FROM delivery d WHERE d.provider_ref = r.value->>1 AND d.channel = ?2 LIMIT 1)),
            ?2, r.value->>1, r.value->>2, r.value->>4, r.value->>5 FROM json_each(?1) r WHERE true
        ON CONFLICT (provider_ref, kind, at, channel) DO UPDATE SET delivery_id = COALESCE(delivery_id, excluded.delivery_id)""",
    lift_deliveries="""UPDATE delivery SET state = top.level, lease = NULL, lease_until = NULL, sent_at = COALESCE(sent_at, top.at),
            provider_ref = CASE WHEN delivery.provider_ref = '' THEN top.ref ELSE delivery.provider_ref END,
            reason = CASE WHEN top.level = 5 THEN top.reason ELSE delivery.reason END
        FROM (SELECT rc.delivery_id AS id, MAX(r.value->>3) AS level, MIN(rc.at) AS at, MAX(rc.provider_ref) AS ref,
                     MAX(CASE rc.kind WHEN 'failed' THEN rc.reason ELSE '' END) AS reason
              FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1 AND rc.kind = r.value->>2
                   AND rc.at = r.value->>4 AND rc.channel = ?2
              WHERE rc.delivery_id IS NOT NULL GROUP BY rc.delivery_id) top
        WHERE delivery.id = top.id AND delivery.state < top.level RETURNING id, state""",
    fall_back_from_receipts=_FALL_BACK.format(failed=_FAILED_RECEIPTS),
    receipts_seen="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT d.alert_id, ?2, 'deliveries', json_group_array(DISTINCT json_array(d.id, d.state, d.channel, d.admin_id))
        FROM json_each(?1) r JOIN receipt rc ON rc.provider_ref = r.value->>1 AND rc.channel = ?3
        JOIN delivery d ON d.id = rc.delivery_id GROUP BY d.alert_id""",
    # acknowledgements --------------------------------------------------------------------------------------------------------
    acknowledge="""INSERT INTO acknowledgement (alert_id, admin_id, delivery_id, kind, at, via)
        SELECT d.alert_id, d.admin_id, d.id, ?4, ?5, ?6 FROM delivery d
        JOIN address a ON a.admin_id = d.admin_id AND a.channel = ?2 AND a.handle = ?3 WHERE d.id = ?1
        ON CONFLICT (alert_id, admin_id, kind) DO NOTHING""",
    acknowledgement_seen="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT k.alert_id, ?3, 'acknowledgement', json_object('delivery', CAST(k.delivery_id AS TEXT),
            'admin', CAST(k.admin_id AS TEXT), 'kind', k.kind, 'at', k.at, 'via', k.via)
        FROM acknowledgement k WHERE k.delivery_id = ?1 AND k.kind = ?2""",
    cover="""UPDATE alert_neighbourhood SET forwarded_at = ?2, forwarded_by = k.admin_id
        FROM acknowledgement k JOIN group_admin ga ON ga.admin_id = k.admin_id
             JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
        WHERE k.delivery_id = ?1 AND k.kind = 'forwarded' AND alert_neighbourhood.alert_id = k.alert_id
          AND alert_neighbourhood.code = gn.code AND alert_neighbourhood.forwarded_at IS NULL""",
    covered="""INSERT INTO alert_event (alert_id, at, kind, data)
        SELECT an.alert_id, ?2, 'coverage', json_object('matched', COUNT(*), 'forwarded', COUNT(an.forwarded_at))
        FROM alert_neighbourhood an WHERE an.alert_id = (SELECT alert_id FROM delivery WHERE id = ?1)
          AND EXISTS (SELECT 1 FROM acknowledgement k WHERE k.delivery_id = ?1 AND k.kind = 'forwarded')
        GROUP BY an.alert_id""",
    answered_delivery="""SELECT d.id FROM address a JOIN address own ON own.admin_id = a.admin_id
            JOIN delivery d ON d.address_id = own.id AND d.admin_id = a.admin_id
        WHERE a.channel = ?1 AND a.handle = ?2 AND d.attempt > 0 AND d.state <> 2 AND d.state <> 3
          AND (?3 = '' OR d.provider_ref = ?3) AND d.created_at > ?4 ORDER BY d.created_at DESC, d.id DESC LIMIT 1""",
    open_window="""UPDATE address SET window_open_until = MAX(window_open_until, ?3) WHERE channel = ?1 AND handle = ?2""",
    stop_person="""UPDATE address SET state = 'stopped'
        WHERE admin_id = (SELECT admin_id FROM address WHERE channel = ?1 AND handle = ?2)""",
    withdraw_person="""UPDATE delivery SET state = 3, reason = 'the admin signed off' WHERE state = 0
        AND address_id IN (SELECT own.id FROM address a JOIN address own ON own.admin_id = a.admin_id
                           WHERE a.channel = ?1 AND a.handle = ?2)""",
    address_unreachable="UPDATE address SET state = 'dead' WHERE channel = ?1 AND handle = ?2 AND state = 'verified'",
    address_reachable="UPDATE address SET state = 'verified' WHERE channel = ?1 AND handle = ?2 AND state = 'dead'",
    address_moved="UPDATE OR IGNORE address SET handle = ?3 WHERE channel = ?1 AND handle = ?2",
    # inbox -------------------------------------------------------------------------------------------------------------------
    keep_update="""INSERT INTO inbox (channel, account, key, body, received_at, error) VALUES (?1, ?2, ?3, ?4, ?5, '')
        ON CONFLICT (channel, account, key) DO NOTHING""",
    kept_updates="""SELECT id, channel, account, COALESCE(key, ''), body, received_at FROM inbox WHERE error = '' AND id > ?1
        ORDER BY id LIMIT ?2""",
    drop_updates="DELETE FROM inbox WHERE id IN (SELECT value FROM json_each(?1))",
    mark_unreadable="UPDATE inbox SET error = ?2 WHERE id = ?1",
    # keys --------------------------------------------------------------------------------------------------------------------
    find_key="SELECT id, name, role, sender FROM api_key WHERE hash = ?1 AND revoked_at IS NULL",
    find_session="""SELECT k.id, k.name, k.role, k.sender FROM web_session s JOIN api_key k ON k.id = s.key_id
        WHERE s.hash = ?1 AND s.ticket = 0 AND s.expires_at > ?2 AND k.revoked_at IS NULL""",
    put_session="INSERT INTO web_session (hash, key_id, ticket, expires_at) VALUES (?1, ?2, ?3, ?4)",
    use_ticket="DELETE FROM web_session WHERE hash = ?1 AND ticket = 1 AND expires_at > ?2 RETURNING key_id",
    drop_session="DELETE FROM web_session WHERE hash = ?1 OR expires_at <= ?2",
    neighbourhood_version="SELECT COALESCE(MAX(id), 0) FROM neighbourhood_import",
    last_id="""SELECT MAX(COALESCE((SELECT MAX(id) FROM delivery), 0), COALESCE((SELECT MAX(id) FROM address), 0),
        COALESCE((SELECT MAX(id) FROM admin), 0), COALESCE((SELECT MAX(id) FROM watch_group), 0),
        COALESCE((SELECT MAX(lease) FROM delivery WHERE state = 1), 0))""",
)
