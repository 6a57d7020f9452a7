"""The pages for people. What they show and change goes through the API (``asking``), within the
process: there is no second way to anything. Import ``install`` from ``pages``. This room knows no
command and no query; of the records it knows who is signed in."""
