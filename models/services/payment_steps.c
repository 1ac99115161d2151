// payment_steps - the steps of a payment: claim, screen, reserve, sign, write, post, tell.
#include "models/services/payment_steps.h"

#include "models/services/payment_works.h"

static const struct payment_configuration *configuration_of(const struct node *node)
{
    return node->component->design->configuration;
}

static struct payment_service *state_of(const struct node *node)
{
    return node->component->state;
}

static struct payment_work *work_of(const struct visit *visit)
{
    return payment_book_work(&state_of(visit->node)->till.book, visit->value);
}

static struct payment *payment_of(const struct visit *visit)
{
    return payment_book_at(&state_of(visit->node)->till.book, work_of(visit)->payment);
}

static void count(const struct node *node, uint64_t *counter)
{
    *counter += node->world->measuring;
}

static enum payment_action action_of(const struct visit *visit)
{
    return (enum payment_action)work_of(visit)->action;
}

static enum outcome give_up(struct visit *visit, enum status status)
{
    struct payment_till *till = &state_of(visit->node)->till;
    payment_till_void(till, payment_of(visit), action_of(visit));
    payment_works_end(visit->node, till, work_of(visit));
    visit->value = 0;
    return step_fail(visit, status);
}

static enum outcome decline(struct visit *visit)
{
    struct payment_service *state = state_of(visit->node);
    payment_till_decline(&state->till, payment_of(visit), action_of(visit));
    count(visit->node, &state->counts.declined);
    payment_works_end(visit->node, &state->till, work_of(visit));
    visit->value = 0;
    return step_fail(visit, STATUS_INVALID);
}

static enum outcome leave_open(struct visit *visit)
{
    struct payment_work *work = work_of(visit);
    if (work->phase != PAYMENT_PHASE_UNRESOLVED) {
        payment_book_leave_open(&state_of(visit->node)->till.book, work);
    }
    work->adopted = false;
    visit->value = 0;
    return step_fail(visit, STATUS_INDETERMINATE);
}


// ---- steps --------------------------------------------------------------------------

static enum outcome receive(struct visit *visit)
{
    const struct payment_replica *replica = visit->node->state;
    count(visit->node, &state_of(visit->node)->counts.requests);
    return step_cpu(visit, distribution_draw(&configuration_of(visit->node)->work,
                                             replica->stream));
}

static enum outcome replay(struct visit *visit, const struct payment *payment, uint8_t stored)
{
    const enum status status = (enum status)(stored - 1);
    count(visit->node, &state_of(visit->node)->counts.replayed);
    if (status == STATUS_OK && !payment->audited) {
        world_hold(visit->node->world, "answers-recorded", false, "payment %llx has no record",
                   (unsigned long long)payment->id);
    }
    return step_reply_bytes(visit, status, configuration_of(visit->node)->bytes);
}

// Somebody is at work on the payment, or its last write is open.
static enum outcome meet_other(struct visit *visit, struct payment_work *work)
{
    struct payment_service *state = state_of(visit->node);
    if (payment_works_is_deserted(visit->node->world, work)) {
        payment_works_abandon(visit->node, &state->till, work);
        return step_jump(visit, visit->step);
    }
    if (configuration_of(visit->node)->duplicate == PAYMENT_DUPLICATE_CONFLICT) {
        count(visit->node, &state->counts.conflicts);
        return step_fail(visit, STATUS_CONFLICT);
    }
    payment_book_wait(&state->till.book, work, visit_ticket(visit));
    step_wait(visit);
    return OUTCOME_AGAIN;
}

static enum outcome begin_work(struct visit *visit, struct payment *payment,
                               enum payment_action action)
{
    if (!payment_till_allows(payment, action)) {
        return step_fail(visit, STATUS_INVALID);
    }
    struct payment_work *work =
        payment_book_begin(&state_of(visit->node)->till.book, payment);
    work->replica = visit->node->replica;
    work->request = visit->request;
    work->visit = visit->number;
    work->action = (uint8_t)action;
    visit->value = work->number;
    if (action == PAYMENT_CAPTURE || action == PAYMENT_PAY) {
        payment->since_ns = visit->began_ns;
    }
    return step_next(visit);
}

static enum outcome claim(struct visit *visit)
{
    struct payment_service *state = state_of(visit->node);
    const enum payment_action action = (enum payment_action)visit->operation->number;
    struct payment *payment = payment_desk_find(&state->desk, visit, action);
    if (payment == NULL) {
        return step_fail(visit, STATUS_INVALID);
    }
    if (payment->work != 0) {
        return meet_other(visit, payment_book_work(&state->till.book, payment->work));
    }
    const uint8_t stored = payment->answers[action];
    return stored != 0 ? replay(visit, payment, stored) : begin_work(visit, payment, action);
}

static enum outcome screen(struct visit *visit)
{
    const struct call_design *fraud = &configuration_of(visit->node)->fraud;
    visit->status = STATUS_OK;
    return fraud->operation == NULL ? step_next(visit) : step_call(visit, fraud);
}

static enum outcome judge_screening(struct visit *visit)
{
    const struct payment_configuration *configuration = configuration_of(visit->node);
    const uint64_t chance = digest_mix(payment_of(visit)->id, ~visit->node->world->key);
    if (visit->status == STATUS_INVALID || digest_unit(chance) < configuration->declined) {
        return decline(visit);
    }
    if (status_is_good((enum status)visit->status) || configuration->fraud_open) {
        return step_next(visit);
    }
    return give_up(visit, STATUS_UNAVAILABLE);
}

static enum outcome reserve(struct visit *visit)
{
    struct payment_till *till = &state_of(visit->node)->till;
    const bool enough = payment_till_reserve(till, payment_of(visit), action_of(visit));
    return enough ? step_next(visit) : decline(visit);
}

static enum outcome sign(struct visit *visit)
{
    const struct payment_replica *replica = visit->node->state;
    const struct distribution *time = &configuration_of(visit->node)->hsm.sign;
    struct station *hsm = &visit->node->devices[state_of(visit->node)->hsm];
    return station_serve(hsm, visit, distribution_draw(time, replica->stream));
}

static enum outcome write(struct visit *visit)
{
    const struct call_design *store = &configuration_of(visit->node)->store;
    if (visit->value != 0) {
        work_of(visit)->phase = PAYMENT_PHASE_WRITING;
    }
    visit->status = STATUS_OK;
    return store->operation == NULL ? step_next(visit) : step_call(visit, store);
}

static enum outcome judge_write(struct visit *visit)
{
    const enum status status = (enum status)visit->status;
    switch (status_table[status].result) {
    case RESULT_FAILED:
        return give_up(visit, status == STATUS_CONFLICT ? STATUS_CONFLICT : STATUS_UNAVAILABLE);
    case RESULT_UNKNOWN:
        count(visit->node, &state_of(visit->node)->counts.unknown);
        break;
    case RESULT_OK:
        break;
    }
    return step_next(visit);
}

static enum outcome read_back(struct visit *visit)
{
    const struct payment_configuration *configuration = configuration_of(visit->node);
    if (status_is_good((enum status)visit->status)) {
        return step_next(visit);
    }
    const bool reads = configuration->lookup_endpoint.operation != NULL;
    return step_call(visit, reads ? &configuration->lookup_endpoint : &configuration->store);
}

static enum outcome judge_read_back(struct visit *visit)
{
    const enum status status = (enum status)visit->status;
    const bool reads = configuration_of(visit->node)->lookup_endpoint.operation != NULL;
    if (status == STATUS_MISS && reads) {
        return give_up(visit, STATUS_UNAVAILABLE);
    }
    return status_is_good(status) ? step_next(visit) : leave_open(visit);
}

static enum outcome post(struct visit *visit)
{
    struct payment_service *state = state_of(visit->node);
    struct payment *payment = payment_of(visit);
    payment_till_post(&state->till, payment, action_of(visit));
    if (visit->operation->number == PAYMENT_RECONCILE) {
        count(visit->node, &state->counts.reconciled);
    }
    payment_works_end(visit->node, &state->till, work_of(visit));
    visit->value = 0;
    return step_next(visit);
}

static enum outcome publish(struct visit *visit)
{
    const struct call_design *events = &configuration_of(visit->node)->events;
    visit->status = STATUS_OK;
    if (events->operation == NULL) {
        return step_next(visit);
    }
    if (events->wait || visit->operation->number == PAYMENT_TELL) {
        return step_call(visit, events);
    }
    node_begin_visit(visit->node, &payment_steps_operations[PAYMENT_TELL], visit->request);
    return step_next(visit);
}

static enum outcome answer(struct visit *visit)
{
    if (!status_is_good((enum status)visit->status)) {
        count(visit->node, &state_of(visit->node)->counts.untold);
    }
    return step_reply_bytes(visit, STATUS_OK, configuration_of(visit->node)->bytes);
}

static enum outcome look_up(struct visit *visit)
{
    const struct call_design *lookup = &configuration_of(visit->node)->lookup_endpoint;
    visit->status = STATUS_OK;
    return lookup->operation == NULL ? step_next(visit) : step_call(visit, lookup);
}

static enum outcome tell_status(struct visit *visit)
{
    const struct payment_service *state = state_of(visit->node);
    if (!status_is_good((enum status)visit->status)) {
        return step_fail(visit, STATUS_UNAVAILABLE);
    }
    const bool known = payment_desk_named(&state->desk, visit) != NULL;
    return step_reply_bytes(visit, known ? STATUS_OK : STATUS_MISS,
                            configuration_of(visit->node)->bytes);
}

static enum outcome settle_batch(struct visit *visit)
{
    struct payment_service *state = state_of(visit->node);
    struct payment_book *book = &state->till.book;
    const bool good = status_is_good((enum status)visit->status);
    for (uint32_t i = 0; good && i < state->batch; i++) {
        payment_till_settle(&state->till, payment_book_at(book, book->unsettled[i]));
    }
    payment_book_settled(book, good ? state->batch : 0);
    state->batch = 0;
    return step_reply(visit, STATUS_OK);
}

// ---- operations ---------------------------------------------------------------------

static const struct step pay_steps[] = {
    {.name = "receive", .run = receive},
    {.name = "claim key", .run = claim},
    {.name = "screen", .run = screen},
    {.name = "judge screening", .run = judge_screening},
    {.name = "reserve", .run = reserve},
    {.name = "sign", .run = sign},
    {.name = "write", .run = write},
    {.name = "judge write", .run = judge_write},
    {.name = "read back", .run = read_back},
    {.name = "judge read back", .run = judge_read_back},
    {.name = "post", .run = post},
    {.name = "publish", .run = publish},
    {.name = "answer", .run = answer},
};

static const struct step change_steps[] = {
    {.name = "receive", .run = receive},
    {.name = "claim key", .run = claim},
    {.name = "reserve", .run = reserve},
    {.name = "sign", .run = sign},
    {.name = "write", .run = write},
    {.name = "judge write", .run = judge_write},
    {.name = "read back", .run = read_back},
    {.name = "judge read back", .run = judge_read_back},
    {.name = "post", .run = post},
    {.name = "publish", .run = publish},
    {.name = "answer", .run = answer},
};

static const struct step status_steps[] = {
    {.name = "receive", .run = receive},
    {.name = "look up", .run = look_up},
    {.name = "tell", .run = tell_status},
};

static enum outcome tell_written(struct visit *visit)
{
    return step_reply(visit, (enum status)visit->status);
}

static const struct step profile_steps[] = {
    {.name = "receive", .run = receive},
    {.name = "write", .run = write},
    {.name = "answer", .run = tell_written},
};

static const struct step settle_steps[] = {
    {.name = "sign batch", .run = sign},
    {.name = "write batch", .run = write},
    {.name = "settle", .run = settle_batch},
};

static const struct step reconcile_steps[] = {
    {.name = "read back", .run = read_back},
    {.name = "judge read back", .run = judge_read_back},
    {.name = "post", .run = post},
    {.name = "publish", .run = publish},
    {.name = "answer", .run = answer},
};

static const struct step tell_steps[] = {
    {.name = "publish", .run = publish},
    {.name = "answer", .run = answer},
};

const struct operation payment_steps_operations[PAYMENT_OPERATIONS] = {
    {.name = "authorize", .meaning = "screens a payment and reserves its money",
     .steps = pay_steps, .step_count = 13, .number = PAYMENT_AUTHORIZE},
    {.name = "capture", .meaning = "the customer pays what was authorised",
     .steps = change_steps, .step_count = 11, .number = PAYMENT_CAPTURE},
    {.name = "pay", .meaning = "authorises and captures at once", .steps = pay_steps,
     .step_count = 13, .number = PAYMENT_PAY},
    {.name = "refund", .meaning = "pays a settled payment back", .steps = change_steps,
     .step_count = 11, .number = PAYMENT_REFUND},
    {.name = "status", .meaning = "OK: the payment is known; MISS: it is not",
     .steps = status_steps, .step_count = 3, .number = PAYMENT_STATUS},
    {.name = "profile", .meaning = "takes in what has changed of a customer, as the store says",
     .steps = profile_steps, .step_count = 3, .number = PAYMENT_PROFILE},
    {.name = "settle", .meaning = "settles a batch of captured payments", .steps = settle_steps,
     .step_count = 3, .number = PAYMENT_SETTLE, .internal = true},
    {.name = "reconcile", .meaning = "finds out what became of an open write",
     .steps = reconcile_steps, .step_count = 5, .number = PAYMENT_RECONCILE, .internal = true},
    {.name = "tell", .meaning = "publishes a change", .steps = tell_steps, .step_count = 2,
     .number = PAYMENT_TELL, .internal = true},
};
