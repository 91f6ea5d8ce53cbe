/*
 * dlb nearby: who announces on the local network.
 */
#include "interrupt.h"
#include "json.h"
#include "lan.h"
#include "progress.h"
#include "table.h"
#include "term.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Answers to a question on the network come within a second or two. */
#define LISTEN_MS 3000
#define SLICE_MS 100

static enum dlb_status
look(struct dlb_lan *lan, struct cli *c, struct dlb_error *err)
{
	int64_t until = c->env->monotonic_ms(c->env->ctx) + LISTEN_MS;
	struct dlb_lan_event e;

	while (c->env->monotonic_ms(c->env->ctx) < until) {
		struct pollfd fds[DLB_LAN_FDS_MAX];
		unsigned n;

		do {
			dlb_lan_step(lan, &e);
			if (e.kind == DLB_LAN_DOWN) {
				if (err)
					*err = e.why;
				return e.why.status ? e.why.status : DLB_FAILED;
			}
		} while (e.kind != DLB_LAN_NONE);
		if (cli_interrupted())
			return dlb_fail(err, DLB_CANCELLED, "interrupted");
		n = dlb_lan_poll(lan, fds);
		if (poll(fds, n, SLICE_MS) < 0 && errno != EINTR)
			return dlb_fail_errno(err, errno, "waiting");
	}
	return DLB_OK;
}

static enum dlb_status
list(struct cli *c, const struct dlb_lan_peer *const *peers, size_t n,
	struct dlb_error *err)
{
	static const struct cli_column columns[] = {
		{.title = "name"}, {.title = "meet it with"}};
	struct cli_table table;
	enum dlb_status st = DLB_OK;

	if (n == 0) {
		cli_say(c, "Nobody announces on this network.");
		return DLB_OK;
	}
	cli_table_init(&table, columns, DLB_ARRAY_LEN(columns));
	for (size_t i = 0; i < n; i++) {
		char where[DLB_TCP_WHERE_MAX + 1];

		dlb_tcp_text(where, &peers[i]->ways[0]);
		cli_table_add(&table, "%s", peers[i]->name);
		cli_table_add(&table, "dlb meet %s", where);
	}
	st = cli_table_print(&table, cli_term_width(STDOUT_FILENO), err);
	cli_table_free(&table);
	return st;
}

static void
write_json(const struct dlb_lan_peer *const *peers, size_t n)
{
	struct cli_json j;

	cli_json_init(&j, stdout);
	cli_json_array(&j, NULL);
	for (size_t i = 0; i < n; i++) {
		cli_json_object(&j, NULL);
		cli_json_text(&j, "name", peers[i]->name);
		cli_json_array(&j, "ways");
		for (size_t k = 0; k < peers[i]->ways_n; k++) {
			char where[DLB_TCP_WHERE_MAX + 1];

			dlb_tcp_text(where, &peers[i]->ways[k]);
			cli_json_text(&j, NULL, where);
		}
		cli_json_end(&j, ']');
		cli_json_end(&j, '}');
	}
	cli_json_end(&j, ']');
	cli_json_finish(&j);
}

static enum dlb_status
run(struct cli *c, const struct cli_args *a, struct dlb_error *err)
{
	struct dlb_lan_config config = {.browse = true};
	const struct dlb_lan_peer *const *peers;
	struct dlb_lan *lan = NULL;
	size_t n = 0;
	enum dlb_status st = dlb_lan_new(&lan, c->env, &config, err);

	if (st == DLB_OK)
		st = look(lan, c, err);
	if (st == DLB_OK) {
		peers = dlb_lan_peers(lan, &n);
		if (cli_flag(a, "json"))
			write_json(peers, n);
		else
			st = list(c, peers, n, err);
	}
	dlb_lan_free(lan);
	return st;
}

static const struct cli_option options[] = {
	{"json", 0, NULL, "for programs"},
};

const struct cli_verb cli_nearby = {
	.name = "nearby",
	.operands = "",
	.summary = "list who announces on the local network",
	.text = "Asks the local network for nodes that announce themselves (`dlb serve\n"
		"--announce`), for three seconds. The question can be heard: it tells\n"
		"the network that this machine has the program. Names are drawn anew\n"
		"each time and mean nothing.",
	.example = "dlb nearby",
	.options = options,
	.options_n = DLB_ARRAY_LEN(options),
	.run = run,
};
