#include "recall_world.h"

#include <stdio.h>

struct dlb_buf
names_of(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_buf names = {0};

	assert_dlb_ok(f,
		dlb_out_cells(dlb_node_letterbox(n), number, &names, &f->err));
	return names;
}

unsigned
count_cells(struct dlb_satchel *s, const struct dlb_buf *names, uint8_t flags)
{
	unsigned count = 0;

	for (size_t i = 0; i < names->len; i += DLB_NAME_LEN) {
		uint32_t number = dlb_satchel_find(s, names->data + i);
		struct dlb_entry e;

		count += number != DLB_NO_ENTRY
			&& dlb_satchel_entry(s, number, &e)
			&& (e.flags & flags);
	}
	return count;
}

unsigned
at_home(struct fixture *f, const char *who, const struct dlb_buf *names,
	uint8_t flags)
{
	struct dlb_node *n = fixture_open(f, who);
	unsigned count = count_cells(n->satchel, names, flags);

	dlb_node_close(n);
	return count;
}

struct dlb_satchel *
open_stick(struct fixture *f, const char *stick)
{
	static const struct dlb_unlock open = {.kind = DLB_UNLOCK_OPEN};
	struct dlb_satchel *s;
	char path[512];

	snprintf(path, sizeof(path), "%s/box.dlb", fixture_path(f, stick));
	assert_dlb_ok(f,
		dlb_satchel_open(&s, dlb_fs_posix(), path, &open, false, 0,
			&f->env.env, &f->err));
	return s;
}

unsigned
on_stick(struct fixture *f, const char *stick, const struct dlb_buf *names)
{
	struct dlb_satchel *s = open_stick(f, stick);
	unsigned count = count_cells(s, names, DLB_SHOWN);

	dlb_satchel_close(s);
	return count;
}

uint32_t
tokens_on(struct fixture *f, const char *stick)
{
	struct dlb_satchel *s = open_stick(f, stick);
	struct dlb_satchel_info info;

	dlb_satchel_info(s, &info);
	dlb_satchel_close(s);
	return info.tokens;
}

struct dlb_meet_result
meets(struct fixture *f, const char *who, const char *stick)
{
	struct dlb_node *n = fixture_open(f, who);
	struct dlb_meet_result r = fixture_meet(f, n, stick);

	dlb_node_close(n);
	return r;
}

struct dlb_recall_result
recall(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_recall_result r;

	assert_dlb_ok(f, dlb_node_recall(n, number, &r, &f->err));
	return r;
}

enum dlb_out_state
state_of(struct fixture *f, struct dlb_node *n, int64_t number)
{
	struct dlb_out_letter letter;

	assert_dlb_ok(f,
		dlb_out_get(dlb_node_letterbox(n), &letter, number, &f->err));
	return letter.state;
}

struct dlb_node *
cast(struct fixture *f, int64_t *bob)
{
	struct dlb_node *n;

	fixture_home(f, "alice", false);
	fixture_home(f, "bob", false);
	fixture_home(f, "courier", true);
	n = fixture_open(f, "bob");
	fixture_introduce(f, n, "alice");
	dlb_node_close(n);
	n = fixture_open(f, "alice");
	*bob = fixture_introduce(f, n, "bob");
	fixture_stick(f, n, "usb", 48);
	fixture_stick(f, n, "other", 48);
	return n;
}
