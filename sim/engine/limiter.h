// limiter - a token bucket for each key in integers: the generic cell rate algorithm, I.371.
//
// A key's state is the theoretical arrival time TAT of its next conforming request. A request
// at `now` is let in if TAT - now <= (burst - 1) T, where T = 1/rate in ns, rounded up; then
// TAT = max(now, TAT) + T. A key whose TAT has passed has a full bucket and need not be
// remembered: such keys are swept before the memory grows, and never are more than `limit` keys
// remembered. While it is full of keys in use, a new one is refused (nginx's limit_req does the
// same); a full memory is swept at most every 100 ms. Beside the algorithm the limiter checks
// its promise exactly: in no window of length t that ends now more than burst + rate x t of one
// key were let in (`broken` counts).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limiter_key {
    uint64_t key;
    int64_t due_ns;   // TAT; 0: the place is free
    int64_t since_ns; // beginning of the busy window
    uint64_t count;   // let in since then
};

struct limiter {
    int64_t period_ns;        // T
    int64_t tolerance_ns;     // (burst - 1) T
    uint64_t burst;
    uint64_t rate_millionths; // per second
    struct limiter_key *keys;
    uint32_t room;            // a power of two, or 0
    uint32_t count;
    uint32_t limit;           // most keys remembered
    int64_t sweep_ns;         // a full memory is not swept before
    uint64_t let_in, refused, overflowed, swept, broken;
};

// rate per second > 0, burst >= 1.
void limiter_init(struct limiter *limiter, double rate, uint64_t burst, uint32_t limit);
void limiter_release(struct limiter *limiter);
void limiter_clear(struct limiter *limiter); // every bucket is full again; the counters stay

// True: the request of that key may go on.
bool limiter_admit(struct limiter *limiter, uint64_t key, int64_t now);
size_t limiter_bytes(const struct limiter *limiter);
