/*
 * The inside of a link. link.c: the states, and what the caller sees of them.
 * link_wire.c: the two buffers between TLS and the descriptors. link_tls.c: what
 * TLS is allowed to be, and the certificate.
 */
#ifndef DLB_CARRIER_LINK_INTERNAL_H
#define DLB_CARRIER_LINK_INTERNAL_H

#include "ends_internal.h"
#include "link.h"

#include <openssl/ssl.h>

/* Bytes between TLS and the kernel, each way. Many records go with one system
 * call; larger ones fall out of a core's cache. */
#define WIRE_LEN (128 * 1024)
/* Beyond which no more data is encrypted; what is left is for TLS's own words, of
 * which there are at most POST_HANDSHAKE_MAX. */
#define WIRE_SLACK (64 * 1024)
/* Key updates that a peer may send in all; each is also answered. */
#define POST_HANDSHAKE_MAX 1024
/* A key encrypts no more than this (RFC 8446 section 5.5: 2^24.5 records). */
#define REKEY_AFTER (1ULL << 36)

struct wire {
	uint8_t *buf;
	size_t at, end; /* what is in it */
};

struct dlb_link {
	const struct dlb_env *env;
	struct ends ends;
	enum dlb_link_state state;
	bool caller;
	char name[128];
	struct dlb_error failure; /* where state is DLB_LINK_FAILED */

	SSL_CTX *ctx;
	SSL *ssl;
	struct wire in;  /* WIRE_LEN */
	struct wire out; /* WIRE_LEN + WIRE_SLACK */
	bool in_over;    /* no more comes from the kernel */
	bool out_over;   /* nobody takes what is sent */
	int wire_errno;  /* what broke it; 0: nothing did */
	unsigned post_handshake;
	bool rude; /* said after the handshake what has no place there */
	size_t handshake_in;
	bool too_much; /* of a handshake */
	bool peer_done, said_goodbye, write_closed;

	int64_t started_ms, handshake_ms, deadline_ms;
	uint64_t bytes_in, bytes_out;
	uint64_t key_used, rekey_after;
};

/* SSL's two ends are the buffers. */
enum dlb_status wire_init(struct dlb_link *l, struct dlb_error *err)
	DLB_MUST_CHECK;
void wire_free(struct dlb_link *l);
/* Sends what goes now. */
void wire_flush(struct dlb_link *l);
size_t wire_unsent(const struct dlb_link *l);
/* Reads what is there, if there is room; false: nothing came. */
bool wire_fill(struct dlb_link *l);

enum dlb_status tls_init(struct dlb_link *l, struct dlb_error *err)
	DLB_MUST_CHECK;
void tls_free(struct dlb_link *l);

#endif
