// templates - scenarios to begin with, carried inside the program byte for byte.
#pragma once

#include <stddef.h>

struct template
{
    const char *name;
    const char *summary;
    const char *bytes;
    const char *end; // behind the last byte
};

// Ends with name NULL.
extern const struct template templates[];
