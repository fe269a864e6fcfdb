"""What studies look at unless told otherwise; commands name it in their help, so nothing is imported here."""

STRESS_MEASURES = ("revenue", "leads_wasted_share", "first_touch_attainment")
MARGINAL_MEASURES = ("revenue", "profit", "leads_wasted")
IN_FORCE = "in force"
"""What the policy of the scenario itself is called beside others."""
