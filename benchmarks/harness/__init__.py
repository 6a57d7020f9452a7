"""What every measurement needs: processes, databases, seed data, ratios, the printed table.

Contenders, measurements and ``__main__`` import these modules.
This room knows no contender and no measurement, so it may import neither.
"""
