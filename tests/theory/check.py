#!/usr/bin/python3
"""check - the closed forms against numbers printed in the literature, and against one another.

Times in units of the mean service. Lines `ok - ...` and `not ok - ...`.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import closed_forms as one  # noqa: E402
import networks as many  # noqa: E402

EXP, ERLANG2 = {"law": "exp", "mean": 1}, {"law": "erlang", "k": 2, "mean": 1}
H2 = {"law": "hyperexponential", "mean": 1, "cv": 2}
FAST, SLOW = [0.3, 0.5], [1, 1]

CASES = [  # name, found, published
    ("Erlang B 8, 10", one.erlang_b(10, 8), 0.121661064),
    ("Erlang B 900, 1000", one.erlang_b(1000, 900), 5.9299e-5),
    ("Erlang C 1.6, 2", one.erlang_c(2, 1.6), 0.711111111),
    ("Erlang C 80, 100", one.erlang_c(100, 80), 0.019646427),
    ("M/M/1 p99", one.mm1(0.8, 1)["T_p99"], 23.025851),
    ("M/M/1 wait p99", one.mm1(0.8, 1)["W_p99"], 21.910133),
    ("M/M/2 p50", one.mmc(1.6, 1, 2)["T_p50"], 2.040031),
    ("M/M/10 wait p99", one.mmc(8, 1, 10)["W_p99"], 1.855785),
    ("M/M/16 p99", one.mmc(12.8, 1, 16)["T_p99"], 4.734952),
    ("M/M/100 waiting", one.mmc(95, 1, 100)["Lq"], 9.622680224),
    ("M/M/1/5 loss", one.mmck(0.8, 1, 1, 5)["loss"], 0.088819499),
    ("M/M/1/10 T", one.mmck(1.2, 1, 1, 10)["T"], 6.926137844),
    ("M/M/2/10 L", one.mmck(1.6, 1, 2, 10)["L"], 3.330681283),
    ("M/M/10/20 loss", one.mmck(12, 1, 10, 20)["loss"], 0.179665916),
    ("Erlang A 10", one.erlang_a(10, 1, 10, 2)["abandoned"], 0.103913212),
    ("Erlang A 12", one.erlang_a(12, 1, 10, 1)["abandoned"], 0.213632353),
    ("Erlang A 9", one.erlang_a(9, 1, 10, 5)["abandoned"], 0.044428488),
    ("M/D/1 T", one.md1(0.8, 1)["T"], 3.0),
    ("M/E2/1 T", one.mg1(0.8, ERLANG2)["T"], 4.0),
    ("M/H2/1 T", one.mg1(0.9, H2)["T"], 23.5),
    ("M/PH/1 p99 of M/M/1", one.mg1(0.8, EXP)["T_p99"], 23.025851),
    ("Engset call congestion", one.closed_mmc(10, 2, 1, 5, 5)["loss"], 0.106960951),
    ("Cobham, second class", one.priority(FAST, SLOW)["W2"], 5.714285714),
    ("Cobham, third class", one.priority([0.2, 0.3, 0.3], [1, 1, 1])["W3"], 8.0),
    ("preemption, second class", one.priority(FAST, SLOW, True)["T2"], 7.142857143),
    ("breakdowns L", one.breakdowns(0.5, 1, 20, 2)["L"], 1.424242424),
    ("GI/M/1 of M/M/1", one.renewal(0.8, 1, "exp")["T"], 5.0),
    ("MMPP/M/1 of M/M/1", one.mmpp(1, [0.8, 0.8], [50, 20])["T_p99"], 23.025851),
    ("batches of one", one.batches(0.8, 1, 1, True)["T"], 5.0),
    ("one server, MVA by birth and death", many.closed(12, 5, [1])["X"],
     one.closed_mmc(12, 5, 1, 1)["X"]),
    ("tandem T", many.tandem(0.5, [1, 1.25])["T"], 5.333333333),
    ("Jackson of a tandem", many.jackson([0.5, 0], [1, 1.25], [1, 1], [[0, 1], [0, 0]])["T"],
     5.333333333),
    ("fork and join of two", many.fork_join(0.8, 1)["T"], 7.0),
    ("maximum of eight", many.quorum(1, 1, 8, 8)["T"], 2.717857143),
    ("shorter queue between M/M/2 and M/M/1",
     one.mmc(1.6, 1, 2)["T"] < many.shorter_of_two(1.6, 1)["T"] < 5.0, True),
]


def main():
    failed = 0
    for name, found, published in CASES:
        good = abs(found - published) <= 1e-5 * abs(published)
        failed += not good
        print(f"{'ok' if good else 'not ok'} - closed form, {name}: {found:.9g}"
              + ("" if good else f", published {published:.9g}"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
