"""Measures Sendtrail beside what it is compared to: ``python -m benchmarks``.

Import nothing from here: ``__main__`` reads the command line and runs ``measurements.catalogue``.
No other package knows this one, and the rooms import downwards: measurements, contenders, harness.
"""
