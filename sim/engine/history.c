// history - what was done to the keys of a component and what each caller was told: the input of
// the checkers.
#include "sim/engine/history.h"

void history_begin(const struct visit *visit, enum history_kind kind, uint64_t value,
                   uint64_t expected)
{
    (void)visit;
    (void)kind;
    (void)value;
    (void)expected;
}

void history_end(const struct visit *visit, enum status status, uint64_t value)
{
    (void)visit;
    (void)status;
    (void)value;
}

void history_applied(const struct node *replica, uint64_t key, uint64_t value)
{
    (void)replica;
    (void)key;
    (void)value;
}
