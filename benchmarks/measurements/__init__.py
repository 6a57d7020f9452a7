"""What is measured: a module per group of rows, each of which says what its numbers include.

Only ``catalogue`` is imported from outside; ``template_databases`` serves several measurements.
This room does not know the command line, nor how results are printed.
"""
