// bench_kernel - measures the event queue against yardsticks in the same binary and prints a table.
//
//   bench_kernel [--rounds N]     the table; exit status 1 if a limit marked "must" is missed
//   bench_kernel --only WORKLOAD  the nanoseconds of one event, once, for comparing with others
//
// Every round runs all competitors one after the other; a figure is the median over the rounds, and
// a ratio is the median of the rounds' ratios, so that a drift of the machine cancels out.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/sheet.h"
#include "tests/bench/kernel_load.h"
#include "tests/bench/yardstick.h"

enum { DEFAULT_ROUNDS = 5 };

enum competitor {
    TWO_TIMERS,
    LINDLEY,
    BARE_MM1,
    NAIVE_MM1,
    MM1,
    TIMEOUTS,
    WAITING_LANE,
    WAITING_MAIN,
    RECURSION,
    BARE_TANDEM,
    TANDEM,
    HOLD_100,
    HOLD_10000,
    HOLD_1000000,
    BARE_HOLD_100,
    BARE_HOLD_10000,
    BARE_HOLD_1000000,
    COMPETITORS,
};

static const struct {
    const char *name;
    double (*run)(uint64_t events, uint64_t size);
    uint64_t events, size;
} competitors[COMPETITORS] = {
    [TWO_TIMERS] = {"two-timers", yardstick_two_timers, 5000000, 0},
    [LINDLEY] = {"lindley", yardstick_lindley, 5000000, 0},
    [BARE_MM1] = {"bare-mm1", yardstick_bare_mm1, 5000000, 0},
    [NAIVE_MM1] = {"naive-mm1", yardstick_naive, 2000000, 0},
    [MM1] = {"mm1", kernel_load_mm1, 5000000, 0},
    [TIMEOUTS] = {"timeouts", kernel_load_timeouts, 5000000, 0},
    [WAITING_LANE] = {"waiting-lane", kernel_load_waiting_lane, 5000000, 1000000},
    [WAITING_MAIN] = {"waiting-main", kernel_load_waiting_main, 5000000, 1000000},
    [RECURSION] = {"recursion", yardstick_recursion, 4000000, 20},
    [BARE_TANDEM] = {"bare-tandem", yardstick_bare_tandem, 3000000, 20},
    [TANDEM] = {"tandem", kernel_load_tandem, 3000000, 20},
    [HOLD_100] = {"hold-100", kernel_load_hold, 3000000, 100},
    [HOLD_10000] = {"hold-10000", kernel_load_hold, 3000000, 10000},
    [HOLD_1000000] = {"hold-1000000", kernel_load_hold, 2000000, 1000000},
    [BARE_HOLD_100] = {"bare-hold-100", yardstick_bare_hold, 3000000, 100},
    [BARE_HOLD_10000] = {"bare-hold-10000", yardstick_bare_hold, 2000000, 10000},
    [BARE_HOLD_1000000] = {"bare-hold-1000000", yardstick_bare_hold, 1000000, 1000000},
};

enum measure { RATIO, EXTRA }; // over the yardstick's time, or minus it

// A line of the table; `must` and `target` are 0 where nothing is promised.
static const struct row {
    const char *workload;
    enum competitor competitor;
    const char *yardstick; // NULL: none
    enum competitor against;
    enum measure measure;
    double must, target;
} rows[] = {
    {"M/M/1, Lindley loop", LINDLEY, NULL, LINDLEY, RATIO, 0, 0},
    {"M/M/1, two-timer loop", TWO_TIMERS, NULL, LINDLEY, RATIO, 0, 0},
    {"M/M/1, bare kernel", BARE_MM1, "two-timer loop", TWO_TIMERS, RATIO, 0, 0},
    {"M/M/1, naive", NAIVE_MM1, "two-timer loop", TWO_TIMERS, RATIO, 0, 0},
    {"M/M/1", MM1, "two-timer loop", TWO_TIMERS, RATIO, 1.6, 1.3},
    {"  and a timeout renewed", TIMEOUTS, "M/M/1, extra ns", MM1, EXTRA, 20, 5},
    {"  and 10^6 timeouts waiting in a lane", WAITING_LANE, "M/M/1", MM1, RATIO, 1.5, 0},
    {"  and 10^6 timers waiting in the ladder", WAITING_MAIN, "M/M/1", MM1, RATIO, 1.5, 0},
    {"20-station tandem, recursion", RECURSION, NULL, RECURSION, RATIO, 0, 0},
    {"20-station tandem, bare kernel", BARE_TANDEM, NULL, RECURSION, RATIO, 0, 0},
    {"20-station tandem", TANDEM, "bare kernel", BARE_TANDEM, RATIO, 2, 1.5},
    {"HOLD, 10^2 pending", HOLD_100, "bare kernel", BARE_HOLD_100, RATIO, 0, 0},
    {"HOLD, 10^4 pending", HOLD_10000, "bare kernel", BARE_HOLD_10000, RATIO, 0, 0},
    {"HOLD, 10^6 pending", HOLD_1000000, "bare kernel", BARE_HOLD_1000000, RATIO, 0, 0},
    {"HOLD, 10^6 pending", HOLD_1000000, "HOLD, 10^2 pending", HOLD_100, RATIO, 6, 4},
};

static double results[COMPETITORS][SHEET_ROUNDS];

static double compared(const struct row *row, int rounds)
{
    double values[SHEET_ROUNDS];
    for (int i = 0; i < rounds; i++) {
        const double own = results[row->competitor][i], other = results[row->against][i];
        values[i] = row->measure == RATIO ? own / other : own - other;
    }
    return sheet_median(values, rounds);
}

static void measure(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < COMPETITORS; i++) {
            results[i][round] = competitors[i].run(competitors[i].events, competitors[i].size);
        }
    }
}

static int print_table(int rounds)
{
    bool good = true;
    sheet_head("ns/event");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        const struct sheet_line line = {
            row->workload,
            sheet_median(results[row->competitor], rounds),
            row->yardstick == NULL ? "" : row->yardstick,
            compared(row, rounds),
            row->must,
            row->target,
        };
        good &= sheet_print(&line);
    }
    const double bytes = kernel_load_bytes(1000000);
    good &= sheet_print(&(const struct sheet_line){"bytes of a pending event, of 10^6", bytes,
                                                   "bytes", bytes, 128, 64});
    return good ? 0 : 1;
}

static int run_only(const char *name)
{
    for (int i = 0; i < COMPETITORS; i++) {
        if (strcmp(competitors[i].name, name) == 0) {
            printf("%.2f\n", competitors[i].run(competitors[i].events, competitors[i].size));
            return 0;
        }
    }
    fprintf(stderr, "bench_kernel: workload `%s` is unknown; these are known:", name);
    for (int i = 0; i < COMPETITORS; i++) {
        fprintf(stderr, " %s", competitors[i].name);
    }
    fprintf(stderr, "\n");
    return 2;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "--only") == 0) {
        return run_only(arguments[2]);
    }
    int rounds = DEFAULT_ROUNDS;
    if (count == 3 && strcmp(arguments[1], "--rounds") == 0) {
        rounds = (int)strtol(arguments[2], NULL, 10);
    } else if (count != 1) {
        rounds = 0;
    }
    if (rounds < 1 || rounds > SHEET_ROUNDS) {
        fprintf(stderr, "usage: bench_kernel [--rounds 1..%d | --only WORKLOAD]\n", SHEET_ROUNDS);
        return 2;
    }
    measure(rounds);
    return print_table(rounds);
}
