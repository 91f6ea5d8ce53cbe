/*
 * Who has said that they have a share of one's last backup.
 */
#include "backup_state.h"

#include "backups.h"
#include "format.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

static void
holder_name(char out[static DLB_PERSON_NAME_MAX + 1], struct dlb_letterbox *l,
	int64_t id)
{
	struct dlb_correspondent who;

	if (dlb_correspondent_by_id(l, &who, id) == DLB_OK)
		memcpy(out, who.name, sizeof(who.name));
	else
		memcpy(out, "?", sizeof("?"));
}

/* "2 people, 1 box" */
static void
say_new(struct cli *c, struct dlb_letterbox *l,
	const struct dlb_backup_note *note)
{
	struct dlb_backup_counts n;
	char list[160] = "";
	size_t len = 0;

	if (dlb_backup_note_new(l, note, &n, NULL) != DLB_OK)
		return;
	const struct {
		uint32_t n;
		const char *one, *many;
	} all[] = {{n.people, "person", "people"}, {n.boxes, "box", "boxes"},
		{n.authors, "author", "authors"},
		{n.rosters + n.own_rosters, "roster", "rosters"}};

	for (size_t i = 0; i < DLB_ARRAY_LEN(all); i++)
		if (all[i].n > 0)
			len += (size_t)snprintf(list + len, sizeof(list) - len,
				"%s%u %s", len > 0 ? ", " : "", all[i].n,
				all[i].n == 1 ? all[i].one : all[i].many);
	if (len > 0)
		cli_say(c,
			"New since then, and not in it: %s. Make another one.",
			list);
}

static void
show_state(struct cli *c, struct dlb_letterbox *l,
	const struct dlb_backup_note *note)
{
	char when[CLI_FORMAT_MAX], name[DLB_PERSON_NAME_MAX + 1];
	unsigned arrived = dlb_backup_note_arrived(note);

	printf("Backup of %s: any %u of %u give it back.\n",
		cli_time_here(when, note->made_s * 1000), note->need, note->n);
	for (unsigned i = 0; i < note->n; i++) {
		const struct dlb_backup_holder *h = &note->holders[i];

		holder_name(name, l, h->correspondent);
		if (h->arrived_ms)
			printf("  %s has a share, known since %s\n", name,
				cli_time_here(when, h->arrived_ms));
		else
			printf("  %s has not said so\n", name);
	}
	if (arrived < note->need)
		cli_warn(
			"%u of the %u that are needed have said that they have "
			"it: until then a lost machine may be lost for good. Meet "
			"boxes (dlb meet); after some weeks, make another one",
			arrived, note->need);
	else
		cli_say(c, "It can be had again.");
	say_new(c, l, note);
}

static void
write_state(struct dlb_letterbox *l, const struct dlb_backup_note *note)
{
	char name[DLB_PERSON_NAME_MAX + 1];
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_object(&j, NULL);
	cli_json_time(&j, "made", note->made_s * 1000);
	cli_json_uint(&j, "need", note->need);
	cli_json_uint(&j, "arrived", dlb_backup_note_arrived(note));
	cli_json_array(&j, "holders");
	for (unsigned i = 0; i < note->n; i++) {
		holder_name(name, l, note->holders[i].correspondent);
		cli_json_object(&j, NULL);
		cli_json_text(&j, "name", name);
		cli_json_time(&j, "arrived", note->holders[i].arrived_ms);
		cli_json_end(&j, '}');
	}
	cli_json_end(&j, ']');
	cli_json_end(&j, '}');
	cli_json_finish(&j);
}

enum dlb_status
cli_backup_state(struct cli *c, const struct cli_args *a, struct dlb_node *n,
	struct dlb_error *err)
{
	struct dlb_letterbox *l = dlb_node_letterbox(n);
	struct dlb_backup_note note;
	enum dlb_status st = dlb_backup_note_get(l, &note, err);

	if (st == DLB_NOT_FOUND)
		return dlb_fail(err, st,
			"there is no backup of this letterbox: make one with, say, "
			"dlb backup --need 3 --to bob,carol,dave,erin,frank");
	if (st != DLB_OK)
		return st;
	if (cli_flag(a, "json"))
		write_state(l, &note);
	else
		show_state(c, l, &note);
	return DLB_OK;
}
