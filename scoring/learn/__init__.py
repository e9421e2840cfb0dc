"""Learning a scorecard from closed outcomes: points per group of each fact, and what share converts at each score.

Everything here is without Django. Only ``fit`` and ``baselines`` need scikit-learn (the extra ``ml``), and only while
they run; a card that was learned is applied without it.
"""
