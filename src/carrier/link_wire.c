/*
 * Between TLS and the descriptors. TLS asks for a record's 5 bytes and then for the
 * record, and hands out one record at a time: passed on as they are, these would be
 * three system calls for 16 KiB. So both ways go through a buffer, and the kernel
 * is asked for as much as there is. (OpenSSL can read ahead by itself, but then
 * moves all that it has read ahead once for each record.)
 */
#include "link_internal.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define OUT_CAP (WIRE_LEN + WIRE_SLACK)

static size_t
held(const struct wire *w)
{
	return w->end - w->at;
}

bool
wire_fill(struct dlb_link *l)
{
	struct wire *w = &l->in;
	size_t got;

	if (held(w) > 0 || l->in_over)
		return held(w) > 0;
	w->at = w->end = 0;
	switch (ends_read(&l->ends, w->buf, WIRE_LEN, &got)) {
	case ENDS_MOVED:
		w->end = got;
		l->bytes_in += got;
		return true;
	case ENDS_LATER:
		return false;
	case ENDS_OVER:
		l->in_over = true;
		return false;
	case ENDS_ERROR:
		l->in_over = true;
		l->wire_errno = errno;
		return false;
	}
	return false;
}

void
wire_flush(struct dlb_link *l)
{
	struct wire *w = &l->out;
	size_t done;

	while (held(w) > 0 && !l->out_over) {
		switch (ends_write(&l->ends, w->buf + w->at, held(w), &done)) {
		case ENDS_MOVED:
			w->at += done;
			l->bytes_out += done;
			break;
		case ENDS_LATER:
			return;
		case ENDS_OVER:
			l->out_over = true;
			break;
		case ENDS_ERROR:
			l->out_over = true;
			l->wire_errno = errno;
			break;
		}
	}
	if (held(w) == 0)
		w->at = w->end = 0;
}

size_t
wire_unsent(const struct dlb_link *l)
{
	return held(&l->out);
}

static int
bio_read(BIO *bio, char *out, size_t len, size_t *got)
{
	struct dlb_link *l = BIO_get_data(bio);
	struct wire *w = &l->in;
	size_t n;

	*got = 0;
	BIO_clear_retry_flags(bio);
	if (!wire_fill(l)) {
		if (!l->in_over)
			BIO_set_retry_read(bio);
		return 0;
	}
	n = held(w) < len ? held(w) : len;
	if (l->state == DLB_LINK_HANDSHAKE) {
		/* TLS takes no more than the record it is at. */
		l->handshake_in += n;
		l->too_much = l->handshake_in > DLB_LINK_HANDSHAKE_LEN;
		if (l->too_much)
			return 0;
	}
	memcpy(out, w->buf + w->at, n);
	w->at += n;
	*got = n;
	return 1;
}

static int
bio_write(BIO *bio, const char *data, size_t len, size_t *done)
{
	struct dlb_link *l = BIO_get_data(bio);
	struct wire *w = &l->out;

	*done = 0;
	BIO_clear_retry_flags(bio);
	if (len > OUT_CAP - w->end) {
		wire_flush(l);
		if (w->at > 0) {
			memmove(w->buf, w->buf + w->at, held(w));
			w->end = held(w);
			w->at = 0;
		}
	}
	if (len > OUT_CAP - w->end) {
		BIO_set_retry_write(bio);
		return 0;
	}
	memcpy(w->buf + w->end, data, len);
	w->end += len;
	*done = len;
	return 1;
}

static long
bio_ctrl(BIO *bio, int what, long num, void *ptr)
{
	const struct dlb_link *l = BIO_get_data(bio);

	(void)num;
	(void)ptr;
	switch (what) {
	case BIO_CTRL_FLUSH: /* done where it pays: at the end of a call */
	case BIO_CTRL_DUP:
		return 1;
	case BIO_CTRL_EOF:
		return l->in_over && held(&l->in) == 0;
	default:
		return 0;
	}
}

/* Made once; never freed, as OpenSSL's own are. */
static BIO_METHOD *
method(void)
{
	static BIO_METHOD *made;
	BIO_METHOD *m = __atomic_load_n(&made, __ATOMIC_ACQUIRE), *none = NULL;

	if (m)
		return m;
	m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "link");
	if (!m || !BIO_meth_set_read_ex(m, bio_read)
		|| !BIO_meth_set_write_ex(m, bio_write)
		|| !BIO_meth_set_ctrl(m, bio_ctrl)) {
		BIO_meth_free(m);
		return NULL;
	}
	if (__atomic_compare_exchange_n(
		    &made, &none, m, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return m;
	BIO_meth_free(m);
	return none;
}

enum dlb_status
wire_init(struct dlb_link *l, struct dlb_error *err)
{
	BIO_METHOD *m = method();
	BIO *bio = m ? BIO_new(m) : NULL;

	l->in.buf = malloc(WIRE_LEN);
	l->out.buf = malloc(OUT_CAP);
	if (!bio || !l->in.buf || !l->out.buf) {
		BIO_free(bio);
		return dlb_fail(err, DLB_NO_MEMORY, "no memory for a link");
	}
	BIO_set_data(bio, l);
	BIO_set_init(bio, 1);
	SSL_set_bio(l->ssl, bio, bio);
	return DLB_OK;
}

void
wire_free(struct dlb_link *l)
{
	free(l->in.buf);
	free(l->out.buf);
	l->in.buf = l->out.buf = NULL;
}
