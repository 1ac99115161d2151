// linear - is the history of one key that of one register? The search of Wing and Gong with Lowe's
// memo, and the smallest history that shows that it is not.
#include "sim/engine/linear.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/base/map.h"
#include "sim/base/text.h"
#include "sim/kernel/time.h"

// ---- the memo: pairs of words -------------------------------------------------------------------

struct pair {
    uint64_t one, other;
};

struct memo {
    struct pair *pairs; // {0, 0}: free
    uint64_t room, count;
};

static void put(struct pair *pairs, uint64_t room, struct pair pair)
{
    uint64_t at = pair.one & (room - 1);
    while (pairs[at].one != 0 || pairs[at].other != 0) {
        at = (at + 1) & (room - 1);
    }
    pairs[at] = pair;
}

static void grow(struct memo *memo)
{
    const uint64_t room = memo->room == 0 ? 1024 : memo->room * 2;
    struct pair *pairs = check_calloc(room, sizeof *pairs);
    for (uint64_t i = 0; i < memo->room; i++) {
        if (memo->pairs[i].one != 0 || memo->pairs[i].other != 0) {
            put(pairs, room, memo->pairs[i]);
        }
    }
    free(memo->pairs);
    memo->pairs = pairs;
    memo->room = room;
}

// True if the pair is new.
static bool memo_add(struct memo *memo, struct pair pair)
{
    if (memo->count * 2 >= memo->room) {
        grow(memo);
    }
    uint64_t at = pair.one & (memo->room - 1);
    while (memo->pairs[at].one != 0 || memo->pairs[at].other != 0) {
        if (memo->pairs[at].one == pair.one && memo->pairs[at].other == pair.other) {
            return false;
        }
        at = (at + 1) & (memo->room - 1);
    }
    memo->pairs[at] = pair;
    memo->count++;
    return true;
}

// ---- entries: beginnings and ends in one list ---------------------------------------------------

struct entry {
    int64_t time_ns;
    uint32_t operation;
    bool end;
    uint32_t before, after; // list of those not yet done, 0: its head
};

struct done { // one operation done: what to go back to
    uint32_t entry;
    uint64_t value;
};

// Operations still to be done, by value: who must see it (ended reads and swaps from it), who can
// bring it.
struct left {
    uint32_t needs, brings;
};

struct search {
    const struct history_operation *operations;
    struct entry *entries; // from 1
    uint32_t *ends;        // entry of each operation's end
    struct done *steps;
    uint32_t depth;
    struct pair done; // digest of the set of operations done
    uint64_t value;
    struct memo memo;
    struct map classes; // of values: 1 + index into left
    struct left *left;
};

static int order(const void *one, const void *other)
{
    const struct entry *left = one, *right = other;
    if (left->time_ns != right->time_ns) {
        return left->time_ns < right->time_ns ? -1 : 1;
    }
    if (left->end != right->end) {
        return left->end ? 1 : -1;
    }
    return left->operation < right->operation ? -1 : left->operation > right->operation;
}

static struct left *left_of(struct search *search, uint64_t value)
{
    const uint64_t key = digest_mix(value, 3);
    uint32_t class = map_get(&search->classes, key);
    if (class == 0) {
        class = search->classes.count + 1;
        map_set(&search->classes, key, class);
    }
    return &search->left[class - 1];
}

// The operation joins those still to be done (1), or leaves them (-1).
static void count_operation(struct search *search, const struct history_operation *operation,
                            int by)
{
    const bool ended = operation->ended_ns != TIME_NEVER;
    if (operation->kind == HISTORY_READ) {
        left_of(search, operation->value)->needs += (uint32_t)by;
    }
    if (operation->kind == HISTORY_SWAP && ended) {
        left_of(search, operation->expected)->needs += (uint32_t)by;
    }
    if (operation->kind == HISTORY_WRITE || operation->kind == HISTORY_SWAP) {
        left_of(search, operation->value)->brings += (uint32_t)by;
    }
}

static void link_entries(struct search *search, uint32_t count)
{
    for (uint32_t i = 0; i <= 2 * count; i++) {
        struct entry *entry = &search->entries[i];
        entry->before = i == 0 ? 2 * count : i - 1;
        entry->after = i == 2 * count ? 0 : i + 1;
        if (i > 0 && entry->end) {
            search->ends[entry->operation] = i;
        }
    }
}

static void begin(struct search *search, const struct history_operation *operations, uint32_t count)
{
    *search = (struct search){.operations = operations};
    search->entries = check_calloc(2 * (size_t)count + 1, sizeof *search->entries);
    search->ends = check_calloc((size_t)count + 1, sizeof *search->ends);
    search->steps = check_calloc((size_t)count + 1, sizeof *search->steps);
    for (uint32_t i = 0; i < count; i++) {
        search->entries[1 + 2 * i] = (struct entry){operations[i].began_ns, i, false, 0, 0};
        search->entries[2 + 2 * i] = (struct entry){operations[i].ended_ns, i, true, 0, 0};
    }
    qsort(search->entries + 1, 2 * (size_t)count, sizeof *search->entries, order);
    link_entries(search, count);
    search->left = check_calloc(2 * (size_t)count + 2, sizeof *search->left);
    map_init(&search->classes);
    for (uint32_t i = 0; i < count; i++) {
        count_operation(search, &operations[i], 1);
    }
}

static void finish(struct search *search)
{
    free(search->entries);
    free(search->ends);
    free(search->steps);
    free(search->memo.pairs);
    free(search->left);
    map_release(&search->classes);
}

static void unlink_entry(struct search *search, uint32_t number)
{
    const struct entry *entry = &search->entries[number];
    search->entries[entry->before].after = entry->after;
    search->entries[entry->after].before = entry->before;
}

static void relink_entry(struct search *search, uint32_t number)
{
    const struct entry *entry = &search->entries[number];
    search->entries[entry->before].after = number;
    search->entries[entry->after].before = number;
}

// ---- the register -------------------------------------------------------------------------------

// True if the operation can take effect now; `value` is what stands there afterwards.
static bool takes_effect(const struct history_operation *operation, uint64_t *value)
{
    switch ((enum history_kind)operation->kind) {
    case HISTORY_READ:
        return operation->value == *value;
    case HISTORY_DIFFER:
        return operation->expected != *value;
    case HISTORY_SWAP:
        if (operation->expected != *value) {
            return false;
        }
        break;
    case HISTORY_WRITE:
        break;
    }
    *value = operation->value;
    return true;
}

// ---- the search ---------------------------------------------------------------------------------

static void mark(struct search *search, uint32_t operation)
{
    search->done.one ^= digest_mix(operation, 0x5bd1);
    search->done.other ^= digest_mix(operation, 0xe995);
}

static void do_operation(struct search *search, uint32_t number, uint64_t value)
{
    const uint32_t operation = search->entries[number].operation;
    search->steps[search->depth++] = (struct done){number, search->value};
    search->value = value;
    count_operation(search, &search->operations[operation], -1);
    unlink_entry(search, number);
    unlink_entry(search, search->ends[operation]);
}

// Takes the latest operation back; returns its entry.
static uint32_t undo_operation(struct search *search)
{
    const struct done step = search->steps[--search->depth];
    const uint32_t operation = search->entries[step.entry].operation;
    mark(search, operation);
    search->value = step.value;
    count_operation(search, &search->operations[operation], 1);
    relink_entry(search, search->ends[operation]);
    relink_entry(search, step.entry);
    return step.entry;
}

// What leaves the value as it is may be done at once: nothing becomes impossible by it.
static bool keeps_value(const struct history_operation *operation)
{
    return operation->kind == HISTORY_READ || operation->kind == HISTORY_DIFFER;
}

// Some operation that may come next must see the value, or another than the present one.
static bool is_wanted(const struct search *search, uint64_t value)
{
    for (uint32_t at = search->entries[0].after; !search->entries[at].end;
         at = search->entries[at].after) {
        const struct history_operation *operation =
            &search->operations[search->entries[at].operation];
        const bool read = operation->kind == HISTORY_READ && operation->value == value;
        const bool swap = operation->kind == HISTORY_SWAP && operation->expected == value;
        const bool differ = operation->kind == HISTORY_DIFFER &&
                            operation->expected == search->value && value != search->value;
        if (read || swap || differ) {
            return true;
        }
    }
    return false;
}

// False where the rest could not be done any more: the present value must still be seen and will
// not come back. An open write need not come before somebody wants to see it.
static bool may_replace(struct search *search, const struct history_operation *operation)
{
    const struct left *left = left_of(search, search->value);
    const bool swap = operation->kind == HISTORY_SWAP && operation->ended_ns != TIME_NEVER;
    const bool brings = operation->value == search->value;
    if (left->needs > swap && left->brings == brings && !brings) {
        return false;
    }
    return operation->ended_ns != TIME_NEVER || is_wanted(search, operation->value);
}

// Tries the operation that begins at the entry. True: it is done.
static bool try_operation(struct search *search, uint32_t number)
{
    const uint32_t operation = search->entries[number].operation;
    const struct history_operation *tried = &search->operations[operation];
    uint64_t value = search->value;
    if (!takes_effect(tried, &value) || (!keeps_value(tried) && !may_replace(search, tried))) {
        return false;
    }
    mark(search, operation);
    const struct pair state = {(search->done.one ^ digest_mix(value, 1)) | 1,
                               search->done.other ^ digest_mix(value, 2)};
    if (!keeps_value(tried) && !memo_add(&search->memo, state)) {
        mark(search, operation);
        return false;
    }
    do_operation(search, number, value);
    return true;
}

// Takes back the latest choice there was; returns its entry, 0: there was none.
static uint32_t undo_choice(struct search *search)
{
    while (search->depth > 0) {
        const uint32_t entry = undo_operation(search);
        if (!keeps_value(&search->operations[search->entries[entry].operation])) {
            return entry;
        }
    }
    return 0;
}

// What leaves the value as it is and may come next is done first.
static bool do_what_fits(struct search *search)
{
    for (uint32_t at = search->entries[0].after; at != 0 && !search->entries[at].end;
         at = search->entries[at].after) {
        const struct history_operation *operation =
            &search->operations[search->entries[at].operation];
        if (keeps_value(operation) && try_operation(search, at)) {
            return true;
        }
    }
    return false;
}

// Up to the first end in the list every operation may come next. An end that is met means that the
// latest choice was wrong; one that never came, that all others are done.
static enum linear_verdict run(struct search *search, uint64_t bound)
{
    uint32_t at = 0;
    for (;;) {
        if (at == 0) { // something was done
            while (do_what_fits(search)) {
            }
            at = search->entries[0].after;
        }
        const struct entry *entry = &search->entries[at];
        if (at == 0 || (entry->end && entry->time_ns == TIME_NEVER)) {
            return LINEAR_HOLDS;
        }
        if (search->memo.count > bound) {
            return LINEAR_UNDECIDED;
        }
        if (!entry->end) {
            at = try_operation(search, at) ? 0 : entry->after;
            continue;
        }
        const uint32_t undone = undo_choice(search);
        if (undone == 0) {
            return LINEAR_VIOLATED;
        }
        at = search->entries[undone].after;
    }
}

// ---- what says nothing --------------------------------------------------------------------------

static bool writes(const struct history_operation *operation)
{
    return operation->kind == HISTORY_WRITE || operation->kind == HISTORY_SWAP;
}

// A swap that met something else may have met this.
static bool sees(const struct history_operation *operation, uint64_t value)
{
    const bool ended = operation->ended_ns != TIME_NEVER;
    return (operation->kind == HISTORY_READ && ended && operation->value == value) ||
           (operation->kind == HISTORY_SWAP && operation->expected == value) ||
           (operation->kind == HISTORY_DIFFER && ended && operation->expected != value);
}

static bool is_seen(const struct history_operation *operations, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i != number && sees(&operations[i], operations[number].value)) {
            return true;
        }
    }
    return false;
}

// An operation without effect, an open read, and an open write that nobody saw say nothing.
static bool is_idle(const struct history_operation *operations, uint32_t count, uint32_t number)
{
    const struct history_operation *operation = &operations[number];
    const bool open = operation->ended_ns == TIME_NEVER;
    if (operation->failed || (open && !writes(operation))) {
        return true;
    }
    return open && !is_seen(operations, count, number);
}

static uint32_t leave_out_idle(struct history_operation *operations, uint32_t count)
{
    uint32_t kept = 0;
    bool *idle = check_calloc((size_t)count + 1, sizeof *idle);
    for (uint32_t i = 0; i < count; i++) {
        idle[i] = is_idle(operations, count, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!idle[i]) {
            operations[kept++] = operations[i];
        }
    }
    free(idle);
    return kept;
}

enum linear_verdict linear_check(const struct history_operation *operations, uint32_t count,
                                 uint64_t bound)
{
    struct history_operation *copy = check_calloc((size_t)count + 1, sizeof *copy);
    memcpy(copy, operations, count * sizeof *copy);
    const uint32_t kept = leave_out_idle(copy, count);
    struct search search;
    begin(&search, copy, kept);
    const enum linear_verdict verdict = run(&search, bound);
    finish(&search);
    free(copy);
    return verdict;
}

// ---- the smallest history -----------------------------------------------------------------------

// What had been recorded by `until_ns`: later operations are left out, those not ended are open.
static uint32_t cut(struct history_operation *to, const struct history_operation *from,
                    uint32_t count, int64_t until_ns)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count && from[i].began_ns <= until_ns; i++) {
        to[kept] = from[i];
        if (to[kept].ended_ns > until_ns) {
            to[kept].ended_ns = TIME_NEVER;
        }
        kept++;
    }
    return kept;
}

static int later(const void *one, const void *other)
{
    const int64_t left = *(const int64_t *)one, right = *(const int64_t *)other;
    return left < right ? -1 : left > right;
}

// The shortest beginning that is no register's: by halves, as what holds for a history holds for
// its beginnings.
static uint32_t shortest_beginning(struct history_operation *operations, uint32_t count,
                                   uint64_t bound)
{
    struct history_operation *part = check_calloc(count, sizeof *part);
    int64_t *times = check_calloc(count, sizeof *times);
    for (uint32_t i = 0; i < count; i++) {
        times[i] = operations[i].ended_ns;
    }
    qsort(times, count, sizeof *times, later);
    uint32_t low = 0, high = count - 1;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        const uint32_t kept = cut(part, operations, count, times[middle]);
        const bool bad = linear_check(part, kept, bound) == LINEAR_VIOLATED;
        *(bad ? &high : &low) = bad ? middle : middle + 1;
    }
    const uint32_t kept = cut(part, operations, count, times[high]);
    memcpy(operations, part, kept * sizeof *part);
    free(part);
    free(times);
    return leave_out_idle(operations, kept);
}

// A write that somebody saw stays: without it the reader alone would be the violation.
static bool try_without(struct history_operation *operations, uint32_t *count, uint32_t number,
                        uint64_t bound)
{
    if (writes(&operations[number]) && is_seen(operations, *count, number)) {
        return false;
    }
    const struct history_operation removed = operations[number];
    const size_t behind = (*count - number - 1) * sizeof removed;
    memmove(&operations[number], &operations[number + 1], behind);
    if (linear_check(operations, *count - 1, bound) == LINEAR_VIOLATED) {
        (*count)--;
        return true;
    }
    memmove(&operations[number + 1], &operations[number], behind);
    operations[number] = removed;
    return false;
}

uint32_t linear_shrink(struct history_operation *operations, uint32_t count, uint64_t bound)
{
    if (count == 0) {
        return 0;
    }
    count = shortest_beginning(operations, count, bound);
    bool smaller = true;
    while (smaller) {
        smaller = false;
        for (uint32_t i = count; i-- > 0;) {
            smaller = try_without(operations, &count, i, bound) || smaller;
        }
    }
    return count;
}

// ---- in words -----------------------------------------------------------------------------------

static void say_value(struct text *text, const struct history_operation *operations, uint32_t count,
                      uint64_t value)
{
    uint32_t name = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (writes(&operations[i]) && operations[i].value == value) {
            text_format(text, name < 26 ? "%c" : "v%u", name < 26 ? 'a' + name : name);
            return;
        }
        name += writes(&operations[i]);
    }
    text_add(text, value == 0 ? "nothing" : "?");
}

static void say_operation(struct text *text, const struct history_operation *operations,
                          uint32_t count, uint32_t number)
{
    static const char *const verbs[] = {[HISTORY_READ] = "read ",
                                        [HISTORY_WRITE] = "write ",
                                        [HISTORY_SWAP] = "swap to ",
                                        [HISTORY_DIFFER] = "no swap from "};
    const struct history_operation *operation = &operations[number];
    const bool differ = operation->kind == HISTORY_DIFFER;
    text_add(text, verbs[operation->kind]);
    say_value(text, operations, count, differ ? operation->expected : operation->value);
    if (operation->kind == HISTORY_SWAP) {
        text_add(text, " from ");
        say_value(text, operations, count, operation->expected);
    }
    text_format(text, " at %u, %.3f to ", operation->node, (double)operation->began_ns / 1e6);
    if (operation->ended_ns == TIME_NEVER) {
        text_add(text, "?");
    } else {
        text_format(text, "%.3f ms", (double)operation->ended_ns / 1e6);
    }
}

void linear_say(struct text *text, const struct history_operation *operations, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        text_add(text, i == 0 ? "" : "; ");
        say_operation(text, operations, count, i);
    }
}
