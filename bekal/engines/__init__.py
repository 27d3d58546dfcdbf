"""Small pure libraries: arrays and bytes in and out. No Django, no database, no clock, no hidden randomness."""
