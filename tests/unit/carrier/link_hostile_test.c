/*
 * Links whose other end is gone, slow, mute, talks something else, meddles, or is
 * an OpenSSL that does what a link never would. And what who listens sees.
 */
#include "link_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct pair *
alone(void)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	dlb_env_seeded_init(&p->env, 3, DLB_EPOCH_MS);
	return p;
}

static void
say(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Cut after bytes: they are read, then the cut is told, again and again. */
static void
test_cut(void **state)
{
	struct pair *p = pair_new(PAIR_SOCKETS);
	char buf[100];
	size_t n;

	(void)state;
	pair_shake(p);
	assert_int_equal(dlb_link_write(p->a, "abc", 3, &n, &p->err), DLB_OK);
	dlb_link_free(p->a);
	p->a = NULL;
	assert_int_equal(
		dlb_link_read(p->b, buf, sizeof(buf), &n, &p->err), DLB_OK);
	assert_int_equal(n, 3);
	/* Who waits now is not to wait for a descriptor. */
	assert_int_equal(dlb_link_state(p->b), DLB_LINK_FAILED);
	assert_true(dlb_link_deadline_ms(p->b) <= p->env.now_ms);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			dlb_link_read(p->b, buf, sizeof(buf), &n, &p->err),
			DLB_IO);
		assert_non_null(strstr(p->err.msg, "was cut"));
	}
	assert_int_equal(dlb_link_write(p->b, "x", 1, &n, &p->err), DLB_IO);
	assert_int_equal(dlb_link_step(p->b, &p->err), DLB_IO);
	assert_int_equal(dlb_link_close(p->b, &p->err), DLB_IO);
	pair_free(p);
}

/* SIGPIPE would end this test. */
static void
cut_while_writing(enum pair_kind kind)
{
	struct pair *p = pair_new(kind);
	static uint8_t piece[65536];
	enum dlb_status s = DLB_OK;
	size_t n;

	pair_shake(p);
	dlb_link_free(p->b);
	p->b = NULL;
	for (int i = 0; i < 100 && s == DLB_OK; i++)
		s = dlb_link_write(p->a, piece, sizeof(piece), &n, &p->err);
	assert_int_equal(s, DLB_IO);
	pair_free(p);
}

static void
test_no_sigpipe(void **state)
{
	sigset_t pending;

	(void)state;
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), SIG_DFL);
	cut_while_writing(PAIR_SOCKETS);
	cut_while_writing(PAIR_PIPES);
	cut_while_writing(PAIR_TCP);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
	/* One that the process had waiting is still there. */
	sigemptyset(&pending);
	sigaddset(&pending, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pending, NULL);
	raise(SIGPIPE);
	cut_while_writing(PAIR_PIPES);
	sigpending(&pending);
	assert_true(sigismember(&pending, SIGPIPE));
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &pending, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* What the other end said before it went explains why: that is read, although
 * nothing can be sent any more. */
static void
test_last_words(void **state)
{
	struct pair *p = pair_new(PAIR_PIPES);
	char buf[100];
	size_t n;

	(void)state;
	pair_shake(p);
	assert_int_equal(dlb_link_write(p->b, "bye", 3, &n, &p->err), DLB_OK);
	dlb_link_free(p->b);
	p->b = NULL;
	assert_int_equal(dlb_link_write(p->a, "x", 1, &n, &p->err), DLB_OK);
	assert_int_equal(dlb_link_write(p->a, "y", 1, &n, &p->err), DLB_OK);
	assert_int_equal(n, 0);
	assert_int_equal(
		dlb_link_read(p->a, buf, sizeof(buf), &n, &p->err), DLB_OK);
	assert_int_equal(n, 3);
	assert_int_equal(dlb_link_write(p->a, "z", 1, &n, &p->err), DLB_IO);
	pair_free(p);
}

static void
test_slow_handshake(void **state)
{
	struct pair *p = alone();
	struct dlb_link *l;
	int other;

	(void)state;
	for (int caller = 0; caller < 2; caller++) {
		l = pair_half(p, caller, &other);
		assert_int_equal(dlb_link_deadline_ms(l),
			p->env.now_ms + DLB_LINK_HANDSHAKE_MS);
		p->env.now_ms += DLB_LINK_HANDSHAKE_MS - 1;
		assert_int_equal(dlb_link_step(l, &p->err), DLB_OK);
		p->env.now_ms += 1;
		assert_int_equal(dlb_link_step(l, &p->err), DLB_IO);
		assert_int_equal(p->err.sys_errno, ETIMEDOUT);
		assert_non_null(strstr(p->err.msg, "too long"));
		dlb_link_free(l);
		close(other);
	}
	pair_free(p);
}

static void
test_slow_goodbye(void **state)
{
	struct pair *p = pair_new(PAIR_SOCKETS);

	(void)state;
	pair_shake(p);
	assert_int_equal(dlb_link_close(p->a, &p->err), DLB_OK);
	p->env.now_ms += DLB_LINK_CLOSE_MS - 1;
	assert_int_equal(dlb_link_step(p->a, &p->err), DLB_OK);
	p->env.now_ms += 1;
	assert_int_equal(dlb_link_step(p->a, &p->err), DLB_IO);
	assert_non_null(strstr(p->err.msg, "last bytes"));
	pair_free(p);
}

static void
test_other_protocols(void **state)
{
	static const struct {
		const char *text;
		bool caller;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", false},
		{"CONNECT x:1 HTTP/1.1\r\n\r\n", false},
		{"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", false},
		{"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", true},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", true},
		{"bash: line 1: dlb: command not found\n", true},
	};
	struct pair *p = alone();
	int other;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		struct dlb_link *l = pair_half(p, cases[i].caller, &other);

		say(other, cases[i].text, strlen(cases[i].text));
		assert_int_equal(pair_step_until_failed(p, l), DLB_MALFORMED);
		assert_non_null(strstr(p->err.msg, "does not speak TLS"));
		/* Names from outside reach no terminal as they are. */
		assert_null(strchr(p->err.msg, '\033'));
		dlb_link_free(l);
		close(other);
	}
	pair_free(p);
}

static void
test_hung_up_early(void **state)
{
	struct pair *p = alone();
	struct dlb_link *l;
	int other;

	(void)state;
	l = pair_half(p, true, &other);
	assert_int_equal(dlb_link_step(l, &p->err), DLB_OK);
	close(other);
	assert_int_equal(pair_step_until_failed(p, l), DLB_IO);
	assert_non_null(strstr(p->err.msg, "hung up before"));
	dlb_link_free(l);
	pair_free(p);
}

static void
test_two_callers(void **state)
{
	struct pair *p = alone();
	int a[2], b[2];

	(void)state;
	pair_connect(PAIR_SOCKETS, a, b);
	for (int i = 0; i < 2; i++) {
		struct dlb_link_config c = {.caller = true,
			.read_fd = i ? b[0] : a[0],
			.write_fd = i ? b[0] : a[0]};

		assert_int_equal(dlb_link_new(i ? &p->b : &p->a, &p->env.env,
					 &c, &p->err),
			DLB_OK);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair_step_until_failed(p, i ? p->a : p->b),
			DLB_MALFORMED);
		assert_non_null(
			strstr(p->err.msg, "one calls and the other listens"));
	}
	pair_free(p);
}

/* A handshake message that never ends. */
static void
test_endless_handshake(void **state)
{
	static uint8_t record[5 + 16384];
	struct pair *p = alone();
	struct dlb_link *l;
	int other;

	(void)state;
	l = pair_half(p, false, &other);
	/* A hello that says it is 100,000 long, in records of 16,384. */
	memcpy(record, "\x16\x03\x01\x40\x00\x01\x01\x86\xa0", 9);
	say(other, record, sizeof(record));
	assert_int_equal(dlb_link_step(l, &p->err), DLB_OK);
	memset(record + 5, 0, 4);
	for (int i = 0; i < 2; i++)
		say(other, record, sizeof(record));
	assert_int_equal(pair_step_until_failed(p, l), DLB_LIMIT);
	assert_non_null(strstr(p->err.msg, "too much"));
	assert_true(l->handshake_in <= DLB_LINK_HANDSHAKE_LEN + 16384);
	dlb_link_free(l);
	close(other);
	pair_free(p);
}

/* Takes what one end sent and gives it to the other, a bit of it turned. */
static void
relay(struct pair *p, int from, int to, size_t flip, size_t *passed)
{
	uint8_t buf[4096];
	ssize_t n;

	(void)p;
	while ((n = recv(from, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		if (flip >= *passed && flip < *passed + (size_t)n)
			buf[flip - *passed] ^= 1;
		say(to, buf, (size_t)n);
		*passed += (size_t)n;
	}
}

static void
test_meddling(void **state)
{
	struct pair *p = alone();
	size_t there = 0, back = 0, n;
	int x, y;

	(void)state;
	p->a = pair_half(p, true, &x);
	p->b = pair_half(p, false, &y);
	for (int i = 0; i < 10; i++) {
		(void)!dlb_link_step(p->a, &p->err);
		relay(p, x, y, SIZE_MAX, &there);
		(void)!dlb_link_step(p->b, &p->err);
		relay(p, y, x, SIZE_MAX, &back);
	}
	assert_int_equal(dlb_link_state(p->a), DLB_LINK_OPEN);
	assert_int_equal(dlb_link_state(p->b), DLB_LINK_OPEN);
	assert_int_equal(dlb_link_write(p->a, "data", 4, &n, &p->err), DLB_OK);
	relay(p, x, y, there + 7, &there);
	assert_int_equal(pair_step_until_failed(p, p->b), DLB_CORRUPT);
	assert_non_null(strstr(p->err.msg, "changed on the way"));
	close(x);
	close(y);
	pair_free(p);
}

/* No byte of a handshake can be changed so that both ends open. */
static void
test_meddling_with_each_byte(void **state)
{
	struct pair *p = alone();

	(void)state;
	for (size_t flip = 0; flip < 400; flip += 3) {
		size_t there = 0, back = 0;
		int x, y;

		p->a = pair_half(p, true, &x);
		p->b = pair_half(p, false, &y);
		for (int i = 0; i < 6; i++) {
			(void)!dlb_link_step(p->a, &p->err);
			relay(p, x, y, flip, &there);
			(void)!dlb_link_step(p->b, &p->err);
			relay(p, y, x, SIZE_MAX, &back);
		}
		assert_true(
			flip >= there || dlb_link_state(p->b) != DLB_LINK_OPEN);
		dlb_link_free(p->a);
		dlb_link_free(p->b);
		close(x);
		close(y);
	}
	p->a = p->b = NULL;
	pair_free(p);
}

/* An end that is OpenSSL as others use it, on a descriptor of the test's. */
struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
};

static struct raw
raw_new(bool caller, int fd, int version)
{
	struct raw r;

	r.ctx = SSL_CTX_new(caller ? TLS_client_method() : TLS_server_method());
	assert_non_null(r.ctx);
	SSL_CTX_set_max_proto_version(r.ctx, version);
	if (!caller) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		X509 *cert = X509_new();

		assert_true(X509_set_pubkey(cert, key));
		ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
		X509_gmtime_adj(X509_getm_notBefore(cert), 0);
		X509_gmtime_adj(X509_getm_notAfter(cert), 1000);
		assert_true(X509_sign(cert, key, NULL));
		assert_true(SSL_CTX_use_certificate(r.ctx, cert));
		assert_true(SSL_CTX_use_PrivateKey(r.ctx, key));
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	r.ssl = SSL_new(r.ctx);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	SSL_set_fd(r.ssl, fd);
	if (caller)
		SSL_set_connect_state(r.ssl);
	else
		SSL_set_accept_state(r.ssl);
	return r;
}

static void
raw_free(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
}

static enum dlb_status
raw_shake(struct pair *p, struct raw *r, struct dlb_link *l)
{
	enum dlb_status s = DLB_OK;

	for (int i = 0; i < 20 && s == DLB_OK; i++) {
		(void)!SSL_do_handshake(r->ssl);
		s = dlb_link_step(l, &p->err);
	}
	return s;
}

static void
test_old_tls(void **state)
{
	struct pair *p = alone();
	struct dlb_link *l;
	struct raw r;
	int other;

	(void)state;
	for (int caller = 0; caller < 2; caller++) {
		l = pair_half(p, !caller, &other);
		r = raw_new(caller, other, TLS1_2_VERSION);
		assert_int_equal(raw_shake(p, &r, l), DLB_UNSUPPORTED);
		assert_non_null(strstr(p->err.msg, "TLS 1.3"));
		dlb_link_free(l);
		raw_free(&r);
		close(other);
	}
	pair_free(p);
}

/* A caller that is not `dlb` is served as any other: it gets no ticket, and asks
 * for a name and protocol in vain. The engine refuses it. */
static void
test_other_caller(void **state)
{
	struct pair *p = alone();
	struct dlb_link *l;
	struct raw r;
	char buf[10];
	int other;
	size_t n;

	(void)state;
	l = pair_half(p, false, &other);
	r = raw_new(true, other, 0);
	SSL_set_tlsext_host_name(r.ssl, "example.org");
	assert_int_equal(
		SSL_set_alpn_protos(r.ssl, (const uint8_t *)"\x02h2", 3), 0);
	assert_int_equal(raw_shake(p, &r, l), DLB_OK);
	assert_int_equal(dlb_link_state(l), DLB_LINK_OPEN);
	assert_int_equal(dlb_link_write(l, "hello", 5, &n, &p->err), DLB_OK);
	assert_int_equal(SSL_read(r.ssl, buf, sizeof(buf)), 5);
	assert_false(SSL_SESSION_has_ticket(SSL_get_session(r.ssl)));
	assert_false(SSL_SESSION_is_resumable(SSL_get_session(r.ssl)));
	dlb_link_free(l);
	raw_free(&r);
	close(other);
	pair_free(p);
}

/* One that sends tickets is not a listener of ours. */
static void
test_tickets(void **state)
{
	struct pair *p = alone();
	struct dlb_link *l;
	struct raw r;
	int other;

	(void)state;
	l = pair_half(p, true, &other);
	r = raw_new(false, other, 0);
	raw_shake(p, &r, l);
	assert_int_equal(pair_step_until_failed(p, l), DLB_LIMIT);
	assert_non_null(strstr(p->err.msg, "no place"));
	dlb_link_free(l);
	raw_free(&r);
	close(other);
	pair_free(p);
}

/* Asking for new keys without end costs a bounded number of answers. */
static void
test_key_update_flood(void **state)
{
	struct pair *p = alone();
	enum dlb_status s = DLB_OK;
	struct dlb_link *l;
	struct raw r;
	char buf[100];
	int other, sent = 0;
	size_t n;

	(void)state;
	l = pair_half(p, false, &other);
	r = raw_new(true, other, 0);
	assert_int_equal(raw_shake(p, &r, l), DLB_OK);
	while (s == DLB_OK && sent < 3000) {
		assert_int_equal(
			SSL_key_update(r.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_write(r.ssl, "x", 1), 1);
		sent++;
		s = dlb_link_read(l, buf, sizeof(buf), &n, &p->err);
	}
	assert_int_equal(s, DLB_LIMIT);
	assert_in_range(sent, POST_HANDSHAKE_MAX, POST_HANDSHAKE_MAX + 2);
	assert_true(l->out.end <= WIRE_SLACK);
	dlb_link_free(l);
	raw_free(&r);
	close(other);
	pair_free(p);
}

/* The extensions of a ClientHello in one record; false when it is none. */
static bool
has_extension(const uint8_t *record, size_t len, unsigned which)
{
	struct dlb_reader r;

	dlb_reader_init(&r, record, len);
	dlb_read_view(&r, 5 + 4 + 2 + 32);
	dlb_read_view(&r, dlb_read_u8(&r));
	dlb_read_view(&r, dlb_read_u16(&r));
	dlb_read_view(&r, dlb_read_u8(&r));
	dlb_read_u16(&r);
	while (dlb_reader_left(&r) > 0) {
		unsigned type = dlb_read_u16(&r);

		dlb_read_view(&r, dlb_read_u16(&r));
		if (type == which)
			return true;
	}
	assert_true(dlb_reader_done(&r));
	return false;
}

/* RFC 8446 section 4.2: who listens is told no name, protocol, session, ticket, or
 * early data; key shares and versions they see. */
static void
test_first_words(void **state)
{
	enum { SERVER_NAME = 0, ALPN = 16, TICKET = 35, PSK = 41, EARLY = 42 };
	enum { VERSIONS = 43, KEY_SHARE = 51 };
	struct pair *p = alone();
	uint8_t hello[4096];
	struct dlb_link *l;
	ssize_t n;
	int other;

	(void)state;
	l = pair_half(p, true, &other);
	assert_int_equal(dlb_link_step(l, &p->err), DLB_OK);
	n = recv(other, hello, sizeof(hello), MSG_DONTWAIT);
	assert_in_range(n, 100, 1900);
	assert_false(has_extension(hello, (size_t)n, SERVER_NAME));
	assert_false(has_extension(hello, (size_t)n, ALPN));
	assert_false(has_extension(hello, (size_t)n, TICKET));
	assert_false(has_extension(hello, (size_t)n, PSK));
	assert_false(has_extension(hello, (size_t)n, EARLY));
	assert_true(has_extension(hello, (size_t)n, VERSIONS));
	assert_true(has_extension(hello, (size_t)n, KEY_SHARE));
	dlb_link_free(l);
	close(other);
	pair_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_no_sigpipe),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_slow_handshake),
		cmocka_unit_test(test_slow_goodbye),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_hung_up_early),
		cmocka_unit_test(test_two_callers),
		cmocka_unit_test(test_endless_handshake),
		cmocka_unit_test(test_meddling),
		cmocka_unit_test(test_meddling_with_each_byte),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_other_caller),
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_key_update_flood),
		cmocka_unit_test(test_first_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
