// limiter - a token bucket for each key in integers: the generic cell rate algorithm, I.371.
#include "sim/engine/limiter.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/kernel/time.h"

enum { LIMITER_SMALLEST = 64, LIMITER_REST_NS = 100000000 };

void limiter_init(struct limiter *limiter, double rate, uint64_t burst, uint32_t limit)
{
    CHECK(rate > 0);
    CHECK(burst >= 1);
    const double period = 1e9 / rate;
    *limiter = (struct limiter){.burst = burst, .limit = limit};
    limiter->period_ns = (int64_t)period;
    limiter->period_ns += (double)limiter->period_ns < period;
    limiter->rate_millionths = (uint64_t)(rate * 1e6);
    limiter->rate_millionths += (double)limiter->rate_millionths < rate * 1e6;
    if (__builtin_mul_overflow((int64_t)burst - 1, limiter->period_ns, &limiter->tolerance_ns)) {
        limiter->tolerance_ns = TIME_NEVER / 2;
    }
}

void limiter_release(struct limiter *limiter)
{
    free(limiter->keys);
    *limiter = (struct limiter){0};
}

void limiter_clear(struct limiter *limiter)
{
    if (limiter->count > 0) {
        memset(limiter->keys, 0, limiter->room * sizeof *limiter->keys);
        limiter->count = 0;
    }
}

// The place of the key, or the free place where it would go.
static struct limiter_key *place_of(const struct limiter *limiter, uint64_t key)
{
    uint32_t place = (uint32_t)digest_mix(key, 0) & (limiter->room - 1);
    while (limiter->keys[place].due_ns != 0 && limiter->keys[place].key != key) {
        place = (place + 1) & (limiter->room - 1);
    }
    return &limiter->keys[place];
}

// Lays the keys whose bucket is not full again into a table of `room` places.
static void lay_out(struct limiter *limiter, uint32_t room, int64_t now)
{
    struct limiter_key *old = limiter->keys;
    const uint32_t old_room = limiter->room;
    limiter->swept += limiter->count;
    limiter->keys = check_calloc(room, sizeof *limiter->keys);
    limiter->room = room;
    limiter->count = 0;
    for (uint32_t i = 0; i < old_room; i++) {
        if (old[i].due_ns > now) {
            *place_of(limiter, old[i].key) = old[i];
            limiter->count++;
        }
    }
    limiter->swept -= limiter->count;
    free(old);
}

// Makes room for one more key; false while all places are in use.
static bool make_room(struct limiter *limiter, int64_t now)
{
    const bool crowded = (uint64_t)(limiter->count + 1) * 3 > (uint64_t)limiter->room * 2;
    const bool full = limiter->count >= limiter->limit;
    if (!crowded && !full) {
        return true;
    }
    if (full && now < limiter->sweep_ns) {
        return false;
    }
    limiter->sweep_ns = time_after(now, LIMITER_REST_NS);
    lay_out(limiter, limiter->room == 0 ? LIMITER_SMALLEST : limiter->room, now);
    if ((uint64_t)(limiter->count + 1) * 2 > limiter->room) {
        lay_out(limiter, limiter->room * 2, now);
    }
    return limiter->count < limiter->limit;
}

// The independent check: count <= burst + rate x (length of the busy window), in exact integers.
static void check_promise(struct limiter *limiter, struct limiter_key *place, int64_t now)
{
    const __int128 token = (__int128)1000000 * 1000000000; // millionths x ns of a second
    __int128 earned = (__int128)(now - place->since_ns) * (__int128)limiter->rate_millionths;
    if ((__int128)place->count * token <= earned) {
        place->since_ns = now;
        place->count = 0;
        earned = 0;
    }
    place->count++;
    limiter->broken +=
        (__int128)place->count * token > (__int128)limiter->burst * token + earned;
}

bool limiter_admit(struct limiter *limiter, uint64_t key, int64_t now)
{
    struct limiter_key *place = limiter->room == 0 ? NULL : place_of(limiter, key);
    if (place == NULL || place->due_ns == 0) {
        if (!make_room(limiter, now)) {
            limiter->overflowed++;
            limiter->refused++;
            return false;
        }
        place = place_of(limiter, key);
        *place = (struct limiter_key){.key = key, .due_ns = now, .since_ns = now};
        limiter->count++;
    }
    if (place->due_ns > now && place->due_ns - now > limiter->tolerance_ns) {
        limiter->refused++;
        return false;
    }
    place->due_ns = time_after(place->due_ns > now ? place->due_ns : now, limiter->period_ns);
    limiter->let_in++;
    check_promise(limiter, place, now);
    return true;
}

size_t limiter_bytes(const struct limiter *limiter)
{
    return limiter->room * sizeof *limiter->keys;
}
