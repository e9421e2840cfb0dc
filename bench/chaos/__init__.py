"""Baton under fire: the whole house is started as production does, everything in it is killed again and again while
captures arrive through the public doors, and afterwards the senders' own ledger is held against the database.

    python -m bench chaos --captures 1000 --kills 5 --pg-restarts 2

See docs/handoff/chaos.md.
"""
