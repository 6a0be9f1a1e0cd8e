/* SPDX-License-Identifier: Apache-2.0 */
/* Native descriptors given away and taken over, where the backend can. */
#include "tests/conformance/peers.h"

/* An adopt that fails leaves the descriptor as it was: with an error injected it is good at the second attempt. */
static int adopt(firth_scope *scope, intptr_t native, firth_socket **adopted)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    int rc = firth_tcp_adopt(&tcp, native, adopted);

    if (rc < 0 && fth_kit.tolerate)
        rc = firth_tcp_adopt(&tcp, native, adopted);
    TRY(rc);
    firth_scope_own_socket(scope, *adopted);
    return FIRTH_OK;
}

static int a_released_socket_can_be_adopted_and_goes_on(firth_scope *scope)
{
    firth_socket *adopted;
    intptr_t native = -1;
    char line[16];
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_write_string(pair.a_out, "first\n"));
    EXPECT_RESULT(firth_read_line(pair.b_in, line, sizeof line), 5);
    TRY(firth_socket_release(pair.b, &native));
    EXPECT(native != -1);
    TRY(adopt(scope, native, &adopted));
    TRY(firth_write_string(pair.a_out, "second\n"));
    TRY(firth_flush(pair.a_out));
    EXPECT_RESULT(firth_read_line(firth_socket_input(adopted), line, sizeof line), 6);
    PROMISE(memcmp(line, "second", 6) == 0);
    TRY(firth_write_string(firth_socket_output(adopted), "third\n"));
    TRY(firth_flush(firth_socket_output(adopted)));
    EXPECT_RESULT(firth_read_line(pair.a_in, line, sizeof line), 5);
    return FIRTH_OK;
}

static int a_socket_released_after_a_wait_is_forgotten(firth_scope *scope)
{
    uint8_t *byte = fth_kit_keep(1);

    for (int i = 0; i < 10; i++) {
        kit_attempt *reading = fth_kit_attempt(fth_kit_read);
        firth_socket *adopted;
        intptr_t native;
        kit_pair pair;

        TRY(fth_kit_pair(scope, &pair));
        reading->socket = pair.b;
        reading->bytes = byte;
        reading->size = 1;
        TRY(fth_kit_start(scope, reading));
        TRY(firth_yield());
        fth_kit_cancel(reading);
        TRY(fth_kit_await(&reading->ended));
        TRY(firth_write(pair.a_out, "x", 1));
        TRY(firth_flush(pair.a_out));
        TRY(firth_socket_release(pair.b, &native));
        TRY(adopt(scope, native, &adopted));
        EXPECT_RESULT(firth_read(firth_socket_input(adopted), byte, 1), 1);
        firth_socket_abort(adopted);
        firth_socket_abort(pair.a);
    }
    return FIRTH_OK;
}

/* Whoever takes an IPv6 socket over asks the system which class it has, and not the one that is for IPv4: what was set on
 * an accepted one has to be there. */
static int the_traffic_class_of_an_accepted_ipv6_socket_is_the_systems(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *adopted;
    intptr_t native;
    kit_pair pair;
    int value = -1, rc;

    if (!fth_kit_has_ipv6(scope))
        return fth_kit_not_applicable("IPv6");
    TRY(fth_kit_pair_at(scope, &tcp, "::1", &pair));
    rc = firth_socket_set_option(pair.b, FIRTH_OPTION_TRAFFIC_CLASS, 0x28);
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        return fth_kit_not_applicable("option traffic_class");
    TRY(rc);
    TRY(firth_socket_get_option(pair.b, FIRTH_OPTION_TRAFFIC_CLASS, &value));
    EXPECT_RESULT(value, 0x28);
    TRY(firth_socket_release(pair.b, &native));
    TRY(adopt(scope, native, &adopted));
    TRY(firth_socket_get_option(adopted, FIRTH_OPTION_TRAFFIC_CLASS, &value));
    EXPECT_RESULT(value, 0x28);
    return FIRTH_OK;
}

static int what_is_no_socket_is_not_adopted(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *socket;

    EXPECT(firth_tcp_adopt(&tcp, -1, &socket) < 0);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

const kit_case fth_kit_adopt_cases[] = {
    KIT_CASE_WITH(a_released_socket_can_be_adopted_and_goes_on, .body = a_released_socket_can_be_adopted_and_goes_on,
                  .needs = FIRTH_CAN_ADOPT, .plain = KIT_DESCRIPTORS),
    KIT_CASE_WITH(a_socket_released_after_a_wait_is_forgotten, .body = a_socket_released_after_a_wait_is_forgotten,
                  .needs = FIRTH_CAN_ADOPT, .plain = KIT_DESCRIPTORS),
    KIT_CASE_WITH(the_traffic_class_of_an_accepted_ipv6_socket_is_the_systems,
                  .body = the_traffic_class_of_an_accepted_ipv6_socket_is_the_systems, .needs = FIRTH_CAN_ADOPT,
                  .plain = KIT_DESCRIPTORS),
    KIT_CASE_WITH(what_is_no_socket_is_not_adopted, .body = what_is_no_socket_is_not_adopted, .needs = FIRTH_CAN_ADOPT,
                  .plain = KIT_DESCRIPTORS),
    {.name = NULL},
};
