// open_sweep - finds results.h5 of a sweep and reads it.
#include "sim/cli/open_sweep.h"

#include <stdio.h>

#include "sim/cli/open_result.h"
#include "sim/study/archive_sweep.h"

bool open_sweep_is(const char *where)
{
    struct text path;
    text_init(&path);
    open_result_path(where, &path);
    const bool is = archive_sweep_is(text_get(&path));
    text_release(&path);
    return is;
}

int open_sweep(const char *where, struct open_sweep *opened)
{
    struct text path, why;
    text_init(&path);
    text_init(&why);
    sweep_init(&opened->sweep);
    struct archive_sweep study = {.sweep = &opened->sweep};
    open_result_path(where, &path);
    const enum archive_end end = archive_sweep_read(text_get(&path), &study, &why);
    if (end != ARCHIVE_DONE) {
        fprintf(stderr, "orrery: %s\n", text_get(&why));
    } else {
        opened->curves = sweep_curves_find(&opened->sweep, &opened->sweep.arena);
        opened->report = (struct sweep_report){.sweep = &opened->sweep,
                                               .digest = study.digest,
                                               .seed = study.seed,
                                               .curves = &opened->curves,
                                               .command = study.command,
                                               .options = study.options,
                                               .source = study.source};
    }
    text_release(&path);
    text_release(&why);
    return end == ARCHIVE_DONE ? CLI_DONE : end == ARCHIVE_UNREADABLE ? CLI_BROKEN : CLI_WRONG;
}

void open_sweep_release(struct open_sweep *opened)
{
    sweep_release(&opened->sweep);
}
