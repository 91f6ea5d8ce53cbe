/* QR codes: what is drawn for terminals and as SVG is the code, module by module. */
#include "picture_test.h"

static void
codes_grow_up_to_a_limit(void **state)
{
	static struct dlb_qr qr;
	static char digits[DLB_PICTURE_TEXT_MAX + 2];
	struct dlb_error err;

	(void)state;
	assert_ok(dlb_qr_make(&qr, "", "1", &err));
	assert_int_equal(qr.side, 21);
	/* The corner that scanners look for. */
	for (unsigned i = 0; i < 7; i++)
		assert_true(qr.dark[i] && qr.dark[i * qr.side]);
	assert_false(qr.dark[7]);
	memset(digits, '7', sizeof(digits) - 1);
	/* A short card's with a name of five letters. */
	digits[3403] = '\0';
	assert_ok(dlb_qr_make(&qr, WORDS, digits, &err));
	assert_int_equal(qr.side, 125);
	digits[3403] = '7';
	digits[7000] = '\0';
	assert_ok(dlb_qr_make(&qr, WORDS, digits, &err));
	assert_int_equal(qr.side, DLB_QR_SIDE_MAX);
	digits[7000] = '7';
	for (size_t len = 7090; len <= DLB_PICTURE_TEXT_MAX + 1;
		len += DLB_PICTURE_TEXT_MAX + 1 - 7090) {
		digits[len] = '\0';
		assert_int_equal(dlb_qr_make(&qr, "", digits, &err), DLB_LIMIT);
		assert_int_equal(qr.side, 0);
		digits[len] = '7';
	}
	/* What the modes do not have. */
	assert_int_not_equal(dlb_qr_make(&qr, "lower", "1", &err), DLB_OK);
	assert_int_not_equal(dlb_qr_make(&qr, "", "1a", &err), DLB_OK);
}

/* Is the module dark, by a line of text and whether ink is dark? */
static bool
dark_of(const char *sign, bool lower, bool ink_is_dark)
{
	bool ink = strncmp(sign, "\xe2\x96\x88", 3) == 0
		|| strncmp(sign, lower ? "\xe2\x96\x84" : "\xe2\x96\x80", 3)
			== 0;

	return ink == ink_is_dark;
}

static void
check_text(const struct dlb_qr *qr, const char *text, bool escapes,
	bool ink_is_dark)
{
	for (unsigned line = 0; line < dlb_qr_lines(qr); line++) {
		if (escapes) {
			assert_int_equal(strncmp(text, "\x1b[", 2), 0);
			text = strchr(text, 'm') + 1;
		}
		for (unsigned x = 0; x < dlb_qr_columns(qr); x++) {
			for (unsigned half = 0; half < 2; half++) {
				unsigned row = 2 * line + half - DLB_QR_MARGIN;
				unsigned column = x - DLB_QR_MARGIN;
				bool dark = row < qr->side && column < qr->side
					&& qr->dark[row * qr->side + column];

				assert_int_equal(
					dark_of(text, half, ink_is_dark), dark);
			}
			text += *text == ' ' ? 1 : 3;
		}
		if (escapes) {
			assert_int_equal(strncmp(text, "\x1b[0m", 4), 0);
			text += 4;
		}
		assert_int_equal(*text++, '\n');
	}
	assert_int_equal(*text, '\0');
}

static void
terminals_show_each_module(void **state)
{
	static struct dlb_qr qr;
	struct dlb_error err;

	(void)state;
	assert_ok(dlb_qr_make(&qr, WORDS, DIGITS, &err));
	assert_int_equal(dlb_qr_columns(&qr), qr.side + 8);
	/* An odd number of rows: half a line is left. */
	assert_int_equal(dlb_qr_lines(&qr), (qr.side + 9) / 2);
	for (int ink = DLB_QR_COLOURS; ink <= DLB_QR_DARK_ON_LIGHT; ink++) {
		struct dlb_buf text = {0};

		assert_ok(dlb_qr_text(&text, &qr, (enum dlb_qr_ink)ink));
		assert_ok(dlb_buf_append(&text, "", 1));
		check_text(&qr, (char *)text.data, ink == DLB_QR_COLOURS,
			ink == DLB_QR_DARK_ON_LIGHT);
		dlb_buf_free(&text);
	}
}

static void
svg_draws_each_module(void **state)
{
	static struct dlb_qr qr, seen;
	struct dlb_buf svg = {0};
	struct dlb_error err;
	unsigned x, y, n, back;
	char box[32];

	(void)state;
	assert_ok(dlb_qr_make(&qr, WORDS, DIGITS, &err));
	assert_ok(dlb_qr_svg(&svg, &qr));
	assert_ok(dlb_buf_append(&svg, "", 1));
	snprintf(box, sizeof(box), "viewBox=\"0 0 %u %u\"", dlb_qr_columns(&qr),
		dlb_qr_columns(&qr));
	assert_non_null(strstr((char *)svg.data, box));
	seen.side = qr.side;
	for (const char *at = strstr((char *)svg.data, " d=\"") + 3; at;
		at = strchr(at + 1, 'M')) {
		if (at[1] != 'M' && *at != 'M')
			continue;
		at += *at != 'M';
		assert_int_equal(
			sscanf(at, "M%u %uh%uv1h-%uz", &x, &y, &n, &back), 4);
		assert_int_equal(n, back);
		while (n-- > 0)
			seen.dark[(y - DLB_QR_MARGIN) * qr.side + x + n
				- DLB_QR_MARGIN] = true;
	}
	assert_memory_equal(&seen, &qr, sizeof(qr));
	dlb_buf_free(&svg);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_grow_up_to_a_limit),
		cmocka_unit_test(terminals_show_each_module),
		cmocka_unit_test(svg_draws_each_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
