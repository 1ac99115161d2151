// test_html - the page asks nobody for anything, links lead somewhere, hostile names stay text.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/escape.h"
#include "reports/html.h"
#include "reports/topology.h"
#include "tests/support/sample_result.h"

static void write_page(enum sample_names names, const char *topology, struct text *out)
{
    struct result result;
    result_init(&result);
    sample_result(&result, names);
    const struct html_pictures pictures = {NULL, topology, "no pictures"};
    html_write(&result, &pictures, out);
    result_release(&result);
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

Test(html, forbids_itself_every_request_and_has_no_script)
{
    struct text page;
    text_init(&page);
    write_page(SAMPLE_PLAIN, NULL, &page);
    cr_expect(strstr(text_get(&page), "default-src 'none'; img-src data:") != NULL);
    cr_expect_null(strstr(text_get(&page), "<script"));
    cr_expect_null(strstr(text_get(&page), "src=\"http"));
    cr_expect_null(strstr(text_get(&page), "url(http"));
    text_release(&page);
}

Test(html, a_hostile_name_is_text_wherever_it_stands)
{
    struct text page;
    text_init(&page);
    write_page(SAMPLE_HOSTILE, NULL, &page);
    cr_expect_null(strstr(text_get(&page), "<script"));
    cr_expect_null(strstr(text_get(&page), "\"'${HOME}"));
    cr_expect_geq(count_of(text_get(&page), "&lt;script&gt;alert(1)&lt;/script&gt;"), 6);
    text_release(&page);
}

Test(html, tells_how_replications_depend_on_each_other)
{
    struct text page;
    text_init(&page);
    write_page(SAMPLE_PLAIN, NULL, &page);
    const char *said = strstr(text_get(&page), "successive replications are correlated by ");
    cr_assert_not_null(said);
    const double found = strtod(strstr(said, "by ") + 3, NULL);
    cr_expect(found >= -1.0 && found <= 1.0);
    cr_expect_null(strstr(text_get(&page), "depend on each other: they")); // only of batches
    text_release(&page);
}

Test(html, stands_without_pictures_and_says_so)
{
    struct text page;
    text_init(&page);
    write_page(SAMPLE_PLAIN, NULL, &page);
    cr_expect(strstr(text_get(&page), "no pictures") != NULL);
    cr_expect(strstr(text_get(&page), "<details open><summary>Latencies as a table") != NULL);
    cr_expect_null(strstr(text_get(&page), "<img"));
    text_release(&page);
}

Test(html, says_verdicts_with_and_without_faults_side_by_side)
{
    struct text page;
    text_init(&page);
    write_page(SAMPLE_PLAIN, NULL, &page);
    const char *text = text_get(&page);
    cr_expect(strstr(text, "without faults") != NULL);
    cr_expect(strstr(text, ">FAIL</p>") != NULL);
    cr_expect(strstr(text, "UNDECIDED") != NULL && strstr(text, "NO DATA") != NULL);
    cr_expect(strstr(text, "checkout-availability 48211") != NULL, "bad requests by fault");
    cr_expect(strstr(text, "sku-17 fell to -1") != NULL, "violated invariants");
    cr_expect(strstr(text, "one scanner a second and hall") != NULL, "assumptions");
    cr_expect(strstr(text, "one simulated request stands for 10") != NULL, "approximations");
    text_release(&page);
}

// Every fragment that is linked to is the id of exactly one element.
static void expect_links_lead_somewhere(const char *page)
{
    size_t links = 0;
    for (const char *at = strstr(page, "href=\"#"); at != NULL; at = strstr(at + 1, "href=\"#")) {
        char id[400];
        const char *name = at + 7;
        snprintf(id, sizeof id, " id=\"%.*s\"", (int)strcspn(name, "\""), name);
        cr_expect_eq(count_of(page, id), 1, "%s", id);
        links++;
    }
    cr_expect_gt(links, 20);
}

Test(html, every_link_leads_to_one_place)
{
    for (enum sample_names names = SAMPLE_PLAIN; names <= SAMPLE_HOSTILE; names++) {
        struct text page;
        text_init(&page);
        write_page(names, NULL, &page);
        expect_links_lead_somewhere(text_get(&page));
        text_release(&page);
    }
}

Test(html, the_topology_links_every_component_and_carries_no_foreign_markup)
{
    struct result result;
    struct text picture;
    char directory[] = P_tmpdir "/orrery-topology-XXXXXX";
    cr_assert_not_null(mkdtemp(directory));
    text_init(&picture);
    result_init(&result);
    sample_result(&result, SAMPLE_HOSTILE);
    if (topology_svg(&result, directory, &picture)) { // needs Graphviz
        for (uint32_t c = 0; c < result.component_count; c++) {
            struct text link;
            text_init(&link);
            text_add(&link, "<a href=\"#component-");
            escape_identifier(&link, result.components[c].name);
            text_add(&link, "\"");
            cr_expect_eq(count_of(text_get(&picture), text_get(&link)), 1);
            text_release(&link);
        }
        cr_expect_null(strstr(text_get(&picture), "<script"));
        cr_expect_eq(count_of(text_get(&picture), "class=\"call\""), result.edge_count);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/topology.dot", directory);
    unlink(path);
    rmdir(directory);
    text_release(&picture);
    result_release(&result);
}

Test(html, an_empty_result_makes_a_page)
{
    struct result result;
    struct text page;
    text_init(&page);
    result_init(&result);
    const struct html_pictures pictures = {NULL, NULL, NULL};
    html_write(&result, &pictures, &page);
    cr_expect(strstr(text_get(&page), "</html>") != NULL);
    text_release(&page);
    result_release(&result);
}
