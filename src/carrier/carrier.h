/*
 * carrier: the medium of a meeting; moves opaque bytes, and notices when there is
 * an opportunity for one.
 *
 *	stick.h    where on a mounted medium the box lies
 *	link.h     two ends and TLS 1.3 between them: over TCP, a pipe, a socketpair
 *	tcp.h      reaching a host by its name or address; waiting to be reached
 *	command.h  a command whose input and output are the link
 *	lan.h      who announces on the local network
 *	mounts.h   sticks and boxes that come and go
 *
 * What waits (all but stick.h) never blocks, owns no thread that calls back, and
 * has the same three functions, so that one loop drives any number of them:
 *
 *	X_poll(x, fds)     what to poll for: fills up to DLB_X_FDS_MAX entries with
 *	                   their events, returns how many
 *	X_deadline_ms(x)   when to call X_step even if nothing is ready, on the
 *	                   monotonic clock of the env; INT64_MAX: never
 *	X_step(x, ...)     does what can be done now; harmless when nothing can, so
 *	                   nobody needs to tell it which descriptor was ready
 *
 * Both answers hold until the next call for that object. Nothing here raises
 * SIGPIPE, whatever the process does with that signal.
 */
#ifndef DLB_CARRIER_H
#define DLB_CARRIER_H

#include "command.h"
#include "lan.h"
#include "link.h"
#include "mounts.h"
#include "stick.h"
#include "tcp.h"

#endif
