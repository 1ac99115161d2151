"""networks - what queueing theory says of several stations, of branches and of impatient clients.

The same conventions as closed_forms. Further sources:
  Jackson     J. R. Jackson, Networks of Waiting Lines, Operations Research 5 (1957)
  Reich       E. Reich, Waiting Times When Queues Are in Tandem, Ann. Math. Stat. 28 (1957)
  Reiser      M. Reiser, S. Lavenberg, Mean-Value Analysis of Closed Networks, J. ACM 27 (1980)
  Flatto      L. Flatto, S. Hahn, Two Parallel Queues Created by Arrivals with Two Demands (1984);
              the mean in R. Nelson, A. Tantawi, IEEE Trans. Computers 37 (1988)
  David       H. A. David, H. N. Nagaraja, Order Statistics, 3rd ed. (2003)
"""
from math import comb, exp

import numpy as np
from scipy import integrate

from closed_forms import exponential_quantiles, mm1, mmc, quantiles


def tandem(rate, services):
    """M/M/1 after M/M/1: independent exponential sojourns. Reich"""
    rests = [1 / service - rate for service in services]
    figures = {f"T{i + 1}": 1 / rest for i, rest in enumerate(rests)}
    figures |= {f"L{i + 1}": rate / rest for i, rest in enumerate(rests)}
    first, second = rests

    def tail(t):
        return (second * exp(-first * t) - first * exp(-second * t)) / (second - first)

    figures |= {"T": 1 / first + 1 / second, "X": rate}
    return figures | quantiles("T", tail, figures["T"])


def jackson(arrivals, services, servers, routes):
    """Product form: station i is an M/M/c with the rate of lambda = gamma + P' lambda. Jackson"""
    size = len(services)
    rates = np.linalg.solve(np.eye(size) - np.array(routes).T, np.array(arrivals))
    figures, length = {}, 0.0
    for i in range(size):
        station = mmc(float(rates[i]), services[i], servers[i])
        length += station["L"]
        figures |= {f"{key}{i + 1}": station[key] for key in ("T", "L", "rho", "X", "W")}
    return figures | {"L": length, "T": length / sum(arrivals), "X": sum(arrivals)}


def feedback(rate, service, again):
    """M/M/1 whose requests come back with probability `again`. Jackson"""
    station = mm1(rate / (1 - again), service)
    return {"L": station["L"], "T": station["L"] / rate, "X": rate, "rho": station["rho"],
            "visits": rate / (1 - again), "T1": station["T"]}


def closed(users, think, demands):
    """Exact mean value analysis of single servers and a think time. Reiser"""
    lengths = np.zeros(len(demands))
    for n in range(1, users + 1):
        times = np.array(demands) * (1 + lengths)
        rate = n / (think + times.sum())
        lengths = rate * times
    figures = {"X": float(rate), "T": float(times.sum())}
    for i, demand in enumerate(demands):
        figures |= {f"rho{i + 1}": float(rate * demand), f"L{i + 1}": float(lengths[i]),
                    f"T{i + 1}": float(times[i])}
    return figures


def fork_join(rate, service):
    """Both of two M/M/1: (12 - rho) / (8 (mu - lambda)). Flatto"""
    rho = rate * service
    branch = mm1(rate, service)
    return {"T": (12 - rho) / 8 * branch["T"], "T1": branch["T"], "rho": rho,
            "T1_p99": branch["T_p99"], "X": rate}


def hedged(rate, service, after):
    """An exponential time, raced from `after` on by a second one that starts then. David 2.1"""
    mu = 1 / service
    late = exp(-mu * after)

    def tail(t):
        return exp(-mu * t) if t < after else late * exp(-2 * mu * (t - after))

    figures = {"T": service * (1 - late) + late * service / 2, "X": rate,
               "tries": rate * (1 + late)}
    return figures | quantiles("T", tail, service)


def quorum(rate, service, count, need):
    """The need-th of `count` exponential times: mean S (1/n + ... + 1/(n-k+1)). David 2.1"""
    mean = service * sum(1 / i for i in range(count - need + 1, count + 1))

    def tail(t):
        done = 1 - exp(-t / service)
        return sum(comb(count, i) * done ** i * (1 - done) ** (count - i) for i in range(need))

    return {"T": mean, "X": rate} | quantiles("T", tail, service)


def timeouts(rate, service, patience):
    """Clients give up an M/M/1 that works on: its sojourn is exponential, cut at the time-out."""
    mean = mm1(rate, service)["T"]
    late = exp(-patience / mean)
    figures = {"success": 1 - late, "T": mean * (1 - late), "X": rate * (1 - late),
               "rho": rate * service}
    return figures | {k: v for k, v in exponential_quantiles("T", mean).items() if v < patience}


def retries(rate, service, fails, attempts, pause):
    """Independent tries of an exponential time, each failing with probability `fails`."""
    tries = sum(fails ** i for i in range(attempts))
    lost = fails ** attempts
    good = 1 - lost
    mean = sum(fails ** i * (1 - fails) * ((i + 1) * service + i * pause)
               for i in range(attempts)) / good
    return {"success": good, "tries": rate * tries, "T": mean, "X": rate * good}


def mixture(rate, shares, services, visits):
    """M/G/1 by hand: a share of the requests is served `visits` times in one go. Kleinrock I 5.6"""
    mean = sum(p * s * k for p, s, k in zip(shares, services, visits))
    second = sum(p * s * s * k * (k + 1) for p, s, k in zip(shares, services, visits))
    rho = rate * mean
    wait = rate * second / (2 * (1 - rho))
    return {"rho": rho, "W": wait, "T": wait + mean, "L": rate * (wait + mean)}


def shifted(rate, service, way):
    """M/M/1 at the end of a line with a constant delay each way."""
    figures = mm1(rate, service)
    for key in ("T", "T_p50", "T_p90", "T_p99"):
        figures[f"far_{key}"] = figures[key] + 2 * way
    return figures


def shorter_of_two(rate, service, size=200):
    """Two M/M/1, the shorter queue is joined, ties at random: its chain, solved. GSTH 3.2"""
    mu, index = 1 / service, {}
    for a in range(size):
        for b in range(a, size):
            if b - a < 60:
                index[a, b] = len(index)
    return solve_shorter(rate, mu, index)


def solve_shorter(rate, mu, index):
    """Power iteration is slow; the sparse balance equations are solved with sum 1 instead."""
    from scipy.sparse import lil_matrix
    from scipy.sparse.linalg import spsolve
    flow = lil_matrix((len(index), len(index)))
    for (a, b), i in index.items():
        moves = [((a + 1, b) if a < b else (a, b + 1), rate)]
        moves += [((a - 1, b), mu)] if a > 0 else []
        moves += [((a, b - 1), mu)] if b > 0 else []
        for (one, two), speed in moves:
            to = index.get((min(one, two), max(one, two)))
            if to is not None:
                flow[to, i] += speed
                flow[i, i] -= speed
    flow[0, :] = 1
    right = np.zeros(len(index))
    right[0] = 1
    p = spsolve(flow.tocsc(), right)
    length = sum((a + b) * p[i] for (a, b), i in index.items())
    return {"L": float(length), "T": float(length / rate), "rho": rate / (2 * mu), "X": rate}


def transient_infinite(rate, service, until):
    """M/M/inf from empty: the mean over [0, until) of lambda S (1 - e^(-t/S)). Kleinrock I 3.4"""
    area = integrate.quad(lambda t: 1 - exp(-t / service), 0, until)[0]
    return {"L": rate * service * area / until, "X": rate * (1 - service * (
        1 - exp(-until / service)) / until)}
