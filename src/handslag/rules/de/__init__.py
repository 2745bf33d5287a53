"""Germany: Hilfe zum Lebensunterhalt, Grundsicherung im Alter und bei Erwerbsminderung (SGB XII, 3 and 4)."""
