"""The names of the queue's statements: one field a statement, one instance a dialect (sqlite/queries.py, postgres/queries.py).

What each means, with its parameters, stands at the verb that uses it.
"""

from dataclasses import dataclass

TURN = 50
"""Deliveries a turn: under a limit alerts of the same priority take turns, so that a large one does not starve a small one. Fifty
is more than the admins around a street, so that an alert to one street is all in its first turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalating:
    """Those of the escalation: {dialect}/escalating.py."""

    due: str
    claim_checks: str
    standing: str
    tell_next_channel: str
    tell_next_admin: str
    climb: str
    climbed: str
    add_matches: str
    unplan: str
    spare: str
    needed: str
    hasten: str
    hasten_from_answer: str
    hasten_from_receipts: str
    hasten_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditing:
    """Those of the audit chain: {dialect}/auditing.py."""

    head: str
    begin: str
    move_head: str
    append: str
    mark_alerts: str
    erase: str
    move_first: str
    prune: str
    unaudited: str
    entries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    escalating: Escalating
    auditing: Auditing
    insert_alerts: str
    insert_matches: str
    close_alerts: str
    withdraw_deliveries: str
    follow_up: str
    follow_up_beside: str
    alert_chain: str
    add_events: str
    find_alerts: str
    unplanned: str
    unplanned_codes: str
    planned_event: str
    alert_planned: str
    held: str
    release_held: str
    end_held: str
    closed_alerts: str
    run_out: str
    alerts: str
    alert_matches: str
    alert_counts: str
    alert_page: str
    events_after: str
    audience: str
    audience_by_account: str
    would_send: str
    plan_deliveries: str
    codes_planned: str
    claim: str
    claim_probe: str
    claimed: str
    hand_over: str
    waiting_with_another: str
    give_up: str
    go_home: str
    reached_since: str
    next_due: str
    record_outcomes: str
    record_sent: str
    lift_early: str
    match_early_receipts: str
    unmatched: str
    fall_back: str
    kill_addresses: str
    kill_chats: str
    strike_addresses: str
    kill_addresses_from_receipts: str
    move_address: str
    move_chat: str
    states_changed: str
    expire: str
    rescue: str
    rescue_account: str
    clock_set_waiting: str
    clock_set_leases: str
    deliveries: str
    totals: str
    waiting: str
    insert_receipts: str
    lift_deliveries: str
    try_again: str
    heed_failures: str
    close_windows: str
    strike_from_receipts: str
    forgive: str
    read_up_to_seen: str
    read_up_to: str
    fall_back_from_receipts: str
    receipts_seen: str
    acknowledge: str
    acknowledgement_seen: str
    cover: str
    covered: str
    send_beside: str
    post_to_groups: str
    uncover: str
    cover_anew: str
    taken_back: str
    climb_on: str
    take_back: str
    answered_delivery: str
    open_window: str
    stop_person: str
    withdraw_person: str
    resolve: str
    know_aliases: str
    alias_moved: str
    chat_unreachable: str
    chat_reachable: str
    chat_moved: str
    address_unreachable: str
    address_reachable: str
    address_moved: str
    keep_update: str
    kept_updates: str
    cursor: str
    put_cursor: str
    hear_updates: str
    drop_updates: str
    forget_heard: str
    mark_unreadable: str
    find_key: str
    key_of: str
    key_used: str
    keys_ending: str
    sweep_nonces: str
    take_nonce: str
    neighbourhood_version: str
    neighbourhoods: str
    # figures
    pending_by_account: str
    sending_by_account: str
    open_coverage: str
    oldest_unplanned: str
    inbox_waiting: str
    last_reported: str
    receipts_since: str
    answers_since: str
    covered_since: str
    # leases
    leases: str
    renew_leases: str
    new_leases: str
    release_leases: str
    drop_leases: str
    # linking
    find_person: str
    find_link: str
    offered_links: str
    void_links: str
    put_link: str
    sweep_links: str
    link_address: str
    use_link: str
    start_person: str
    set_language: str
    set_away: str
    lift_ranks: str
    order_channels: str
    groups_of: str
    replace_chat: str
    put_chat: str
