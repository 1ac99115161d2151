// offsets - a log of records named by their offsets: append, find, expire, cut off.
#include "models/brokers/offsets.h"

#include "sim/base/check.h"

void offsets_release(struct offsets *log)
{
    ring_release(&log->runs);
    *log = (struct offsets){0};
}

uint64_t offsets_append(struct offsets *log, uint64_t records, uint64_t bytes,
                        const struct offsets_run *run)
{
    CHECK(records > 0);
    log->end += records;
    log->bytes += bytes;
    struct offsets_run *entry = ring_put(&log->runs, sizeof *entry);
    *entry = *run;
    entry->end = log->end;
    entry->bytes = log->bytes;
    return log->end;
}

uint64_t offsets_start(const struct offsets *log, uint32_t i)
{
    return i == 0 ? log->kept : offsets_run(log, i - 1)->end;
}

// The first remembered run that ends behind `offset`: readers follow closely, so it is looked for
// from the end in growing steps, then between the last two.
static uint32_t search(const struct offsets *log, uint64_t offset)
{
    uint32_t low = log->runs.count, high = log->runs.count, step = 1;
    while (low > 0 && offsets_run(log, low - 1)->end > offset) {
        high = low - 1;
        low = high > step ? high - step : 0;
        step *= 2;
    }
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (offsets_run(log, middle)->end > offset) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

uint32_t offsets_find(const struct offsets *log, uint64_t offset)
{
    return offset < log->kept ? log->runs.count : search(log, offset);
}

uint64_t offsets_before(const struct offsets *log, int64_t time_ns)
{
    uint32_t low = 0, high = log->runs.count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (offsets_run(log, middle)->time_ns >= time_ns) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return offsets_start(log, low);
}

uint64_t offsets_bytes(const struct offsets *log, uint64_t from, uint64_t to)
{
    if (log->end == 0 || to <= from) {
        return 0;
    }
    return (uint64_t)((double)log->bytes / (double)log->end * (double)(to - from));
}

void offsets_forget(struct offsets *log, uint64_t offset)
{
    offsets_forget_before(log, offset, INT64_MAX);
}

void offsets_forget_before(struct offsets *log, uint64_t offset, int64_t time_ns)
{
    while (log->runs.count > 0) {
        const struct offsets_run *run = ring_at(&log->runs, 0);
        if (run->end > offset || run->time_ns >= time_ns) {
            return;
        }
        log->kept = run->end;
        log->kept_bytes = run->bytes;
        ring_drop(&log->runs);
    }
}

void offsets_expire(struct offsets *log, uint64_t offset)
{
    CHECK(offset <= log->end);
    if (offset > log->begin) {
        log->begin = offset;
        offsets_forget(log, offset);
    }
}

uint64_t offsets_truncate(struct offsets *log, uint64_t end)
{
    const uint64_t gone = log->end > end ? log->end - end : 0;
    if (gone == 0) {
        return 0;
    }
    log->bytes -= offsets_bytes(log, end, log->end);
    while (log->runs.count > 0 && offsets_start(log, log->runs.count - 1) >= end) {
        ring_drop_last(&log->runs);
    }
    log->end = end;
    if (log->runs.count > 0) {
        struct offsets_run *last = offsets_run(log, log->runs.count - 1);
        last->end = end < last->end ? end : last->end;
        last->bytes = last->bytes < log->bytes ? last->bytes : log->bytes;
    }
    if (log->kept > end) {
        log->kept = end;
        log->kept_bytes = log->bytes;
    }
    log->begin = log->begin < end ? log->begin : end;
    return gone;
}
