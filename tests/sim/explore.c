/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/explore.h"

explored it;

bool explore_is_late;

/* ---- tools ------------------------------------------------------------------------------------------------------- */

void explore_pass(int64_t ms)
{
    here.client->polling = here.server->polling = true;
    if (firth_sim_run_for(here.sim, ms) < 0)
        (void)support_failed(__FILE__, __LINE__, "firth_sim_run_for");
    here.client->polling = here.server->polling = false;
}

bool explore_step(void)
{
    int64_t next_ns = fth_timers_next_ns(&here.sim->timers);

    if (next_ns != INT64_MAX)
        explore_pass((next_ns - firth_sim_now_ns(here.sim) + 999999) / 1000000);
    return next_ns != INT64_MAX;
}

int explore_run(int64_t ms)
{
    return firth_sim_run_for(here.sim, ms) < 0 ? FIRTH_ERR_USER : FIRTH_OK;
}

int explore_spawn(firth_task_fn *fn)
{
    return firth_spawn(firth_selector_scope(it.selector), fn, NULL, NULL);
}

static void turn(void)
{
    if (firth_selector_poll(it.selector, 0) < 0)
        (void)support_failed(__FILE__, __LINE__, "firth_selector_poll");
}

void explore_got(const void *bytes, size_t size)
{
    it.is_wrong = it.is_wrong || !support_is_filled(bytes, size, it.got);
    it.got += size;
}

void explore_peer_ignore(firth_op *op)
{
    (void)op;
}

int64_t explore_peer_send(size_t size)
{
    unsigned char bytes[STREAM_BYTES];
    firth_buffer piece = {bytes, size};
    firth_op op = {.kind = FIRTH_OP_SEND, .attempt_only = true, .piece_count = 1, .io = &it.peer};

    support_fill(bytes, size, it.peer_sent);
    op.with.pieces = &piece;
    (void)firth_backend_sim.submit(&op);
    if (op.result > 0)
        it.peer_sent += (size_t)op.result;
    return op.result;
}

int64_t explore_peer_receive(size_t most)
{
    unsigned char bytes[STREAM_BYTES];
    firth_buffer piece = {bytes, most};
    firth_op op = {.kind = FIRTH_OP_RECEIVE, .attempt_only = true, .piece_count = 1, .io = &it.peer};

    op.with.pieces = &piece;
    (void)firth_backend_sim.submit(&op);
    if (op.result > 0) {
        it.is_wrong = it.is_wrong || !support_is_filled(bytes, (size_t)op.result, it.peer_got);
        it.peer_got += (size_t)op.result;
    }
    return op.result;
}

void explore_peer_close(firth_close_how how)
{
    if (it.has_peer)
        firth_backend_sim.socket_close(&it.peer, how);
    it.has_peer = false;
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

static int operate(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = DEADLINE_MS};
    firth_scope within;
    int64_t rc;
    int closed;

    (void)argument;
    firth_scope_open(&within, scope, &limit);
    it.scope = &within;
    it.is_running = true;
    rc = it.kind->operate(&within);
    it.is_running = false;
    it.scope = NULL;
    it.results[it.ended++] = rc;
    closed = firth_scope_close(&within, rc < 0 ? (int)rc : FIRTH_OK);
    EXPECT(closed == FIRTH_OK || closed == FIRTH_ERR_TIMED_OUT || closed == (int)rc);
    return FIRTH_OK;
}

static int close_it(firth_scope *scope, void *argument)
{
    firth_socket *socket = it.socket;
    firth_server *server = it.server;
    firth_datagram_socket *datagrams = it.datagrams;

    (void)scope;
    (void)argument;
    it.socket = NULL;
    it.server = NULL;
    it.datagrams = NULL;
    firth_server_close(server);
    firth_datagram_socket_close(datagrams);
    it.close_result = firth_socket_close(socket);
    it.closers--;
    return FIRTH_OK;
}

int explore_close_rest(void)
{
    if (it.is_closed)
        return FIRTH_OK;
    it.is_closed = true;
    it.closers++;
    return explore_spawn(close_it);
}

static void abort_it(void)
{
    firth_server_close(it.server);
    firth_socket_abort(it.socket);
    firth_datagram_socket_close(it.datagrams);
    it.socket = NULL;
    it.server = NULL;
    it.datagrams = NULL;
}

static void act_late(void *argument)
{
    int late = it.late;

    (void)argument;
    it.late = 0;
    if (late == ACT_CANCEL_LATE && it.scope != NULL)
        firth_scope_cancel(it.scope);
    else if (late == ACT_ABORT_LATE)
        abort_it();
}

static void post_late(void)
{
    if (firth_selector_post(it.selector, act_late, NULL) < 0)
        (void)support_failed(__FILE__, __LINE__, "firth_selector_post");
}

static bool is_open(void)
{
    return !it.is_closed && (it.socket != NULL || it.server != NULL || it.datagrams != NULL);
}

static bool is_possible(int action)
{
    switch (action) {
    case ACT_SUBMIT:
        return it.submits < SUBMITS_MAX && !it.is_running && !it.is_closed && it.late == 0;
    case ACT_CANCEL:
    case ACT_CANCEL_LATE:
    case ACT_DEADLINE:
        return it.is_running && it.late == 0;
    case ACT_CLOSE:
    case ACT_ABORT:
    case ACT_ABORT_LATE:
        return is_open() && it.late == 0;
    default:
        return true;
    }
}

static void act_on_subject(int action)
{
    switch (action) {
    case ACT_SUBMIT:
        it.submits++;
        it.deadline_ns = firth_sim_now_ns(here.sim) + DEADLINE_MS * (int64_t)1000000;
        if (explore_spawn(operate) < 0)
            (void)support_failed(__FILE__, __LINE__, "firth_spawn");
        turn();
        break;
    case ACT_CANCEL:
        firth_scope_cancel(it.scope);
        break;
    case ACT_CLOSE:
        it.is_closed = true;
        it.closers++;
        if (explore_spawn(close_it) < 0)
            (void)support_failed(__FILE__, __LINE__, "firth_spawn");
        break;
    case ACT_ABORT:
        it.is_closed = it.is_aborted = true;
        abort_it();
        break;
    case ACT_ABORT_LATE:
        it.is_closed = it.is_aborted = true;
        it.late = action;
        explore_law_after_poll(post_late);
        break;
    case ACT_CANCEL_LATE:
        it.late = action;
        explore_law_after_poll(post_late);
        break;
    default:
        turn();
    }
}

static void act(int action)
{
    switch (action) {
    case ACT_PARTIAL:
        it.kind->partial();
        break;
    case ACT_COMPLETE:
        it.kind->complete();
        break;
    case ACT_LOSS:
        it.kind->lose();
        break;
    case ACT_RESET:
        it.kind->reset();
        break;
    case ACT_END:
        it.kind->end();
        break;
    case ACT_DEADLINE:
        explore_pass(DEADLINE_MS);
        break;
    default:
        act_on_subject(action);
    }
}

/* ---- one order, from the start ------------------------------------------------------------------------------------- */

static void open_world(void)
{
    firth_selector_options selector = support_options();
    firth_sim_host_options options = firth_sim_host_defaults();

    explore_law_reset();
    world_open(1);
    selector.backend = &explore_backend;
    selector.block_bytes = BUFFER_BYTES;
    options.selector = &selector;
    options.name = "subject";
    options.addresses[0] = "10.0.0.9";
    options.faults.late_cancel = explore_is_late ? 1 : 0;
    options.faults.would_block = it.kind->is_delayed ? 1 : 0;
    options.faults.send_buffer_bytes = BUFFER_BYTES;
    options.faults.receive_buffer_bytes = WIDE_BYTES;
    assert_int_equal(firth_sim_host_close(here.client), FIRTH_OK);
    assert_int_equal(firth_sim_host_open(here.sim, &options, &here.client), FIRTH_OK);
    assert_int_equal(firth_sim_host_set_faults(here.server, &(firth_sim_faults){.send_buffer_bytes = WIDE_BYTES,
                                                                                .receive_buffer_bytes = BUFFER_BYTES}),
                     FIRTH_OK);
    it.host = here.client;
    it.peer_host = here.server;
    it.selector = firth_sim_host_selector(it.host);
}

static unsigned possible_actions(void)
{
    unsigned mask = 0;

    for (unsigned i = 0; it.kind->actions[i] != '\0'; i++)
        if (is_possible(it.kind->actions[i]))
            mask |= 1u << i;
    return mask;
}

static int finish(void)
{
    while (it.late != 0)
        turn();
    /* An abort waits for nobody. */
    if (it.is_aborted) {
        EXPECT_EQUAL(explore_run(1), FIRTH_OK);
        EXPECT_EQUAL(firth_sim_host_descriptors(it.host), 0);
    }
    EXPECT_EQUAL(it.kind->finish(), FIRTH_OK);
    EXPECT(!it.is_wrong);
    EXPECT_EQUAL(it.ended, it.submits);
    EXPECT_EQUAL(it.closers, 0);
    EXPECT_EQUAL(explore_law_all_ended(), FIRTH_OK);
    return world_close();
}

/* Plays an order; what state it leads to and what could come next is told. */
int explore_play(const explored_kind *kind, const char *order, uint64_t *state, unsigned *next)
{
    memset(&it, 0, sizeof it);
    it.kind = kind;
    open_world();
    EXPECT_EQUAL(kind->open(), FIRTH_OK);
    for (; *order != '\0'; order++) {
        act(*order);
        EXPECT_EQUAL(explore_law_check(), FIRTH_OK);
    }
    *state = explore_state();
    *next = possible_actions();
    return finish();
}
