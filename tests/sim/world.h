/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds of two hosts to test in: "client", 10.0.0.1 and 2001:db8::1, and "server", 10.0.0.2 and 2001:db8::2. */
#ifndef FIRTH_TESTS_SIM_WORLD_H
#define FIRTH_TESTS_SIM_WORLD_H

#include <firth/backend.h>
#include <firth/sim.h>

#include "tests/support/support.h"

#define CLIENT_IP "10.0.0.1"
#define SERVER_IP "10.0.0.2"

enum { WORLD_PORT = 7000 };

typedef struct world {
    firth_sim *sim;
    firth_sim_host *client;
    firth_sim_host *server;
    size_t live; /* allocations before it was opened */
    char *trace; /* if it was asked for */
    size_t trace_size;
    size_t trace_room;
} world;

/* The world that the running test has open. */
extern world here;

/* Opens it with a seed. The allocations of all of it are counted. */
void world_open(uint64_t seed);

/* The same with faults on both hosts and a trace that is kept. */
void world_open_with(uint64_t seed, const firth_sim_faults *faults, bool is_traced);

/* Starts a task on a host. */
int world_spawn(firth_sim_host *host, firth_task_fn *fn, void *argument);

/* Runs it until all has ended, and expects FIRTH_OK. */
int world_run(void);

/* Closes it, with nothing open and nothing leaked. */
int world_close(void);

/* For firth_sim_at: nothing gets through between client and server, and all does again. */
void world_part(void *argument);
void world_heal(void *argument);

/* Milliseconds of the world since it began. */
int64_t world_ms(void);

/* Two tasks as the whole of a world: opens it, runs them, closes it. */
int world_play(uint64_t seed, firth_task_fn *client, firth_task_fn *server);

/* Task: echoes whatever clients send at WORLD_PORT until it is cancelled - in a test: by world_stop. */
int world_echo(firth_scope *scope, void *argument);
void world_stop(void); /* the servers that echo end */

/* In a task of the client's host: a connection to WORLD_PORT of the server. */
int world_connect(firth_scope *scope, firth_socket **socket);

/* In a task of the server's host: one client at WORLD_PORT, and the port is closed again. */
int world_accept(firth_scope *scope, firth_socket **socket);

#endif
