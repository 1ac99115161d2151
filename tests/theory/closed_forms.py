"""closed_forms - what queueing theory says: every function returns a dict of exact figures.

Rates are per second, times in seconds. Keys: T sojourn and W waiting time with _p50, _p90, _p99, L
requests in the system, Lq waiting ones, rho utilization, loss the share refused, X throughput.
Nothing here is taken from a simulation. Sources, by short name:
  Kleinrock   L. Kleinrock, Queueing Systems I (1975), II (1976)
  GSTH        D. Gross, J. Shortle, J. Thompson, C. Harris, Fundamentals of Queueing Theory, 4th ed.
  Asmussen    S. Asmussen, Applied Probability and Queues, 2nd ed. (2003)
"""
from math import exp, factorial, log, sqrt

import numpy as np
from scipy import integrate, optimize, special, stats
from scipy.linalg import expm

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def quantiles(name, tail, scale):
    """Solves tail(t) = 1 - p; 0 where the law has an atom at 0 that is large enough."""
    found = {}
    for label, p in QUANTILES.items():
        if tail(0.0) <= 1 - p:
            found[f"{name}_{label}"] = 0.0
            continue
        high = scale
        while tail(high) > 1 - p:
            high *= 2
        found[f"{name}_{label}"] = optimize.brentq(
            lambda t, p=p: tail(t) - (1 - p), 0.0, high, xtol=1e-16, rtol=1e-13)
    return found


def exponential_quantiles(name, mean):
    return {f"{name}_{label}": -mean * log(1 - p) for label, p in QUANTILES.items()}


# ---- birth and death ----------------------------------------------------------------------------


def stationary(births, deaths):
    """Probabilities of a birth-death chain; births[n] leads from n to n + 1, deaths[n] back."""
    weights = [1.0]
    for up, down in zip(births, deaths):
        weights.append(weights[-1] * up / down)
    return np.array(weights) / sum(weights)


def erlang_b(servers, offered):
    blocked = 1.0
    for i in range(1, servers + 1):
        blocked = offered * blocked / (i + offered * blocked)
    return blocked


def erlang_c(servers, offered):
    blocked = erlang_b(servers, offered)
    return blocked / (1 - offered / servers * (1 - blocked))


def mm1(rate, service):
    """M/M/1: sojourn and positive wait are exponential with mean 1/(mu - lambda). Kleinrock I 3.2"""
    rho, mean = rate * service, service / (1 - rate * service)
    figures = {"rho": rho, "T": mean, "W": mean - service, "L": rate * mean,
               "Lq": rate * (mean - service), "X": rate}
    figures |= exponential_quantiles("T", mean)
    return figures | quantiles("W", lambda t: rho * exp(-t / mean), mean)


def mmc(rate, service, servers):
    """M/M/c: P(W > t) = C exp(-(c mu - lambda) t), Erlang's C by his B. GSTH 2.3"""
    mu, wait = 1 / service, erlang_c(servers, rate * service)
    theta = servers * mu - rate
    figures = {"rho": rate * service / servers, "C": wait, "W": wait / theta, "X": rate,
               "T": wait / theta + service, "Lq": rate * wait / theta,
               "L": rate * (wait / theta + service)}

    def sojourn(t):
        if abs(theta - mu) < 1e-9 * mu:
            return exp(-mu * t) * (1 + wait * mu * t)
        return exp(-mu * t) + wait * mu / (theta - mu) * (exp(-mu * t) - exp(-theta * t))

    figures |= quantiles("T", sojourn, service)
    return figures | quantiles("W", lambda t: wait * exp(-theta * t), service)


def mmck(rate, service, servers, capacity):
    """M/M/c/K: birth and death; who enters at n waits for n - c + 1 departures. GSTH 2.4"""
    mu = 1 / service
    p = stationary([rate] * capacity, [min(n, servers) * mu for n in range(1, capacity + 1)])
    loss, n = p[-1], np.arange(capacity + 1)
    entered = p[:-1] / (1 - loss)
    length, line = float(n @ p), float(np.maximum(n - servers, 0) @ p)
    carried = rate * (1 - loss)
    figures = {"loss": loss, "L": length, "Lq": line, "T": length / carried, "W": line / carried,
               "X": carried, "rho": carried * service / servers, "success": 1 - loss}

    def wait_tail(t):
        stages = np.arange(1, capacity - servers + 1)
        return float(entered[servers:] @ special.gammaincc(stages, servers * mu * t))

    if capacity > servers:
        figures |= quantiles("W", wait_tail, service)
    return figures


def loss_system(rate, service, servers):
    """M/G/c/c: Erlang's B depends on the mean service alone. Kleinrock I 3.6"""
    blocked = erlang_b(servers, rate * service)
    busy = rate * service * (1 - blocked)
    return {"loss": blocked, "success": 1 - blocked, "L": busy, "rho": busy / servers,
            "X": rate * (1 - blocked), "T": service}


def erlang_a(rate, service, servers, patience):
    """M/M/c+M: waiting requests leave at rate theta. Palm (1957); Zeltyn, Mandelbaum (2005)"""
    mu, theta, size = 1 / service, 1 / patience, servers * 40 + 400
    deaths = [min(n, servers) * mu + max(n - servers, 0) * theta for n in range(1, size + 1)]
    p = stationary([rate] * size, deaths)
    line = float(np.maximum(np.arange(size + 1) - servers, 0) @ p)
    left = theta * line / rate
    # Who finds k waiting is served with probability c mu / (c mu + (k + 1) theta), after k + 1
    # exponential times with rates c mu + (j + 1) theta, j = k .. 0.
    served = waited = 0.0
    step = 0.0
    for k in range(size - servers):
        step += 1 / (servers * mu + (k + 1) * theta)
        chance = servers * mu / (servers * mu + (k + 1) * theta)
        served += p[servers + k] * chance
        waited += p[servers + k] * chance * step
    good = float(sum(p[:servers])) + served
    return {"abandoned": left, "success": 1 - left, "Lq": line, "X": rate * (1 - left),
            "rho": rate * (1 - left) * service / servers, "W": waited / good,
            "T": waited / good + service}


def closed_mmc(users, think, service, servers, capacity=None):
    """Machine repair M/M/c//N, or Engset's loss system with capacity = servers. GSTH 2.7"""
    top, gamma, mu = min(users, capacity or users), 1 / think, 1 / service
    p = stationary([(users - n) * gamma for n in range(top)],
                   [min(n, servers) * mu for n in range(1, top + 1)])
    n = np.arange(top + 1)
    length = float(n @ p)
    offered = float((users - n) @ p) * gamma
    refused = (users - top) * gamma * p[top] / offered
    carried = offered * (1 - refused)
    return {"X": carried, "L": length, "T": length / carried, "rho": carried * service / servers,
            "Lq": float(np.maximum(n - servers, 0) @ p), "loss": refused, "success": 1 - refused,
            "offered": offered}


# ---- general service ----------------------------------------------------------------------------


def moments(law):
    """First two moments of a service law given as a dict."""
    kind = law["law"]
    if kind == "uniform":
        a, b = law["min"], law["max"]
        return (a + b) / 2, (a * a + a * b + b * b) / 3
    if kind == "weibull":
        scale, shape = law["scale"], law["shape"]
        return scale * special.gamma(1 + 1 / shape), scale ** 2 * special.gamma(1 + 2 / shape)
    mean = law["mean"]
    squares = {"const": 0.0, "exp": 1.0, "erlang": 1 / law.get("k", 1)}
    square = squares.get(kind, law.get("cv", 0) ** 2)
    return mean, mean * mean * (1 + square)


def mg1(rate, service):
    """M/G/1: W = lambda E[S^2] / (2 (1 - rho)), Pollaczek (1930), Khinchine (1932)."""
    mean, second = moments(service)
    rho = rate * mean
    wait = rate * second / (2 * (1 - rho))
    figures = {"rho": rho, "W": wait, "T": wait + mean, "L": rate * (wait + mean),
               "Lq": rate * wait, "X": rate}
    phases = phase_type(service)
    return figures | (phase_quantiles(rate, *phases) if phases else {})


def phase_type(law):
    """(alpha, S) of exponential, Erlang and hyperexponential laws with balanced means; or None."""
    kind, mean = law["law"], law.get("mean")
    if kind == "exp":
        return np.ones(1), np.array([[-1 / mean]])
    if kind == "erlang":
        k = law["k"]
        alpha = np.eye(k)[0]
        return alpha, (np.diag([1.0] * (k - 1), 1) - np.eye(k)) * k / mean
    if kind == "hyperexponential":
        square = law["cv"] ** 2
        p = (1 + sqrt((square - 1) / (square + 1))) / 2
        return np.array([p, 1 - p]), -np.diag([2 * p, 2 * (1 - p)]) / mean
    return None


def phase_quantiles(rate, alpha, matrix):
    """The wait of M/PH/1 is PH(eta, S + s eta) with eta = lambda alpha (-S)^-1. Asmussen VIII.5"""
    leave = -matrix.sum(axis=1)
    eta = rate * alpha @ np.linalg.inv(-matrix)
    waiting = matrix + np.outer(leave, eta)
    size = len(alpha)
    whole = np.zeros((2 * size, 2 * size))  # waits, then is served
    whole[:size, :size] = waiting
    whole[:size, size:] = np.outer(-waiting.sum(axis=1), alpha)
    whole[size:, size:] = matrix
    start = np.concatenate([eta, (1 - eta.sum()) * alpha])
    scale = float(alpha @ np.linalg.inv(-matrix).sum(axis=1))
    figures = quantiles("W", lambda t: float((eta @ expm(waiting * t)).sum()), scale)
    return figures | quantiles("T", lambda t: float((start @ expm(whole * t)).sum()), scale)


def md1(rate, service):
    """M/D/1: P(W <= t) = (1-rho) sum_k (-a)^k e^a / k!, a = lambda (t - k D). Erlang (1909)"""
    rho = rate * service

    def tail(t):
        total = 0.0
        for k in range(int(t / service + 1e-12) + 1):
            a = rate * (t - k * service)
            total += (-a) ** k / factorial(k) * exp(a)
        return 1 - (1 - rho) * total

    figures = mg1(rate, {"law": "const", "mean": service}) | quantiles("W", tail, service)
    return figures | {f"T_{p}": figures[f"W_{p}"] + service for p in QUANTILES}


def sharing(rate, service, small=None, large=None):
    """M/G/1-PS: E[T | x] = x / (1 - rho), L geometric whatever the law. Kleinrock II 4.4"""
    mean = moments(service)[0]
    rho = rate * mean
    figures = {"rho": rho, "T": mean / (1 - rho), "L": rho / (1 - rho), "X": rate}
    if small is not None:
        figures |= {"T_small": small / (1 - rho), "T_large": large / (1 - rho)}
    return figures


def lifo(rate, service):
    """M/M/1 LIFO without preemption: who waits, waits a busy period. Kleinrock I 5.8"""
    rho, mu = rate * service, 1 / service
    figures = {k: v for k, v in mm1(rate, service).items() if "_" not in k}

    def density(t):
        root = sqrt(rate * mu)
        if t < 1e-9 * service:
            return mu
        return special.ive(1, 2 * t * root) * exp(-(sqrt(mu) - sqrt(rate)) ** 2 * t) / (
            t * sqrt(rho))

    def tail(t):
        return rho * (1 - integrate.quad(density, 0, t, limit=400, epsabs=1e-13)[0])

    return figures | quantiles("W", tail, service)


def shortest_first(rate, service):
    """M/M/1, shortest job first: W(x) = W0 / (1 - rho(x))^2. Phipps (1956)"""
    rho = rate * service
    rest = rate * service ** 2

    def load(x):
        return rho * (1 - exp(-x / service) * (1 + x / service))

    wait = integrate.quad(lambda x: exp(-x / service) / service * rest / (1 - load(x)) ** 2,
                          0, 80 * service, limit=400, epsabs=0, epsrel=1e-11)[0]
    return {"rho": rho, "W": wait, "T": wait + service, "Lq": rate * wait, "X": rate,
            "L": rate * (wait + service)}


def priority(rates, services, preemptive=False):
    """Cobham (1954) without, White and Christie (1958) with preemption and resumption; M/M/1."""
    loads = np.cumsum([rate * service for rate, service in zip(rates, services)])
    rest = np.cumsum([rate * service ** 2 for rate, service in zip(rates, services)])
    before = np.concatenate([[0.0], loads[:-1]])
    figures = {"rho": float(loads[-1])}
    for k, service in enumerate(services):
        wait = (rest[k] if preemptive else rest[-1]) / ((1 - before[k]) * (1 - loads[k]))
        served = service / (1 - before[k]) if preemptive else service
        figures |= {f"T{k + 1}": wait + served, f"W{k + 1}": wait}
    figures["L"] = sum(rate * figures[f"T{k + 1}"] for k, rate in enumerate(rates))
    return figures


def infinite(rate, service):
    """M/G/inf: Poisson many, each for its own service time. Kleinrock I 3.4"""
    mean = moments(service)[0]
    figures = {"T": mean, "L": rate * mean, "X": rate}
    if service["law"] == "exp":
        figures |= exponential_quantiles("T", mean)
    if service["law"] == "lognormal":
        sigma = sqrt(log(1 + service["cv"] ** 2))
        for label, p in QUANTILES.items():
            figures[f"T_{label}"] = mean * exp(sigma * stats.norm.ppf(p) - sigma ** 2 / 2)
    return figures


def breakdowns(rate, service, up, down):
    """M/M/1 that pauses and resumes, idle or not. Avi-Itzhak and Naor (1963)"""
    mu, fail, mend = 1 / service, 1 / up, 1 / down
    length = rate * ((mend + fail) ** 2 + fail * mu) / (
        (mend + fail) * (mend * mu - rate * (mend + fail)))
    return {"L": length, "T": length / rate, "X": rate}


# ---- other arrivals -----------------------------------------------------------------------------


def renewal(rate, service, law):
    """GI/M/1: sigma = A*(mu (1 - sigma)), sojourn exponential of mean S / (1 - sigma). Kleinrock I 6"""
    mu = 1 / service
    transforms = {
        "const": lambda s: exp(-s / rate),
        "erlang2": lambda s: (2 * rate / (2 * rate + s)) ** 2,
        "exp": lambda s: rate / (rate + s),
    }
    sigma = optimize.brentq(lambda x: x - transforms[law](mu * (1 - x)), 0, 1 - 1e-6, xtol=1e-15)
    mean = service / (1 - sigma)
    figures = {"T": mean, "W": mean - service, "L": rate * mean, "rho": rate * service, "X": rate}
    figures |= exponential_quantiles("T", mean)
    return figures | quantiles("W", lambda t: sigma * exp(-t / mean), mean)


def batches(rate, service, size, geometric):
    """M^X/M/1, `rate` of requests: L = rho (E[X^2] + E[X]) / (2 E[X] (1 - rho)). GSTH 3.1"""
    rho = rate * service
    second = 2 * size * size - size if geometric else size * size
    length = rho * (second + size) / (2 * size * (1 - rho))
    figures = {"rho": rho, "L": length, "T": length / rate, "W": length / rate - service, "X": rate}
    # A geometric batch is one exponential piece of work, and so is the part up to a request in it.
    return figures | (exponential_quantiles("T", length / rate) if geometric else {})


def mmpp(service, rates, stays):
    """MMPP/M/1 with two states by the matrix-geometric method. Neuts (1981), Asmussen XI"""
    mu = 1 / service
    arrivals = np.diag(rates)
    change = np.array([[-1 / stays[0], 1 / stays[0]], [1 / stays[1], -1 / stays[1]]])
    local = change - arrivals - mu * np.eye(2)
    factor = np.zeros((2, 2))
    for _ in range(100000):
        following = (arrivals + mu * factor @ factor) @ np.linalg.inv(-local)
        if np.abs(following - factor).max() < 1e-15:
            break
        factor = following
    share = np.array(stays) / sum(stays)
    empty = share @ (np.eye(2) - factor)  # levels sum to the law of the state
    rest = np.linalg.inv(np.eye(2) - factor)
    rate = float(share @ rates)
    length = float((empty @ factor @ rest @ rest).sum())
    # Who arrives at n leaves after n + 1 exponential services.
    seen, level = [], empty
    while level.sum() > 1e-14:
        seen.append(float(level @ rates) / rate)
        level = level @ factor
    stages = np.arange(1, len(seen) + 1)
    figures = {"L": length, "T": length / rate, "rho": rate * service, "X": rate,
               "W": length / rate - service}
    return figures | quantiles(
        "T", lambda t: float(np.array(seen) @ special.gammaincc(stages, mu * t)), length / rate)
