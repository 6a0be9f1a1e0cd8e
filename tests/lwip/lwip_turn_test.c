/* SPDX-License-Identifier: Apache-2.0 */
/* What a turn of the loop costs: how often it asks the drivers, and how many frames it sends. A slow machine may need
 * more, so it is enough that some turn needs no more. */
#include <lwip/tcp.h>
#include <time.h>

#include "tests/lwip/talk.h"

/* ---- drivers ----------------------------------------------------------------------------------------------------- */

static bool count(firth_lwip_driver *driver)
{
    *(int *)driver->argument += 1;
    return false;
}

/* There is none before the sleep that would find nothing. */
TASK_TEST(a_sleep_of_the_loop_is_one_turn_of_the_drivers)
{
    enum { SLEEPS = 1000 };
    int turns = 0, before = 0, sleeps = 0;
    firth_lwip_driver driver = {.poll = count, .argument = &turns, .descriptor = -1};

    firth_lwip_driver_add(&driver);
    while (turns - before != 1 && sleeps++ < SLEEPS) {
        before = turns;
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    }
    firth_lwip_driver_remove(&driver);
    EXPECT_EQUAL(turns - before, 1);
    return FIRTH_OK;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* A frame that the peer sends back. When the thread has slept, its answer is there and lwIP's timers are due. */
static int ask_late(firth_socket *socket)
{
    static uint8_t bytes[TCP_MSS];
    const struct timespec pause = {.tv_nsec = 2 * TCP_TMR_INTERVAL * 1000000L};

    EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, sizeof bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    (void)nanosleep(&pause, NULL);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), bytes, sizeof bytes), sizeof bytes);
    return FIRTH_OK;
}

/* lwIP acknowledges by a timer what nobody has answered: until in a row of questions each was one frame. */
TALK_TEST(timers_that_are_due_leave_a_task_the_time_to_answer)
{
    enum { QUESTIONS = 4, ROWS = 30 };
    firth_socket *socket;
    unsigned sent = 0;

    EXPECT_EQUAL(talk_connect(scope, "10.0.0.2", PEER_ECHO, &socket), FIRTH_OK);
    for (int rows = 0; rows < ROWS && sent != QUESTIONS; rows++) {
        sent = talk_wire.sent;
        for (int i = 0; i < QUESTIONS; i++)
            EXPECT_EQUAL(ask_late(socket), FIRTH_OK);
        sent = talk_wire.sent - sent;
    }
    EXPECT_EQUAL(sent, QUESTIONS);
    return firth_socket_close(socket);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sleep_of_the_loop_is_one_turn_of_the_drivers),
        TALK_PLUGGED(timers_that_are_due_leave_a_task_the_time_to_answer),
    };
    int code;

    if (peer_is_asked_for(argc, argv, &code))
        return code;
    return support_main(argc, argv, "lwip_turn", tests, sizeof tests / sizeof tests[0]);
}
