/*
 * Fuzz target for manifests. The first byte chooses:
 *   even  the rest is a manifest, as a hostile sender would write it
 *   odd   the rest is files to add: (u8 type, u64 size, u8 length, path, u8
 *         length, target) again and again
 *
 * Beyond memory errors: what the writer took, the reader takes; what the reader
 * took, the writer takes and writes the same, but for fields that it passed over;
 * no path or link that was taken leads out.
 */
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, "%d: %s\n", __LINE__, #cond);          \
			abort();                                               \
		}                                                              \
	} while (0)

/* Said another way than the module says it. */
static void
check_file(const struct dlb_manifest_file *f)
{
	char path[DLB_MANIFEST_PATH_MAX + 3], target[DLB_MANIFEST_PATH_MAX + 3];
	long depth = 0, least = 0;

	REQUIRE(f->path_len > 0 && f->path_len <= DLB_MANIFEST_PATH_MAX);
	snprintf(path, sizeof(path), "/%.*s/", (int)f->path_len, f->path);
	REQUIRE(strlen(path) == f->path_len + 2u);
	REQUIRE(!strstr(path, "//") && !strstr(path, "/./")
		&& !strstr(path, "/../"));
	REQUIRE(f->size <= DLB_FILES_LEN_MAX && f->mode <= 0777);
	if (f->type != DLB_FILE_LINK)
		return;
	for (const char *p = path + 1; *p; p++)
		depth += *p == '/';
	depth--;
	snprintf(target, sizeof(target), "%.*s", (int)f->target_len, f->target);
	REQUIRE(target[0] != '/' && target[0] != '\0');
	for (char *part = strtok(target, "/"); part; part = strtok(NULL, "/")) {
		if (strcmp(part, "..") == 0)
			depth--;
		else if (strcmp(part, ".") != 0)
			depth++;
		least = depth < least ? depth : least;
	}
	REQUIRE(least >= 0);
}

/* What a manifest says, written again. */
static void
write_again(struct dlb_buf *out, const struct dlb_manifest *m)
{
	struct dlb_manifest_file f;
	uint64_t sum = 0;
	uint32_t n = 0;
	size_t pos = 0;

	REQUIRE(dlb_manifest_begin(out, &m->fields) == DLB_OK);
	while (dlb_manifest_next(m, &pos, &f)) {
		check_file(&f);
		REQUIRE(dlb_manifest_add(out, &f, NULL) == DLB_OK);
		sum += f.size;
		n++;
	}
	REQUIRE(n == m->files_n && sum == m->files_len);
	REQUIRE(pos == m->files_bytes);
	REQUIRE(dlb_manifest_end(out) == DLB_OK);
}

static void
check_manifest(const uint8_t *data, size_t len)
{
	struct dlb_buf again = {0}, third = {0};
	struct dlb_manifest m, m2;
	struct dlb_error err;

	if (dlb_manifest_parse(&m, data, len, &err) != DLB_OK) {
		REQUIRE(m.files_n == 0 && m.fields.kind == 0);
		return;
	}
	write_again(&again, &m);
	REQUIRE(again.len - 4 <= len);
	if (again.len - 4 == len)
		REQUIRE(memcmp(again.data + 4, data, len) == 0);
	REQUIRE(dlb_manifest_parse(&m2, again.data + 4, again.len - 4, &err)
		== DLB_OK);
	write_again(&third, &m2);
	REQUIRE(third.len == again.len
		&& memcmp(third.data, again.data, third.len) == 0);
	dlb_buf_free(&again);
	dlb_buf_free(&third);
}

static void
attack_writer(const uint8_t *data, size_t len)
{
	struct dlb_manifest_fields fields = {.kind = DLB_KIND_LETTER};
	struct dlb_buf out = {0};
	struct dlb_manifest m;
	struct dlb_reader r;
	struct dlb_error err;
	enum dlb_status s;

	dlb_reader_init(&r, data, len);
	REQUIRE(dlb_manifest_begin(&out, &fields) == DLB_OK);
	while (dlb_reader_left(&r) > 0) {
		struct dlb_manifest_file f = {.mode = 0644};

		f.type = dlb_read_u8(&r);
		f.size = dlb_read_u64(&r);
		f.path_len = dlb_read_u8(&r);
		f.path = (const char *)dlb_read_view(&r, f.path_len);
		f.target_len = dlb_read_u8(&r);
		f.target = (const char *)dlb_read_view(&r, f.target_len);
		if (!r.failed)
			(void)!dlb_manifest_add(&out, &f, &err);
	}
	s = dlb_manifest_end(&out);
	if (s == DLB_OK) {
		REQUIRE(dlb_manifest_parse(&m, out.data + 4, out.len - 4, &err)
			== DLB_OK);
		check_manifest(out.data + 4, out.len - 4);
	} else {
		REQUIRE(s == DLB_LIMIT);
	}
	dlb_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] % 2 == 0)
		check_manifest(data + 1, len - 1);
	else
		attack_writer(data + 1, len - 1);
	return 0;
}
