"""What we say: findings in, alerts and deliveries out.

In:   findings that the monitor left in the database; acts of analysts.
Out:  alerts in a life cycle, their events, and deliveries that are exactly accounted for.
Read: alert.py (the table of states), intake.py, review.py, publisher.py, outbox.py, courier.py.

Imports `aoi` and `monitor`, never its front door. The one call to the right goes
through `alerts.ports.MapRenderer`.
"""
