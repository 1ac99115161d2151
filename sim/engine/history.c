// history - what was done to the keys of a component and what each caller was told: the input of
// the checkers.
#include "sim/engine/history.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/digest.h"
#include "sim/engine/versions.h"
#include "sim/engine/world.h"

void history_release(struct history *history)
{
    for (uint32_t i = 0; i < history->key_count; i++) {
        free(history->keys[i].operations);
    }
    free(history->keys);
    free(history->operations);
    free(history->by_visit);
    map_release(&history->places);
    map_release(&history->writes);
}

static struct history *history_of(const struct visit *visit)
{
    return visit->node->component->history;
}

// ---- keys ---------------------------------------------------------------------------------------

// The key's record, made if there is room for one more; NULL: it is not recorded.
static struct history_key *key_record(struct history *history, uint64_t key, uint32_t limit)
{
    const uint32_t place = map_get(&history->places, key);
    if (place != 0 || history->key_count == limit) {
        return place == 0 ? NULL : &history->keys[place - 1];
    }
    if (history->keys == NULL) {
        history->keys = check_calloc(limit, sizeof *history->keys);
    }
    struct history_key *record = &history->keys[history->key_count++];
    record->key = key;
    map_set(&history->places, key, history->key_count);
    return record;
}

static void add_to_key(struct history_key *record, uint32_t number, uint32_t limit)
{
    if (record->count == record->room) {
        record->room = record->room == 0 ? 64 : record->room * 2;
        record->operations =
            check_realloc(record->operations, record->room * sizeof *record->operations);
    }
    record->operations[record->count++] = number;
    record->closed = record->count == limit;
}

// ---- operations ---------------------------------------------------------------------------------

static void remember_visit(struct history *history, uint32_t visit, uint32_t number)
{
    if (visit >= history->visit_room) {
        const uint32_t room = (visit | 1023) + 1;
        history->by_visit = check_realloc(history->by_visit, room * sizeof *history->by_visit);
        memset(history->by_visit + history->visit_room, 0,
               (room - history->visit_room) * sizeof *history->by_visit);
        history->visit_room = room;
    }
    history->by_visit[visit] = number + 1;
}

static uint32_t add(struct history *history, const struct history_operation *operation)
{
    if (history->count == history->room) {
        history->room = history->room == 0 ? 256 : history->room * 2;
        history->operations =
            check_realloc(history->operations, history->room * sizeof *history->operations);
    }
    history->operations[history->count] = *operation;
    return history->count++;
}

static uint64_t write_digest(uint64_t key, uint64_t value)
{
    return digest_mix(key, value);
}

void history_begin(const struct visit *visit, enum history_kind kind, uint64_t value,
                   uint64_t expected)
{
    struct history *history = history_of(visit);
    if (history == NULL) {
        return;
    }
    const uint64_t key = visit_key(visit);
    const struct consistency_design *design = &visit->node->component->design->consistency;
    struct history_key *record =
        versions_tracks(key) ? key_record(history, key, design->keys) : NULL;
    if (visit->number < history->visit_room) {
        history->by_visit[visit->number] = 0; // of an earlier visit of that number
    }
    if (record == NULL || record->closed) {
        return;
    }
    const struct history_operation operation = {.key = key,
                                                .value = value,
                                                .expected = expected,
                                                .began_ns = visit_now(visit),
                                                .ended_ns = TIME_NEVER,
                                                .request = visit->request,
                                                .node = visit->node->replica,
                                                .kind = (uint8_t)kind};
    const uint32_t number = add(history, &operation);
    add_to_key(record, number, design->operations);
    remember_visit(history, visit->number, number);
    if (kind != HISTORY_READ) {
        map_set(&history->writes, write_digest(key, value), number + 1);
    }
}

static struct history_operation *operation_of(struct history *history, const struct visit *visit)
{
    const uint32_t number =
        visit->number < history->visit_room ? history->by_visit[visit->number] : 0;
    if (number == 0) {
        return NULL;
    }
    history->by_visit[visit->number] = 0;
    struct history_operation *operation = &history->operations[number - 1];
    return operation->request == visit->request ? operation : NULL;
}

// After the key's record was closed a read may see what was not recorded, and says nothing.
static bool is_late(const struct history *history, const struct history_operation *operation)
{
    const uint32_t place = map_get(&history->places, operation->key);
    return history->keys[place - 1].closed;
}

void history_end(const struct visit *visit, enum status status, uint64_t value)
{
    struct history *history = history_of(visit);
    struct history_operation *operation = history == NULL ? NULL : operation_of(history, visit);
    if (operation == NULL || is_late(history, operation)) {
        return;
    }
    const enum result_class result = status_table[status].result;
    if (operation->kind == HISTORY_SWAP && status == STATUS_CONFLICT) {
        operation->kind = HISTORY_DIFFER;
        operation->ended_ns = visit_now(visit);
    } else if (result == RESULT_OK) {
        operation->value = operation->kind == HISTORY_READ ? value : operation->value;
        operation->ended_ns = visit_now(visit);
    } else if (result == RESULT_FAILED) {
        operation->failed = true;
    }
}

void history_applied(const struct node *replica, uint64_t key, uint64_t value)
{
    struct history *history = replica->component->history;
    const uint32_t number =
        history == NULL ? 0 : map_get(&history->writes, write_digest(key, value));
    if (number != 0) {
        struct history_operation *operation = &history->operations[number - 1];
        operation->applied_ns = replica->world->now;
        operation->copies++;
    }
}
