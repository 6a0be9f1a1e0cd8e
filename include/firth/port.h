/* SPDX-License-Identifier: Apache-2.0 */
/* The port interface: what Firth asks of a platform besides its network. A port is one folder under ports/ that defines
 * these functions; core calls nothing else of the system but the C library's <string.h> and vsnprintf.
 * Any thread unless a comment says otherwise; nothing here suspends a task. */
#ifndef FIRTH_PORT_H
#define FIRTH_PORT_H

#include <firth/address.h>
#include <firth/error.h>
#include <firth/export.h>
#include <firth/interface.h>

FIRTH_BEGIN_DECLS

/* ---- time and chance --------------------------------------------------------------------------------------------- */

/* Nanoseconds of a monotonic clock, > 0, that does not count sleep of the machine (CLOCK_MONOTONIC). */
int64_t firth_port_now_ns(void);

/* Fills memory with unpredictable bytes. FIRTH_OK or a negative code. */
int firth_port_entropy(void *bytes, size_t size);

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* The default allocation hook: malloc(3), free(3). */
void *firth_port_allocate(size_t bytes);
void firth_port_release(void *memory);

/* Bytes of a page: the unit of the calls below. */
size_t firth_port_page_bytes(void);

/* Reserves zeroed, readable and writable address space for stacks, huge pages off, that costs memory only where it is
 * touched. NULL when there is none. bytes is a multiple of the page. */
void *firth_port_pages_reserve(size_t bytes);
void firth_port_pages_release(void *pages, size_t bytes);

/* Makes a range of reserved pages fatal to touch, until it is released. FIRTH_OK; FIRTH_ERR_NO_MEMORY when the system
 * has no room for another guard (Linux without MADV_GUARD_INSTALL: beyond 45 % of vm.max_map_count / 2 guards). */
int firth_port_pages_guard(void *pages, size_t bytes);

/* The guard at pages is about to be released: the count of guards goes down. */
void firth_port_pages_unguard(void *pages, size_t bytes);

/* Gives the memory behind a range back; it reads as zeros or as before when touched again. */
void firth_port_pages_discard(void *pages, size_t bytes);

/* How many bytes at the end of [pages, pages + bytes) were ever touched (a stack's high-water mark), to the page; 0 when
 * the system cannot tell. */
size_t firth_port_pages_touched(const void *pages, size_t bytes);

/* ---- threads ----------------------------------------------------------------------------------------------------- */

typedef struct firth_port_lock firth_port_lock;
typedef struct firth_port_signal firth_port_signal;

/* A mutex, not recursive. NULL when there is no memory. */
firth_port_lock *firth_port_lock_open(void);
void firth_port_lock_close(firth_port_lock *lock);
void firth_port_lock_take(firth_port_lock *lock);
void firth_port_lock_give(firth_port_lock *lock);

/* With one thread there is nobody to lock out: the image has no calls then. */
#if defined(FIRTH_BUILDING) && defined(FIRTH_NO_THREADS)
extern firth_port_lock firth_port_no_lock;
#define firth_port_lock_open()      (&firth_port_no_lock)
#define firth_port_lock_close(lock) ((void)(lock))
#define firth_port_lock_take(lock)  ((void)(lock))
#define firth_port_lock_give(lock)  ((void)(lock))
#endif

/* A condition variable. wait gives the lock away, waits - at most timeout_ms, < 0: no limit - and takes it again;
 * it may return early. wake wakes one waiter. */
firth_port_signal *firth_port_signal_open(void);
void firth_port_signal_close(firth_port_signal *signal);
void firth_port_signal_wait(firth_port_signal *signal, firth_port_lock *lock, int64_t timeout_ms);
void firth_port_signal_wake(firth_port_signal *signal);

/* Starts a detached thread with all signals blocked. FIRTH_OK; FIRTH_ERR_NO_MEMORY; FIRTH_ERR_NOT_SUPPORTED. */
int firth_port_thread_start(void (*fn)(void *argument), void *argument, const char *name);

/* The calling thread's number, never 0, of no other living thread. */
uintptr_t firth_port_thread_id(void);
#if defined(FIRTH_BUILDING) && defined(FIRTH_NO_THREADS)
#define firth_port_thread_id() ((uintptr_t)1)
#endif

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* What is asked for. */
typedef struct firth_port_name {
    const char *host;    /* a name or a numeric address; NULL: the port of the service alone is asked for, and the
                            addresses are any of this machine's */
    const char *service; /* a name; NULL: port 0 */
    uint8_t family;      /* a firth_family; FIRTH_FAMILY_NONE: both */
    bool datagrams;      /* services of UDP, not TCP */
} firth_port_name;

typedef struct firth_port_answer {
    firth_address *addresses; /* of firth_port_allocate, the caller's; NULL for none */
    int os_code;              /* of a failure: the resolver's */
    const char *step;         /* of a failure: what failed, "service" for a name of a service that is none */
    void *under_way;          /* the port's; NULL before */
} firth_port_answer;

/* Resolves a name into numeric addresses, each once, ordered as the system orders them (RFC 6724); blocks, so core calls
 * it on a thread of its own, several at a time. Returns how many, or FIRTH_ERR_NAME_…, FIRTH_ERR_NO_MEMORY. */
int firth_port_resolve(const firth_port_name *name, firth_port_answer *answer);

/* Stops the look-up that another thread does for that answer, if the system can: true when it ends soon, most likely with
 * FIRTH_ERR_CANCELED. False when it goes on, or has not begun, or has ended. Does not block. The answer has to be there
 * until this returns. */
bool firth_port_resolve_cancel(firth_port_answer *answer);

/* ---- interfaces -------------------------------------------------------------------------------------------------- */

/* What interface.h says of firth_interfaces and firth_interface_addresses, with the system's code in *os_code. */
int firth_port_interfaces(firth_interface *interfaces, size_t capacity, int *os_code);
int firth_port_interface_addresses(uint32_t index, firth_subnet *addresses, size_t capacity, int *os_code);

/* The interface of that name, or with name NULL of that index. FIRTH_OK; FIRTH_ERR_ADDRESS_NOT_AVAILABLE; another code;
 * the system's in *os_code. */
int firth_port_interface_find(const char *name, uint32_t index, firth_interface *found, int *os_code);

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Reads all of a file of at most most_bytes into *bytes, of firth_port_allocate, with a NUL after them that *size does
 * not count. No copy of them is left anywhere else, so that who reads a key can wipe it. Blocks. FIRTH_OK;
 * FIRTH_ERR_NO_MEMORY; another code with the system's in *os_code and in *why the reason in a few words, static storage:
 * "no such file". */
int firth_port_read_file(const char *path, size_t most_bytes, void **bytes, size_t *size, int *os_code,
                         const char **why);

/* Shows the certificates of the authorities that this system trusts (TLS), PEM or DER, to take(argument, place, bytes,
 * size), file by file or one by one: place is where they are, for failures; bytes are followed by a NUL that size does not
 * count, and are take's to change until it returns. A place where nothing is is shown with bytes NULL. take returns
 * whether there was a certificate in them; after a list that has any no other place is looked at. Blocks. FIRTH_OK,
 * also when there are none; FIRTH_ERR_NO_MEMORY. A port without a system's has no such function, and FIRTH_NO_AUTHORITIES. */
typedef bool firth_port_take_authorities(void *argument, const char *place, unsigned char *bytes, size_t size);
int firth_port_authorities(firth_port_take_authorities *take, void *argument);

/* ---- the program ------------------------------------------------------------------------------------------------- */

/* Calls notify(argument) from a signal handler or another thread when the user interrupts the program (SIGINT, SIGTERM)
 * until it is forgotten; the first watch replaces the default action, the last forget puts it back. After the first
 * interrupt the default action is back at once. FIRTH_OK; FIRTH_ERR_NO_MEMORY; FIRTH_ERR_NOT_SUPPORTED. When forget
 * returns, notify runs no more. watch is the caller's memory. */
typedef struct firth_port_interrupt {
    void (*notify)(void *argument);
    void *argument;
    int slot; /* the port's */
} firth_port_interrupt;
int firth_port_interrupt_watch(firth_port_interrupt *watch);
void firth_port_interrupt_forget(firth_port_interrupt *watch);

/* Calls describe(argument, address, text, size) from the handler of a memory fault; if it returns true, text is a line
 * that says what overflowed: it goes to standard error and the program dies of the signal. Nothing is taken from a
 * program that has a handler of its own. Selector's thread; watch is the caller's memory until forgotten. */
typedef struct firth_port_overflow {
    bool (*describe)(void *argument, const void *address, char *text, size_t size);
    void *argument;
    struct firth_port_overflow *next; /* the port's */
    void *stack;                      /* the port's */
} firth_port_overflow;
int firth_port_overflow_watch(firth_port_overflow *watch);
void firth_port_overflow_forget(firth_port_overflow *watch);

/* Ends the program because it broke a rule that cannot be survived (debug builds: misuse), with text where a developer
 * sees it: standard error, a log, a debugger. Does not return. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void firth_port_panic(const char *text);

/* ---- context switch (ports/arch) --------------------------------------------------------------------------------- */

/* A flow of control that is set aside: a stack pointer, all else is on its stack. */
typedef struct firth_context {
    void *sp;
#ifdef FIRTH_CONTEXT_ANNOTATED /* sanitizers and Valgrind are told of every stack; see ports/arch/context.c */
    void *fake_stack;
    const void *stack_low;
    size_t stack_bytes;
    void *fiber;
    unsigned stack_number;
#endif
} firth_context;

/* Prepares a context that runs entry(argument) on [stack_low, stack_low + bytes) when it is first switched to. entry
 * never returns: its last act is firth_context_leave. */
void firth_context_make(firth_context *context, void *stack_low, size_t bytes, void (*entry)(void *argument),
                        void *argument);

/* Makes context stand for the calling thread's own stack, for the loop. */
void firth_context_of_thread(firth_context *context);

/* Sets the running flow aside in from and goes on in to. Same thread always. */
void firth_context_switch(firth_context *from, firth_context *to);

/* The same, for good: from will never run again and its stack may be reused once to runs. */
void firth_context_leave(firth_context *from, firth_context *to);

/* Forgets a context whose flow has left. The stack's memory may be reused or released afterwards. */
void firth_context_forget(firth_context *context);

/* The name of the switch in use, "x86_64", "aarch64", "ucontext", …; static storage. */
const char *firth_context_name(void);

FIRTH_END_DECLS

#endif
