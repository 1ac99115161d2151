// payment_works - the life of works in progress: ended, deserted, lost in a crash, open, adopted.
#include "models/services/payment_works.h"

enum { PAYMENT_WORKS_AT_ONCE = 16 }; // reconciled in one round of a replica

void payment_works_end(struct node *node, struct payment_till *till, struct payment_work *work)
{
    uint64_t ticket;
    while ((ticket = payment_book_next_waiter(&till->book, work)) != 0) {
        visit_wake_later(node->world, ticket);
    }
    payment_book_end(&till->book, work);
}

bool payment_works_is_deserted(const struct world *world, const struct payment_work *work)
{
    if (work->phase == PAYMENT_PHASE_UNRESOLVED) {
        return false;
    }
    const struct visit *visit = slots_at(&world->visits, work->visit);
    return visit->number != work->visit || visit->value != work->number ||
           visit->request != work->request || (visit->flags & VISIT_ANSWERED) != 0;
}

void payment_works_abandon(struct node *node, struct payment_till *till, struct payment_work *work)
{
    if (work->phase == PAYMENT_PHASE_WRITING) {
        payment_book_leave_open(&till->book, work);
        return;
    }
    struct payment *payment = payment_book_at(&till->book, work->payment);
    payment_till_void(till, payment, (enum payment_action)work->action);
    payment_works_end(node, till, work);
}

// The work in that slot if it is the replica's, NULL otherwise.
static struct payment_work *work_at(const struct node *node, const struct payment_till *till,
                                    uint32_t number)
{
    struct payment_work *work = slots_at(&till->book.works, number);
    return work->number == number && work->replica == node->replica ? work : NULL;
}

void payment_works_sweep(struct node *node, struct payment_till *till)
{
    for (uint32_t number = 1; number < till->book.works.used; number++) {
        struct payment_work *work = work_at(node, till, number);
        if (work != NULL && payment_works_is_deserted(node->world, work)) {
            payment_works_abandon(node, till, work);
        }
    }
}

void payment_works_lose(struct node *node, struct payment_till *till)
{
    for (uint32_t number = 1; number < till->book.works.used; number++) {
        struct payment_work *work = work_at(node, till, number);
        if (work == NULL) {
            continue;
        }
        if (work->phase == PAYMENT_PHASE_UNRESOLVED) {
            work->adopted = false;
        } else {
            payment_works_abandon(node, till, work);
        }
    }
}

void payment_works_adopt(struct node *node, struct payment_till *till,
                         const struct operation *reconcile)
{
    const struct payment_book *book = &till->book;
    uint32_t adopted = 0;
    for (uint32_t i = 0; i < book->unresolved_count && adopted < PAYMENT_WORKS_AT_ONCE; i++) {
        struct payment_work *work = payment_book_work(book, book->unresolved[i]);
        if (work->adopted) {
            continue;
        }
        struct visit *visit = node_begin_visit(node, reconcile, work->request);
        if (visit == NULL) {
            return;
        }
        visit->value = work->number;
        visit->status = STATUS_INDETERMINATE;
        work->adopted = true;
        work->replica = node->replica;
        adopted++;
    }
}
