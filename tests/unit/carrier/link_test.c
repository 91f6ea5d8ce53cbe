/*
 * Links between two honest ends: over each kind of descriptors, to the end and
 * beyond.
 */
#include "link_pair.h"

#include <fcntl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
exporters(struct pair *p, uint8_t out[2][DLB_LINK_EXPORTER_LEN])
{
	assert_int_equal(dlb_link_exporter(p->a, out[0], &p->err), DLB_OK);
	assert_int_equal(dlb_link_exporter(p->b, out[1], &p->err), DLB_OK);
}

static void
test_exporter(void **state)
{
	uint8_t one[2][DLB_LINK_EXPORTER_LEN], two[2][DLB_LINK_EXPORTER_LEN];
	struct pair *p = pair_new(PAIR_SOCKETS), *q = pair_new(PAIR_SOCKETS);

	(void)state;
	assert_int_equal(dlb_link_exporter(p->a, one[0], &p->err), DLB_FAILED);
	pair_shake(p);
	pair_shake(q);
	exporters(p, one);
	exporters(q, two);
	assert_memory_equal(one[0], one[1], sizeof(one[0]));
	assert_memory_equal(two[0], two[1], sizeof(two[0]));
	assert_memory_not_equal(one[0], two[0], sizeof(one[0]));
	assert_string_equal(
		dlb_link_stats(p->a).cipher, dlb_link_stats(p->b).cipher);
	assert_int_equal(strncmp(dlb_link_stats(p->a).cipher, "TLS_", 4), 0);
	pair_free(p);
	pair_free(q);
}

static void
test_both_ways(void **state)
{
	static const size_t lens[] = {1, 16384, 16385, 300000, 3000000};
	static const size_t pieces[] = {1000, 65536, 300001};

	(void)state;
	for (int kind = PAIR_SOCKETS; kind <= PAIR_TCP; kind++) {
		struct pair *p = pair_new((enum pair_kind)kind);

		pair_shake(p);
		for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
			size_t piece = pieces[i % DLB_ARRAY_LEN(pieces)];

			pair_move(p, p->a, p->b, lens[i], piece);
			pair_move(p, p->b, p->a, lens[i], piece);
		}
		assert_true(dlb_link_stats(p->a).out > 3000000);
		assert_int_equal(
			dlb_link_stats(p->a).out, dlb_link_stats(p->b).in);
		assert_int_equal(
			dlb_link_stats(p->b).out, dlb_link_stats(p->a).in);
		pair_close(p);
		pair_free(p);
	}
}

/* What was written before close arrives, and more may be said after the other
 * end's goodbye. */
static void
test_goodbye(void **state)
{
	struct pair *p = pair_new(PAIR_PIPES);
	char buf[16];
	size_t n;

	(void)state;
	pair_shake(p);
	assert_int_equal(dlb_link_write(p->a, "last", 4, &n, &p->err), DLB_OK);
	assert_int_equal(dlb_link_close(p->a, &p->err), DLB_OK);
	assert_int_equal(dlb_link_state(p->a), DLB_LINK_CLOSING);
	assert_int_equal(
		dlb_link_read(p->b, buf, sizeof(buf), &n, &p->err), DLB_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(buf, "last", 4);
	assert_int_equal(dlb_link_state(p->b), DLB_LINK_ENDED);
	assert_int_equal(
		dlb_link_read(p->b, buf, sizeof(buf), &n, &p->err), DLB_OK);
	assert_int_equal(n, 0);
	assert_int_equal(dlb_link_write(p->b, "more", 4, &n, &p->err), DLB_OK);
	assert_int_equal(n, 4);
	assert_int_equal(dlb_link_step(p->a, &p->err), DLB_OK);
	assert_int_equal(dlb_link_state(p->a), DLB_LINK_CLOSING);
	assert_int_equal(dlb_link_close(p->b, &p->err), DLB_OK);
	assert_int_equal(dlb_link_state(p->b), DLB_LINK_CLOSED);
	assert_int_equal(dlb_link_step(p->a, &p->err), DLB_OK);
	assert_int_equal(dlb_link_state(p->a), DLB_LINK_CLOSED);
	/* Harmless from here on. */
	assert_int_equal(dlb_link_step(p->a, &p->err), DLB_OK);
	assert_int_equal(dlb_link_close(p->a, &p->err), DLB_OK);
	pair_free(p);
}

/* A full megabyte in flight when both close at once is not lost. */
static void
test_close_with_much_unsent(void **state)
{
	struct pair *p = pair_new(PAIR_SOCKETS);
	uint8_t *piece = calloc(1, 1 << 20);
	size_t sent = 0, received = 0, n;

	(void)state;
	pair_shake(p);
	do {
		assert_int_equal(
			dlb_link_write(p->a, piece, 1 << 20, &n, &p->err),
			DLB_OK);
		sent += n;
	} while (n > 0);
	assert_true(dlb_link_unsent(p->a) > 0);
	assert_int_equal(dlb_link_close(p->a, &p->err), DLB_OK);
	while (dlb_link_state(p->b) == DLB_LINK_OPEN) {
		assert_int_equal(
			dlb_link_read(p->b, piece, 1 << 20, &n, &p->err),
			DLB_OK);
		received += n;
		assert_int_equal(dlb_link_step(p->a, &p->err), DLB_OK);
	}
	assert_int_equal(received, sent);
	pair_close(p);
	free(piece);
	pair_free(p);
}

static void
test_poll(void **state)
{
	struct pair *p = pair_new(PAIR_PIPES), *q = pair_new(PAIR_SOCKETS);
	uint8_t *piece = calloc(1, 1 << 20);
	struct pollfd fds[DLB_LINK_FDS_MAX];
	size_t n;

	(void)state;
	assert_int_equal(dlb_link_poll(p->a, false, fds), 1);
	assert_int_equal(fds[0].events, POLLIN);
	pair_shake(p);
	assert_int_equal(dlb_link_poll(p->a, false, fds), 0);
	assert_int_equal(dlb_link_poll(p->a, true, fds), 1);
	assert_int_equal(dlb_link_deadline_ms(p->a), INT64_MAX);
	do
		assert_int_equal(
			dlb_link_write(p->a, piece, 1 << 20, &n, &p->err),
			DLB_OK);
	while (n > 0);
	assert_int_equal(dlb_link_poll(p->a, true, fds), 2);
	assert_int_equal(fds[1].events, POLLOUT);
	assert_int_equal(poll(fds + 1, 1, 0), 0);
	assert_int_equal(dlb_link_poll(p->a, false, fds), 1);
	assert_int_equal(fds[0].events, POLLOUT);
	pair_free(p);
	/* One descriptor, both directions. */
	pair_shake(q);
	do
		assert_int_equal(
			dlb_link_write(q->a, piece, 1 << 20, &n, &q->err),
			DLB_OK);
	while (n > 0);
	assert_int_equal(dlb_link_poll(q->a, true, fds), 1);
	assert_int_equal(fds[0].events, POLLIN | POLLOUT);
	pair_free(q);
	free(piece);
}

static void
test_new_keys_on_the_way(void **state)
{
	struct pair *p = pair_new(PAIR_SOCKETS);

	(void)state;
	pair_shake(p);
	p->a->rekey_after = 100000;
	p->b->rekey_after = 30000;
	pair_move(p, p->a, p->b, 2000000, 65536);
	pair_move(p, p->b, p->a, 2000000, 65536);
	assert_in_range(p->b->post_handshake, 15, 20);
	assert_in_range(p->a->post_handshake, 45, 67);
	pair_close(p);
	pair_free(p);
}

static void
test_borrowed(void **state)
{
	struct dlb_env_seeded env;
	struct dlb_error err;
	struct dlb_link *l;
	int a[2], b[2];

	(void)state;
	dlb_env_seeded_init(&env, 1, 0);
	pair_connect(PAIR_PIPES, a, b);
	assert_int_equal(dlb_link_new(&l, &env.env,
				 &(struct dlb_link_config){.read_fd = a[0],
					 .write_fd = a[1],
					 .borrowed = true},
				 &err),
		DLB_OK);
	assert_true(fcntl(a[0], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(a[1], F_GETFL) & O_NONBLOCK);
	dlb_link_free(l);
	for (int i = 0; i < 2; i++) {
		assert_false(fcntl(a[i], F_GETFL) & O_NONBLOCK);
		close(a[i]);
		close(b[i]);
	}
}

static void
test_terminal(void **state)
{
	struct dlb_env_seeded env;
	struct dlb_error err;
	struct dlb_link *l;
	int main_end = posix_openpt(O_RDWR | O_NOCTTY), fd;

	(void)state;
	dlb_env_seeded_init(&env, 1, 0);
	if (main_end < 0 || grantpt(main_end) != 0 || unlockpt(main_end) != 0)
		skip();
	fd = open(ptsname(main_end), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(dlb_link_new(&l, &env.env,
				 &(struct dlb_link_config){
					 .read_fd = fd, .write_fd = fd},
				 &err),
		DLB_USAGE);
	assert_null(l);
	assert_non_null(strstr(err.msg, "dlb meet --pipe"));
	/* Taken over all the same. */
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	close(main_end);
}

static void
assert_time(const ASN1_TIME *t, const char *expected)
{
	ASN1_TIME *want = ASN1_TIME_new();

	assert_int_equal(ASN1_TIME_set_string(want, expected), 1);
	assert_int_equal(ASN1_TIME_compare(t, want), 0);
	ASN1_TIME_free(want);
}

/* Nothing in it repeats but what is the same for everybody. The clocks and the
 * environment's randomness of the two pairs are the same on purpose. */
static void
test_certificate(void **state)
{
	struct pair *p = pair_new(PAIR_SOCKETS), *q = pair_new(PAIR_SOCKETS);
	X509 *one, *two;

	(void)state;
	pair_shake(p);
	pair_shake(q);
	one = SSL_get1_peer_certificate(p->a->ssl);
	two = SSL_get1_peer_certificate(q->a->ssl);
	assert_non_null(one);
	assert_non_null(two);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(one)), 0);
	assert_int_equal(X509_NAME_entry_count(X509_get_issuer_name(one)), 0);
	assert_int_equal(X509_get_ext_count(one), 0);
	assert_time(X509_get0_notBefore(one), "19700101000000Z");
	assert_time(X509_get0_notAfter(one), "99991231235959Z");
	assert_int_equal(
		EVP_PKEY_eq(X509_get0_pubkey(one), X509_get0_pubkey(two)), 0);
	assert_int_equal(i2d_X509(one, NULL), i2d_X509(two, NULL));
	/* The listener has seen none. */
	assert_null(SSL_get0_peer_certificate(p->b->ssl));
	X509_free(one);
	X509_free(two);
	pair_free(p);
	pair_free(q);
}

static void
test_serial_is_random(void **state)
{
	struct pair *p = pair_new(PAIR_SOCKETS);
	const ASN1_INTEGER *one, *two;
	struct dlb_link *l;
	int other;

	(void)state;
	l = pair_half(p, false, &other);
	one = X509_get0_serialNumber(SSL_get_certificate(p->b->ssl));
	two = X509_get0_serialNumber(SSL_get_certificate(l->ssl));
	assert_int_not_equal(ASN1_INTEGER_cmp(one, two), 0);
	assert_int_equal(ASN1_STRING_length(one), 16);
	assert_int_equal(ASN1_STRING_length(two), 16);
	dlb_link_free(l);
	close(other);
	pair_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exporter),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_goodbye),
		cmocka_unit_test(test_close_with_much_unsent),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_new_keys_on_the_way),
		cmocka_unit_test(test_borrowed),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_serial_is_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
