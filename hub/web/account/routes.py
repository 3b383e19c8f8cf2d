"""Signing in with an account, being invited, and one's own account."""

from __future__ import annotations

from hub.web.account.confirming import confirm, confirm_page
from hub.web.account.invited import accept_invitation, welcome_page
from hub.web.account.mine import account_page, change_passphrase, end_other_sessions, end_session
from hub.web.account.second_factor import confirm_second_factor, renew_recovery_codes, second_factor_page
from hub.web.account.signing_in import sign_in_with_account
from hub.web.route import ANY_KEY, ANY_SCOPE, PUBLIC, Open, Route

OWN = Open.ACCOUNT

ROUTES: tuple[Route, ...] = (
    Route("POST", "/login/account", sign_in_with_account, PUBLIC, "Sign in with an account", form=True),
    Route("GET", "/welcome/{token}", welcome_page, PUBLIC, "An invitation: choose a passphrase"),
    Route("POST", "/welcome/{token}", accept_invitation, PUBLIC, "The same, filled in", form=True),
    Route("GET", "/account", account_page, OWN, "My account, and the browsers I am signed in with"),
    Route("POST", "/account/passphrase", change_passphrase, OWN, "Another passphrase", form=True, sensitive=True),
    Route("GET", "/account/second-factor", second_factor_page, OWN, "Set up a second factor", sensitive=True),
    Route("POST", "/account/second-factor", confirm_second_factor, OWN, "Confirm it with a code", form=True, sensitive=True),
    Route("POST", "/account/recovery-codes", renew_recovery_codes, OWN, "New recovery codes", form=True, sensitive=True),
    Route("POST", "/account/sessions/end", end_session, OWN, "Sign one browser out", form=True),
    Route("POST", "/account/sessions/end-others", end_other_sessions, OWN, "Sign all others out", form=True),
    Route("GET", "/account/confirm", confirm_page, ANY_KEY, "Prove once more who you are", scopes=ANY_SCOPE),
    Route("POST", "/account/confirm", confirm, ANY_KEY, "The same, filled in", form=True, scopes=ANY_SCOPE),
)  # fmt: skip
