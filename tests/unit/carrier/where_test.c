/*
 * What a person may type for a host.
 */
#include "tcp_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_parse(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} cases[] = {
		{"host", "host", DLB_TCP_PORT},
		{"host.example.org:80", "host.example.org", 80},
		{"192.168.1.20", "192.168.1.20", DLB_TCP_PORT},
		{"192.168.1.20:65535", "192.168.1.20", 65535},
		{"::1", "::1", DLB_TCP_PORT},
		{"2001:db8::1", "2001:db8::1", DLB_TCP_PORT},
		{"fe80::1%eth0", "fe80::1%eth0", DLB_TCP_PORT},
		{"[::1]", "::1", DLB_TCP_PORT},
		{"[fe80::1%eth0]:7", "fe80::1%eth0", 7},
		{"b\xc3\xbc"
		 "cher.example:00080",
			"b\xc3\xbc"
			"cher.example",
			80},
	};
	struct dlb_tcp_where where, again;
	char text[DLB_TCP_WHERE_MAX + 1];
	struct dlb_error err;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		assert_int_equal(
			dlb_tcp_parse(&where, cases[i].text, &err), DLB_OK);
		assert_string_equal(where.host, cases[i].host);
		assert_int_equal(where.port, cases[i].port);
		dlb_tcp_text(text, &where);
		assert_int_equal(dlb_tcp_parse(&again, text, &err), DLB_OK);
		assert_string_equal(again.host, where.host);
		assert_int_equal(again.port, where.port);
	}
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {"", ":80", "host:", "host:0",
		"host:65536", "host:123456", "host:8o", "host:-1", "[::1",
		"[::1]x", "[::1]:", "[host]:80", "[a:1]", "[]", "a b",
		"http://host", "host/path", "user@host", "-v", "a\nb",
		"a\033[2J"};
	char longer[DLB_TCP_HOST_MAX + 2];
	struct dlb_tcp_where where;
	struct dlb_error err;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		dlb_error_clear(&err);
		if (dlb_tcp_parse(&where, cases[i], &err) != DLB_USAGE)
			fail_msg("taken: %s", cases[i]);
		assert_non_null(strstr(err.msg, "name a host as in"));
		assert_null(strchr(err.msg, '\033'));
		assert_null(strchr(err.msg, '\n'));
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(dlb_tcp_parse(&where, longer, &err), DLB_USAGE);
	longer[DLB_TCP_HOST_MAX] = '\0';
	assert_int_equal(dlb_tcp_parse(&where, longer, &err), DLB_OK);
}

static struct address
address_of(const char *host, uint16_t port)
{
	struct dlb_tcp_where where = {.port = port};
	struct address a;

	snprintf(where.host, sizeof(where.host), "%s", host);
	assert_true(address_parse(&a, &where));
	return a;
}

static void
test_addresses(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "192.168.1.20", "::1", "2001:db8::1"};
	struct dlb_tcp_where where = {.port = 1};
	struct address a;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(hosts); i++) {
		a = address_of(hosts[i], 4711);
		address_where(&where, &a);
		assert_string_equal(where.host, hosts[i]);
		assert_int_equal(where.port, 4711);
	}
	a = address_of("::ffff:10.1.2.3", 80);
	address_where(&where, &a);
	assert_string_equal(where.host, "10.1.2.3");
	assert_int_equal(where.port, 80);
	/* The loopback interface is there in each network namespace. */
	a = address_of("fe80::1%lo", 80);
	address_where(&where, &a);
	assert_string_equal(where.host, "fe80::1%lo");
	snprintf(where.host, sizeof(where.host), "localhost");
	assert_false(address_parse(&a, &where));
}

static void
test_interleave(void **state)
{
	static const char *const before[] = {
		"::1", "::2", "::3", "1.1.1.1", "::4", "2.2.2.2"};
	static const char *const after[] = {
		"::1", "1.1.1.1", "::2", "2.2.2.2", "::3", "::4"};
	struct address list[DLB_ARRAY_LEN(before)];
	struct dlb_tcp_where where;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(before); i++)
		list[i] = address_of(before[i], 1);
	addresses_interleave(list, DLB_ARRAY_LEN(list));
	for (size_t i = 0; i < DLB_ARRAY_LEN(after); i++) {
		address_where(&where, &list[i]);
		assert_string_equal(where.host, after[i]);
	}
	addresses_interleave(list, 0);
	addresses_interleave(list, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_interleave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
