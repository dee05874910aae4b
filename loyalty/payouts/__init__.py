"""Payouts: points that become money. Asked for, approved by a second person, exported to the bank, paid or failed.

A payout is a redemption of the kind ``payout`` (its points, its state) and a row of its own (its money, who decided).
"""
