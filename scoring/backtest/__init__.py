"""Trying a scoring model on the past, without a look into the future. Pure: no Django, no I/O.

``conditions``: a rule about facts as it would have answered on a day. ``walk``: how high the score of one lead had
risen by which day. ``counts``: what all leads add up to, mergeable, so that chunks come in any order. ``figures``:
the numbers that people read, with sample sizes and intervals.
"""
