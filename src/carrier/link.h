/*
 * A link: bytes to and from the other end of a meeting, through TLS 1.3 and
 * nothing else (RFC 8446), over a socket or a pair of descriptors.
 *
 * TLS is here so that who listens learns nothing and who meddles is noticed; it
 * does not say who the other end is. The listener shows a certificate whose key,
 * serial number and signature were drawn for this link and whose other fields are
 * the same for everybody; the caller accepts any and shows none. Whom one met, the
 * engine finds out, bound to the exporter value: a machine in the middle has two
 * links with two different values.
 *
 * What who listens sees: the addresses; that it is TLS 1.3 with X25519 (where
 * OpenSSL knows it, with ML-KEM-768 as well), without a server name, a protocol
 * name, a session to resume or a ticket; in the caller's order of ciphers whether
 * it has instructions for AES; when and about how many bytes went each way. From
 * the port, these habits and cells' length they may guess which program it is. The
 * certificate is encrypted; an active prober sees one, as random as all others.
 *
 * Hostile ends: no renegotiation (TLS 1.3 has none), no early data, no resumption,
 * no compression; at most DLB_LINK_HANDSHAKE_LEN bytes and a time are spent before
 * the handshake is done; after it nothing but data and a few key updates is taken.
 * A stream that ends without TLS's own goodbye was cut (DLB_IO), never finished.
 */
#ifndef DLB_LINK_H
#define DLB_LINK_H

#include "base.h"

#include <poll.h>

#define DLB_LINK_FDS_MAX 2
#define DLB_LINK_EXPORTER_LEN 32
#define DLB_LINK_EXPORTER_LABEL "EXPORTER-dlb-meeting"
/* Read from a peer before the handshake is done, at most. */
#define DLB_LINK_HANDSHAKE_LEN 32768
#define DLB_LINK_HANDSHAKE_MS 10000
/* How long close waits for the other end's goodbye. */
#define DLB_LINK_CLOSE_MS 5000

struct dlb_link;

enum dlb_link_state {
	DLB_LINK_HANDSHAKE,
	DLB_LINK_OPEN,
	/* The other end said goodbye: read yields no more. Writing is possible. */
	DLB_LINK_ENDED,
	/* close has said goodbye and waits for what is on the way. */
	DLB_LINK_CLOSING,
	DLB_LINK_CLOSED, /* all was sent and both ends said goodbye */
	/* Why, each later call says again; the deadline is past until then. */
	DLB_LINK_FAILED,
};

struct dlb_link_config {
	bool caller; /* of two ends exactly one is */
	/* The same number twice for a socket. Taken over whatever happens, unless
	 * `borrowed` (own stdin and stdout): then they stay open and their
	 * flags are put back at the end. */
	int read_fd;
	int write_fd;
	bool borrowed;
	uint32_t handshake_ms; /* 0: DLB_LINK_HANDSHAKE_MS */
	const char
		*name; /* of the other end, for messages; copied; may be NULL */
};

/* DLB_USAGE where a descriptor is a terminal. env must outlive the link. */
enum dlb_status dlb_link_new(struct dlb_link **out, const struct dlb_env *env,
	const struct dlb_link_config *config, struct dlb_error *err)
	DLB_MUST_CHECK;
/* At any time; closes at once, without a goodbye. NULL is fine. */
void dlb_link_free(struct dlb_link *l);

/* want_read: whether the caller would take bytes now. */
unsigned dlb_link_poll(const struct dlb_link *l, bool want_read,
	struct pollfd out[static DLB_LINK_FDS_MAX]);
int64_t dlb_link_deadline_ms(const struct dlb_link *l);
/* Goes on with the handshake, sends what is buffered, keeps time. */
enum dlb_status dlb_link_step(struct dlb_link *l, struct dlb_error *err)
	DLB_MUST_CHECK;
enum dlb_link_state dlb_link_state(const struct dlb_link *l);

/* From DLB_LINK_OPEN on: RFC 8446 section 7.5 with no context, the same at both
 * ends of one link and of no other. */
enum dlb_status dlb_link_exporter(const struct dlb_link *l,
	uint8_t out[static DLB_LINK_EXPORTER_LEN], struct dlb_error *err)
	DLB_MUST_CHECK;

/* Up to cap bytes; *got 0: none now, or no more (DLB_LINK_ENDED). Bytes may wait
 * inside the link where poll does not see them: read until *got is less than cap
 * before polling. 64 KiB or more at a time is fastest. */
enum dlb_status dlb_link_read(struct dlb_link *l, void *buf, size_t cap,
	size_t *got, struct dlb_error *err) DLB_MUST_CHECK;
/* Takes up to len bytes and sends what goes at once; *taken 0: no room now, poll.
 * What was taken and not sent goes with later calls of write and step. */
enum dlb_status dlb_link_write(struct dlb_link *l, const void *data, size_t len,
	size_t *taken, struct dlb_error *err) DLB_MUST_CHECK;
/* Taken and not yet handed to the kernel (encrypted, in bytes). */
size_t dlb_link_unsent(const struct dlb_link *l);

/* Says goodbye after all that was written; call step until the state is
 * DLB_LINK_CLOSED or it fails (DLB_LINK_CLOSE_MS). What still comes is dropped. */
enum dlb_status dlb_link_close(struct dlb_link *l, struct dlb_error *err)
	DLB_MUST_CHECK;

/* Bytes on the wire, the handshake and TLS's own included. */
struct dlb_link_stats {
	uint64_t in, out;
	int64_t handshake_ms; /* how long it took; 0 before it is done */
	const char *cipher;   /* "" before */
};
struct dlb_link_stats dlb_link_stats(const struct dlb_link *l);

#endif
