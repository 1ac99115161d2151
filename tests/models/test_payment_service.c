// test_payment_service - payments, repeats, unknown writes, crashes and settlement, at exact times.
#include <criterion/criterion.h>

#include "models/services/payment_steps.h"
#include "sim/engine/node.h"
#include "tests/models/stage.h"

// Work 1 ms, signature 2 ms, write 3 ms, screening 4 ms: a payment takes 10 ms. One each second.
#define PAYMENTS(more, shop, store)                                                                \
    "orrery: v1\nname: t\nsimulation: {duration: 1h, warmup: 0, seed: 1, replications: 1}\n"       \
    "topology: {regions: {r: [z]}, links: {same_zone: {latency: 0}}}\n"                            \
    "components:\n"                                                                                \
    "  pay:\n    kind: payment-service\n    fraud: fraud.score\n    work: 1ms\n"                   \
    "    hsm: {servers: 4, sign: 2ms}\n    accounts: {customers: 100, merchants: 10}\n"            \
    more                                                                                           \
    "  fraud: {kind: service, operations: {score: [{sleep: 4ms}, {reply: 0}]}}\n"                  \
    "  store:\n    kind: service\n    operations:\n"                                               \
    "      write: [" store "{reply: 0}]\n"                                                         \
    "      read: [{sleep: 1ms}, {reply: 0}]\n"                                                     \
    "      absent: [{sleep: 1ms}, {reply: {status: miss}}]\n"                                      \
    "  shop:\n    kind: service\n    operations:\n      buy:\n" shop                               \
    "workloads:\n"                                                                                 \
    "  clients: {target: shop.buy, arrivals: constant, rate: 1/s, "                                \
    "keys: {order: unique, one: \"zipf(n=1, s=1)\"}}\n"                                            \
    "slos: [{name: s, target: clients, objectives: [\"success >= 1%\"]}]\n"

#define STORE "    store: store.write\n"
#define FAST "{sleep: 3ms}, "
#define PAY_ONCE "        - call: pay.pay\n        - reply: 0\n"

static struct payment_till *till_of(const struct stage *stage)
{
    struct payment_service *service = stage_component(stage, "pay")->state;
    return &service->till;
}

static int64_t sum_of_clearing(const struct stage *stage)
{
    int64_t sum = 0;
    for (int i = 0; i < PAYMENT_CURRENCIES; i++) {
        sum += payment_ledger_balance(&till_of(stage)->ledger, (enum payment_currency)i,
                                      PAYMENT_CLEARING);
    }
    return sum;
}

Test(payment_service, a_payment_takes_its_parts_and_is_settled_with_its_write)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, PAY_ONCE, FAST));
    stage_run(&stage, 100500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 100);
    const struct operation_meter *meter = stage_meter(&stage, "pay", "pay");
    cr_assert_eq(meter->latency.minimum, 10 * TIME_MS);
    cr_assert_eq(meter->latency.maximum, 10 * TIME_MS);
    cr_assert_float_eq(stage_metric(&stage, "pay", "settlement_p95"), 0.010, 1e-9);
    cr_assert_eq(till_of(&stage)->audit.sequence, 200); // captured, settled
    cr_assert_eq(sum_of_clearing(&stage), 0);
    stage_end(&stage);
}

#define TWICE(call, pause)                                                                         \
    "        - parallel:\n            - call: " call "\n"                                          \
    "            - [{sleep: " pause "}, {call: " call "}]\n        - reply: 0\n"

Test(payment_service, a_repeat_in_progress_conflicts_and_a_later_one_gets_the_stored_answer)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, TWICE("{to: pay.pay, idempotent: true}", "5ms"), FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 10);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_CONFLICT), 10);
    stage_end(&stage);
    stage_begin(&stage, PAYMENTS(STORE, TWICE("{to: pay.pay, idempotent: true}", "50ms"), FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 20);
    cr_assert_eq(stage_meter(&stage, "pay", "pay")->latency.minimum, 1 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "pay", "replayed_ratio"), 0.5);
    cr_assert_eq(till_of(&stage)->audit.sequence, 20);
    cr_assert_eq(stage_metric(&stage, "pay", "double_charges"), 0);
    stage_end(&stage);
}

Test(payment_service, a_repeat_may_wait_for_the_first)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE "    duplicate: wait\n",
                                 TWICE("{to: pay.pay, idempotent: true}", "5ms"), FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 20);
    cr_assert_eq(stage_meter(&stage, "pay", "pay")->latency.minimum, 5 * TIME_MS);
    cr_assert_eq(till_of(&stage)->audit.sequence, 20);
    stage_end(&stage);
}

Test(payment_service, a_repeat_without_a_key_charges_the_customer_again)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, TWICE("{to: pay.pay}", "5ms"), FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 20);
    cr_assert_eq(stage_metric(&stage, "pay", "double_charges"), 10);
    stage_end(&stage);
}

Test(payment_service, the_workloads_key_is_an_idempotency_key_across_requests)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE "    payments: {key: one}\n", PAY_ONCE, FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 10);
    cr_assert_eq(till_of(&stage)->audit.sequence, 2);
    stage_end(&stage);
}

Test(payment_service, an_authorisation_reserves_a_capture_pays_and_a_refund_pays_back)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, "        - call: {to: pay.authorize, idempotent: true}\n"
                                 "        - sleep: 100ms\n"
                                 "        - call: {to: pay.capture, idempotent: true}\n"
                                 "        - sleep: 100ms\n"
                                 "        - call: {to: pay.refund, idempotent: true}\n"
                                 "        - call: {to: pay.status, idempotent: true}\n"
                                 "        - reply: 0\n", FAST));
    stage_run(&stage, 1050 * TIME_MS);
    int64_t pending = 0;
    for (int i = 0; i < PAYMENT_CURRENCIES; i++) {
        pending += payment_ledger_pending(&till_of(&stage)->ledger, (enum payment_currency)i);
    }
    cr_assert_gt(pending, 0);
    stage_run(&stage, 1500 * TIME_MS);
    const struct payment *payment = payment_book_at(&till_of(&stage)->book, 0);
    cr_assert_eq(payment->state, PAYMENT_STATE_REFUNDED);
    cr_assert_eq(payment_ledger_balance(&till_of(&stage)->ledger,
                                        (enum payment_currency)payment->currency,
                                        payment->customer), 0);
    cr_assert_eq(till_of(&stage)->audit.sequence, 4);
    cr_assert_eq(stage_count(&stage, "pay", "status", STATUS_OK), 1);
    // A capture needs no screening: 6 ms, which is its settlement's latency.
    cr_assert_float_eq(stage_metric(&stage, "pay", "settlement_p95"), 0.006, 1e-9);
    stage_end(&stage);
}

Test(payment_service, a_refund_that_names_no_payment_takes_a_past_one_once)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, "        - choose:\n"
                                 "            50%: [{call: {to: pay.pay, idempotent: true}}]\n"
                                 "            otherwise: [{call: {to: pay.refund, idempotent: "
                                 "true}}, {call: {to: pay.refund, idempotent: true}}]\n"
                                 "        - reply: 0\n", FAST));
    stage_run(&stage, 1000500 * TIME_MS);
    const uint64_t paid = stage_count(&stage, "pay", "pay", STATUS_OK);
    const uint64_t refunded = stage_count(&stage, "pay", "refund", STATUS_OK);
    cr_assert_gt(refunded, 700);
    cr_assert_leq(refunded, 2 * paid);
    cr_assert_eq(till_of(&stage)->audit.sequence, 2 * paid + refunded / 2);
    stage_end(&stage);
}

Test(payment_service, batches_settle_what_was_captured_before_them)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE "    settlement: batch\n    settle_every: 4500ms\n",
                                 PAY_ONCE, FAST));
    stage_run(&stage, 4400 * TIME_MS);
    cr_assert_eq(till_of(&stage)->book.unsettled_count, 4);
    cr_assert_gt(sum_of_clearing(&stage), 0);
    stage_run(&stage, 4600 * TIME_MS);
    // Signed and written in 5 ms: done at 4,505 ms; the first payment came at 1 s, the last at 4 s.
    cr_assert_eq(till_of(&stage)->book.unsettled_count, 0);
    cr_assert_eq(till_of(&stage)->settlement.maximum, 3505 * TIME_MS);
    cr_assert_eq(till_of(&stage)->settlement.minimum, 505 * TIME_MS);
    cr_assert_eq(sum_of_clearing(&stage), 0);
    stage_end(&stage);
}

// ---- declined, refused, unknown ---------------------------------------------------------------

Test(payment_service, a_declined_payment_moves_nothing_and_its_answer_is_stored)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE "    declined: 100%\n",
                                 TWICE("{to: pay.pay, idempotent: true}", "50ms"), FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_INVALID), 20);
    cr_assert_eq(stage_metric(&stage, "pay", "declined_ratio"), 0.5);
    cr_assert_eq(till_of(&stage)->ledger.posted, 0);
    stage_end(&stage);
}

Test(payment_service, customers_without_money_are_declined)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE "    payments: {amount: 60, eur: 0%, btc: 0%, "
                                 "customer: one}\n", PAY_ONCE, FAST));
    struct payment_service *service = stage_component(&stage, "pay")->state;
    service->till.ledger.limited = true;
    const struct payment_transfer gift = {
        PAYMENT_USD, PAYMENT_BANK, payment_ledger_customer(&service->till.ledger, 1), 200};
    payment_ledger_move(&service->till.ledger, &gift);
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 3);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_INVALID), 7);
    stage_end(&stage);
}

#define LOSES "{sleep: 1s}, "
#define IMPATIENT "    store: {to: store.write, timeout: 100ms}\n"

Test(payment_service, a_write_without_an_answer_is_read_back)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(IMPATIENT "    lookup_endpoint: store.read\n", PAY_ONCE, LOSES));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 10);
    cr_assert_eq(stage_meter(&stage, "pay", "pay")->latency.maximum, (7 + 100 + 1) * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "pay", "unknown_writes"), 10);
    stage_end(&stage);
}

Test(payment_service, what_is_not_found_is_void_and_may_be_paid_again)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(IMPATIENT "    lookup_endpoint: store.absent\n",
                                 TWICE("{to: pay.pay, idempotent: true}", "500ms"), LOSES));
    stage_run(&stage, 10900 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_UNAVAILABLE), 20);
    cr_assert_eq(stage_metric(&stage, "pay", "replayed_ratio"), 0);
    cr_assert_eq(till_of(&stage)->ledger.posted, 0);
    cr_assert_eq(till_of(&stage)->reserved[PAYMENT_USD], 0);
    stage_end(&stage);
}

Test(payment_service, a_payment_stays_open_until_reconciliation_learns_its_fate)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(IMPATIENT, TWICE("{to: pay.pay, idempotent: true}", "300ms"),
                                 FAST));
    struct node *store = &stage_component(&stage, "store")->nodes[0];
    stage_run(&stage, 1006 * TIME_MS);
    node_pause(store);
    stage_run(&stage, 1400 * TIME_MS);
    // 207 ms after its arrival both writes have timed out; the repeat meets an open payment.
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_INDETERMINATE), 1);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_CONFLICT), 1);
    cr_assert_eq(stage_metric(&stage, "pay", "open"), 1);
    node_resume(store);
    stage_run(&stage, 3500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "pay", "open"), 0);
    cr_assert_eq(stage_metric(&stage, "pay", "reconciled"), 1);
    cr_assert_eq(payment_book_at(&till_of(&stage)->book, 0)->state, PAYMENT_STATE_SETTLED);
    stage_end(&stage);
}

Test(payment_service, payments_that_cannot_be_screened_fail_closed_or_open)
{
    for (int open = 0; open <= 1; open++) {
        struct stage stage;
        stage_begin(&stage, open ? PAYMENTS(STORE "    fraud_open: true\n", PAY_ONCE, FAST)
                                 : PAYMENTS(STORE, PAY_ONCE, FAST));
        node_kill(&stage_component(&stage, "fraud")->nodes[0], false);
        stage_run(&stage, 10500 * TIME_MS);
        cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), open ? 10 : 0);
        cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_UNAVAILABLE), open ? 0 : 10);
        stage_end(&stage);
    }
}

// ---- crashes ----------------------------------------------------------------------------------

Test(payment_service, a_crash_before_the_write_leaves_nothing_behind)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, TWICE("{to: pay.pay, idempotent: true}", "500ms"), FAST));
    stage_run(&stage, 1006 * TIME_MS); // being signed, its money reserved
    struct node *node = &stage_component(&stage, "pay")->nodes[0];
    node_kill(node, false);
    cr_assert_eq(till_of(&stage)->reserved[PAYMENT_USD] + till_of(&stage)->reserved[PAYMENT_EUR] +
                 till_of(&stage)->reserved[PAYMENT_BTC], 0);
    node_restart(node);
    stage_run(&stage, 1900 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_OK), 1);
    cr_assert_eq(payment_book_at(&till_of(&stage)->book, 0)->charges, 1);
    stage_end(&stage);
}

Test(payment_service, a_crash_during_the_write_leaves_the_payment_open)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE, TWICE("{to: pay.pay, idempotent: true}", "50ms"), FAST));
    stage_run(&stage, 1008 * TIME_MS); // being written
    struct node *node = &stage_component(&stage, "pay")->nodes[0];
    node_kill(node, false);
    node_restart(node);
    cr_assert_eq(stage_metric(&stage, "pay", "open"), 1);
    stage_run(&stage, 1100 * TIME_MS);
    cr_assert_eq(stage_count(&stage, "pay", "pay", STATUS_CONFLICT), 1);
    stage_run(&stage, 4500 * TIME_MS);
    cr_assert_eq(stage_metric(&stage, "pay", "open"), 0);
    cr_assert_eq(payment_book_at(&till_of(&stage)->book, 0)->charges, 1);
    stage_end(&stage);
}

Test(payment_service, a_deserted_work_is_swept)
{
    struct stage stage;
    stage_begin(&stage, PAYMENTS(STORE "    reconcile: 100ms\n",
                                 "        - call: {to: pay.pay, timeout: 6ms, cancel: propagate}\n"
                                 "        - reply: 0\n", FAST));
    stage_run(&stage, 10500 * TIME_MS);
    cr_assert_eq(till_of(&stage)->book.works.live, 0);
    cr_assert_eq(till_of(&stage)->ledger.posted, 0);
    stage_end(&stage);
}

// ---- all at once ------------------------------------------------------------------------------

// Retries, time-outs, kills of every part and a slow store, for ten minutes.
static const char storm[] =
    "orrery: v1\nname: t\nsimulation: {duration: 10m, warmup: 0, seed: 7, replications: 1}\n"
    "components:\n"
    "  pay:\n    kind: payment-service\n    replicas: 3\n    cores: 2\n"
    "    fraud: {to: fraud.score, timeout: 20ms}\n"
    "    store: {to: store.write, timeout: 15ms, retry: {attempts: 2, backoff: 5ms}}\n"
    "    accounts: {customers: 20, merchants: 3, opening: 1G}\n"
    "    declined: 2%\n    settlement: batch\n    settle_every: 200ms\n"
    "    payments: {remember: 30s}\n"
    "  fraud: {kind: service, cores: 1, replicas: 2, operations: {score: [{cpu: exp(mean=1ms)}, "
    "{reply: 0}]}}\n"
    "  store: {kind: service, cores: 1, operations: {write: [{cpu: exp(mean=1ms)}, {reply: 0}]}}\n"
    "  shop:\n    kind: service\n    operations:\n"
    "      buy: [{call: {to: pay.pay, idempotent: true, timeout: 60ms, deadline: 400ms, "
    "retry: {attempts: 4, backoff: 20ms, on: [timeout, unavailable, reset, conflict, "
    "indeterminate]}}}]\n"
    "      hold: [{call: {to: pay.authorize, timeout: 60ms, cancel: propagate, "
    "retry: {attempts: 3, backoff: 20ms}}}, "
    "{sleep: exp(mean=1s)}, {call: {to: pay.capture, timeout: 60ms}}, {sleep: 1s}, {call: {to: "
    "pay.refund, timeout: 60ms}}]\n"
    "workloads:\n"
    "  buyers: {target: shop.buy, rate: 120/s}\n"
    "  guests: {target: shop.hold, rate: 30/s}\n"
    "faults:\n"
    "  - {name: pay, action: kill, select: {component: pay}, mode: one, mtbf: exp(mean=10s), mttr: "
    "exp(mean=2s)}\n"
    "  - {name: store, action: kill, select: {component: store}, mtbf: exp(mean=20s), mttr: "
    "exp(mean=500ms)}\n"
    "  - {name: slow, action: slow, select: {component: store}, factor: 3, at: 60s, "
    "duration: 30s}\n"
    "  - {name: fraud, action: pause, select: {component: fraud}, mode: one, at: 200s, duration: "
    "20s}\n"
    "slos: [{name: s, target: buyers, objectives: [\"success >= 1%\"]}]\n";

Test(payment_service, in_a_storm_of_faults_every_invariant_holds)
{
    struct stage stage;
    stage_begin(&stage, storm);
    for (int64_t now = 0; now < 600 * TIME_S; now += 20 * TIME_S) {
        stage_run(&stage, now + 20 * TIME_S);
        payment_till_check(till_of(&stage));
    }
    cr_assert_gt(stage_count(&stage, "pay", "pay", STATUS_OK), 20000);
    cr_assert_gt(stage_metric(&stage, "pay", "unknown_writes"), 1000);
    cr_assert_gt(stage_metric(&stage, "pay", "reconciled"), 100);
    cr_assert_gt(stage_metric(&stage, "pay", "replayed_ratio"), 0);
    cr_assert_lt(till_of(&stage)->book.next - till_of(&stage)->book.oldest, 100000);
    stage_end(&stage);
}
