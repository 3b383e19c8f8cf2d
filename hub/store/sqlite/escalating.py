# ruff: noqa: S608  # pieces of our own SQL are put together, never values
"""The escalation's SQL for SQLite, and what adds neighbourhoods to an alert that is being relayed. Called by store/escalations.py.

`?1` of most is a JSON list of ids of alert_neighbourhood rows. States by number as in domain.DeliveryState.
"""

from hub.store.queries import Escalating
from hub.store.sqlite.pieces import (
    ACCOUNT,
    DELIVERY,
    FIRST_ADDRESS,
    MEANT,
    NEEDED,
    NOT_TRIED,
    REACHABLE,
    ROUTES,
    SERVED,
    SERVING,
)

# The people of each neighbourhood who were told, with what is known of them: whether an answer may still come (`live`), when the
# first and the newest message reached the provider, and what they said last.
_PEOPLE = f"""people AS MATERIALIZED (
        SELECT an.id AS place, d.admin_id,
            MAX(d.state IN (1, 4, 6, 7) OR d.state = 0 AND d.possible_duplicates = 0
                AND NOT EXISTS (SELECT 1 FROM json_each(?2) r WHERE r.value->>0 = d.channel AND r.value->>1 = d.account)) AS live,
            MIN(CASE WHEN d.state IN (4, 6, 7) THEN d.sent_at END) AS first_sent,
            MAX(CASE WHEN d.state IN (4, 6, 7) THEN d.sent_at END) AS last_sent,
            (SELECT json_array(k.kind, k.at) FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id
             ORDER BY k.at DESC, k.id DESC LIMIT 1) AS answer
        FROM json_each(?1) x JOIN alert_neighbourhood an ON an.id = x.value
            JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
            JOIN admin p ON p.id = ga.admin_id
            JOIN delivery d ON d.alert_id = an.alert_id AND {MEANT.format(d="d", p="p")} AND d.part = ''
        GROUP BY an.id, d.admin_id)"""

# In this order: SQLite would look at every neighbourhood of the alert first.
_PLACES_OF = f"""CROSS JOIN group_admin ga ON {SERVED.format(d="d")} CROSS JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
                CROSS JOIN alert_neighbourhood an ON an.alert_id = d.alert_id AND an.code = gn.code"""

ESCALATING = Escalating(
    due="SELECT id FROM alert_neighbourhood WHERE check_at <= ?1 ORDER BY check_at LIMIT ?2",
    claim_checks="""UPDATE alert_neighbourhood SET check_at = ?3
        WHERE id IN (SELECT value FROM json_each(?1)) AND check_at <= ?2 RETURNING id""",
    # ?2 [channel, account] of those that are down, ?3 who was sent to later than that is not silent yet
    standing=f"""WITH {_PEOPLE}
        SELECT an.id, an.alert_id, an.code, an.name, an.distance, an.rung, alert.status, alert.expires_at,
            an.forwarded_at IS NOT NULL OR alert.closed_at IS NOT NULL OR an.added = 'adjacent' OR alert.key_id = 'hub',
            an.planned_at IS NOT NULL,
            MIN(p.first_sent), MAX(CASE WHEN p.answer->>0 = 'received' THEN p.answer->>1 END),
            COALESCE(SUM(p.live AND COALESCE(p.answer->>0, '') <> 'cannot'), 0),
            MIN(CASE WHEN p.answer IS NULL AND p.last_sent > ?3 THEN p.last_sent END)
        FROM json_each(?1) x JOIN alert_neighbourhood an ON an.id = x.value JOIN alert ON alert.id = an.alert_id
            LEFT JOIN people p ON p.place = an.id
        GROUP BY an.id ORDER BY an.distance, an.id""",
    # Who has been silent since ?5, or where nobody knows whether the message came; only their newest counts.
    tell_next_channel=f"""{ROUTES.format(routes=3)} {DELIVERY}
        SELECT ?2 + row_number() OVER (ORDER BY d.distance, d.id), d.alert_id, d.admin_id, a.id, d.step + 1, a.channel, {ACCOUNT},
            0, 0, 0, d.priority, d.distance, ?4, d.expires_at, '', '', 0, ?4, '', NULL, d.turn, MAX(silent.rung, 1)
        FROM (SELECT o.id AS id, MAX(an.rung) AS rung FROM json_each(?1) x JOIN alert_neighbourhood an ON an.id = x.value
                  JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
                  JOIN admin p ON p.id = ga.admin_id
                  JOIN delivery o ON o.alert_id = an.alert_id AND {MEANT.format(d="o", p="p")} AND o.part = ''
              WHERE an.forwarded_at IS NULL AND an.added <> 'adjacent'
                AND (o.state IN (4, 6, 7) AND o.sent_at <= ?5 OR o.state = 0 AND o.possible_duplicates > 0)
                AND NOT EXISTS (SELECT 1 FROM delivery later WHERE later.alert_id = o.alert_id AND later.admin_id = o.admin_id
                                AND later.part = '' AND later.step > o.step)
              GROUP BY o.id) silent
        JOIN delivery d ON d.id = silent.id JOIN alert ON alert.id = d.alert_id
        LEFT JOIN address tried ON tried.id = d.address_id
        JOIN address a ON a.id = {FIRST_ADDRESS.format(admin="d.admin_id", more=NOT_TRIED)}
        WHERE d.expires_at > ?4 AND alert.closed_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.alert_id = d.alert_id AND k.admin_id = d.admin_id)
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    # Of each group there the next admin who was not told yet; ?5: only of groups where nobody may answer any more.
    tell_next_admin=f"""{ROUTES.format(routes=3)} {DELIVERY}
        SELECT ?2 + row_number() OVER (ORDER BY who.distance, who.admin_id), alert.id, who.admin_id, a.id, 0, a.channel, {ACCOUNT},
            0, 0, 0, alert.priority, who.distance, ?4, alert.expires_at, '', '', 0, ?4, '', NULL, 0, MAX(who.rung, 1)
        FROM (SELECT an.alert_id, {SERVING.format(p="p", now=4)} AS admin_id, MIN(an.distance) AS distance, MAX(an.rung) AS rung
              FROM json_each(?1) x JOIN alert_neighbourhood an ON an.id = x.value AND an.forwarded_at IS NULL
                  JOIN group_neighbourhood gn ON gn.code = an.code JOIN group_admin ga ON ga.group_id = gn.group_id
                  JOIN admin p ON p.id = ga.admin_id
              WHERE ga.id = (SELECT MIN(other.id) FROM group_admin other WHERE other.group_id = ga.group_id
                  AND {REACHABLE.format(admin="other.admin_id", now=4)}
                  AND NOT EXISTS (SELECT 1 FROM admin p4 JOIN delivery o ON o.alert_id = an.alert_id
                      AND o.admin_id = {SERVING.format(p="p4", now=4)} WHERE p4.id = other.admin_id))
                AND (NOT ?5 OR NOT EXISTS (SELECT 1 FROM group_admin told JOIN admin p5 ON p5.id = told.admin_id
                    JOIN delivery o ON o.alert_id = an.alert_id AND {MEANT.format(d="o", p="p5")} AND o.part = ''
                    WHERE told.group_id = ga.group_id AND (o.state IN (1, 4, 6, 7) OR o.state = 0 AND o.possible_duplicates = 0)
                      AND COALESCE((SELECT k.kind FROM acknowledgement k WHERE k.alert_id = o.alert_id
                          AND k.admin_id = o.admin_id ORDER BY k.at DESC, k.id DESC LIMIT 1), '') <> 'cannot'))
              GROUP BY 1, 2) who
        JOIN alert ON alert.id = who.alert_id
        JOIN address a ON a.id = {FIRST_ADDRESS.format(admin="who.admin_id", more="")}
        WHERE alert.closed_at IS NULL AND alert.expires_at > ?4
        ON CONFLICT (alert_id, admin_id, step) DO NOTHING""",
    # [id, rung before, rung after, check_at or null, 1 if it is dark]; ?3 is the claim: what was hastened meanwhile stays so.
    climb="""UPDATE alert_neighbourhood SET rung = m.value->>2,
            rung_at = CASE WHEN m.value->>2 > rung THEN ?2 ELSE rung_at END,
            check_at = CASE WHEN check_at = ?3 THEN m.value->>3 ELSE check_at END,
            dark_at = CASE WHEN m.value->>4 THEN COALESCE(dark_at, ?2) ELSE dark_at END
        FROM json_each(?1) m WHERE alert_neighbourhood.id = m.value->>0 AND rung = m.value->>1 AND forwarded_at IS NULL""",
    # [id, alert, kind, data], told of those that did climb at ?2
    climbed="""INSERT INTO alert_event (alert_id, at, kind, data) SELECT e.value->>1, ?2, e.value->>2, e.value->>3
        FROM json_each(?1) e JOIN alert_neighbourhood an ON an.id = e.value->>0 WHERE an.rung_at = ?2""",
    # [alert, code, name, overlap, distance, why]
    add_matches="""INSERT INTO alert_neighbourhood (alert_id, code, name, overlap, distance, why, admins, added)
        SELECT m.value->>0, m.value->>1, m.value->>2, m.value->>3, m.value->>4, m.value->>5,
            (SELECT COUNT(DISTINCT ga.admin_id) FROM group_neighbourhood gn JOIN group_admin ga ON ga.group_id = gn.group_id
             WHERE gn.code = m.value->>1), ?2
        FROM json_each(?1) m JOIN alert ON alert.id = m.value->>0 WHERE alert.closed_at IS NULL AND alert.expires_at > ?3
        ON CONFLICT (alert_id, code) DO UPDATE SET added = excluded.added, planned_at = NULL
            WHERE alert_neighbourhood.added = 'adjacent' AND excluded.added <> 'adjacent' RETURNING code""",
    unplan="""UPDATE alert SET planned_at = NULL WHERE id IN (SELECT value FROM json_each(?1)) AND closed_at IS NULL
        AND EXISTS (SELECT 1 FROM alert_neighbourhood an WHERE an.alert_id = alert.id AND an.planned_at IS NULL)""",
    # What was made by the escalation and is not needed any more, of the alert that delivery ?1 belongs to.
    spare=f"""UPDATE delivery AS d SET state = 3, reason = 'not needed any more' WHERE d.state = 0 AND d.rung <> 0 AND d.part = ''
        AND d.alert_id = (SELECT alert_id FROM delivery WHERE id = ?1) AND NOT ({NEEDED})""",
    needed=f"SELECT 1 FROM delivery d WHERE d.id = ?1 AND ({NEEDED})",
    # The neighbourhoods of the people that deliveries ?1 are for are looked at now.
    hasten=f"""UPDATE alert_neighbourhood SET check_at = ?2 WHERE check_at > ?2 AND id IN (
            SELECT an.id FROM json_each(?1) x JOIN delivery d ON d.id = x.value AND d.part = ''
                {_PLACES_OF})""",
    # Of an answer to delivery ?1, if it is one of its own person's: from handle ?4 of channel ?3.
    hasten_from_answer=f"""UPDATE alert_neighbourhood SET check_at = ?2 WHERE check_at > ?2 AND id IN (
            SELECT an.id FROM (SELECT o.alert_id, o.admin_id, o.created_at FROM delivery o
                    JOIN address a ON a.admin_id = o.admin_id AND a.channel = ?3 AND a.handle_hash = ?4
                    WHERE o.id = ?1 AND o.part = '') d
                {_PLACES_OF})""",
    hasten_from_receipts=f"""UPDATE alert_neighbourhood SET check_at = ?2 WHERE check_at > ?2 AND id IN (
            SELECT an.id FROM json_each(?1) x JOIN receipt rc ON rc.provider_ref = x.value AND rc.channel = ?3
                JOIN delivery d ON d.id = rc.delivery_id AND d.part = ''
                {_PLACES_OF})""",
    # Those who wait for an account that is down, of the most urgent.
    hasten_account=f"""UPDATE alert_neighbourhood SET check_at = ?3 WHERE check_at > ?3 AND id IN (
            SELECT an.id FROM (SELECT alert_id, admin_id, created_at FROM delivery WHERE channel = ?1 AND account = ?2 AND state = 0
                    AND part = '' ORDER BY priority, turn, distance, id LIMIT 5000) d
                {_PLACES_OF})""",
)
