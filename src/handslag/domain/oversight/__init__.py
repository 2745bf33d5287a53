"""Who looked at whom, reviewed month by month (loggkontroll)."""
