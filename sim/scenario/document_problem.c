// document_problem - what libyaml says of broken YAML, and how we say it.
#include "sim/scenario/document_problem.h"

#include <stddef.h>
#include <string.h>

const struct document_problem *document_problem_find(const char *said)
{
    static const struct document_problem problems[] = {
        {"mapping values are not allowed in this context", "a `:` where no key can be",
         "quote the value if the `:` belongs to it, or check the indentation"},
        {"found character that cannot start any token", "no value can begin with this character",
         "quote the value; indent with spaces, not tabs"},
        {"could not find expected ':'", "a key without its `:`", "expected `:` behind this text"},
        {"did not find expected key", "the indentation does not fit",
         "expected a key at the indentation of the keys above"},
        {"did not find expected '-' indicator", "the indentation does not fit",
         "expected `-` at the indentation of the items above"},
        {"did not find expected ',' or '}'", "the map in { } is broken", "expected `,` or `}`"},
        {"did not find expected ',' or ']'", "the list in [ ] is broken", "expected `,` or `]`"},
        {"found unexpected end of stream", "the text is never closed", "opened here"},
        {"block sequence entries are not allowed in this context", "a `-` where no list can begin",
         "put the list on its own line below the key"},
        {"found undefined tag handle", "a tag is not allowed", "remove the tag"},
        {"found unknown escape character", "no such escape in \"...\"",
         "write \\\\ for a backslash, or use '...'"},
    };
    for (size_t i = 0; said != NULL && i < sizeof problems / sizeof problems[0]; i++) {
        if (strcmp(said, problems[i].said) == 0) {
            return &problems[i];
        }
    }
    return NULL;
}
