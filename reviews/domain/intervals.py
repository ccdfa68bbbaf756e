"""How sure a share is that was counted on a few."""

from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def share_interval(hits: int, tries: int) -> tuple[float, float]:
    """Return between which two shares, 0 to 1, the true one lies with 95 % confidence.

    Wilson's score interval (E. B. Wilson, Journal of the American Statistical Association 22, 1927), which holds for
    few tries and for shares near 0 and 1. Without tries it is everything.
    """
    if not tries:
        return 0.0, 1.0
    share, spread = hits / tries, _Z * _Z / tries
    middle = share + spread / 2
    reach = _Z * ((share * (1 - share) + spread / 4) / tries) ** 0.5
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))
