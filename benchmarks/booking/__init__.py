"""The parts of the ledger benchmark."""
