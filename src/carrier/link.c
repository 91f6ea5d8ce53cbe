/*
 * The states of a link:
 *
 *	HANDSHAKE --agreed--> OPEN --goodbye came--> ENDED
 *	OPEN, ENDED --close--> CLOSING --both said goodbye, all sent--> CLOSED
 *	any --time, cut, bytes that do not verify--> FAILED
 *
 * A failure stays: each later call says it again. Bytes that came before it are
 * handed out first.
 */
#include "link_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_LEN 16384
/* From here on what is buffered is sent. */
#define FLUSH_AT (WIRE_LEN - RECORD_LEN)
/* A close drops no more than this in one step. */
#define DROPS_MAX 64

static enum dlb_status
again(const struct dlb_link *l, struct dlb_error *err)
{
	if (err)
		*err = l->failure;
	return l->failure.status;
}

static enum dlb_status
fail(struct dlb_link *l, enum dlb_status status, int sys_errno, const char *msg)
{
	if (sys_errno)
		(void)!dlb_fail_errno(&l->failure, sys_errno, "%s", msg);
	else
		(void)!dlb_fail(&l->failure, status, "%s", msg);
	l->failure.status = status;
	l->state = DLB_LINK_FAILED;
	wire_flush(l); /* TLS may have said why to the other end */
	return status;
}

/* TLS does not go on; `reason` is OpenSSL's. */
static enum dlb_status
tls_failed(struct dlb_link *l, unsigned long code)
{
	int reason = ERR_GET_REASON(code);
	const char *text = ERR_reason_error_string(code);
	char msg[400];

	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
		snprintf(msg, sizeof(msg),
			"what answers at %s does not speak TLS: is it `dlb`, and "
			"is this the right port?",
			l->name);
		return fail(l, DLB_MALFORMED, 0, msg);
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		snprintf(msg, sizeof(msg),
			"%s does not speak TLS 1.3: is it `dlb`, and is this the "
			"right port?",
			l->name);
		return fail(l, DLB_UNSUPPORTED, 0, msg);
	case SSL_R_UNEXPECTED_MESSAGE:
		snprintf(msg, sizeof(msg),
			"%s spoke out of turn: of two ends one calls and the "
			"other listens (`dlb serve`, or `dlb meet -`)",
			l->name);
		return fail(l, DLB_MALFORMED, 0, msg);
	case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
	case SSL_R_BAD_RECORD_TYPE:
		snprintf(msg, sizeof(msg),
			"bytes from %s were changed on the way: nothing of them "
			"was taken; try another way to it",
			l->name);
		return fail(l, DLB_CORRUPT, 0, msg);
	default:
		snprintf(msg, sizeof(msg), "TLS with %s failed: %s", l->name,
			text ? text : "no reason given");
		return fail(l, DLB_MALFORMED, 0, msg);
	}
}

static enum dlb_status
cut(struct dlb_link *l)
{
	bool early = l->state == DLB_LINK_HANDSHAKE;
	char msg[400];

	snprintf(msg, sizeof(msg),
		early ? "%s hung up before TLS was agreed on: is it `dlb`, and is "
			"it willing to meet?"
		      : "the link to %s was cut: what was committed stays, and "
			"the next meeting goes on from there",
		l->name);
	return fail(l, DLB_IO, l->wire_errno, msg);
}

/* After a call of OpenSSL that returned `ret`, 0 or less. DLB_OK: it has to wait,
 * or the other end said goodbye (peer_done). */
static enum dlb_status
consider(struct dlb_link *l, int ret)
{
	unsigned long code = ERR_peek_error();
	char msg[300];
	int what;

	if (l->too_much) {
		snprintf(msg, sizeof(msg),
			"%s sent too much before TLS was agreed on", l->name);
		return fail(l, DLB_LIMIT, 0, msg);
	}
	what = SSL_get_error(l->ssl, ret);
	ERR_clear_error();
	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
		return DLB_OK;
	if (what == SSL_ERROR_ZERO_RETURN) {
		l->peer_done = true;
		return DLB_OK;
	}
	if (l->wire_errno
		|| (l->in_over && l->in.at == l->in.end
			&& ERR_GET_REASON(code)
				== SSL_R_UNEXPECTED_EOF_WHILE_READING))
		return cut(l);
	return tls_failed(l, code);
}

static enum dlb_status
check_manners(struct dlb_link *l)
{
	char msg[300];

	if (!l->rude)
		return DLB_OK;
	snprintf(msg, sizeof(msg),
		"%s said in TLS what has no place after the handshake",
		l->name);
	return fail(l, DLB_LIMIT, 0, msg);
}

enum dlb_status
dlb_link_new(struct dlb_link **out, const struct dlb_env *env,
	const struct dlb_link_config *config, struct dlb_error *err)
{
	const char *name = config->name ? config->name : "the other end";
	struct dlb_link *l;
	struct ends ends;
	enum dlb_status s = ends_init(&ends, config->read_fd, config->write_fd,
		config->borrowed, err);

	*out = NULL;
	if (s != DLB_OK)
		return s;
	l = calloc(1, sizeof(*l));
	if (!l) {
		ends_close(&ends);
		return dlb_fail(err, DLB_NO_MEMORY, "no memory for a link");
	}
	l->ends = ends;
	l->env = env;
	l->caller = config->caller;
	l->rekey_after = REKEY_AFTER;
	dlb_printable(l->name, sizeof(l->name), name, strlen(name));
	l->started_ms = env->monotonic_ms(env->ctx);
	l->deadline_ms = l->started_ms
		+ (config->handshake_ms ? config->handshake_ms
					: DLB_LINK_HANDSHAKE_MS);
	s = tls_init(l, err);
	if (s == DLB_OK)
		s = wire_init(l, err);
	if (s != DLB_OK) {
		dlb_link_free(l);
		return s;
	}
	/* The caller speaks first, also for who polls first. A failure stays. */
	if (l->caller)
		(void)!dlb_link_step(l, NULL);
	*out = l;
	return DLB_OK;
}

void
dlb_link_free(struct dlb_link *l)
{
	if (!l)
		return;
	tls_free(l);
	wire_free(l);
	ends_close(&l->ends);
	free(l);
}

unsigned
dlb_link_poll(const struct dlb_link *l, bool want_read,
	struct pollfd out[static DLB_LINK_FDS_MAX])
{
	bool in = want_read || l->out_over || l->state == DLB_LINK_HANDSHAKE
		|| l->state == DLB_LINK_CLOSING;
	bool send = wire_unsent(l) > 0 && !l->out_over;
	unsigned n = 0;

	if (l->state == DLB_LINK_CLOSED || l->state == DLB_LINK_FAILED)
		return 0;
	if (in && !l->peer_done && !l->in_over)
		out[n++] = (struct pollfd){.fd = l->ends.rd, .events = POLLIN};
	if (send && n == 1 && l->ends.wr == l->ends.rd)
		out[0].events |= POLLOUT;
	else if (send)
		out[n++] = (struct pollfd){.fd = l->ends.wr, .events = POLLOUT};
	return n;
}

int64_t
dlb_link_deadline_ms(const struct dlb_link *l)
{
	if (l->state == DLB_LINK_FAILED)
		return 0; /* there is something to say, and no descriptor tells */
	return l->state == DLB_LINK_HANDSHAKE || l->state == DLB_LINK_CLOSING
		? l->deadline_ms
		: INT64_MAX;
}

static enum dlb_status
shake_hands(struct dlb_link *l)
{
	enum dlb_status s = DLB_OK;
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(l->ssl);
	if (ret != 1)
		s = consider(l, ret);
	if (s == DLB_OK && ret == 1) {
		l->state = DLB_LINK_OPEN;
		l->handshake_ms =
			l->env->monotonic_ms(l->env->ctx) - l->started_ms;
	} else if (s == DLB_OK && l->peer_done)
		s = cut(l);
	return s;
}

/* Reads one piece. *got 0: nothing now, or no more. */
static enum dlb_status
read_some(struct dlb_link *l, void *buf, size_t cap, size_t *got)
{
	enum dlb_status s = DLB_OK;
	int ret;

	*got = 0;
	ERR_clear_error();
	ret = SSL_read_ex(l->ssl, buf, cap, got);
	if (ret != 1)
		s = consider(l, ret);
	if (s == DLB_OK)
		s = check_manners(l);
	if (s != DLB_OK)
		*got = 0;
	return s;
}

/* All that still comes after our goodbye is of no use. */
static enum dlb_status
drop_rest(struct dlb_link *l)
{
	uint8_t waste[RECORD_LEN];
	size_t got;

	for (unsigned i = 0; i < DROPS_MAX && !l->peer_done; i++) {
		enum dlb_status s = read_some(l, waste, sizeof(waste), &got);

		if (s != DLB_OK)
			return s;
		if (got == 0)
			break;
	}
	return DLB_OK;
}

static enum dlb_status
go_on_closing(struct dlb_link *l)
{
	enum dlb_status s;

	if (!l->said_goodbye) {
		ERR_clear_error();
		(void)!SSL_shutdown(l->ssl); /* into the buffer */
		ERR_clear_error();
		l->said_goodbye = true;
	}
	wire_flush(l);
	if (l->out_over && !l->write_closed && wire_unsent(l) > 0)
		return cut(l);
	if (wire_unsent(l) == 0 && !l->write_closed) {
		ends_close_write(&l->ends);
		l->write_closed = true;
	}
	s = drop_rest(l);
	if (s == DLB_OK && l->peer_done && l->write_closed) {
		l->state = DLB_LINK_CLOSED;
		ends_close(&l->ends);
	}
	return s;
}

static enum dlb_status
too_late(struct dlb_link *l)
{
	bool early = l->state == DLB_LINK_HANDSHAKE;
	char msg[400];

	snprintf(msg, sizeof(msg),
		early ? "%s took too long to agree on TLS: it may be meeting "
			"somebody else, try again in a minute; or is it not "
			"`dlb` that answers there?"
		      : "%s did not say that it received the last bytes",
		l->name);
	return fail(l, DLB_IO, ETIMEDOUT, msg);
}

enum dlb_status
dlb_link_step(struct dlb_link *l, struct dlb_error *err)
{
	enum dlb_status s = DLB_OK;

	if (l->state == DLB_LINK_FAILED)
		return again(l, err);
	if (l->state == DLB_LINK_CLOSED)
		return DLB_OK;
	if (l->state == DLB_LINK_HANDSHAKE)
		s = shake_hands(l);
	else if (l->state == DLB_LINK_CLOSING)
		s = go_on_closing(l);
	if (s == DLB_OK)
		wire_flush(l);
	if (s == DLB_OK
		&& l->env->monotonic_ms(l->env->ctx) >= dlb_link_deadline_ms(l))
		s = too_late(l);
	return s == DLB_OK ? s : again(l, err);
}

enum dlb_link_state
dlb_link_state(const struct dlb_link *l)
{
	return l->state;
}

enum dlb_status
dlb_link_exporter(const struct dlb_link *l,
	uint8_t out[static DLB_LINK_EXPORTER_LEN], struct dlb_error *err)
{
	static const char label[] = DLB_LINK_EXPORTER_LABEL;

	if (l->state != DLB_LINK_HANDSHAKE && l->state != DLB_LINK_FAILED
		&& SSL_export_keying_material(l->ssl, out,
			   DLB_LINK_EXPORTER_LEN, label, sizeof(label) - 1,
			   NULL, 0, 0)
			== 1)
		return DLB_OK;
	ERR_clear_error();
	memset(out, 0, DLB_LINK_EXPORTER_LEN);
	return dlb_fail(
		err, DLB_FAILED, "TLS with %s is not agreed on", l->name);
}

enum dlb_status
dlb_link_read(struct dlb_link *l, void *buf, size_t cap, size_t *got,
	struct dlb_error *err)
{
	uint8_t *to = buf;
	size_t n;

	*got = 0;
	if (l->state == DLB_LINK_FAILED)
		return again(l, err);
	if (l->state != DLB_LINK_OPEN)
		return DLB_OK;
	while (*got < cap) {
		enum dlb_status s = read_some(l, to + *got, cap - *got, &n);

		if (s != DLB_OK && *got == 0)
			return again(l, err);
		if (s != DLB_OK || n == 0)
			break;
		*got += n;
	}
	if (l->peer_done && l->state == DLB_LINK_OPEN)
		l->state = DLB_LINK_ENDED;
	return DLB_OK;
}

/* Before a key is worn out. The other end needs no notice but the message that
 * TLS sends by itself. */
static void
change_key(struct dlb_link *l)
{
	if (l->key_used < l->rekey_after)
		return;
	if (SSL_key_update(l->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
		l->key_used = 0;
	ERR_clear_error();
}

/* Nobody takes what is sent. What they said last may explain it: that is to be
 * read first. */
static enum dlb_status
unheard(struct dlb_link *l, struct dlb_error *err)
{
	if (!l->peer_done && (SSL_has_pending(l->ssl) || wire_fill(l)))
		return DLB_OK;
	(void)!cut(l);
	return again(l, err);
}

enum dlb_status
dlb_link_write(struct dlb_link *l, const void *data, size_t len, size_t *taken,
	struct dlb_error *err)
{
	const uint8_t *from = data;
	enum dlb_status s = DLB_OK;

	*taken = 0;
	if (l->state == DLB_LINK_FAILED)
		return again(l, err);
	if (l->state != DLB_LINK_OPEN && l->state != DLB_LINK_ENDED)
		return DLB_OK;
	while (s == DLB_OK && *taken < len && !l->out_over) {
		size_t n =
			len - *taken < RECORD_LEN ? len - *taken : RECORD_LEN;
		int ret;

		if (wire_unsent(l) >= FLUSH_AT)
			wire_flush(l);
		if (wire_unsent(l) >= FLUSH_AT)
			break;
		change_key(l);
		ERR_clear_error();
		ret = SSL_write_ex(l->ssl, from + *taken, n, &n);
		if (ret != 1) {
			s = consider(l, ret);
			break;
		}
		*taken += n;
		l->key_used += n;
	}
	if (s == DLB_OK)
		wire_flush(l);
	if (s == DLB_OK && l->out_over)
		return unheard(l, err);
	return s == DLB_OK ? s : again(l, err);
}

size_t
dlb_link_unsent(const struct dlb_link *l)
{
	return wire_unsent(l);
}

enum dlb_status
dlb_link_close(struct dlb_link *l, struct dlb_error *err)
{
	if (l->state == DLB_LINK_HANDSHAKE) {
		l->state = DLB_LINK_CLOSED;
		ends_close(&l->ends);
	}
	if (l->state == DLB_LINK_OPEN || l->state == DLB_LINK_ENDED) {
		l->state = DLB_LINK_CLOSING;
		l->deadline_ms =
			l->env->monotonic_ms(l->env->ctx) + DLB_LINK_CLOSE_MS;
	}
	return dlb_link_step(l, err);
}

struct dlb_link_stats
dlb_link_stats(const struct dlb_link *l)
{
	bool done = l->state != DLB_LINK_HANDSHAKE;

	return (struct dlb_link_stats){.in = l->bytes_in,
		.out = l->bytes_out,
		.handshake_ms = l->handshake_ms,
		.cipher = done ? SSL_get_cipher_name(l->ssl) : ""};
}
