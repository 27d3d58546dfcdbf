"""`bekal programme simulate`: what a programme would mean for people, before anything is real."""
