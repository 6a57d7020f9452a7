"""Measures Sendtrail side by side with what it is compared to: ``python -m benchmarks``.

Every comparison is taken anew in every round, one contender right after the other on one server, so
that what else the machine does hits both; what counts is the median of the rounds' ratios. Absolute
numbers are those of one machine at one moment.

``catalogue`` says what is measured and with which sizes; every module says what is part of its
numbers and what is not. ``crew`` runs the processes, ``crowds`` makes the large databases, once for
all that ask for them. ``measuring`` and ``printing`` know nothing of what is measured.
"""
