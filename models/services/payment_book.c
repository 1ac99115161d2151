// payment_book - the payments a service remembers, and the work in progress on them.
#include "models/services/payment_book.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"

enum { PAYMENT_BOOK_SMALLEST = 256, PAYMENT_BOOK_LIST = 64 };

void payment_book_init(struct payment_book *book)
{
    *book = (struct payment_book){0};
    slots_init(&book->works, sizeof(struct payment_work));
    slots_init(&book->waiters, sizeof(struct payment_waiter));
}

void payment_book_release(struct payment_book *book)
{
    free(book->payments);
    free(book->unresolved);
    free(book->unsettled);
    map_release(&book->by_id);
    map_release(&book->by_request);
    slots_release(&book->works);
    slots_release(&book->waiters);
    *book = (struct payment_book){0};
}

// ---- payments -----------------------------------------------------------------------

struct payment *payment_book_at(const struct payment_book *book, uint32_t number)
{
    CHECK(number - book->oldest < book->next - book->oldest);
    return &book->payments[number & (book->room - 1)];
}

struct payment *payment_book_find(const struct payment_book *book, uint64_t id)
{
    const uint32_t found = map_get(&book->by_id, id);
    return found == 0 ? NULL : payment_book_at(book, found - 1);
}

struct payment *payment_book_given(const struct payment_book *book, uint64_t request)
{
    const uint32_t found = map_get(&book->by_request, request);
    const bool kept = found != 0 && found - 1 - book->oldest < book->next - book->oldest;
    return kept ? payment_book_at(book, found - 1) : NULL;
}

void payment_book_give(struct payment_book *book, uint64_t request, const struct payment *payment)
{
    map_set(&book->by_request, request, payment->number + 1);
}

static void grow(struct payment_book *book)
{
    const uint32_t room = book->room == 0 ? PAYMENT_BOOK_SMALLEST : book->room * 2;
    struct payment *payments = check_calloc(room, sizeof *payments);
    for (uint32_t number = book->oldest; number != book->next; number++) {
        payments[number & (room - 1)] = *payment_book_at(book, number);
    }
    free(book->payments);
    book->payments = payments;
    book->room = room;
}

struct payment *payment_book_add(struct payment_book *book, uint64_t id, int64_t now_ns)
{
    CHECK(book->next < UINT32_MAX - 1);
    if (book->next - book->oldest == book->room) {
        grow(book);
    }
    const uint32_t number = book->next++;
    struct payment *payment = payment_book_at(book, number);
    *payment = (struct payment){.id = id, .since_ns = now_ns, .number = number};
    map_set(&book->by_id, id, number + 1);
    return payment;
}

static bool is_over(const struct payment *payment)
{
    return payment->work == 0 && !payment->reserved &&
           payment->state != PAYMENT_STATE_AUTHORISED && payment->state != PAYMENT_STATE_CAPTURED;
}

void payment_book_forget(struct payment_book *book, int64_t before_ns)
{
    while (book->oldest != book->next) {
        const struct payment *payment = payment_book_at(book, book->oldest);
        if (payment->since_ns >= before_ns || !is_over(payment)) {
            return;
        }
        map_remove(&book->by_id, payment->id);
        book->oldest++;
    }
}

// ---- work in progress ---------------------------------------------------------------

struct payment_work *payment_book_work(const struct payment_book *book, uint32_t number)
{
    struct payment_work *work = slots_at(&book->works, number);
    CHECK(work->number == number);
    return work;
}

struct payment_work *payment_book_begin(struct payment_book *book, struct payment *payment)
{
    CHECK(payment->work == 0);
    payment->work = slots_take(&book->works);
    struct payment_work *work = slots_at(&book->works, payment->work);
    work->number = payment->work;
    work->payment = payment->number;
    return work;
}

void payment_book_wait(struct payment_book *book, struct payment_work *work, uint64_t ticket)
{
    const uint32_t number = slots_take(&book->waiters);
    struct payment_waiter *waiter = slots_at(&book->waiters, number);
    waiter->ticket = ticket;
    if (work->last != 0) {
        ((struct payment_waiter *)slots_at(&book->waiters, work->last))->next = number;
    } else {
        work->first = number;
    }
    work->last = number;
}

uint64_t payment_book_next_waiter(struct payment_book *book, struct payment_work *work)
{
    const uint32_t number = work->first;
    if (number == 0) {
        return 0;
    }
    const struct payment_waiter *waiter = slots_at(&book->waiters, number);
    const uint64_t ticket = waiter->ticket;
    work->first = waiter->next;
    work->last = work->first == 0 ? 0 : work->last;
    slots_give(&book->waiters, number);
    return ticket;
}

static void *list_room(void *list, uint32_t count, uint32_t *room)
{
    if (count < *room) {
        return list;
    }
    *room = *room == 0 ? PAYMENT_BOOK_LIST : *room * 2;
    return check_realloc(list, *room * sizeof(uint32_t));
}

void payment_book_leave_open(struct payment_book *book, struct payment_work *work)
{
    CHECK(work->phase != PAYMENT_PHASE_UNRESOLVED);
    work->phase = PAYMENT_PHASE_UNRESOLVED;
    book->unresolved =
        list_room(book->unresolved, book->unresolved_count, &book->unresolved_room);
    work->place = book->unresolved_count;
    book->unresolved[book->unresolved_count++] = work->number;
}

static void leave_list(struct payment_book *book, const struct payment_work *work)
{
    const uint32_t last = book->unresolved[--book->unresolved_count];
    book->unresolved[work->place] = last;
    payment_book_work(book, last)->place = work->place;
}

void payment_book_end(struct payment_book *book, struct payment_work *work)
{
    CHECK(work->first == 0);
    if (work->phase == PAYMENT_PHASE_UNRESOLVED) {
        leave_list(book, work);
    }
    payment_book_at(book, work->payment)->work = 0;
    const uint32_t number = work->number;
    work->number = 0;
    slots_give(&book->works, number);
}

// ---- settlement ---------------------------------------------------------------------

void payment_book_await_settlement(struct payment_book *book, uint32_t payment)
{
    book->unsettled = list_room(book->unsettled, book->unsettled_count, &book->unsettled_room);
    book->unsettled[book->unsettled_count++] = payment;
}

void payment_book_settled(struct payment_book *book, uint32_t count)
{
    CHECK(count <= book->unsettled_count);
    book->unsettled_count -= count;
    if (book->unsettled_count > 0) {
        memmove(book->unsettled, book->unsettled + count,
                book->unsettled_count * sizeof *book->unsettled);
    }
}
