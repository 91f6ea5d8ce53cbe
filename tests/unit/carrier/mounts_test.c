/*
 * Boxes that come and go, in directories of the test's and by a table of its own.
 * The clock is the test's; inotify has told when the call that it tells of returns.
 */
#include "mounts_internal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_MAX 4096

struct fixture {
	struct dlb_env_seeded env;
	struct dlb_error err;
	struct dlb_mounts *m;
	char dir[64];
	/* "+name ", "-name ", "!" for a limit; "*" a medium, "~" again */
	char log[LOG_MAX];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	dlb_env_seeded_init(&f->env, 1, DLB_EPOCH_MS);
	snprintf(f->dir, sizeof(f->dir), "/tmp/dlb-mounts-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	dlb_mounts_free(f->m);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* The last sixteen stay as they are. */
static const char *
at(const struct fixture *f, const char *name)
{
	static char paths[16][512];
	static unsigned next;
	char *p = paths[next++ % DLB_ARRAY_LEN(paths)];

	assert_true(snprintf(p, sizeof(paths[0]), "%s/%s", f->dir, name) < 512);
	return p;
}

static void
make_box(struct fixture *f, const char *name)
{
	int fd = open(at(f, name), O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DLB_STICK_BOX_LEN_MIN), 0);
	close(fd);
}

static void
make_dir(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(at(f, name), 0700), 0);
}

static void
set_table(struct fixture *f, const char *lines)
{
	FILE *out = fopen(at(f, "table"), "w");

	assert_non_null(out);
	/* %D stands for the directory. */
	for (const char *p = lines; *p; p++)
		if (*p == '%')
			fputs(f->dir, out);
		else
			fputc(*p, out);
	fclose(out);
}

static void
start(struct fixture *f, const char *const *dirs, size_t n, bool media)
{
	struct dlb_mounts_config config = {
		.dirs = dirs, .dirs_n = n, .media = media};

	if (media)
		config.table = at(f, "table");
	assert_int_equal(
		dlb_mounts_new(&f->m, &f->env.env, &config, &f->err), DLB_OK);
}

/* What is told now, in one line. */
static const char *
told(struct fixture *f)
{
	static struct dlb_mounts_event e;
	size_t n = 0;

	f->log[0] = '\0';
	for (int i = 0; i < 200; i++) {
		dlb_mounts_step(f->m, &e);
		if (e.kind == DLB_MOUNTS_NONE)
			return f->log;
		if (e.kind == DLB_MOUNTS_LIMIT) {
			assert_non_null(strstr(e.why.msg, "not all"));
			n += (size_t)snprintf(f->log + n, LOG_MAX - n, "! ");
			continue;
		}
		assert_memory_equal(e.path, f->dir, strlen(f->dir));
		n += (size_t)snprintf(f->log + n, LOG_MAX - n, "%c%s%s%s ",
			e.kind == DLB_MOUNTS_APPEARED ? '+' : '-',
			e.path + strlen(f->dir) + 1, e.medium ? "*" : "",
			e.again ? "~" : "");
	}
	fail_msg("no end: %s", f->log);
	return NULL;
}

static const char *
told_later(struct fixture *f)
{
	told(f);
	assert_string_equal(f->log, "");
	f->env.now_ms += DLB_MOUNTS_QUIET_MS;
	return told(f);
}

static void
test_at_the_start(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a"), at(f, "b/"), at(f, "a")};

	make_dir(f, "a");
	make_dir(f, "b");
	make_box(f, "a/one.dlb");
	make_box(f, "a/.hidden.dlb");
	make_box(f, "a/other.img");
	assert_int_equal(symlink("one.dlb", at(f, "a/link.dlb")), 0);
	make_box(f, "b/two.dlb");
	start(f, dirs, 3, false);
	assert_string_equal(told(f), "+a/one.dlb +b/two.dlb ");
	assert_string_equal(told_later(f), "");
	/* Not before they are to be told of again. */
	assert_int_equal(dlb_mounts_deadline_ms(f->m),
		f->env.now_ms - DLB_MOUNTS_QUIET_MS + DLB_MOUNTS_AGAIN_MS);
}

static void
test_come_and_go(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a")};

	make_dir(f, "a");
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "");
	make_box(f, "a/x.dlb");
	/* Not before the directory is quiet. */
	assert_string_equal(told(f), "");
	assert_int_equal(dlb_mounts_deadline_ms(f->m),
		f->env.now_ms + DLB_MOUNTS_QUIET_MS);
	f->env.now_ms += DLB_MOUNTS_QUIET_MS - 1;
	assert_string_equal(told(f), "");
	f->env.now_ms += 1;
	assert_string_equal(told(f), "+a/x.dlb ");
	/* That one is gone does not have to wait. */
	assert_int_equal(unlink(at(f, "a/x.dlb")), 0);
	assert_string_equal(told(f), "-a/x.dlb ");
	/* Come and gone between two looks: nothing to tell. */
	make_box(f, "a/y.dlb");
	assert_int_equal(unlink(at(f, "a/y.dlb")), 0);
	assert_string_equal(told_later(f), "");
}

static void
test_replaced(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a")};

	make_dir(f, "a");
	make_box(f, "a/x.dlb");
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "+a/x.dlb ");
	/* Written to, by us or others, it is the same. */
	assert_int_equal(
		truncate(at(f, "a/x.dlb"), DLB_STICK_BOX_LEN_MIN + 1), 0);
	assert_string_equal(told_later(f), "");
	/* As who synchronises a folder does it. */
	make_box(f, "a/.x.part");
	assert_int_equal(rename(at(f, "a/.x.part"), at(f, "a/x.dlb")), 0);
	assert_string_equal(told(f), "-a/x.dlb ");
	assert_string_equal(told_later(f), "+a/x.dlb ");
	assert_int_equal(rename(at(f, "a/x.dlb"), at(f, "a/y.dlb")), 0);
	/* Told late, in this order all the same. */
	f->env.now_ms += DLB_MOUNTS_QUIET_MS;
	assert_string_equal(told(f), "-a/x.dlb ");
	assert_string_equal(told_later(f), "+a/y.dlb ");
}

/* A copy that takes long is not told of while it is written. */
static void
test_slow_copy(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a")};
	int fd;

	make_dir(f, "a");
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "");
	make_box(f, "a/x.dlb");
	fd = open(at(f, "a/x.dlb"), O_WRONLY | O_APPEND);
	for (int i = 0; i < 100; i++) {
		f->env.now_ms += DLB_MOUNTS_QUIET_MS - 100;
		assert_int_equal(write(fd, "more", 4), 4);
		assert_string_equal(told(f), "");
	}
	close(fd);
	assert_string_equal(told_later(f), "+a/x.dlb ");
}

/* One that is ready is told of although others keep the directory busy. */
static void
test_busy_directory(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a")};
	int fd, turns = 0;

	make_dir(f, "a");
	make_box(f, "a/busy.dlb");
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "+a/busy.dlb ");
	make_box(f, "a/x.dlb");
	fd = open(at(f, "a/busy.dlb"), O_WRONLY | O_APPEND);
	while (strcmp(told(f), "") == 0 && turns < 100) {
		f->env.now_ms += 100;
		assert_int_equal(write(fd, "more", 4), 4);
		turns++;
	}
	assert_string_equal(f->log, "+a/x.dlb ");
	assert_in_range(turns * 100, DLB_MOUNTS_PATIENCE_MS,
		3 * DLB_MOUNTS_PATIENCE_MS);
	close(fd);
}

/* What has nothing to do with boxes makes nobody look. */
static void
test_other_files(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a")};

	make_dir(f, "a");
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "");
	make_box(f, "a/film.mkv");
	assert_string_equal(told(f), "");
	assert_int_equal(dlb_mounts_deadline_ms(f->m), INT64_MAX);
}

static void
test_directory_comes_and_goes(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "a/b/c")};

	start(f, dirs, 1, false);
	assert_string_equal(told(f), "");
	make_dir(f, "a");
	assert_string_equal(told_later(f), "");
	/* All at once, as `mkdir -p` does. */
	make_dir(f, "a/b");
	make_dir(f, "a/b/c");
	make_box(f, "a/b/c/x.dlb");
	assert_string_equal(told_later(f), "+a/b/c/x.dlb ");
	assert_int_equal(rename(at(f, "a/b/c"), at(f, "away")), 0);
	assert_string_equal(told_later(f), "-a/b/c/x.dlb ");
	assert_int_equal(rename(at(f, "away"), at(f, "a/b/c")), 0);
	assert_string_equal(told_later(f), "+a/b/c/x.dlb ");
	assert_int_equal(unlink(at(f, "a/b/c/x.dlb")), 0);
	assert_int_equal(rmdir(at(f, "a/b/c")), 0);
	assert_int_equal(rmdir(at(f, "a/b")), 0);
	assert_string_equal(told(f), "-a/b/c/x.dlb ");
	make_dir(f, "a/b");
	make_dir(f, "a/b/c");
	make_box(f, "a/b/c/x.dlb");
	assert_string_equal(told_later(f), "+a/b/c/x.dlb ");
}

static void
test_media(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "usb");
	make_dir(f, "card");
	make_box(f, "usb/x.dlb");
	make_box(f, "card/y.dlb");
	set_table(f,
		"1 0 8:1 / /mnt rw - tmpfs none rw\n"
		"2 0 8:2 / %/usb rw - vfat /dev/sdb1 rw\n");
	start(f, NULL, 0, true);
	assert_string_equal(told(f), "+usb/x.dlb* ");
	set_table(f,
		"2 0 8:2 / %/usb rw - vfat /dev/sdb1 rw\n"
		"3 0 8:3 / %/card rw - exfat /dev/sdc1 rw\n");
	assert_string_equal(told_later(f), "+card/y.dlb* ");
	/* Gone is told at once. */
	set_table(f, "3 0 8:3 / %/card rw - exfat /dev/sdc1 rw\n");
	assert_string_equal(told(f), "-usb/x.dlb ");
	assert_int_equal(f->m->places_n, 1);
	/* Another stick at the same place. */
	set_table(f, "4 0 8:4 / %/card rw - exfat /dev/sdd1 rw\n");
	assert_string_equal(told(f), "-card/y.dlb* ");
	assert_string_equal(told_later(f), "+card/y.dlb* ");
	/* One over the other: the upper one counts, and stays the same. */
	set_table(f,
		"4 0 8:4 / %/card rw - exfat /dev/sdd1 rw\n"
		"5 0 8:5 / %/card rw - exfat /dev/sde1 rw\n");
	assert_string_equal(told(f), "-card/y.dlb* ");
	assert_string_equal(told_later(f), "+card/y.dlb* ");
	set_table(f,
		"4 0 8:4 / %/card rw - exfat /dev/sdd1 rw\n"
		"5 0 8:5 / %/card rw - exfat /dev/sde1 rw\n"
		"6 0 0:5 / /mnt/t rw - tmpfs none rw\n");
	assert_string_equal(told(f), "");
	set_table(f, "");
	assert_string_equal(told(f), "-card/y.dlb ");
	assert_int_equal(f->m->places_n, 0);
}

/* A directory that is named and is a medium's as well is one place. */
static void
test_named_and_medium(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "usb")};

	make_dir(f, "usb");
	make_box(f, "usb/x.dlb");
	set_table(f, "");
	start(f, dirs, 1, true);
	assert_string_equal(told(f), "+usb/x.dlb ");
	set_table(f, "2 0 8:2 / %/usb rw - vfat /dev/sdb1 rw\n");
	assert_string_equal(told(f), "-usb/x.dlb* ");
	assert_int_equal(f->m->places_n, 1);
	f->env.now_ms += DLB_MOUNTS_QUIET_MS;
	assert_string_equal(told(f), "+usb/x.dlb* ");
}

/* Something mounted over a named directory, or above it, of which inotify says
 * nothing: here a link stands for it, that leads elsewhere. */
static void
test_mounted_over(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "link")};

	make_dir(f, "a");
	make_dir(f, "b");
	make_box(f, "b/x.dlb");
	assert_int_equal(symlink("a", at(f, "link")), 0);
	set_table(f, "");
	start(f, dirs, 1, true);
	assert_string_equal(told(f), "");
	assert_int_equal(symlink("b", at(f, "new")), 0);
	assert_int_equal(rename(at(f, "new"), at(f, "link")), 0);
	assert_string_equal(told_later(f), "");
	set_table(f, "2 0 0:5 / %/link rw - tmpfs none rw\n");
	assert_string_equal(told_later(f), "+link/x.dlb ");
}

static void
test_limits(void **state)
{
	struct fixture *f = *state;
	const char *dirs[DLB_MOUNTS_DIRS_MAX + 1];
	const char *relative[] = {"here"};
	struct dlb_mounts_config config = {
		.dirs = dirs, .dirs_n = DLB_ARRAY_LEN(dirs)};
	char name[64];
	size_t plus = 0;

	for (size_t i = 0; i < DLB_ARRAY_LEN(dirs); i++)
		dirs[i] = "/nowhere";
	assert_int_equal(dlb_mounts_new(&f->m, &f->env.env, &config, &f->err),
		DLB_LIMIT);
	config = (struct dlb_mounts_config){.dirs = relative, .dirs_n = 1};
	assert_int_equal(dlb_mounts_new(&f->m, &f->env.env, &config, &f->err),
		DLB_USAGE);
	assert_null(f->m);
	make_dir(f, "a");
	for (unsigned i = 0; i < BOXES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "a/%u.dlb", i);
		make_box(f, name);
	}
	dirs[0] = at(f, "a");
	start(f, dirs, 1, false);
	told(f);
	assert_memory_equal(f->log, "! ", 2);
	for (const char *p = f->log; *p; p++)
		plus += *p == '+';
	assert_int_equal(plus, BOXES_MAX);
}

/* Hundreds of mounts, more than are watched; and lines that are none. */
static void
test_big_table(void **state)
{
	struct fixture *f = *state;
	FILE *out = fopen(at(f, "table"), "w");

	assert_non_null(out);
	for (unsigned i = 0; i < DLB_MOUNTS_PLACES_MAX + 50; i++)
		fprintf(out, "%u 0 8:1 / %s/%u rw - vfat d rw\nnonsense\n", i,
			f->dir, i);
	fclose(out);
	start(f, NULL, 0, true);
	assert_string_equal(told(f), "! ");
	assert_int_equal(f->m->places_n, DLB_MOUNTS_PLACES_MAX);
	set_table(f, "");
	assert_string_equal(told(f), "");
	assert_int_equal(f->m->places_n, 0);
}

/* The kernel's own table can be watched, whatever is in it. */
static void
test_real_table(void **state)
{
	struct fixture *f = *state;
	struct dlb_mounts_config config = {.media = true};
	struct pollfd fds[DLB_MOUNTS_FDS_MAX];
	struct dlb_mounts_event e;

	assert_int_equal(
		dlb_mounts_new(&f->m, &f->env.env, &config, &f->err), DLB_OK);
	assert_int_equal(dlb_mounts_poll(f->m, fds), 2);
	assert_int_equal(fds[1].events, POLLPRI);
	for (int i = 0; i < 1000; i++) {
		dlb_mounts_step(f->m, &e);
		if (e.kind == DLB_MOUNTS_NONE)
			return;
	}
	fail();
}

static void
put(struct fixture *f, const char *name)
{
	int fd = open(at(f, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

#define CELL(digit) "in/0123456789abcdef0123456789abcde" digit

static void
test_folder_of_cells(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "in")};

	make_dir(f, "in");
	put(f, CELL("0"));
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "");
	put(f, "in/cells.lock");
	assert_string_equal(told_later(f), "+in ");
	/* What the meeting itself puts there is no news. */
	put(f, CELL("1"));
	put(f, CELL("2"));
	dlb_mounts_met(f->m, dirs[0], 3);
	assert_string_equal(told_later(f), "");
	/* Nor is what is no cell. */
	put(f, "in/cells.txt");
	put(f, "in/0123");
	assert_string_equal(told_later(f), "");
	put(f, CELL("3"));
	assert_string_equal(told_later(f), "+in~ ");
	dlb_mounts_met(f->m, dirs[0], 4);
	assert_int_equal(unlink(at(f, CELL("3"))), 0);
	assert_string_equal(told_later(f), "+in~ ");
	dlb_mounts_met(f->m, dirs[0], 3);
	/* One that can not be met is not tried for each change. */
	dlb_mounts_leave(f->m, dirs[0]);
	put(f, CELL("3"));
	assert_string_equal(told_later(f), "");
	/* Another lock is another box. */
	put(f, "new");
	assert_int_equal(rename(at(f, "new"), at(f, "in/cells.lock")), 0);
	assert_string_equal(told(f), "-in ");
	assert_string_equal(told_later(f), "+in ");
	assert_int_equal(unlink(at(f, "in/cells.lock")), 0);
	assert_string_equal(told(f), "-in ");
	assert_string_equal(told_later(f), "");
}

/* A box in a directory is told of once in a while; one on a stick is not. */
static void
test_again(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "in")};

	make_dir(f, "in");
	make_dir(f, "usb");
	make_box(f, "in/a.dlb");
	make_box(f, "usb/b.dlb");
	set_table(f, "36 1 8:1 / %/usb rw - vfat /dev/sdb1 rw\n");
	start(f, dirs, 1, true);
	assert_string_equal(told(f), "+in/a.dlb +usb/b.dlb* ");
	assert_int_equal(dlb_mounts_deadline_ms(f->m),
		f->env.now_ms + DLB_MOUNTS_AGAIN_MS);
	f->env.now_ms += DLB_MOUNTS_AGAIN_MS - 1;
	assert_string_equal(told(f), "");
	f->env.now_ms++;
	assert_string_equal(told(f), "+in/a.dlb~ ");
	assert_string_equal(told(f), "");
	assert_int_equal(unlink(at(f, "in/a.dlb")), 0);
	assert_string_equal(told(f), "-in/a.dlb ");
	f->env.now_ms += DLB_MOUNTS_AGAIN_MS;
	assert_string_equal(told(f), "");
}

/* Where the kernel tells of nothing. */
static void
test_folder_of_cells_unwatched(void **state)
{
	struct fixture *f = *state;
	const char *dirs[] = {at(f, "in")};
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	make_dir(f, "in");
	put(f, "in/cells.lock");
	start(f, dirs, 1, false);
	assert_string_equal(told(f), "+in ");
	assert_int_equal(close(f->m->inotify), 0);
	f->m->inotify = inotify_init1(IN_NONBLOCK);
	assert_true(f->m->inotify >= 0);
	put(f, CELL("0"));
	/* Not so that its time is another by chance alone. */
	assert_int_equal(utimensat(AT_FDCWD, dirs[0], times, 0), 0);
	assert_string_equal(told_later(f), "");
	f->env.now_ms += 60000 - DLB_MOUNTS_QUIET_MS;
	assert_int_equal(dlb_mounts_deadline_ms(f->m), f->env.now_ms);
	assert_string_equal(told_later(f), "+in~ ");
	dlb_mounts_met(f->m, dirs[0], 1);
	assert_string_equal(told_later(f), "");
	/* Whatever happens, once in a while. */
	f->env.now_ms += DLB_MOUNTS_AGAIN_MS - 2 * DLB_MOUNTS_QUIET_MS;
	assert_string_equal(told_later(f), "+in~ ");
	assert_string_equal(told_later(f), "");
	assert_true(dlb_mounts_deadline_ms(f->m) >= f->env.now_ms + 50000);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_at_the_start),
		TEST(test_come_and_go),
		TEST(test_replaced),
		TEST(test_slow_copy),
		TEST(test_busy_directory),
		TEST(test_other_files),
		TEST(test_directory_comes_and_goes),
		TEST(test_media),
		TEST(test_named_and_medium),
		TEST(test_mounted_over),
		TEST(test_limits),
		TEST(test_big_table),
		TEST(test_real_table),
		TEST(test_again),
		TEST(test_folder_of_cells),
		TEST(test_folder_of_cells_unwatched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
