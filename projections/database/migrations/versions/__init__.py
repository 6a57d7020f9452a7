"""One file per schema version, named after it: ``m0001_…`` makes the schema 0001.

A file that was released is never changed."""
