// argument_places - lays options out as lines and finds values among them.
#include "sim/cli/argument_places.h"

#include <string.h>

#include "sim/base/text.h"

void argument_places_init(struct argument_places *places, struct diagnostic_list *list,
                          const char *const *words, uint32_t count)
{
    *places = (struct argument_places){.list = list, .words = words, .count = count};
    struct text lines;
    text_init(&lines);
    for (uint32_t i = 0; i + 1 < count; i += 2) {
        text_format(&lines, "%s %s\n", words[i], words[i + 1]);
    }
    if (lines.length > 0) {
        places->source =
            diagnostic_add_source(list, "command line", text_get(&lines), lines.length);
    }
    text_release(&lines);
}

struct place argument_places_in(const struct argument_places *places, const char *value,
                                size_t offset, size_t length)
{
    size_t at = 0;
    for (uint32_t i = 0; i + 1 < places->count; i += 2) {
        at += strlen(places->words[i]) + 1;
        if (places->words[i + 1] == value) {
            return diagnostic_place_at(places->list, places->source, at + offset, length);
        }
        at += strlen(places->words[i + 1]) + 1;
    }
    return (struct place){0};
}
