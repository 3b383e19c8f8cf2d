"""The names of the queue's statements: one field a statement, one instance a dialect (sqlite/queries.py; PostgreSQL will follow).

What each means, with its parameters, stands at the verb that uses it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    insert_alert: str
    insert_matches: str
    close_alerts: str
    withdraw_deliveries: str
    add_events: str
    stored_alert: str
    find_alerts: str
    unplanned: str
    unplanned_codes: str
    alert_planned: str
    alerts: str
    alert_matches: str
    alert_counts: str
    alert_page: str
    events_after: str
    audience_by_code: str
    audience_total: str
    audience_by_account: str
    plan_deliveries: str
    codes_planned: str
    claim: str
    claimed: str
    next_due: str
    record_outcomes: str
    record_sent: str
    lift_early: str
    match_early_receipts: str
    fall_back: str
    kill_addresses: str
    kill_addresses_from_receipts: str
    move_address: str
    states_changed: str
    expire: str
    rescue: str
    deliveries: str
    totals: str
    insert_receipts: str
    lift_deliveries: str
    fall_back_from_receipts: str
    receipts_seen: str
    acknowledge: str
    acknowledgement_seen: str
    cover: str
    covered: str
    answered_delivery: str
    open_window: str
    stop_person: str
    withdraw_person: str
    address_unreachable: str
    address_reachable: str
    address_moved: str
    keep_update: str
    kept_updates: str
    drop_updates: str
    mark_unreadable: str
    find_key: str
    find_session: str
    put_session: str
    use_ticket: str
    drop_session: str
    neighbourhood_version: str
    last_id: str
