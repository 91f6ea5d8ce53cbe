/*
 * Lines of the mount table.
 */
#include "mountinfo_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
parse(struct mount_entry *e, const char *line)
{
	return mountinfo_parse(e, line, strlen(line));
}

static void
test_lines(void **state)
{
	struct mount_entry e;

	(void)state;
	assert_true(parse(&e,
		"36 35 98:0 / /media/usb rw,noatime shared:1 "
		"master:2 - vfat /dev/sdb1 rw,errors=continue"));
	assert_int_equal(e.id, 36);
	assert_int_equal(e.major, 98);
	assert_int_equal(e.minor, 0);
	assert_true(e.whole);
	assert_string_equal(e.point, "/media/usb");
	assert_string_equal(e.type, "vfat");
	assert_true(parse(&e, "1 0 4294967295:7 /sub / rw - btrfs none rw"));
	assert_false(e.whole);
	assert_int_equal(e.major, UINT32_MAX);
	/* Names as their owners like them. */
	assert_true(parse(&e,
		"1 0 8:1 / /media/my\\040stick\\011\\012\\134\\043 "
		"rw - fuse.a\\040b none rw"));
	assert_string_equal(e.point, "/media/my stick\t\n\\#");
	assert_string_equal(e.type, "fuse.a b");
	/* A source may be empty, and nothing needs to follow the type. */
	assert_true(parse(&e, "1 0 8:1 / /m rw - tmpfs  rw"));
	assert_true(parse(&e, "1 0 8:1 / /m rw - tmpfs"));
}

static void
test_malformed(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"36",
		"x 35 98:0 / /m rw - vfat d rw",
		"36 35 98 / /m rw - vfat d rw",
		"36 35 98: / /m rw - vfat d rw",
		"36 35 :0 / /m rw - vfat d rw",
		"36 35 4294967296:0 / /m rw - vfat d rw",
		"-1 35 98:0 / /m rw - vfat d rw",
		"36 35 98:0 / m rw - vfat d rw",
		"36 35 98:0 / /m rw shared:1",
		"36 35 98:0 / /m rw -",
		"36 35 98:0 / /m rw - ",
		"36 35 98:0 / /m\\04 rw - vfat d rw",
		"36 35 98:0 / /m\\ rw - vfat d rw",
		"36 35 98:0 / /m\\08z rw - vfat d rw",
		"36 35 98:0 / /m\\400 rw - vfat d rw",
		"36 35 98:0 / /m\\000x rw - vfat d rw",
		"36  35 98:0 / /m rw - vfat d rw",
	};
	struct mount_entry e;
	char line[6000];

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(lines); i++)
		if (parse(&e, lines[i]))
			fail_msg("taken: %s", lines[i]);
	assert_false(mountinfo_parse(&e, "36 35 98:0 / /m\0x rw - vfat d rw",
		sizeof("36 35 98:0 / /m\0x rw - vfat d rw") - 1));
	snprintf(line, sizeof(line), "36 35 98:0 / /%05000d rw - vfat d rw", 0);
	assert_false(parse(&e, line));
	snprintf(line, sizeof(line), "36 35 98:0 / /m rw - %064d d rw", 0);
	assert_false(parse(&e, line));
}

static void
test_from_the_last(void **state)
{
	static const char text[] = "one\n\nthree\nfour";
	static const char *const expected[] = {"four", "three", "", "one"};
	size_t len = strlen(text), n, at = 0;
	const char *line;

	(void)state;
	while (mountinfo_last(text, &len, &line, &n)) {
		assert_true(at < DLB_ARRAY_LEN(expected));
		assert_int_equal(n, strlen(expected[at]));
		assert_memory_equal(line, expected[at], n);
		at++;
	}
	assert_int_equal(at, DLB_ARRAY_LEN(expected));
	len = 0;
	assert_false(mountinfo_last(text, &len, &line, &n));
	len = 1;
	assert_true(mountinfo_last("\n", &len, &line, &n));
	assert_int_equal(n, 0);
	assert_false(mountinfo_last("\n", &len, &line, &n));
}

static void
test_media(void **state)
{
	static const struct {
		const char *line;
		bool medium;
	} cases[] = {
		{"1 0 8:1 / /media/usb rw - vfat /dev/sdb1 rw", true},
		{"1 0 8:1 / /run/media/eve/STICK rw - exfat /dev/sdb1 rw",
			true},
		{"1 0 8:1 / /mnt ro - ext4 /dev/sdb1 ro", true},
		{"1 0 0:50 / /mnt/fat rw - fuse.fusefat fusefat rw", true},
		{"1 0 8:1 / /mnt/ntfs rw - fuseblk /dev/sdb1 rw", true},
		{"1 0 8:1 /@home /home rw - btrfs /dev/sda1 rw", true},
		{"1 0 8:1 / / rw - ext4 /dev/sda1 rw", false},
		{"1 0 8:1 / /boot/efi rw - vfat /dev/sda1 rw", false},
		{"1 0 8:1 / /boots rw - vfat /dev/sda1 rw", true},
		{"1 0 8:1 / /var rw - ext4 /dev/sda1 rw", false},
		{"1 0 8:1 /a /mnt/part rw - ext4 /dev/sda1 rw", false},
		{"1 0 0:5 / /mnt/n rw - nfs4 host:/x rw", false},
		{"1 0 0:5 / /mnt/s rw - fuse.sshfs host:/x rw", false},
		{"1 0 0:5 / /mnt/t rw - tmpfs tmpfs rw", false},
		{"1 0 0:5 / /proc rw - proc proc rw", false},
		{"1 0 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro", false},
	};
	struct mount_entry e;

	(void)state;
	for (size_t i = 0; i < DLB_ARRAY_LEN(cases); i++) {
		assert_true(parse(&e, cases[i].line));
		if (mountinfo_is_medium(&e) != cases[i].medium)
			fail_msg("wrong: %s", cases[i].line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_from_the_last),
		cmocka_unit_test(test_media),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
