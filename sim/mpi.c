// mpi - `orrery-mpi run|sweep FILE`: replications simulated by the processes of an MPI job.
//
// Rank 0 loads, decides, writes and tells like `orrery run` and `orrery sweep`. It hands out units,
// pairs of point and replication, in batches, a share of what is left each time: large ones first,
// small ones last. The other ranks simulate them, keep them in journals of their own, and send the
// results; rank 0 keeps them in its journal and reads them from there as if it had simulated them
// itself. Alone, it does. A process that dies ends the job, as MPI has it; started again, the job
// goes on from its journals.
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/catalog.h"
#include "sim/base/check.h"
#include "sim/cli/cli.h"
#include "sim/cli/run_options.h"
#include "sim/cli/run_session.h"
#include "sim/cli/sweep_session.h"
#include "sim/study/replicate.h"
#include "sim/study/sweep.h"
#include "sim/study/unit_store.h"

enum { POLL_NS = 200000, NAME_ROOM = 24 };

enum tag {
    TAG_GO = 1, // from rank 0: its journal is open, the run begins
    TAG_BATCH,  // from rank 0: numbers of units (journal_unit)
    TAG_QUIT,   // from rank 0: the run is over; 1: and whole
    TAG_ASK,    // to rank 0: nothing to do
    TAG_RESULT, // to rank 0: a struct done, then the unit's bytes; none: it is set apart
    TAG_BYE,    // to rank 0: the last message of this rank
};

struct done { // a unit
    uint64_t unit, events;
};

struct executor { // of one rank
    int rank, ranks;
    struct stop stop;
    struct unit_store *store;
    struct replicate_units units;
    bool *idle;      // rank 0: by rank
    int left;        // rank 0: ranks that have said their last
    uint64_t *batch; // others: units
    uint32_t count, at;
    uint64_t unit; // given last
    bool working;  // on it
    bool asked, quit, whole, said_bye;
};

// ---- messages -----------------------------------------------------------------------------------

static void send_bytes(const void *bytes, size_t length, int to, enum tag tag)
{
    CHECK(length <= INT32_MAX);
    MPI_Send(bytes, (int)length, MPI_BYTE, to, (int)tag, MPI_COMM_WORLD);
}

static bool poll_message(MPI_Status *status)
{
    int there = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, status);
    return there != 0;
}

// Sleeps between looks, so that a waiting rank leaves its processor to the working ones. False: a
// signal came first.
static bool await_message(const struct executor *executor, bool deaf, MPI_Status *status)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    while (!poll_message(status)) {
        if (!deaf && executor->stop.signal != 0) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

// Owner: the caller, free().
static unsigned char *receive(const MPI_Status *status, size_t *length)
{
    int count = 0;
    MPI_Get_count(status, MPI_BYTE, &count);
    unsigned char *bytes = check_calloc((size_t)count + 1, 1);
    MPI_Recv(bytes, count, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    *length = (size_t)count;
    return bytes;
}

// ---- rank 0 -------------------------------------------------------------------------------------

struct handout { // the units of a step that are not there yet
    const uint64_t *units;
    uint32_t count, given, back;
    const struct replicate_watch *watch;
};

static void hand_out(struct executor *executor, struct handout *handout, int to)
{
    const uint32_t left = handout->count - handout->given;
    const uint32_t share = left / (2 * (uint32_t)(executor->ranks - 1));
    const uint32_t count = share > 0 ? share : 1;
    send_bytes(handout->units + handout->given, count * sizeof *handout->units, to, TAG_BATCH);
    handout->given += count;
    executor->idle[to] = false;
}

// A unit is set apart by a rank that it has ended too often.
static bool set_apart(struct executor *executor, const struct handout *handout, uint64_t unit)
{
    if (handout->watch->apart == NULL) {
        unit_store_fail(executor->store, "a replication is set apart");
        return false;
    }
    handout->watch->apart(handout->watch->context, unit);
    return true;
}

static bool take_result(struct executor *executor, struct handout *handout,
                        const unsigned char *bytes, size_t length)
{
    struct done done;
    CHECK(length >= sizeof done);
    memcpy(&done, bytes, sizeof done);
    handout->back++;
    if (length == sizeof done) {
        return set_apart(executor, handout, done.unit);
    }
    executor->store->simulated++;
    executor->store->point = (uint32_t)(done.unit >> 32);
    handout->watch->back(handout->watch->context, done.unit, done.events);
    return unit_store_take(executor->store, (uint32_t)done.unit, bytes + sizeof done,
                           length - sizeof done);
}

static bool take_message(struct executor *executor, struct handout *handout,
                         const MPI_Status *status)
{
    size_t length;
    unsigned char *bytes = receive(status, &length);
    const int from = status->MPI_SOURCE;
    bool good = true;
    if (status->MPI_TAG == TAG_ASK) {
        executor->idle[from] = true;
    } else if (status->MPI_TAG == TAG_RESULT) {
        good = take_result(executor, handout, bytes, length);
    } else if (status->MPI_TAG == TAG_BYE) {
        executor->left++;
        good = false;
        char why[64 + NAME_ROOM];
        snprintf(why, sizeof why, "rank %d gave up; what is done is kept", from);
        if (executor->stop.signal == 0) {
            unit_store_fail(executor->store, why);
        }
    }
    free(bytes);
    return good;
}

static bool exchange(struct executor *executor, struct handout *handout)
{
    while (handout->back < handout->count) {
        for (int rank = 1; rank < executor->ranks && handout->given < handout->count; rank++) {
            if (executor->idle[rank]) {
                hand_out(executor, handout, rank);
            }
        }
        MPI_Status status;
        if (!await_message(executor, false, &status) || !take_message(executor, handout, &status)) {
            return false;
        }
    }
    return true;
}

static bool spread_units(void *others, const uint64_t *units, uint32_t count,
                         const struct replicate_watch *watch)
{
    struct handout handout = {.units = units, .count = count, .watch = watch};
    return exchange(others, &handout);
}

static bool spread(void *others, uint32_t first, uint32_t end, const struct replicate_watch *watch)
{
    struct executor *executor = others;
    if (executor->ranks == 1) {
        return true;
    }
    const uint32_t point = executor->store->point;
    uint64_t *units = check_calloc(end - first, sizeof *units);
    uint32_t count = 0;
    for (uint32_t unit = first; unit < end; unit++) {
        if (!unit_store_has(executor->store, unit)) {
            units[count++] = journal_unit(point, unit);
        }
    }
    const bool good = spread_units(executor, units, count, watch);
    executor->store->point = point;
    free(units);
    return good;
}

static const struct replicate_units *begin_first(void *context, struct unit_store *store)
{
    struct executor *executor = context;
    executor->store = store;
    executor->units = store->units;
    for (int rank = 1; rank < executor->ranks; rank++) {
        send_bytes(NULL, 0, rank, TAG_GO);
    }
    executor->units.others = executor;
    executor->units.spread = spread;
    return &executor->units;
}

// ---- the other ranks ----------------------------------------------------------------------------

static void send_result(struct done done, const unsigned char *bytes, size_t length)
{
    unsigned char *message = check_calloc(sizeof done + length, 1);
    memcpy(message, &done, sizeof done);
    if (length > 0) {
        memcpy(message + sizeof done, bytes, length);
    }
    send_bytes(message, sizeof done + length, 0, TAG_RESULT);
    free(message);
}

static void take_order(struct executor *executor, const MPI_Status *status)
{
    size_t length;
    unsigned char *bytes = receive(status, &length);
    if (status->MPI_TAG == TAG_BATCH) {
        free(executor->batch);
        executor->batch = check_calloc(length, 1);
        memcpy(executor->batch, bytes, length);
        executor->count = (uint32_t)(length / sizeof *executor->batch);
        executor->at = 0;
        executor->asked = false;
    } else if (status->MPI_TAG == TAG_QUIT) {
        executor->quit = true;
        executor->whole = length == 1 && bytes[0] == 1;
    }
    free(bytes);
}

// Sends what an earlier job has left in this rank's journal.
static bool send_kept(struct executor *executor, uint64_t unit)
{
    size_t length;
    executor->store->point = (uint32_t)(unit >> 32);
    unsigned char *bytes = unit_store_load(executor->store, (uint32_t)unit, &length);
    if (bytes != NULL) {
        send_result((struct done){unit, 0}, bytes, length);
    }
    free(bytes);
    return bytes != NULL;
}

// The unit that was given last is done, and its bytes are those kept last; or it is set apart.
static void send_done(struct executor *executor)
{
    const struct unit_store *store = executor->store;
    const bool interrupted = executor->stop.signal != 0 && store->kept != executor->unit;
    if (executor->working && !interrupted) {
        const bool kept = store->kept == executor->unit;
        send_result((struct done){executor->unit, kept ? store->events : 0}, store->scratch.bytes,
                    kept ? store->scratch.length : 0);
    }
    executor->working = false;
}

// The next unit that is to be simulated, when it comes; it stays in the batch. False: no more.
static bool await_unit(struct executor *executor, uint64_t *unit)
{
    MPI_Status status;
    if (poll_message(&status)) {
        take_order(executor, &status);
    }
    while (!executor->quit && executor->stop.signal == 0) {
        while (executor->at < executor->count &&
               send_kept(executor, executor->batch[executor->at])) {
            executor->at++;
        }
        if (executor->at < executor->count) {
            *unit = executor->batch[executor->at];
            return true;
        }
        if (!executor->asked) {
            send_bytes(NULL, 0, 0, TAG_ASK);
            executor->asked = true;
        }
        if (await_message(executor, false, &status)) {
            take_order(executor, &status);
        }
    }
    return false;
}

static bool next_point(void *others, uint32_t *point)
{
    struct executor *executor = others;
    uint64_t unit;
    send_done(executor);
    const bool more = await_unit(executor, &unit);
    *point = more ? (uint32_t)(unit >> 32) : 0;
    return more;
}

// The next unit of the present point. False: the next is of another one.
static bool next(void *others, uint32_t *unit)
{
    struct executor *executor = others;
    const uint32_t point = executor->store->point;
    uint64_t found;
    send_done(executor);
    if (!await_unit(executor, &found) || found >> 32 != point) {
        executor->store->point = point;
        return false;
    }
    executor->at++;
    executor->unit = found;
    executor->working = true;
    *unit = (uint32_t)found;
    return true;
}

static const struct replicate_units *begin_other(void *context, struct unit_store *store)
{
    struct executor *executor = context;
    executor->store = store;
    executor->units = store->units;
    executor->units.others = executor;
    executor->units.next = next;
    return &executor->units;
}

// Waits for rank 0 to say that the run is over.
static bool is_whole(void *context)
{
    struct executor *executor = context;
    send_bytes(NULL, 0, 0, TAG_BYE);
    executor->said_bye = true;
    while (!executor->quit) {
        MPI_Status status;
        await_message(executor, true, &status);
        take_order(executor, &status);
    }
    return executor->whole;
}

// ---- the program --------------------------------------------------------------------------------

static bool misused(const struct executor *executor, const char *sentence)
{
    if (executor->rank == 0) {
        fprintf(stderr, "orrery-mpi: %s\n", sentence);
    }
    return false;
}

struct job { // what is asked for
    bool sweeps;
    struct run_options run;
    struct sweep_command sweep;
};

static struct run_options *options_of(struct job *job)
{
    return job->sweeps ? &job->sweep.run : &job->run;
}

static bool read_options(const struct executor *executor, struct job *job, int argc, char **argv)
{
    *job = (struct job){.sweeps = argc > 1 && strcmp(argv[1], "sweep") == 0};
    if (argc < 2 || (!job->sweeps && strcmp(argv[1], "run") != 0)) {
        return misused(executor, "usage: mpirun orrery-mpi run|sweep [OPTION...] FILE, the options "
                                 "of `orrery run` and `orrery sweep`");
    }
    struct text wrong;
    text_init(&wrong);
    bool good = job->sweeps ? sweep_command_read(&job->sweep, argc - 1, argv + 1, &wrong)
                            : run_options_read(&job->run, argc - 1, argv + 1, &wrong);
    struct run_options *options = options_of(job);
    if (!good) {
        misused(executor, text_get(&wrong));
    } else if (options->file_count > 1 || options->shards > 0 || options->only.count > 0 ||
               options->has_only_rep || options->emit != EMIT_NOTHING || job->sweep.list) {
        good = misused(executor, "a job simulates one whole scenario: give one, and no part of it");
    }
    options->workers = options->has_workers ? options->workers : 1;
    text_release(&wrong);
    return good;
}

static void release_options(struct job *job)
{
    if (job->sweeps) {
        sweep_command_release(&job->sweep);
    } else {
        run_options_release(&job->run);
    }
}

static int run_here(struct executor *executor, struct job *job, const struct run_executor *how,
                    const struct cli *cli)
{
    const struct run_session session = {
        .cli = cli, .options = &job->run, .stop = &executor->stop, .executor = how};
    stop_begin(&executor->stop);
    int status = job->sweeps ? sweep_session(cli, &job->sweep, &executor->stop, how)
                             : run_session(&session, job->run.files[0]);
    if (executor->stop.signal != 0 && executor->rank == 0) {
        status = stop_exit_status(&executor->stop);
    }
    stop_end(&executor->stop);
    return status;
}

// The run is over: the others are told, and heard to their last message.
static void dismiss(struct executor *executor, bool whole)
{
    const unsigned char word = whole;
    for (int rank = 1; rank < executor->ranks; rank++) {
        send_bytes(&word, 1, rank, TAG_QUIT);
    }
    while (executor->left < executor->ranks - 1) {
        MPI_Status status;
        size_t length;
        await_message(executor, true, &status);
        free(receive(&status, &length));
        executor->left += status.MPI_TAG == TAG_BYE;
    }
}

static int run_first(struct executor *executor, struct job *job, const struct cli *cli)
{
    const struct sweep_others others = {.context = executor, .spread = spread_units};
    const struct run_executor how = {
        .context = executor, .begin = begin_first, .others = executor->ranks > 1 ? &others : NULL};
    return run_here(executor, job, &how, cli);
}

static int run_other(struct executor *executor, struct job *job, const struct cli *cli)
{
    const struct sweep_others others = {
        .context = executor, .next_point = next_point, .next = next};
    const struct run_executor how = {
        .context = executor, .begin = begin_other, .is_whole = is_whole, .others = &others};
    char name[NAME_ROOM];
    MPI_Status status;
    await_message(executor, true, &status);
    take_order(executor, &status);
    if (!executor->quit) {
        struct run_options *options = options_of(job);
        snprintf(name, sizeof name, "rank-%d", executor->rank);
        options->journal = name;
        options->quiet = options->no_progress = true;
        options->rerun = false; // rank 0 has removed what there was
        run_here(executor, job, &how, cli);
    }
    if (!executor->said_bye) {
        is_whole(executor);
    }
    return CLI_DONE;
}

static int run(struct executor *executor, int argc, char **argv)
{
    const struct cli cli = {
        .catalog = &catalog_all, .program = argv[0], .argc = argc, .argv = argv};
    struct job job;
    int status = CLI_WRONG;
    if (read_options(executor, &job, argc, argv)) {
        status =
            executor->rank == 0 ? run_first(executor, &job, &cli) : run_other(executor, &job, &cli);
        if (executor->rank == 0) {
            const bool kept = status == CLI_BROKEN || status == CLI_NONDETERMINISM ||
                              status == CLI_WRONG || executor->stop.signal != 0;
            dismiss(executor, !kept);
        }
    }
    release_options(&job);
    return status;
}

int main(int argc, char **argv)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGXFSZ, &ignored, NULL);
    check_keep_memory();
    int level;
    struct executor executor = {0};
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &executor.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &executor.ranks);
    executor.idle = check_calloc((size_t)executor.ranks, sizeof *executor.idle);
    const int status = run(&executor, argc, argv);
    MPI_Finalize();
    free(executor.idle);
    free(executor.batch);
    return status;
}
