/*
 * A line of the mount table:
 *
 *	36 35 98:0 /root /point rw,noatime shared:1 - ext3 /dev/sdb1 rw
 *	id parent major:minor root point options [fields] - type source options
 *
 * Space, tab, line feed, backslash (and # in newer kernels) in a name are written
 * as a backslash and three octal digits.
 */
#include "mountinfo_internal.h"

#include <string.h>

struct field {
	const char *p;
	size_t len;
};

static bool
next_field(struct field *rest, struct field *out)
{
	const char *space;

	if (rest->len == 0)
		return false;
	space = memchr(rest->p, ' ', rest->len);
	out->p = rest->p;
	out->len = space ? (size_t)(space - rest->p) : rest->len;
	rest->p += out->len + (space ? 1 : 0);
	rest->len -= out->len + (space ? 1 : 0);
	return out->len > 0;
}

static bool
number(const char *p, size_t len, uint32_t *out)
{
	uint64_t n = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(p[i] - '0');
	}
	if (n > UINT32_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
device(const struct field *f, struct mount_entry *out)
{
	const char *colon = memchr(f->p, ':', f->len);
	size_t n = colon ? (size_t)(colon - f->p) : 0;

	return colon && number(f->p, n, &out->major)
		&& number(colon + 1, f->len - n - 1, &out->minor);
}

static bool
octal(const char *p, unsigned char *out)
{
	unsigned v = 0;

	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '7')
			return false;
		v = v * 8 + (unsigned)(p[i] - '0');
	}
	if (v == 0 || v > 255)
		return false;
	*out = (unsigned char)v;
	return true;
}

static bool
unescape(const struct field *f, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++) {
		unsigned char c = (unsigned char)f->p[i];

		if (c == '\0' || n + 1 >= cap)
			return false;
		if (c == '\\') {
			if (f->len - i < 4 || !octal(f->p + i + 1, &c))
				return false;
			i += 3;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

bool
mountinfo_parse(struct mount_entry *out, const char *line, size_t len)
{
	struct field rest = {line, len}, f, dev, root, point;
	char whole[2];

	memset(out, 0, sizeof(*out));
	if (!next_field(&rest, &f) || !number(f.p, f.len, &out->id)
		|| !next_field(&rest, &f) /* parent */
		|| !next_field(&rest, &dev) || !device(&dev, out)
		|| !next_field(&rest, &root) || !next_field(&rest, &point)
		|| !next_field(&rest, &f)) /* options */
		return false;
	do
		if (!next_field(&rest, &f))
			return false;
	while (f.len != 1 || f.p[0] != '-');
	out->whole = unescape(&root, whole, sizeof(whole)) && whole[0] == '/';
	return next_field(&rest, &f)
		&& unescape(&f, out->type, sizeof(out->type))
		&& unescape(&point, out->point, sizeof(out->point))
		&& out->point[0] == '/';
}

bool
mountinfo_last(
	const char *text, size_t *len, const char **line, size_t *line_len)
{
	const char *before;

	if (*len == 0)
		return false;
	if (text[*len - 1] == '\n')
		--*len;
	before = memrchr(text, '\n', *len);
	*line = before ? before + 1 : text;
	*line_len = *len - (size_t)(*line - text);
	*len = (size_t)(*line - text);
	return true;
}

static bool
is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* Below these lies the system. */
static bool
is_system_place(const char *point)
{
	static const char *const roots[] = {"/bin", "/boot", "/dev", "/efi",
		"/etc", "/lib", "/nix", "/opt", "/proc", "/root", "/sbin",
		"/snap", "/srv", "/sys", "/usr", "/var"};

	if (strcmp(point, "/") == 0)
		return true;
	for (size_t i = 0; i < DLB_ARRAY_LEN(roots); i++) {
		size_t n = strlen(roots[i]);

		if (strncmp(point, roots[i], n) == 0
			&& (point[n] == '/' || point[n] == '\0'))
			return true;
	}
	return false;
}

bool
mountinfo_is_medium(const struct mount_entry *e)
{
	static const char *const types[] = {"vfat", "msdos", "exfat", "ntfs",
		"ntfs3", "fuseblk", "ext2", "ext3", "ext4", "btrfs", "xfs",
		"f2fs", "hfs", "hfsplus", "jfs", "nilfs2", "udf",
		"fuse.fusefat", "fuse.exfat", "fuse.exfat-fuse", "fuse.ntfs-3g",
		"fuse.fuse2fs", "fuse.fuse-ext2"};

	/* What is mounted again elsewhere in part is a container's, or a
	 * subvolume. */
	if (!e->whole && strcmp(e->type, "btrfs") != 0)
		return false;
	return is_one_of(e->type, types, DLB_ARRAY_LEN(types))
		&& !is_system_place(e->point);
}
