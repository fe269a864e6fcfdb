"""From a CRM export to a scenario, and a test of the model on history."""
