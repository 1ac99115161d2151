// plan_run - simulations of a plan, several at a time, in an order that does not matter.
#include <stdatomic.h>

#include "sim/base/threads.h"
#include "sim/kernel/time.h"
#include "sim/study/plan_parts.h"
#include "sim/study/replicate.h"

enum { LEAST = 3, MOST = 20, FRESH = 1000003, LONGER = 4 };

static void set_replications(const struct plan *plan, const struct plan_job *job,
                             struct design *design)
{
    struct replications_design *replications = &design->replications;
    const bool free = plan->request.scenario.replications == NULL;
    if (free && plan->is_heavy) { // one, judged by parts of its time
        replications->minimum = replications->maximum = 1;
    } else if (free) {
        replications->minimum = LEAST;
        replications->maximum = MOST;
    }
    replications->until_decided = replications->maximum > replications->minimum;
    replications->stop_at = 0.0;
    if (job->change != NULL && !job->change->decide) {
        replications->until_decided = false;
        replications->maximum = replications->minimum;
    }
}

// What is lost for good was lost long ago: clients come once the others have dealt with it.
static void set_times(const struct plan *plan, const struct plan_job *job, uint32_t longer,
                      struct design *design)
{
    const enum plan_case_kind kind = plan->cases[job->in_case].kind;
    const int64_t measured_ns = design->duration_ns - design->warmup_ns;
    if (kind == PLAN_ZONE || kind == PLAN_MACHINE) {
        design->lead_ns = plan->recovered_ns;
        design->warmup_ns += plan->recovered_ns;
    }
    design->duration_ns = time_after(design->warmup_ns, measured_ns * longer);
}

static bool simulate(struct plan *plan, struct plan_job *job, uint32_t longer)
{
    const struct plan_change *change = job->change;
    struct variant variant;
    variant_init(&variant, &job->scenario->design);
    const double factor = plan->factor * (change == NULL ? 1.0 : change->load);
    plan_case_apply(plan, &plan->cases[job->in_case], factor, &variant);
    if (job->part != NULL) {
        plan_part_cut(plan, job->part, &variant);
    }
    if (change != NULL && change->component != DESIGN_NONE) {
        plan_case_slow(&variant, change->component, change->slow);
    }
    set_replications(plan, job, &variant.design);
    set_times(plan, job, longer, &variant.design);
    variant.design.seed += change != NULL && change->fresh ? FRESH : 0;
    const struct replicate_options options = {
        .workers = plan->is_heavy ? 1 : plan->request.workers,
        .stop_on_fail = true,
        .stop = plan->request.stop,
    };
    result_init(&job->result);
    const bool good = replicate(&variant.design, &options, &job->result) == REPLICATE_DONE;
    job->replications += good ? job->result.replication_count : 0;
    variant_release(&variant);
    return good;
}

// One replication that decides nothing is simulated once more, for longer.
static void run_job(struct plan *plan, struct plan_job *job)
{
    job->good = simulate(plan, job, 1);
    const bool again = job->good && plan->is_heavy && (job->change == NULL || job->change->decide);
    if (again && plan_judge_is_open(plan, &job->result)) {
        result_release(&job->result);
        job->good = simulate(plan, job, LONGER);
    }
}

struct bench {
    struct plan *plan;
    struct plan_job *jobs;
    uint32_t count;
    atomic_uint next;
};

static void *work(void *context)
{
    struct bench *bench = context;
    uint32_t number;
    while ((number = atomic_fetch_add(&bench->next, 1)) < bench->count) {
        run_job(bench->plan, &bench->jobs[number]);
    }
    return NULL;
}

// Light replications are spread over the threads themselves, whole jobs where each is one
// replication.
bool plan_run(struct plan *plan, struct plan_job *jobs, uint32_t count)
{
    struct bench bench = {.plan = plan, .jobs = jobs, .count = count};
    const uint32_t most = plan->is_heavy ? plan->request.workers : 1;
    struct threads others;
    threads_begin(&others, (most < count ? most : count) - (count > 0), work, &bench);
    work(&bench);
    threads_join(&others);
    bool good = true;
    for (uint32_t i = 0; i < count; i++) {
        good = good && jobs[i].good;
    }
    plan->interrupted = plan->interrupted || !good;
    return good;
}

void plan_run_release(struct plan_job *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        result_release(&jobs[i].result);
    }
}
