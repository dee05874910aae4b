"""Back-tests: recorded purchases evaluated again with other rules, and the difference to what really happened.

``question`` says what is asked, ``past`` reads the facts that were frozen, ``reliving`` evaluates them (pure),
``totals`` adds up (pure), ``running`` does so for a part of the members, ``report`` tells it.
"""
