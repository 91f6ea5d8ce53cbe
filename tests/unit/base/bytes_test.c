/* The reader and the writer stay within their bounds and remember a failure;
 * the buffer grows and keeps what it has. */
#include "base_test.h"

static void
integers_round_trip_big_endian(void **state)
{
	static const uint8_t want[] = {0xab, 0x01, 0x02, 0xf1, 0x02, 0x03, 0x04,
		0xff, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
	uint8_t buf[sizeof(want)];
	struct dlb_writer w;
	struct dlb_reader r;

	(void)state;
	dlb_writer_init(&w, buf, sizeof(buf));
	dlb_write_u8(&w, 0xab);
	dlb_write_u16(&w, 0x0102);
	dlb_write_u32(&w, 0xf1020304);
	dlb_write_u64(&w, 0xff02030405060708);
	assert_false(w.failed);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));

	dlb_reader_init(&r, buf, sizeof(buf));
	assert_int_equal(dlb_read_u8(&r), 0xab);
	assert_int_equal(dlb_read_u16(&r), 0x0102);
	assert_false(dlb_reader_done(&r));
	assert_int_equal(dlb_read_u32(&r), 0xf1020304);
	assert_int_equal(dlb_reader_left(&r), 8);
	assert_true(dlb_read_u64(&r) == 0xff02030405060708);
	assert_true(dlb_reader_done(&r));
}

static void
a_short_read_is_remembered(void **state)
{
	static const uint8_t in[] = {1, 2, 3};
	uint8_t out[4] = {9, 9, 9, 9};
	struct dlb_reader r;

	(void)state;
	for (size_t len = 0; len < 4; len++) {
		dlb_reader_init(&r, in, len > 3 ? 3 : len);
		assert_int_equal(dlb_read_u32(&r), 0);
		assert_true(r.failed);
		/* What would have fitted does not come any more. */
		assert_int_equal(dlb_read_u8(&r), 0);
		assert_null(dlb_read_view(&r, 1));
		assert_null(dlb_read_view(&r, 0));
		assert_int_equal(dlb_reader_left(&r), 0);
		assert_false(dlb_reader_done(&r));
	}
	dlb_reader_init(&r, in, sizeof(in));
	dlb_read_bytes(&r, out, sizeof(out));
	assert_true(r.failed);
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
	dlb_reader_init(&r, in, sizeof(in));
	assert_null(dlb_read_view(&r, SIZE_MAX));
	assert_true(r.failed);
}

static void
views_and_copies(void **state)
{
	static const uint8_t in[] = {1, 2, 3, 4};
	uint8_t out[2];
	struct dlb_reader r;

	(void)state;
	dlb_reader_init(&r, in, sizeof(in));
	assert_ptr_equal(dlb_read_view(&r, 1), in);
	assert_ptr_equal(dlb_read_view(&r, 0), in + 1);
	dlb_read_bytes(&r, out, 2);
	assert_memory_equal(out, in + 1, 2);
	dlb_read_bytes(&r, NULL, 0);
	assert_int_equal(dlb_reader_left(&r), 1);
	assert_false(dlb_reader_done(&r));
	assert_int_equal(dlb_read_u8(&r), 4);
	assert_true(dlb_reader_done(&r));
}

static void
zeros_must_be_zeros(void **state)
{
	uint8_t in[8] = {0};
	struct dlb_reader r;

	(void)state;
	dlb_reader_init(&r, in, sizeof(in));
	dlb_read_zeros(&r, sizeof(in));
	assert_true(dlb_reader_done(&r));
	dlb_reader_init(&r, in, sizeof(in));
	dlb_read_zeros(&r, sizeof(in) + 1);
	assert_true(r.failed);
	for (size_t i = 0; i < sizeof(in); i++) {
		in[i] = 0x40;
		dlb_reader_init(&r, in, sizeof(in));
		dlb_read_zeros(&r, sizeof(in));
		assert_true(r.failed);
		in[i] = 0;
	}
}

static void
nothing_can_be_read(void **state)
{
	struct dlb_reader r;

	(void)state;
	dlb_reader_init(&r, NULL, 0);
	assert_true(dlb_reader_done(&r));
	assert_non_null(dlb_read_view(&r, 0));
	assert_int_equal(dlb_read_u8(&r), 0);
	assert_true(r.failed);
	dlb_reader_init(&r, NULL, 3);
	assert_false(dlb_reader_done(&r));
}

static void
the_writer_stops_at_its_end(void **state)
{
	uint8_t buf[8];
	struct dlb_writer w;

	(void)state;
	for (size_t cap = 0; cap < 4; cap++) {
		memset(buf, 0xee, sizeof(buf));
		dlb_writer_init(&w, buf, cap);
		dlb_write_u32(&w, 0);
		assert_true(w.failed);
		/* Not even what would fit is written after that. */
		dlb_write_bytes(&w, "", 0);
		dlb_write_u8(&w, 1);
		dlb_write_zeros(&w, 1);
		assert_int_equal(w.len, 0);
		for (size_t i = 0; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xee);
	}
	dlb_writer_init(&w, buf, 4);
	dlb_write_bytes(&w, "ab", 2);
	dlb_write_bytes(&w, NULL, 0);
	dlb_write_zeros(&w, 2);
	assert_false(w.failed);
	assert_memory_equal(buf, "ab\0\0\xee", 5);
	/* What is left counts, not what there was. */
	dlb_writer_init(&w, buf, 4);
	dlb_write_zeros(&w, 3);
	dlb_write_u16(&w, 0xffff);
	assert_true(w.failed);
	assert_memory_equal(buf, "\0\0\0\0\xee", 5);
	assert_int_equal(w.len, 3);
	dlb_writer_init(&w, buf, 4);
	dlb_write_zeros(&w, 4);
	dlb_write_zeros(&w, SIZE_MAX);
	assert_true(w.failed);
	assert_int_equal(w.len, 4);
}

static void
the_buffer_grows(void **state)
{
	struct dlb_buf b = {0};
	uint8_t piece[37];

	(void)state;
	assert_int_equal(dlb_buf_append(&b, NULL, 0), DLB_OK);
	assert_null(b.data);
	for (size_t n = 0; n < 100; n++) {
		memset(piece, (int)n, sizeof(piece));
		assert_int_equal(
			dlb_buf_append(&b, piece, sizeof(piece)), DLB_OK);
	}
	assert_int_equal(b.len, 100 * sizeof(piece));
	assert_true(b.cap >= b.len);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], i / sizeof(piece));
	assert_int_equal(dlb_buf_append(&b, piece, SIZE_MAX), DLB_NO_MEMORY);
	assert_int_equal(
		dlb_buf_append(&b, piece, SIZE_MAX / 2), DLB_NO_MEMORY);
	assert_int_equal(b.len, 100 * sizeof(piece));
	assert_int_equal(dlb_buf_reserve(&b, 10), DLB_OK);
	assert_true(b.cap >= b.len);
	assert_int_equal(dlb_buf_reserve(&b, 100000), DLB_OK);
	assert_int_equal(b.cap, 100000);
	assert_int_equal(b.data[b.len - 1], 99);
	dlb_buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.len + b.cap, 0);
	dlb_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_round_trip_big_endian),
		cmocka_unit_test(a_short_read_is_remembered),
		cmocka_unit_test(views_and_copies),
		cmocka_unit_test(zeros_must_be_zeros),
		cmocka_unit_test(nothing_can_be_read),
		cmocka_unit_test(the_writer_stops_at_its_end),
		cmocka_unit_test(the_buffer_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
