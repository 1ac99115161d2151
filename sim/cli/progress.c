// progress - writes to stderr.
#include "sim/cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/base/units_format.h"

enum { BAR = 30 };

void progress_init(struct progress *progress, bool silent)
{
    const char *ci = getenv("CI");
    const bool plain = ci != NULL && *ci != '\0';
    *progress = (struct progress){.terminal = isatty(STDERR_FILENO) && !plain, .silent = silent};
}

static void write_facts(const struct replicate_progress *facts)
{
    char events[UNITS_FORMAT_ROOM], rate[UNITS_FORMAT_ROOM];
    const double per_s = facts->elapsed_s > 0.0 ? (double)facts->events / facts->elapsed_s : 0.0;
    fprintf(stderr, "%s events  %s ev/s",
            units_format_si(events, sizeof events, (double)facts->events),
            units_format_si(rate, sizeof rate, per_s));
    if (facts->goal > 0.0 && !isnan(facts->widest)) {
        fprintf(stderr, "  widest CI %.1f %% (goal %.1f %%)", facts->widest * 100.0,
                facts->goal * 100.0);
    }
}

// The time until the next decision, at the pace so far.
static void write_left(const struct replicate_progress *facts)
{
    char text[UNITS_FORMAT_ROOM];
    if (facts->done > 0 && facts->done < facts->target) {
        const double left_s = facts->elapsed_s * (facts->target - facts->done) / facts->done;
        const double whole_s = left_s < 1.0 ? 1.0 : (double)(uint64_t)left_s;
        fprintf(stderr, "  eta %s", units_format_duration(text, sizeof text, whole_s * 1e9));
    }
}

static void write_over(struct progress *progress, const struct replicate_progress *facts)
{
    const uint32_t filled = facts->target == 0 ? 0 : BAR * facts->done / facts->target;
    char bar[BAR + 1];
    for (uint32_t i = 0; i < BAR; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR] = '\0';
    fprintf(stderr, "\r\033[K  replications %u/%u..%u  [%s]  ", facts->done, facts->target,
            facts->maximum, bar);
    write_facts(facts);
    write_left(facts);
    fflush(stderr);
    progress->shown = true;
}

void progress_tell(void *context, const struct replicate_progress *facts)
{
    struct progress *progress = context;
    if (progress->silent) {
        return;
    }
    if (progress->terminal) {
        write_over(progress, facts);
        return;
    }
    const uint32_t tenths = facts->maximum == 0 ? 0 : 10 * facts->done / facts->maximum;
    if (tenths > progress->tenths) {
        fprintf(stderr, "replications %u/%u..%u  ", facts->done, facts->target, facts->maximum);
        write_facts(facts);
        write_left(facts);
        fputc('\n', stderr);
    }
    progress->tenths = tenths;
}

void progress_end(struct progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->shown = false;
    }
}
