"""The points of each household counted a second time: SQL in DuckDB over the raw lines, none of our earning code.

Every rule of ``programme`` is written out again by hand, from the raw columns rather than from the catalogue that was
imported. A limit over a period is the lesser of the limit and the sum: a rule that reaches it pays what is left of it.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_POINTS_BY_HOUSEHOLD: Final = """
WITH sold AS (
    SELECT l.household_id, l.basket_id, l.cents, l.quantity, p.department, p.product_category, p.brand,
           (l.transaction_timestamp AT TIME ZONE 'UTC') AT TIME ZONE 'America/New_York' AS local_time
    FROM line AS l LEFT JOIN product AS p USING (product_id)
), basket AS (
    SELECT household_id, basket_id, any_value(local_time) AS local_time,
           CASE WHEN isodow(any_value(local_time)) = 3 THEN 3 ELSE 2 END AS halves,
           sum(cents) AS cents, count(*) AS lines,
           coalesce(sum(cents) FILTER (department = 'PRODUCE'), 0) AS produce,
           coalesce(sum(cents) FILTER (brand = 'Private'), 0) AS own_brand,
           coalesce(sum(quantity) FILTER (
               department = 'GROCERY' AND product_category = 'FLUID MILK PRODUCTS' AND cents > 0), 0) AS milks
    FROM sold GROUP BY household_id, basket_id
), paid AS (
    SELECT household_id, CAST(local_time AS DATE) AS day,
           cents * halves // (100 * 2) AS every_dollar,
           2 * produce * halves // (100 * 2) AS fresh_produce,
           (2 * own_brand * halves + 50 * 2) // (2 * 50 * 2) AS own_brand,
           3 * milks AS milk,
           CASE WHEN cents >= 7500 AND lines >= 10 THEN 50 ELSE 0 END AS full_trolley,
           CASE WHEN cents > 0 AND isodow(local_time) <= 5 AND hour(local_time) BETWEEN 6 AND 8 THEN 10 ELSE 0 END
               AS early_bird
    FROM basket
), unlimited AS (
    SELECT household_id, sum(every_dollar + own_brand + early_bird) AS points FROM paid GROUP BY household_id
), by_day AS (
    SELECT household_id, least(15, sum(milk)) AS points FROM paid GROUP BY household_id, day
), by_week AS (
    SELECT household_id, least(100, sum(full_trolley)) AS points FROM paid
    GROUP BY household_id, date_trunc('week', day)
), by_month AS (
    SELECT household_id, least(150, sum(fresh_produce)) AS points FROM paid
    GROUP BY household_id, date_trunc('month', day)
)
SELECT household_id, sum(points)::BIGINT
FROM (FROM unlimited UNION ALL FROM by_day UNION ALL FROM by_week UNION ALL FROM by_month)
GROUP BY household_id ORDER BY household_id
"""


def points_by_household(duckdb: "DuckDBPyConnection") -> dict[int, int]:
    """What each household should have been paid; ``duckdb`` has the views of ``CompleteJourney``."""
    return dict(duckdb.execute(_POINTS_BY_HOUSEHOLD).fetchall())
