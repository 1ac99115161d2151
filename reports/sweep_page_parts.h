// sweep_page_parts - the sections of the page of a parameter study.
#pragma once

#include "reports/html_parts.h"
#include "reports/sweep_page.h"
#include "reports/sweep_report_parts.h"
#include "sim/base/units_format.h"

struct sweep_page {
    const struct sweep_report *report;
    struct html html;
    uint32_t verdicts[4], broken; // points
    struct sweep_report_maps maps;
    bool scattered; // there are pictures of p99 over single parameters
};

void sweep_page_capacity(const struct sweep_page *page); // in the banner: what load holds
void sweep_page_curves(const struct sweep_page *page);
void sweep_page_broken(const struct sweep_page *page);
void sweep_page_misses(const struct sweep_page *page);
void sweep_page_points(const struct sweep_page *page);
void sweep_page_commands(const struct sweep_page *page);
