/* Spans: reads and writes that straddle, growing and cutting, sets that do not
 * fit together, and every failure of a call on the way. */
#include "base_test.h"
#include "faulty_fs.h"

#include <sys/stat.h>

#define SPAN 16

static struct dlb_file *
create_ok(struct temp_dir *d, uint64_t len)
{
	struct dlb_file *f = NULL;
	struct dlb_error err = {0};

	if (dlb_span_create(&f, dlb_fs_posix(), in_dir(d, "s"), len, SPAN, &err)
		!= DLB_OK)
		fail_msg("%s", err.msg);
	return f;
}

static enum dlb_status
try_open(struct temp_dir *d, bool writable, struct dlb_file **out)
{
	struct dlb_error err = {0};
	enum dlb_status s = dlb_span_open(
		out, dlb_fs_posix(), in_dir(d, "s"), writable, SPAN, &err);

	assert_true((s == DLB_OK) == (*out != NULL));
	assert_int_equal(err.status, s);
	return s;
}

static struct dlb_file *
open_ok(struct temp_dir *d, bool writable)
{
	struct dlb_file *f = NULL;

	assert_int_equal(try_open(d, writable, &f), DLB_OK);
	return f;
}

static void
has_size(struct dlb_file *f, uint64_t want)
{
	uint64_t size = 0;

	assert_int_equal(f->ops->size(f, &size, NULL), DLB_OK);
	assert_int_equal(size, want);
}

static void
make_part(struct temp_dir *d, const char *name, size_t len)
{
	static const char zeros[64];

	assert_int_equal(dlb_file_replace(dlb_fs_posix(), in_dir(d, name),
				 zeros, len, NULL),
		DLB_OK);
}

static void
as_many_parts_as_needed(void **state)
{
	static const struct {
		uint64_t len;
		size_t parts;
	} sets[] = {{0, 1}, {1, 1}, {15, 1}, {16, 1}, {17, 2}, {32, 2}, {33, 3},
		{160, 10}, {175, 11}};

	for (size_t i = 0; i < DLB_ARRAY_LEN(sets); i++) {
		struct dlb_file *f = create_ok(*state, sets[i].len);

		has_size(f, sets[i].len);
		assert_int_equal(count_files(*state), sets[i].parts);
		f->ops->close(f);
		f = open_ok(*state, false);
		has_size(f, sets[i].len);
		f->ops->close(f);
		assert_int_equal(dlb_span_remove(dlb_fs_posix(),
					 in_dir(*state, "s"), NULL),
			DLB_OK);
		assert_int_equal(count_files(*state), 0);
	}
}

static void
ranges_straddle(void **state)
{
	struct dlb_file *f = create_ok(*state, 100);
	uint8_t model[100] = {0}, out[100], in[100];
	struct dlb_env_seeded e;

	dlb_env_seeded_init(&e, 3, 0);
	for (int round = 0; round < 3000; round++) {
		uint32_t at = dlb_random_below(&e.env, 100);
		uint32_t len = dlb_random_below(&e.env, 101 - at);

		if (round % 100 == 99) {
			f->ops->close(f);
			f = open_ok(*state, true);
		}
		dlb_random(&e.env, in, len);
		memcpy(model + at, in, len);
		assert_int_equal(
			f->ops->write_at(f, in, len, at, NULL), DLB_OK);
		at = dlb_random_below(&e.env, 100);
		len = dlb_random_below(&e.env, 101 - at);
		assert_int_equal(
			f->ops->read_at(f, out, len, at, NULL), DLB_OK);
		assert_memory_equal(out, model + at, len);
	}
	f->ops->hint_flush(f, 3, 90);
	f->ops->hint_read(f, 3, UINT64_MAX);
	assert_int_equal(f->ops->sync(f, NULL), DLB_OK);
	f->ops->close(f);
}

static void
ends_are_kept(void **state)
{
	struct dlb_file *f = create_ok(*state, 40);
	struct dlb_error err = {0};
	uint8_t buf[64] = {0};

	assert_int_equal(f->ops->read_at(f, buf, 41, 0, &err), DLB_CORRUPT);
	assert_int_equal(f->ops->read_at(f, buf, 1, 40, &err), DLB_CORRUPT);
	assert_int_equal(f->ops->read_at(f, buf, 1, 48, &err), DLB_CORRUPT);
	assert_int_equal(
		f->ops->read_at(f, buf, 9, UINT64_MAX - 2, &err), DLB_CORRUPT);
	assert_int_equal(f->ops->read_at(f, buf, 0, 999, &err), DLB_OK);
	assert_int_equal(f->ops->write_at(f, buf, 49, 0, &err), DLB_LIMIT);
	assert_int_equal(
		f->ops->write_at(f, buf, 9, UINT64_MAX - 2, &err), DLB_LIMIT);
	f->ops->close(f);
}

/* The length and the bytes of a file that is grown and cut at random. */
static void
resize_adds_and_removes(void **state)
{
	struct dlb_file *f = create_ok(*state, 0);
	uint8_t model[128] = {0}, out[128];
	struct dlb_env_seeded e;
	size_t len = 0;

	dlb_env_seeded_init(&e, 4, 0);
	for (int round = 0; round < 500; round++) {
		size_t to = dlb_random_below(&e.env, sizeof(model) + 1);

		if (to < len)
			memset(model + to, 0, len - to);
		len = to;
		assert_int_equal(f->ops->resize(f, len, NULL), DLB_OK);
		has_size(f, len);
		assert_int_equal(count_files(*state),
			len == 0 ? 1 : (len + SPAN - 1) / SPAN);
		assert_int_equal(f->ops->read_at(f, out, len, 0, NULL), DLB_OK);
		assert_memory_equal(out, model, len);
		dlb_random(&e.env, model, len);
		assert_int_equal(
			f->ops->write_at(f, model, len, 0, NULL), DLB_OK);
	}
	assert_int_equal(
		f->ops->resize(f, (uint64_t)SPAN * DLB_SPANS_MAX + 1, NULL),
		DLB_LIMIT);
	assert_int_equal(f->ops->resize(f, UINT64_MAX, NULL), DLB_LIMIT);
	has_size(f, len);
	f->ops->close(f);
}

static void
odd_sets_are_refused(void **state)
{
	static const struct {
		size_t len[3];
		enum dlb_status want;
	} sets[] = {
		{{16, 16, 5}, DLB_OK},
		{{16, 16, 16}, DLB_OK},
		{{16, 16, 0}, DLB_OK},
		{{16, 15, 5}, DLB_MALFORMED},
		{{16, 17, 5}, DLB_MALFORMED},
		{{15, 16, 5}, DLB_MALFORMED},
		{{17, 16, 5}, DLB_MALFORMED},
		{{0, 16, 5}, DLB_MALFORMED},
		{{16, 16, 17}, DLB_MALFORMED},
	};

	for (size_t i = 0; i < DLB_ARRAY_LEN(sets); i++) {
		struct dlb_file *f = NULL;

		make_part(*state, "s", sets[i].len[0]);
		make_part(*state, "s.1", sets[i].len[1]);
		make_part(*state, "s.2", sets[i].len[2]);
		assert_int_equal(
			try_open(*state, i % 2 == 0, &f), sets[i].want);
		if (f)
			f->ops->close(f);
	}
}

static void
what_is_not_there(void **state)
{
	struct dlb_file *f = NULL;
	struct dlb_error err = {0};

	assert_int_equal(try_open(*state, true, &f), DLB_NOT_FOUND);
	assert_int_equal(
		dlb_span_remove(dlb_fs_posix(), in_dir(*state, "s"), &err),
		DLB_NOT_FOUND);
	assert_true(strlen(err.msg) > 0);
	/* A part without the first is none. */
	make_part(*state, "s.1", 3);
	assert_int_equal(try_open(*state, true, &f), DLB_NOT_FOUND);
}

static void
creating_takes_nothing_over(void **state)
{
	static const char *const names[] = {"s", "s.1", "s.2", "s.3"};

	for (size_t i = 0; i < DLB_ARRAY_LEN(names); i++) {
		struct dlb_file *f = NULL;
		struct dlb_error err = {0};

		/* The last is not one of the set, but would be taken for it. */
		make_part(*state, names[i], 7);
		assert_int_equal(dlb_span_create(&f, dlb_fs_posix(),
					 in_dir(*state, "s"), 40, SPAN, &err),
			DLB_EXISTS);
		assert_null(f);
		assert_int_equal(count_files(*state), 1);
		assert_true(is_there(*state, names[i]));
		assert_int_equal(unlink(in_dir(*state, names[i])), 0);
	}
}

static void
the_writer_is_alone(void **state)
{
	struct dlb_file *f = create_ok(*state, 40), *g = NULL;

	assert_int_equal(try_open(*state, true, &g), DLB_BUSY);
	f->ops->close(f);
	f = open_ok(*state, true);
	assert_int_equal(try_open(*state, true, &g), DLB_BUSY);
	g = open_ok(*state, false);
	g->ops->close(g);
	f->ops->close(f);
}

static void
a_failed_create_leaves_nothing(void **state)
{
	unsigned at = 0;
	enum dlb_status s;

	do {
		struct faulty_fs fs;
		struct dlb_file *f = NULL;
		struct dlb_error err = {0};

		faulty_fs_init(&fs, ++at, false);
		s = dlb_span_create(
			&f, &fs.fs, in_dir(*state, "s"), 40, SPAN, &err);
		assert_int_equal(err.status, s);
		if (s == DLB_OK) {
			assert_int_equal(fs.syncs, 3);
			assert_int_equal(fs.dir_syncs, 1);
			f->ops->close(f);
		} else {
			assert_null(f);
			assert_int_equal(count_files(*state), 0);
		}
		assert_int_equal(fs.open_files, 0);
	} while (s != DLB_OK);
	/* Is there a set, a leftover, a part too many; open and resize each; sync
	 * each; the directory; is there a set now; rename. */
	assert_int_equal(at, 3 + 2 * 3 + 3 + 1 + 2 + 1);
}

/* Whenever the program is stopped while creating, there is no set or all of it, and
 * the next one begins as if nothing had been. */
static void
a_stopped_create_is_none(void **state)
{
	unsigned at = 0;
	enum dlb_status s;

	do {
		struct faulty_fs fs;
		struct dlb_file *f = NULL;

		faulty_fs_init(&fs, ++at, true);
		s = dlb_span_create(
			&f, &fs.fs, in_dir(*state, "s"), 40, SPAN, NULL);
		if (f)
			f->ops->close(f);
		if (is_there(*state, "s")) {
			f = open_ok(*state, true);
			has_size(f, 40);
		} else {
			assert_int_not_equal(s, DLB_OK);
			assert_int_equal(
				try_open(*state, true, &f), DLB_NOT_FOUND);
			f = create_ok(*state, 20);
		}
		f->ops->close(f);
		assert_int_equal(dlb_span_remove(dlb_fs_posix(),
					 in_dir(*state, "s"), NULL),
			DLB_OK);
		assert_int_equal(count_files(*state), 0);
	} while (s != DLB_OK);
}

static void
what_is_being_made_is_left_alone(void **state)
{
	struct dlb_file *f = NULL, *g = NULL;
	struct dlb_error err = {0};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", in_dir(*state, "s"));
	assert_int_equal(
		dlb_span_begin(&f, dlb_fs_posix(), path, 40, SPAN, NULL),
		DLB_OK);
	assert_true(is_there(*state, "s.new"));
	assert_false(is_there(*state, "s"));
	assert_int_equal(
		dlb_span_begin(&g, dlb_fs_posix(), path, 40, SPAN, &err),
		DLB_BUSY);
	assert_null(g);
	assert_int_equal(count_files(*state), 3);
	/* Nor does it replace what came meanwhile. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(dlb_span_settle(f, &err), DLB_EXISTS);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(dlb_span_settle(f, &err), DLB_OK);
	assert_true(is_there(*state, "s"));
	has_size(f, 40);
	assert_int_equal(dlb_span_abandon(f, &err), DLB_OK);
	assert_int_equal(count_files(*state), 0);
}

/* Whenever the stick is pulled while growing or cutting, it opens again, with a
 * length between the two. */
static void
an_interrupted_resize_opens(void **state)
{
	static const uint64_t lens[][2] = {
		{10, 70}, {70, 10}, {16, 64}, {64, 16}, {40, 41}, {0, 33}};

	for (size_t i = 0; i < DLB_ARRAY_LEN(lens); i++) {
		uint64_t from = lens[i][0], to = lens[i][1], size;
		uint64_t most = from > to ? from : to;
		unsigned at = 0;
		enum dlb_status s;

		do {
			struct faulty_fs fs;
			struct dlb_file *f = create_ok(*state, from);

			f->ops->close(f);
			faulty_fs_init(&fs, 0, true);
			assert_int_equal(
				dlb_span_open(&f, &fs.fs, in_dir(*state, "s"),
					true, SPAN, NULL),
				DLB_OK);
			fs.fail_at = fs.calls + ++at;
			s = f->ops->resize(f, to, NULL);
			f->ops->close(f);
			assert_int_equal(fs.open_files, 0);
			f = open_ok(*state, true);
			assert_int_equal(f->ops->size(f, &size, NULL), DLB_OK);
			assert_in_range(size, from < to ? from : to, most);
			assert_true(s != DLB_OK || size == to);
			f->ops->close(f);
			assert_int_equal(dlb_span_remove(dlb_fs_posix(),
						 in_dir(*state, "s"), NULL),
				DLB_OK);
		} while (s != DLB_OK);
	}
}

/* After an interrupted removal what is left is found and removed again. */
static void
an_interrupted_remove_goes_on(void **state)
{
	for (unsigned at = 1; at < 12; at++) {
		struct dlb_file *f = create_ok(*state, 60);
		struct faulty_fs fs;

		f->ops->close(f);
		faulty_fs_init(&fs, at, true);
		if (dlb_span_remove(&fs.fs, in_dir(*state, "s"), NULL) == DLB_OK
			|| at == 10)
			assert_int_equal(count_files(*state), 0);
		else
			assert_int_equal(dlb_span_remove(dlb_fs_posix(),
						 in_dir(*state, "s"), NULL),
				DLB_OK);
		assert_int_equal(count_files(*state), 0);
	}
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(as_many_parts_as_needed),
		T(ranges_straddle),
		T(ends_are_kept),
		T(resize_adds_and_removes),
		T(odd_sets_are_refused),
		T(what_is_not_there),
		T(creating_takes_nothing_over),
		T(the_writer_is_alone),
		T(a_failed_create_leaves_nothing),
		T(a_stopped_create_is_none),
		T(what_is_being_made_is_left_alone),
		T(an_interrupted_resize_opens),
		T(an_interrupted_remove_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
