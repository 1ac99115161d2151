// test_payment_parts - the ledger, the audit trail and the book of payments on their own.
#include <criterion/criterion.h>

#include "models/services/payment_audit.h"
#include "models/services/payment_book.h"
#include "models/services/payment_ledger.h"
#include "models/services/payment_till.h"

static struct payment_ledger a_ledger(uint64_t opening)
{
    const struct payment_ledger_rules rules = {.customers = 3, .merchants = 2, .opening = opening};
    struct payment_ledger ledger;
    payment_ledger_init(&ledger, &rules);
    return ledger;
}

Test(payment_ledger, a_reservation_moves_nothing_until_it_is_posted)
{
    struct payment_ledger ledger = a_ledger(0);
    const uint32_t customer = payment_ledger_customer(&ledger, 1);
    const struct payment_transfer transfer = {PAYMENT_EUR, customer, PAYMENT_CLEARING, 250};
    cr_assert(payment_ledger_reserve(&ledger, &transfer));
    cr_assert_eq(payment_ledger_pending(&ledger, PAYMENT_EUR), 250);
    cr_assert_eq(payment_ledger_balance(&ledger, PAYMENT_EUR, PAYMENT_CLEARING), 0);
    payment_ledger_post(&ledger, &transfer);
    cr_assert_eq(payment_ledger_pending(&ledger, PAYMENT_EUR), 0);
    cr_assert_eq(payment_ledger_balance(&ledger, PAYMENT_EUR, PAYMENT_CLEARING), 250);
    cr_assert_eq(payment_ledger_balance(&ledger, PAYMENT_EUR, customer), -250);
    cr_assert(payment_ledger_is_balanced(&ledger, PAYMENT_EUR));
    payment_ledger_release(&ledger);
}

Test(payment_ledger, a_customer_cannot_reserve_more_than_he_has)
{
    struct payment_ledger ledger = a_ledger(100);
    struct payment_transfer transfer = {
        PAYMENT_USD, payment_ledger_customer(&ledger, 0), PAYMENT_CLEARING, 60};
    cr_assert(payment_ledger_reserve(&ledger, &transfer));
    cr_assert_not(payment_ledger_reserve(&ledger, &transfer));
    payment_ledger_void(&ledger, &transfer);
    cr_assert(payment_ledger_reserve(&ledger, &transfer));
    transfer.currency = PAYMENT_BTC;
    cr_assert(payment_ledger_reserve(&ledger, &transfer));
    for (int i = 0; i < PAYMENT_CURRENCIES; i++) {
        cr_assert(payment_ledger_is_balanced(&ledger, (enum payment_currency)i));
    }
    payment_ledger_release(&ledger);
}

Test(payment_ledger, an_entry_on_one_side_only_is_seen)
{
    struct payment_ledger ledger = a_ledger(100);
    ledger.accounts[PAYMENT_USD][1].credits++;
    cr_assert_not(payment_ledger_is_balanced(&ledger, PAYMENT_USD));
    cr_assert(payment_ledger_is_balanced(&ledger, PAYMENT_EUR));
    payment_ledger_release(&ledger);
}

static struct payment_audit *a_trail(uint32_t count)
{
    struct payment_audit *audit = calloc(1, sizeof *audit);
    for (uint32_t i = 0; i < count; i++) {
        payment_audit_add(audit, (struct payment_audit_record){.time_ns = i, .payment = i % 7});
    }
    return audit;
}

Test(payment_audit, a_trail_of_several_segments_verifies)
{
    struct payment_audit *audit = a_trail(3 * PAYMENT_AUDIT_SEGMENT + 5);
    payment_audit_verify(audit);
    cr_assert_eq(audit->broken, 0);
    cr_assert_eq(audit->sequence, 3 * PAYMENT_AUDIT_SEGMENT + 5);
    free(audit);
}

Test(payment_audit, a_changed_removed_or_forged_record_breaks_the_chain)
{
    for (int forgery = 0; forgery < 3; forgery++) {
        struct payment_audit *audit = a_trail(PAYMENT_AUDIT_SEGMENT + 20);
        if (forgery == 0) {
            audit->records[10].amount++;
        } else if (forgery == 1) {
            audit->records[10] = audit->records[11];
            audit->links[10] = audit->links[11];
        } else {
            audit->seal++;
        }
        payment_audit_verify(audit);
        cr_assert_eq(audit->broken, 1, "forgery %d", forgery);
        free(audit);
    }
}

Test(payment_book, payments_that_are_over_are_forgotten_in_order_of_age)
{
    struct payment_book book;
    payment_book_init(&book);
    for (uint64_t id = 0; id < 1000; id++) {
        payment_book_add(&book, id, (int64_t)id)->state = PAYMENT_STATE_SETTLED;
    }
    payment_book_at(&book, 500)->state = PAYMENT_STATE_AUTHORISED;
    payment_book_forget(&book, 100);
    cr_assert_null(payment_book_find(&book, 99));
    cr_assert_eq(payment_book_find(&book, 100)->id, 100);
    payment_book_forget(&book, 900); // the authorised one keeps itself and what is younger
    cr_assert_null(payment_book_find(&book, 499));
    cr_assert_eq(payment_book_find(&book, 500)->id, 500);
    for (uint64_t id = 1000; id < 5000; id++) {
        payment_book_add(&book, id, (int64_t)id);
    }
    cr_assert_eq(payment_book_find(&book, 4999)->id, 4999);
    payment_book_release(&book);
}

Test(payment_book, waiters_come_out_in_order_of_arrival)
{
    struct payment_book book;
    payment_book_init(&book);
    struct payment_work *work = payment_book_begin(&book, payment_book_add(&book, 1, 0));
    for (uint64_t ticket = 1; ticket <= 3; ticket++) {
        payment_book_wait(&book, work, ticket);
    }
    for (uint64_t ticket = 1; ticket <= 3; ticket++) {
        cr_assert_eq(payment_book_next_waiter(&book, work), ticket);
    }
    cr_assert_eq(payment_book_next_waiter(&book, work), 0);
    payment_book_end(&book, work);
    cr_assert_eq(payment_book_find(&book, 1)->work, 0);
    payment_book_release(&book);
}

Test(payment_book, open_works_leave_their_list_in_any_order)
{
    struct payment_book book;
    payment_book_init(&book);
    uint32_t numbers[5];
    for (uint64_t id = 0; id < 5; id++) {
        struct payment_work *work = payment_book_begin(&book, payment_book_add(&book, id, 0));
        numbers[id] = work->number;
        payment_book_leave_open(&book, work);
    }
    const int order[] = {2, 4, 0, 1, 3};
    for (uint32_t i = 0; i < 5; i++) {
        payment_book_end(&book, payment_book_work(&book, numbers[order[i]]));
        cr_assert_eq(book.unresolved_count, 4 - i);
    }
    payment_book_release(&book);
}

Test(payment_till, only_the_right_state_allows_an_action)
{
    const bool allowed[PAYMENT_STATE_REFUNDED + 1][PAYMENT_ACTIONS] = {
        [PAYMENT_STATE_NEW] = {true, false, true, false},
        [PAYMENT_STATE_AUTHORISED] = {false, true, false, false},
        [PAYMENT_STATE_SETTLED] = {false, false, false, true},
    };
    for (uint8_t state = 0; state <= PAYMENT_STATE_REFUNDED; state++) {
        const struct payment payment = {.state = state};
        for (int action = 0; action < PAYMENT_ACTIONS; action++) {
            cr_assert_eq(payment_till_allows(&payment, (enum payment_action)action),
                         allowed[state][action]);
        }
    }
}
