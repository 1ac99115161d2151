// clickhouse_merge - which parts become one, and the work of it.
//
// One server of a shard chooses for all: a run of neighbouring parts, none of them much larger than
// the others together, the cheapest for each part that it removes (as SimpleMergeSelector: base 5,
// falling to 2 with the age of the parts and their number in the partition; 5 MiB count for every
// part, so that small ones are merged many at once). The choice is registered in Keeper; every
// replica does the merge itself.
#include <stdlib.h>
#include <string.h>

#include "models/datastores/clickhouse.h"

#include "sim/base/check.h"
#include "sim/kernel/math.h"

enum { MERGE_CHOSEN = 1, MERGE_RUNS = 2, MERGE_WAITS = 0 };
enum { FEW_PARTS = 10, MANY_PARTS = 50, CROWD = 100, FEW_LACKING = 64 };
static const double PART_COST = 5.0 * 1024 * 1024;
static const double YOUNG_S = 10, LARGE_YOUNG_S = 864000, LARGE_OLD_S = 2592000;

static const struct clickhouse_merges *setting_of(const struct node *server)
{
    return &clickhouse_configuration(server->component)->merges;
}

// ---- the choice -------------------------------------------------------------------------------

// 0 at 1 MiB, 1 at 64 GiB, by the logarithm.
static double size_rank(double bytes)
{
    const uint64_t mebibytes = (uint64_t)(bytes / (1024 * 1024));
    const int rank = mebibytes == 0 ? 0 : 63 - __builtin_clzll(mebibytes);
    return rank >= 16 ? 1 : (double)rank / 16;
}

static double within_unit(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

// How lopsided a run may be: the sum of its parts over the largest must reach this.
static double needed_ratio(double bytes, double age_s, uint32_t parts)
{
    const double rank = size_rank(bytes);
    const double from = YOUNG_S + rank * (LARGE_YOUNG_S - YOUNG_S);
    const double to = YOUNG_S + rank * (LARGE_OLD_S - YOUNG_S);
    const double aged = to > from ? within_unit((age_s - from) / (to - from)) : age_s >= from;
    const double crowded =
        within_unit(((double)parts - FEW_PARTS) / (double)(MANY_PARTS - FEW_PARTS));
    return 5 - 3 * within_unit(aged + crowded);
}

struct merge_choice {
    double score; // lower is better
    uint32_t partition, at, count;
};

// The best run that begins at `at`.
static void try_runs(const struct node *server, const struct clickhouse_partition *partition,
                     double most_bytes, struct merge_choice *run, struct merge_choice *best)
{
    const uint64_t most = setting_of(server)->most_parts;
    double sum = 0, largest = 0, age_s = 1e18;
    for (uint32_t i = run->at; i < partition->count && i - run->at < most; i++) {
        const struct clickhouse_part *part = &partition->parts[i];
        const double bytes = (double)part->bytes;
        const double part_age_s = (double)(server->world->now - part->made_ns) / 1e9;
        sum += bytes;
        largest = bytes > largest ? bytes : largest;
        age_s = part_age_s < age_s ? part_age_s : age_s;
        if (part->merge != MERGE_WAITS || sum > most_bytes) {
            return;
        }
        run->count = i - run->at + 1;
        const double cost = sum + PART_COST * run->count;
        run->score = cost / (run->count - 1.9);
        if (run->count >= 2 && (best->count == 0 || run->score < best->score) &&
            cost / (largest + PART_COST) >= needed_ratio(sum, age_s, partition->count)) {
            *best = *run;
        }
    }
}

// With few free tasks only small merges: from 150 GiB down to 1 MiB, by equal factors.
static double most_bytes(const struct node *server, uint32_t used)
{
    const struct clickhouse_merges *setting = setting_of(server);
    const uint64_t unused = setting->tasks - used;
    const double least = 1024 * 1024, most = (double)setting->most_bytes;
    if (unused >= setting->free || most <= least) {
        return most;
    }
    return least * math_pow(most / least, (double)unused / (double)setting->free);
}

// In a crowd of parts not every one is tried as the first.
static bool choose_one(const struct node *server, struct merge_choice *best)
{
    const struct clickhouse_node *self = clickhouse_node(server);
    const double bytes = most_bytes(server, self->merge_count);
    const uint64_t partitions = clickhouse_configuration(server->component)->table.partitions;
    best->count = 0;
    for (uint32_t i = 0; i < partitions; i++) {
        const uint32_t stride = 1 + self->partitions[i].count / CROWD;
        for (uint32_t at = 0; at + 1 < self->partitions[i].count; at += stride) {
            struct merge_choice run = {0, i, at, 0};
            try_runs(server, &self->partitions[i], bytes, &run, best);
        }
    }
    return best->count > 0;
}

// The first server of the shard that can write to Keeper chooses.
static bool is_chooser(const struct node *server)
{
    struct component *component = server->component;
    if (!clickhouse_has_keeper(component)) {
        return true;
    }
    for (uint32_t i = 0; i < clickhouse_configuration(component)->replicas; i++) {
        const struct node *replica =
            clickhouse_replica(component, clickhouse_shard_of(server), i);
        const struct clickhouse_node *self = clickhouse_node(replica);
        if (node_is_up(replica) && self->keeper != CLICKHOUSE_NONE && !self->read_only) {
            return replica == server;
        }
    }
    return false;
}

static void register_merge(struct node *server, const struct merge_choice *choice)
{
    struct clickhouse_part *parts =
        &clickhouse_node(server)->partitions[choice->partition].parts[choice->at];
    const uint64_t first = parts[0].first, last = parts[choice->count - 1].last;
    for (uint32_t i = 0; i < choice->count; i++) {
        parts[i].merge = MERGE_CHOSEN;
    }
    if (clickhouse_has_keeper(server->component)) {
        clickhouse_keeper_ask(server, &(struct clickhouse_request){.kind = CLICKHOUSE_MERGE,
                                                                   .rounds = 1,
                                                                   .partition = choice->partition,
                                                                   .first = first,
                                                                   .last = last});
        return;
    }
    clickhouse_merge_add(server, &(struct clickhouse_entry){.partition = choice->partition,
                                                            .first = first,
                                                            .last = last});
    clickhouse_merge_start(server);
}

void clickhouse_merge_choose(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    const int64_t now = server->world->now;
    const bool crowded = clickhouse_part_most(server) > CROWD;
    if (self->merge_count >= setting_of(server)->tasks || !is_chooser(server) ||
        (crowded && now - self->chosen_ns < 50 * TIME_MS)) {
        return;
    }
    struct merge_choice choice = {0};
    self->chosen_ns = now;
    for (uint64_t i = self->merge_count;
         i < setting_of(server)->tasks && choose_one(server, &choice); i++) {
        register_merge(server, &choice);
    }
}

void clickhouse_merge_forget(struct node *server, const struct clickhouse_request *request)
{
    struct clickhouse_partition *partition =
        &clickhouse_node(server)->partitions[request->partition];
    uint32_t count = 0;
    const uint32_t at =
        clickhouse_part_range(partition, request->first, request->last, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct clickhouse_part *part = &partition->parts[at + i];
        part->merge = part->merge == MERGE_CHOSEN ? MERGE_WAITS : part->merge;
    }
}

static void on_look(struct node *server, uint64_t word)
{
    clickhouse_merge_choose(server);
    node_timer_constant(server, setting_of(server)->sleep_ns, on_look, word);
}

void clickhouse_merge_begin(struct node *server)
{
    node_timer_constant(server, setting_of(server)->sleep_ns, on_look, 0);
    clickhouse_merge_start(server);
}

// ---- doing it ---------------------------------------------------------------------------------

void clickhouse_merge_add(struct node *server, const struct clickhouse_entry *entry)
{
    struct clickhouse_node *self = clickhouse_node(server);
    if (self->merge_count == self->merge_room) {
        self->merge_room = self->merge_room == 0 ? 16 : self->merge_room * 2;
        self->merges = check_realloc(self->merges, self->merge_room * sizeof *self->merges);
    }
    self->merges[self->merge_count] = *entry;
    self->merges[self->merge_count++].block = MERGE_WAITS;
}

static void drop_entry(struct clickhouse_node *self, uint32_t at)
{
    self->merge_count--;
    memmove(&self->merges[at], &self->merges[at + 1],
            (self->merge_count - at) * sizeof *self->merges);
}

static void begin_merge(struct node *server, struct clickhouse_entry *entry,
                        struct clickhouse_part *parts, uint32_t count)
{
    struct clickhouse_node *self = clickhouse_node(server);
    const struct operation *operation =
        &server->component->design->operations[CLICKHOUSE_MERGING];
    struct visit *visit = node_begin_visit(server, operation, entry->first);
    if (visit == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        parts[i].merge = MERGE_RUNS;
    }
    visit->value = entry->partition;
    visit_words(visit)[0] = entry->first;
    visit_words(visit)[1] = entry->last;
    entry->block = MERGE_RUNS;
    self->merging++;
}

bool clickhouse_merge_is_free(const struct clickhouse_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].merge == MERGE_RUNS) {
            return false;
        }
    }
    return true;
}

enum readiness { READY, LACKING, NEEDLESS, BUSY };

static enum readiness try_entry(struct node *server, struct clickhouse_entry *entry)
{
    struct clickhouse_partition *partition =
        &clickhouse_node(server)->partitions[entry->partition];
    if (entry->block == MERGE_RUNS) {
        return BUSY;
    }
    const enum clickhouse_cover cover = clickhouse_part_cover(server, entry);
    if (cover == CLICKHOUSE_GAPS) {
        return LACKING;
    }
    uint32_t count = 0;
    const uint32_t at = clickhouse_part_range(partition, entry->first, entry->last, &count);
    if (cover == CLICKHOUSE_COVERED || count <= 1) {
        return NEEDLESS; // done already, or part of a larger one
    }
    if (!clickhouse_merge_is_free(&partition->parts[at], count)) {
        return BUSY;
    }
    begin_merge(server, entry, &partition->parts[at], count);
    return READY;
}

// In the order of the log; behind many that lack blocks nothing is looked at: what they lack
// comes first.
void clickhouse_merge_start(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    uint32_t lacking = 0;
    for (uint32_t i = 0; i < self->merge_count && self->merging < setting_of(server)->tasks &&
                         lacking < FEW_LACKING;) {
        const enum readiness readiness = try_entry(server, &self->merges[i]);
        lacking += readiness == LACKING;
        if (readiness == NEEDLESS) {
            drop_entry(self, i);
        } else {
            i++;
        }
    }
}

static struct clickhouse_part *parts_of(struct visit *visit, uint32_t *at, uint32_t *count)
{
    struct clickhouse_partition *partition =
        &clickhouse_node(visit->node)->partitions[visit->value];
    const uint64_t *words = visit_words(visit);
    *at = clickhouse_part_range(partition, words[0], words[1], count);
    return &partition->parts[*at];
}

static uint64_t bytes_of(struct visit *visit, uint32_t *count)
{
    uint32_t at = 0;
    const struct clickhouse_part *parts = parts_of(visit, &at, count);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < *count; i++) {
        bytes += parts[i].bytes;
    }
    return bytes;
}

enum outcome clickhouse_merge_work(struct visit *visit)
{
    const struct clickhouse_merges *setting = setting_of(visit->node);
    uint32_t count = 0;
    const uint64_t bytes = bytes_of(visit, &count);
    int64_t work = time_of((double)bytes / setting->rate * 1e9);
    work += count * distribution_draw(&setting->part, clickhouse_node(visit->node)->work);
    return step_cpu(visit, work);
}

enum outcome clickhouse_merge_write(struct visit *visit)
{
    const struct clickhouse_disk *disk =
        &clickhouse_configuration(visit->node->component)->disk;
    uint32_t count = 0;
    const double bytes = (double)bytes_of(visit, &count);
    return station_serve(&visit->node->devices[CLICKHOUSE_DEVICE_DISK], visit,
                         time_of(bytes / disk->bandwidth * 1e9));
}

enum outcome clickhouse_merge_replace(struct visit *visit)
{
    struct node *server = visit->node;
    struct clickhouse_node *self = clickhouse_node(server);
    struct clickhouse_state *state = clickhouse_state(server->component);
    uint32_t at = 0, count = 0;
    state->merged_bytes += bytes_of(visit, &count);
    state->merges++;
    parts_of(visit, &at, &count);
    CHECK(count > 0);
    clickhouse_part_join(&self->partitions[visit->value], at, count, server->world->now);
    const uint64_t first = visit_words(visit)[0];
    for (uint32_t i = 0; i < self->merge_count; i++) {
        if (self->merges[i].block == MERGE_RUNS && self->merges[i].first == first &&
            self->merges[i].partition == visit->value) {
            drop_entry(self, i);
            break;
        }
    }
    self->merging--;
    clickhouse_merge_choose(server);
    clickhouse_merge_start(server);
    return step_reply(visit, STATUS_OK);
}

// What was registered is done again after the restart.
void clickhouse_merge_crash(struct node *server)
{
    struct clickhouse_node *self = clickhouse_node(server);
    self->merging = 0;
    for (uint32_t i = 0; i < self->merge_count; i++) {
        self->merges[i].block = MERGE_WAITS;
    }
}
