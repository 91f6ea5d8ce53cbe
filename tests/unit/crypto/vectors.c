/* See vectors.h. */
#include "vectors.h"

#include "crypto_test.h"

static void
clear_record(struct vectors *v)
{
	while (v->n > 0)
		free(v->fields[--v->n].data);
}

void
vectors_open(struct vectors *v, const char *name)
{
	struct dlb_error err = {0};
	char path[1024];

	memset(v, 0, sizeof(*v));
	snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
	if (dlb_file_load(&v->file, dlb_fs_posix(), path, 1 << 20, &err)
			!= DLB_OK
		|| dlb_buf_append(&v->file, "", 1) != DLB_OK)
		fail_msg("%s", err.msg);
	v->at = (const char *)v->file.data;
}

/* "name = hex" of len bytes. */
static void
add_field(struct vectors *v, const char *line, size_t len)
{
	const char *is = strstr(line, " = ");
	size_t name_len = is ? (size_t)(is - line) : 0, hex_len;
	char *hex;

	assert_true(is && is < line + len && v->n < VECTORS_FIELDS_MAX);
	assert_true(name_len < sizeof(v->fields[0].name));
	memset(v->fields[v->n].name, 0, sizeof(v->fields[0].name));
	memcpy(v->fields[v->n].name, line, name_len);
	hex_len = len - name_len - 3;
	hex = strndup(is + 3, hex_len);
	assert_non_null(hex);
	if (strcmp(hex, "-") == 0)
		hex[hex_len = 0] = '\0';
	/* Not a byte more than there are, for the sanitizer to see. */
	v->fields[v->n].len = hex_len / 2;
	v->fields[v->n].data = malloc(hex_len / 2 + (hex_len == 0));
	assert_non_null(v->fields[v->n].data);
	assert_int_equal(
		dlb_unhex(v->fields[v->n].data, hex_len / 2, hex), DLB_OK);
	v->n++;
	free(hex);
}

bool
vectors_next(struct vectors *v)
{
	clear_record(v);
	while (*v->at) {
		size_t len = strcspn(v->at, "\n");
		const char *line = v->at;

		v->at += len + (line[len] == '\n');
		if (len == 0 && v->n > 0)
			break;
		if (len > 0 && *line != '#')
			add_field(v, line, len);
	}
	return v->n > 0;
}

static size_t
find(const struct vectors *v, const char *name)
{
	size_t i = 0;

	while (i < v->n && strcmp(v->fields[i].name, name) != 0)
		i++;
	return i;
}

bool
vectors_has(const struct vectors *v, const char *name)
{
	return find(v, name) < v->n;
}

const uint8_t *
vectors_get(const struct vectors *v, const char *name, size_t *len)
{
	size_t i = find(v, name);

	if (i == v->n)
		fail_msg("a record without %s", name);
	if (len)
		*len = v->fields[i].len;
	return v->fields[i].data;
}

const uint8_t *
vectors_get_len(const struct vectors *v, const char *name, size_t len)
{
	size_t got = 0;
	const uint8_t *data = vectors_get(v, name, &got);

	assert_int_equal(got, len);
	return data;
}

uint64_t
vectors_number(const struct vectors *v, const char *name)
{
	size_t len = 0;
	const uint8_t *p = vectors_get(v, name, &len);
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | p[i];
	return n;
}

void
vectors_close(struct vectors *v)
{
	clear_record(v);
	dlb_buf_free(&v->file);
}
