"""Cases from real life, played through the doors that everybody uses.

``tests/cases/README.md`` says what the cases are, and who is right when one fails.
"""
