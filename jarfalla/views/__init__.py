"""The pages that see every app: start page, dashboard, the unit, errors."""
