/* SPDX-License-Identifier: Apache-2.0 */
/* All of Firth: selector → builder → socket → read and write channel → close.
 *
 * "May suspend" above a function means: the calling task may be set aside until the call can go on, and other tasks of
 * its selector run meanwhile; such a call needs a task, fails with FIRTH_ERR_CANCELED at once when a scope around it
 * is cancelled, and gives way now and then even when it need not wait. "Never suspends" means: it returns without any
 * other task having run. Unless a comment says "any thread", a call belongs to the thread of its selector.
 *
 * A handle - socket, server, pipe, channel - is gone when its close or abort is called. A debug build stops at a call on
 * one that was closed lately and says so; a release build does not look, as with freed memory. Other broken rules stop a
 * debug build too, and are FIRTH_ERR_MISUSE in a release build. */
#ifndef FIRTH_FIRTH_H
#define FIRTH_FIRTH_H

#include <firth/address.h>
#include <firth/blocking.h>
#include <firth/channel.h>
#include <firth/datagram.h>
#include <firth/error.h>
#include <firth/interface.h>
#include <firth/numbers.h>
#include <firth/option.h>
#include <firth/resolve.h>
#include <firth/scope.h>
#include <firth/selector.h>
#include <firth/socket.h>
#include <firth/task.h>
#include <firth/tcp.h>
#include <firth/udp.h>
#include <firth/unix.h>
#include <firth/unix_datagram.h>
#include <firth/version.h>

#endif
