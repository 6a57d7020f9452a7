"""Who is measured: Sendtrail's own workers, pgqueuer, the library's recorder, COPY, bare SQL.

Measurements start what is here as tasks of a worker pool; ``tune_pgqueuer`` is a command.
This room knows the harness, but neither the measurements nor the sizes they choose.
"""
