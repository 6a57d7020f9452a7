"""The Python client that is made of the API's description, and a first use of it: ``make client``.

What is here runs outside the suite."""
