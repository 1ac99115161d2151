// page - draws the plots and writes report.html, with the pictures beside it or without.
#pragma once

#include <stdbool.h>

#include "sim/base/text.h"
#include "sim/study/result.h"

struct page_request {
    const char *html;  // path of report.html, NULL: not wanted
    const char *plots; // directory of the plots' files, NULL: not wanted
};

// Missing programs are no failure: `notice` then says so in a sentence, else it is empty. False:
// `why` says which file could not be written.
bool page_write(const struct result *result, const struct page_request *request,
                struct text *notice, struct text *why);
