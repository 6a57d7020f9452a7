"""The pages' texts and their catalogues: what ``make texts`` writes, and what must hold of it."""
