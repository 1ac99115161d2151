// payment_book - the payments a service remembers, and the work in progress on them.
//
// The book is what the database holds of payments and idempotency keys, shared by the replicas:
// each payment knows its state and the stored answer of every operation. A work is one
// replica's attempt at an operation of a payment; it is that replica's memory, but for the fact
// that a write may have reached the database.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/slots.h"
#include "sim/base/map.h"

enum payment_state {
    PAYMENT_STATE_NEW,
    PAYMENT_STATE_DECLINED,
    PAYMENT_STATE_AUTHORISED,
    PAYMENT_STATE_CAPTURED, // the customer has paid into clearing
    PAYMENT_STATE_SETTLED,  // the merchant has his money
    PAYMENT_STATE_REFUNDED,
};

enum payment_action {
    PAYMENT_AUTHORIZE,
    PAYMENT_CAPTURE,
    PAYMENT_PAY,
    PAYMENT_REFUND,
    PAYMENT_ACTIONS,
};

struct payment {
    uint64_t id;
    int64_t since_ns;    // when it was first seen; then, when its capture was asked for
    int64_t amount;
    uint32_t customer, merchant; // account numbers
    uint32_t number;     // in the book, counted from the first ever
    uint32_t work;       // in progress, 0: none
    uint8_t currency, state;
    uint8_t charges;     // times that the customer's account was debited
    bool reserved;       // money is pending for it
    bool duplicate;      // a repeated request that brought no idempotency key
    bool audited;
    uint8_t answers[PAYMENT_ACTIONS]; // 1 + stored status, 0: none
};

enum payment_phase { PAYMENT_PHASE_CLAIMED, PAYMENT_PHASE_WRITING, PAYMENT_PHASE_UNRESOLVED };

struct payment_work {
    uint32_t generation;
    uint32_t payment;     // number in the book
    uint32_t number;      // of its own slot, 0: given back
    uint32_t replica;     // whose memory it is, of an unresolved one: who looks into it
    uint64_t request;
    uint32_t visit;       // slot of the visit that does it
    uint32_t first, last; // duplicates that wait for its end, in order of arrival; 0: none
    uint32_t place;       // in the list of unresolved works
    uint8_t action, phase;
    bool adopted;         // an unresolved one that `replica` is looking into
};

struct payment_waiter {
    uint32_t generation;
    uint32_t next;
    uint64_t ticket;
};

struct payment_book {
    struct payment *payments; // a ring by number
    uint32_t room;            // a power of two, or 0
    uint32_t oldest, next;    // numbers [oldest, next) are in the book
    struct map by_id;       // id -> number + 1
    struct map by_request;  // what a request that named no payment was given -> number + 1
    struct slots works, waiters;
    uint32_t *unresolved;     // work numbers
    uint32_t unresolved_count, unresolved_room;
    uint32_t *unsettled;      // payment numbers in order of capture
    uint32_t unsettled_count, unsettled_room;
};

void payment_book_init(struct payment_book *book);
void payment_book_release(struct payment_book *book);

// Pointers to payments are good until the next payment_book_add.
struct payment *payment_book_at(const struct payment_book *book, uint32_t number);
struct payment *payment_book_find(const struct payment_book *book, uint64_t id); // NULL: unknown
struct payment *payment_book_add(struct payment_book *book, uint64_t id, int64_t now_ns);

// The payment that such a request was given before, NULL if none; and the note of it.
struct payment *payment_book_given(const struct payment_book *book, uint64_t request);
void payment_book_give(struct payment_book *book, uint64_t request, const struct payment *payment);

// Forgets the oldest payments that are over and older than `before_ns`.
void payment_book_forget(struct payment_book *book, int64_t before_ns);

struct payment_work *payment_book_work(const struct payment_book *book, uint32_t number);
struct payment_work *payment_book_begin(struct payment_book *book, struct payment *payment);
// Gives the work back; the caller has woken its waiters.
void payment_book_end(struct payment_book *book, struct payment_work *work);
void payment_book_wait(struct payment_book *book, struct payment_work *work, uint64_t ticket);
// Takes the first waiter; 0: there is none any more.
uint64_t payment_book_next_waiter(struct payment_book *book, struct payment_work *work);

// The list of unresolved works.
void payment_book_leave_open(struct payment_book *book, struct payment_work *work);

void payment_book_await_settlement(struct payment_book *book, uint32_t payment);
// Drops the first `count` of those awaiting settlement.
void payment_book_settled(struct payment_book *book, uint32_t count);
