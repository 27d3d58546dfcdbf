"""Who may what. Roles are few; a permission names a door, an action's right, nothing finer."""

ROLES: dict[str, frozenset[str]] = {
    "citizen": frozenset({"citizen"}),
    "provider": frozenset({"provider"}),
    "platform": frozenset({"platform"}),
    "assessor": frozenset({"operator", "review_training"}),
    "operator": frozenset({"operator", "plan_wave", "curate", "plan_pay_run"}),
    "draw_operator": frozenset({"operator", "sign_draw"}),
    "finance_maker": frozenset({"operator", "plan_pay_run", "fund"}),
    "finance_checker": frozenset({"operator", "approve_pay_run", "approve_fund"}),
    "recovery_officer": frozenset({"operator", "recover_account"}),
    "identity_reviewer": frozenset({"operator", "review_identity"}),
    "list_reviewer": frozenset({"operator", "review_list"}),
    "auditor": frozenset({"operator", "audit"}),
}
CODE_DIGITS = 6
CODE_MINUTES = 10
CODE_TRIES = 10
CODES_AT_ONCE = 5
LINK_HOURS = 12


def permissions(roles: tuple[str, ...]) -> frozenset[str]:
    """Everything these roles permit."""
    return frozenset().union(*(ROLES[role] for role in roles)) if roles else frozenset()
