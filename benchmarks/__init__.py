"""Measures Sendtrail side by side with what it is compared to: ``python -m benchmarks``.

Every comparison is taken anew in every round, one contender right after the other on one server, so
that what else the machine does hits both; what counts is the median of the rounds' ratios. Absolute
numbers are those of one machine at one moment.
"""
