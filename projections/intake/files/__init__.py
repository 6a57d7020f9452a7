"""Files of people as spreadsheets, address books and other programs write them.

What a file says is read here; what becomes of it is decided elsewhere. This room knows neither the
database nor the leads.
"""
