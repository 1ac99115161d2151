// step - the verbs with which a step function closes, and the steps of the scenario language.
//
// Verbs: step_next, step_hold, step_cpu, step_take, step_give, step_wait, step_call,
// step_call_each (all / quorum), step_reply, step_fail, step_spawn. wal_join (wal.h) is `flush`,
// node_message (network.h) `send`.
#pragma once

#include <stdint.h>

#include "sim/engine/call.h"
#include "sim/engine/design.h"
#include "sim/engine/pool.h"
#include "sim/engine/station.h"
#include "sim/engine/visit.h"

// ---- verbs --------------------------------------------------------------------------------------

static inline enum outcome step_next(struct visit *visit)
{
    (void)visit;
    return OUTCOME_NEXT;
}

static inline enum outcome step_jump(struct visit *visit, uint16_t step)
{
    visit->step = step;
    return OUTCOME_JUMP;
}

// A pure delay of `ns`, booked as `part` (METER_IO, METER_OTHER, ...).
enum outcome step_hold(struct visit *visit, int64_t ns, int part);

// Service of `ns` at the node's processor (no queue where the component declares no cores).
enum outcome step_cpu(struct visit *visit, int64_t ns);

static inline enum outcome step_take(struct visit *visit, struct pool *pool)
{
    return pool_take(pool, visit);
}

enum outcome step_give(struct visit *visit, struct pool *pool);

// Parks the visit; the model keeps visit_ticket(visit) and wakes it with visit_wake_later. The time
// is booked as METER_OTHER.
enum outcome step_wait(struct visit *visit);

static inline enum outcome step_call(struct visit *visit, const struct call_design *design)
{
    return call_begin(visit, design);
}

// Answers and ends.
enum outcome step_reply(struct visit *visit, enum status status);
enum outcome step_reply_bytes(struct visit *visit, enum status status, uint64_t bytes);

static inline enum outcome step_fail(struct visit *visit, enum status status)
{
    return step_reply(visit, status);
}

// ---- compiled steps of the scenario language ----------------------------------------------------
// A step's `argument` is one of the structs below; scenario/program.c builds them.

struct work_step { // cpu, io, sleep
    struct distribution time;
    uint32_t device; // io: index of the device, DESIGN_NONE: a pure delay
    uint64_t bytes;
};

struct jump_step {
    uint16_t target;
};

struct parallel_step {
    uint32_t count, need; // join when `need` have ended well, or none can any more
    const struct operation *const *branches;
    bool stop; // a failed join ends the visit
};

enum choice_kind { CHOICE_SHARE, CHOICE_STATUS, CHOICE_OTHERWISE };
struct choice {
    enum choice_kind kind;
    double share;      // cumulative
    uint32_t statuses; // bit set
    uint16_t target;   // step
};
struct choose_step {
    uint32_t count;
    const struct choice *choices;
    uint16_t otherwise; // step when nothing matches
};

struct repeat_step {           // stands at the end of the body
    uint8_t counter;           // which of visit->loops
    uint8_t limit;             // highest count
    struct distribution times; // counts
    uint16_t first; // first step of the body; of the step before the body: the step behind it
};

struct pool_step {
    uint32_t pool; // index
};

struct spawn_step {
    const struct operation *branch;
};

struct answer_step {
    enum status status;
    uint64_t bytes;
};

// Bytes of the answer that the step gives, 0 unless it replies.
uint64_t step_answer_bytes(const struct step *step);

enum outcome step_run_cpu(struct visit *visit);
enum outcome step_run_io(struct visit *visit);
enum outcome step_run_sleep(struct visit *visit);
enum outcome step_run_call(struct visit *visit);    // argument: struct call_design
enum outcome step_run_publish(struct visit *visit); // argument: struct call_design
enum outcome step_run_parallel(struct visit *visit);
enum outcome step_run_choose(struct visit *visit);
enum outcome step_run_jump(struct visit *visit);
enum outcome
step_run_repeat_begin(struct visit *visit); // draws the count; argument: struct repeat_step
enum outcome step_run_repeat(struct visit *visit);
enum outcome step_run_take(struct visit *visit);
enum outcome step_run_give(struct visit *visit);
enum outcome step_run_spawn(struct visit *visit);
enum outcome
step_run_move(struct visit *visit); // argument: struct call_design; the visit ends here
enum outcome step_run_reply(struct visit *visit);
enum outcome step_run_fail(struct visit *visit);
