// unit_list - units that are named one by one.
#include "sim/study/unit_list.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

void unit_list_release(struct unit_list *list)
{
    free(list->spans);
    *list = (struct unit_list){0};
}

static void add(struct unit_list *list, struct unit_span span)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 16 : list->room * 2;
        list->spans = check_realloc(list->spans, list->room * sizeof *list->spans);
    }
    list->spans[list->count++] = span;
}

// Plain decimal digits below 2^32 - 1; returns what follows them, NULL: none.
static const char *read_number(const char *text, uint32_t *number)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && value < UINT32_MAX; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *number = (uint32_t)value;
    return at == text || value >= UINT32_MAX ? NULL : at;
}

// "3", "7-9"; returns what follows, NULL: no range.
static const char *read_range(const char *text, uint32_t *first, uint32_t *last)
{
    const char *at = read_number(text, first);
    *last = *first;
    if (at != NULL && *at == '-') {
        at = read_number(at + 1, last);
    }
    return at == NULL || *first > *last ? NULL : at;
}

static const char *read_span(const char *text, bool points, struct unit_span *span)
{
    if (!points) {
        *span = (struct unit_span){.last_point = UINT32_MAX};
        return read_range(text, &span->first, &span->last);
    }
    *span = (struct unit_span){.last = UINT32_MAX};
    const char *at = read_range(text, &span->first_point, &span->last_point);
    return at == NULL || *at != '/' ? at : read_range(at + 1, &span->first, &span->last);
}

bool unit_list_read(struct unit_list *list, const char *text, bool points)
{
    const char *at = text;
    do {
        struct unit_span span;
        at = read_span(at, points, &span);
        if (at == NULL || (*at != ',' && *at != '\0')) {
            return false;
        }
        add(list, span);
    } while (*at++ == ',');
    return true;
}

bool unit_list_has(const struct unit_list *list, uint32_t point, uint32_t unit)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct unit_span *span = &list->spans[i];
        if (span->first_point <= point && point <= span->last_point && span->first <= unit &&
            unit <= span->last) {
            return true;
        }
    }
    return false;
}

bool unit_list_has_point(const struct unit_list *list, uint32_t point)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->spans[i].first_point <= point && point <= list->spans[i].last_point) {
            return true;
        }
    }
    return false;
}

uint32_t unit_list_last_point(const struct unit_list *list)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        last = list->spans[i].last_point > last ? list->spans[i].last_point : last;
    }
    return last;
}
