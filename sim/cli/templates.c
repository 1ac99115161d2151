// templates - scenarios to begin with, carried inside the program byte for byte.
#include "sim/cli/templates.h"

#define FILE_BYTES(symbol, path)                                                                   \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global template_" #symbol "\ntemplate_" #symbol ":\n"                                \
            ".incbin \"scenarios/" path "\"\n"                                                     \
            ".global template_" #symbol "_end\ntemplate_" #symbol "_end:\n"                        \
            ".byte 0\n"                                                                            \
            ".balign 8\n"                                                                          \
            ".popsection\n");                                                                      \
    extern const char template_##symbol[], template_##symbol##_end[];

FILE_BYTES(minimal, "examples/minimal.yaml")
FILE_BYTES(webshop, "examples/webshop.yaml")
FILE_BYTES(newsroom, "examples/newsroom.yaml")
FILE_BYTES(queue, "examples/queue.yaml")
FILE_BYTES(inventory, "examples/inventory.yaml")

const struct template templates[] = {
    {"minimal", "two services and one objective, commented", template_minimal,
     template_minimal_end},
    {"webshop", "every section of the language", template_webshop, template_webshop_end},
    {"newsroom", "five components, a daily curve and a drill", template_newsroom,
     template_newsroom_end},
    {"queue", "the textbook's M/M/1", template_queue, template_queue_end},
    {"inventory", "quorums that are not linearizable, and lightweight transactions that are",
     template_inventory, template_inventory_end},
    {0},
};
