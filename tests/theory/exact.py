"""exact - deterministic queues worked out by hand-sized algorithms in exact fractions of a second.

Every function returns sojourn times: T their mean, max their maximum, T1, T2, ... those of single
requests (or of the single request of class 1, 2, ...) in order of arrival.
"""
from fractions import Fraction

MS = Fraction(1, 1000)


def summed(sojourns):
    figures = {f"T{i + 1}": sojourn for i, sojourn in enumerate(sojourns)}
    return figures | {"T": sum(sojourns) / len(sojourns), "max": max(sojourns)}


def fifo(arrivals_ms, service_ms, servers=1):
    """Kiefer and Wolfowitz (1955): the next request takes the server that is free first."""
    free, sojourns = [Fraction(0)] * servers, []
    for arrival in (Fraction(str(a)) * MS for a in arrivals_ms):
        free.sort()
        free[0] = max(free[0], arrival) + Fraction(str(service_ms)) * MS
        sojourns.append(free[0] - arrival)
    return summed(sojourns)


def constant(gap_ms, service_ms, servers=1):
    """D/D/c with room enough: nobody waits."""
    assert Fraction(str(service_ms)) <= Fraction(str(gap_ms)) * servers
    return {"T": Fraction(str(service_ms)) * MS, "X": 1 / (Fraction(str(gap_ms)) * MS)}


def shared(arrivals_ms, work_ms):
    """Processor sharing as a fluid: between events everybody present gets an equal part."""
    arrivals = [Fraction(str(a)) * MS for a in arrivals_ms]
    left, ends, now = {}, {}, Fraction(0)
    waiting = list(range(len(arrivals)))
    while waiting or left:
        coming = arrivals[waiting[0]] if waiting else None
        going = now + min(left.values()) * len(left) if left else None
        following = min(t for t in (coming, going) if t is not None)
        for i in left:
            left[i] -= (following - now) / len(left)
        now = following
        for i in [i for i, rest in left.items() if rest == 0]:
            del left[i]
            ends[i] = now
        while waiting and arrivals[waiting[0]] == now:
            left[waiting.pop(0)] = Fraction(str(work_ms)) * MS
    return summed([ends[i] - arrivals[i] for i in range(len(arrivals))])


def ranked(arrivals_ms, service_ms, preemptive):
    """One server, one request a class, class 1 first; an interrupted one resumes."""
    arrivals = [Fraction(str(a)) * MS for a in arrivals_ms]
    left = {i: Fraction(str(service_ms)) * MS for i in range(len(arrivals))}
    now, ends, serving = Fraction(0), {}, None
    while left:
        present = [i for i in left if arrivals[i] <= now]
        if not present:
            now = min(arrivals[i] for i in left)
            continue
        if serving is None or preemptive:
            serving = min(present)
        end = now + left[serving]
        changes = [a for a in arrivals if now < a < end] if preemptive else []
        following = min(changes, default=end)
        left[serving] -= following - now
        now = following
        if left[serving] == 0:
            ends[serving] = now
            del left[serving]
            serving = None
    return summed([ends[i] - arrivals[i] for i in range(len(arrivals))])


def closed_constant(users, think_ms, service_ms):
    """Constant times, one server: it is never idle when N S >= Z + S, and R = N S - Z."""
    service, think = Fraction(str(service_ms)) * MS, Fraction(str(think_ms)) * MS
    return {"T": max(service, users * service - think),
            "X": min(users / (think + service), 1 / service)}


def given_up(timeout_ms, attempts, backoff_ms, factor):
    """Every try times out; the back-off before retry i is backoff x factor^(i-1)."""
    pauses = sum(Fraction(str(backoff_ms)) * factor ** i for i in range(attempts - 1))
    return {"T": (attempts * Fraction(str(timeout_ms)) + pauses) * MS}


def path(parts_ms):
    """Constant times one after the other."""
    return {"T": sum(Fraction(str(part)) for part in parts_ms) * MS}


def branches(branches_ms, need):
    """The need-th of constant times."""
    times = sorted(Fraction(str(branch)) for branch in branches_ms)
    return {"T": times[need - 1] * MS}
