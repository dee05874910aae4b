"""Real baskets, sent through the same door as every till's: a year of a chain of shops, in minutes.

``complete_journey`` reads the data, ``programme`` says what it earns, ``opening`` makes the shop, ``sending`` sends,
and ``recount`` counts the points a second time, in SQL and without any of our earning code.
"""
