/*
 * Pictures are read by a process of its own: what comes back, how it may end, and
 * what that process may not do. DLB_SCAN is its program.
 */
#include "picture_test.h"
#include "scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static void
make_png(struct dlb_buf *out)
{
	static struct dlb_qr qr;
	struct dlb_error err;

	assert_ok(dlb_qr_make(&qr, WORDS, DIGITS, &err));
	assert_ok(dlb_qr_png(out, &qr, &err));
}

static enum dlb_status
read_with(struct dlb_buf *out, const struct dlb_buf *png, const char *scanner,
	const struct dlb_env *env, struct dlb_error *err)
{
	const char *const scanners[] = {"/nowhere/dlb-scan", scanner, NULL};

	return dlb_picture_read(out, png->data, png->len, scanners, env, err);
}

static void
what_is_drawn_is_read(void **state)
{
	struct dlb_buf png = {0}, text = {0};
	struct dlb_error err;

	(void)state;
	make_png(&png);
	assert_string_equal(dlb_picture_kind(png.data, png.len), "PNG");
	assert_ok(dlb_buf_append(&text, "before ", 7));
	assert_ok(read_with(
		&text, &png, getenv("DLB_SCAN"), dlb_env_system(), &err));
	assert_ok(dlb_buf_append(&text, "", 1));
	assert_string_equal((char *)text.data, "before " WORDS DIGITS);
	dlb_buf_free(&png);
	dlb_buf_free(&text);
}

static void
kinds_are_told_apart(void **state)
{
	(void)state;
	assert_null(dlb_picture_kind((const uint8_t *)"DLB CARD 12", 11));
	assert_null(dlb_picture_kind((const uint8_t *)"-----BEGIN", 10));
	assert_null(dlb_picture_kind(NULL, 0));
	assert_null(dlb_picture_kind((const uint8_t *)"\x89PN", 3));
	assert_null(dlb_picture_kind((const uint8_t *)"<sv", 3));
	assert_null(dlb_picture_kind((const uint8_t *)"a <svg", 6));
	assert_null(dlb_picture_kind((const uint8_t *)"<html>", 6));
	assert_string_equal(
		dlb_picture_kind((const uint8_t *)"<svg", 4), "SVG");
	assert_string_equal(
		dlb_picture_kind((const uint8_t *)"<?xml?>\n<svg ", 13), "SVG");
	assert_null(dlb_picture_kind((const uint8_t *)"\0\0\0\0ftyphei", 11));
	assert_string_equal(dlb_picture_kind((const uint8_t *)"\0\0\0\x18"
							      "ftypheic",
				    12),
		"HEIF");
	assert_string_equal(
		dlb_picture_kind((const uint8_t *)"\xff\xd8\xff\xe1", 4),
		"JPEG");
}

static void
png_is_read_as_it_was_drawn(void **state)
{
	static struct dlb_qr qr;
	struct dlb_buf png = {0};
	struct dlb_pixels pixels;
	struct dlb_error err;

	(void)state;
	assert_ok(dlb_qr_make(&qr, WORDS, DIGITS, &err));
	assert_ok(dlb_qr_png(&png, &qr, &err));
	assert_int_equal(
		dlb_scan_png(&pixels, png.data, png.len), DLB_SCAN_TEXT);
	assert_int_equal(pixels.width, dlb_qr_columns(&qr) * 8);
	assert_int_equal(pixels.height, pixels.width);
	for (unsigned y = 0; y < pixels.height; y++)
		for (unsigned x = 0; x < pixels.width; x++) {
			unsigned row = y / 8 - DLB_QR_MARGIN,
				 column = x / 8 - DLB_QR_MARGIN;
			bool dark = row < qr.side && column < qr.side
				&& qr.dark[row * qr.side + column];

			assert_int_equal(pixels.grey[y * pixels.width + x],
				dark ? 0 : 255);
		}
	dlb_pixels_free(&pixels);
	/* Cut anywhere before its end it is damaged. */
	for (size_t len = 0; len < png.len - 64; len += 1 + png.len / 50) {
		uint8_t *cut = malloc(len + 1);

		memcpy(cut, png.data, len);
		assert_int_equal(
			dlb_scan_png(&pixels, cut, len), DLB_SCAN_DAMAGED);
		assert_null(pixels.grey);
		free(cut);
	}
	dlb_buf_free(&png);
}

/* A program in its place that ends in another way. */
static void
ends_otherwise(const char *script, enum dlb_status wanted, const char *why)
{
	char name[] = "/tmp/dlb-scan-test-XXXXXX";
	struct dlb_buf png = {0}, text = {0};
	struct dlb_error err;
	int fd = mkstemp(name);

	make_png(&png);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, script, strlen(script)), strlen(script));
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	assert_int_equal(
		read_with(&text, &png, name, dlb_env_system(), &err), wanted);
	if (!strstr(err.msg, why))
		fail_msg("%s: %s", script, err.msg);
	assert_int_equal(text.len, 0);
	unlink(name);
	dlb_buf_free(&png);
	dlb_buf_free(&text);
}

static void
every_end_is_told(void **state)
{
	struct dlb_buf large = {0}, text = {0};
	struct dlb_error err;

	(void)state;
	ends_otherwise("#!/bin/sh\nexit 10\n", DLB_MALFORMED, "damaged");
	ends_otherwise("#!/bin/sh\nexit 11\n", DLB_LIMIT, "too large");
	ends_otherwise("#!/bin/sh\nexit 12\n", DLB_NOT_FOUND, "no QR code");
	ends_otherwise("#!/bin/sh\nexit 13\n", DLB_MALFORMED, "more than one");
	ends_otherwise("#!/bin/sh\nexit 14\n", DLB_NO_MEMORY, "memory");
	ends_otherwise("#!/bin/sh\nexit 15\n", DLB_UNSUPPORTED, "as PNG");
	ends_otherwise("#!/bin/sh\nexit 1\n", DLB_FAILED, "confined");
	/* What it said before it failed is nothing. */
	ends_otherwise("#!/bin/sh\necho half\nkill -SEGV $$\n", DLB_MALFORMED,
		"made to do that");
	ends_otherwise("#!/bin/sh\nkill -XCPU $$\n", DLB_LIMIT, "too long");
	ends_otherwise("#!/bin/sh\nkill -INT $$\n", DLB_CANCELLED, "");
	/* It says more than a code can; it is not waited for. */
	ends_otherwise("#!/bin/sh\nhead -c 9000 /dev/zero\nexec sleep 60\n",
		DLB_LIMIT, "too long");
	/* No descriptor and no word of the environment comes along. */
	assert_int_equal(dup2(STDERR_FILENO, 77), 77);
	ends_otherwise("#!/bin/sh\n"
		       "[ -z \"$DLB_SCAN\" ] && [ ! -e /proc/self/fd/77 ] && "
		       "exit 12\n",
		DLB_NOT_FOUND, "no QR code");
	close(77);

	assert_ok(dlb_buf_reserve(&large, DLB_PICTURE_LEN_MAX + 1));
	large.len = DLB_PICTURE_LEN_MAX + 1;
	memset(large.data, 0, large.len);
	assert_int_equal(read_with(&text, &large, getenv("DLB_SCAN"),
				 dlb_env_system(), &err),
		DLB_LIMIT);
	large.len = 10;
	assert_int_equal(read_with(&text, &large, "/nowhere/either",
				 dlb_env_system(), &err),
		DLB_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "dlb-scan is not beside it"));
	dlb_buf_free(&large);
}

/* A clock on which one look leaves half a second of what may be waited. */
static int64_t
hurry(void *ctx)
{
	int64_t *now = ctx;

	return *now += DLB_PICTURE_MS_MAX - 500;
}

static void
is_not_waited_for(const char *script)
{
	char name[] = "/tmp/dlb-scan-test-XXXXXX";
	struct dlb_buf png = {0}, text = {0};
	int64_t now = 0;
	struct dlb_env env = {.ctx = &now, .monotonic_ms = hurry};
	struct dlb_error err;
	int fd = mkstemp(name);

	make_png(&png);
	assert_int_equal(write(fd, script, strlen(script)), strlen(script));
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	assert_int_equal(read_with(&text, &png, name, &env, &err), DLB_LIMIT);
	assert_non_null(strstr(err.msg, "too long"));
	assert_int_equal(text.len, 0);
	unlink(name);
	dlb_buf_free(&png);
	dlb_buf_free(&text);
}

static void
it_is_not_waited_for_without_end(void **state)
{
	(void)state;
	is_not_waited_for("#!/bin/sh\nexec sleep 60\n");
	/* Its output ends, it does not. */
	is_not_waited_for("#!/bin/sh\nexec sleep 60 >&-\n");
}

/* The exit code says what was possible. */
static int
try_all(void)
{
	int done = 0;

	if (!dlb_scan_confine())
		return 100;
	if (open("/dev/null", O_RDONLY) >= 0)
		done |= 1;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
		done |= 2;
#ifndef SANITIZED
	if (fork() >= 0)
		done |= 4;
	execl("/bin/true", "true", (char *)NULL);
	if (errno != EPERM)
		done |= 8;
	if (kill(getppid(), 0) == 0)
		done |= 16;
#endif
	/* What is open is what there is. */
	if (write(STDERR_FILENO, "", 0) != 0)
		done |= 32;
	return done;
}

static void
the_scanner_can_only_compute(void **state)
{
	int status;
	pid_t child;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(try_all());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_drawn_is_read),
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(png_is_read_as_it_was_drawn),
		cmocka_unit_test(every_end_is_told),
		cmocka_unit_test(it_is_not_waited_for_without_end),
		cmocka_unit_test(the_scanner_can_only_compute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
