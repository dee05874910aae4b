"""From where on somebody should look. 0 switches a rule off."""

from loyalty.programme.part import Part


class ReviewSettings(Part, frozen=True, kw_only=True):
    """Nothing is refused for these: a case is opened, and a person decides."""

    purchases_a_day: int = 20
    """More purchases of one member on one local day."""
    points_a_day: int = 0
    """More points earned by one member on one local day, in all wallets."""
    cashier_purchases_a_month: int = 15
    """At least so many purchases of one member at one cashier in a month ..."""
    cashier_share_percent: int = 80
    """... which are at least so much of all the member's purchases in it."""
    refunds_a_month: int = 8
    """At least so many refunds of one member in a month ..."""
    refund_share_percent: int = 50
    """... for at least so much of the month's purchases."""
    friends_of_one_device: int = 2
    """At least so many of a member and the friends they brought on one and the same phone."""
    friends_of_one_address: int = 5
    """The same for a network address, which households and offices share."""
    friends_a_day: int = 10
    """At least so many friends of one member within 24 hours."""
