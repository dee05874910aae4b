"""Rewards: what members may have for their points, issuing it, using it at a till, and every other end it may take."""
