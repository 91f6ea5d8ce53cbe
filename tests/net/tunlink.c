/*
 * A link between two network namespaces that is slow, loses and is cut: two TUN
 * devices and what happens between them. All chance comes from a seed.
 *
 *   tunlink NS-A NS-B [delay=MS] [loss=PERCENT] [seed=N] [rate=BYTES-PER-SECOND]
 *           [cut=BYTES]
 *
 * Makes the device `dlbtun` in each of the namespaces (10.77.0.1 and .2, prefix 30),
 * prints "ready", and carries packets until its standard input ends. delay is one
 * way; loss is of each packet; after `cut` bytes of payload in both directions
 * nothing is carried any more ("cut" is printed once).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MTU 1500
#define QUEUE_MAX 65536

struct packet {
	int64_t due_us;
	uint16_t len;
	uint8_t bytes[MTU];
};

/* One direction. */
struct lane {
	int from, to;
	struct packet *queue; /* a ring: first in, first out */
	unsigned first, n;
	int64_t free_us; /* when the wire has sent what it was given */
};

static struct {
	int64_t delay_us, rate;
	uint64_t cut, carried, seed;
	double loss;
	int is_cut;
} how;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* splitmix64 */
static double
chance(void)
{
	uint64_t z = how.seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static void
run_ip(const char *ns, const char *words)
{
	char command[256];

	snprintf(command, sizeof(command), "ip -n %s %s", ns, words);
	if (system(command) != 0) {
		fprintf(stderr, "tunlink: %s\n", command);
		exit(1);
	}
}

static int
make_device(const char *ns, const char *address)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;
	char path[128], words[128];

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0)
		die(path);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "dlbtun");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) != 0)
		die("tun");
	if (setns(home, CLONE_NEWNET) != 0)
		die("setns");
	close(home);
	close(there);
	snprintf(words, sizeof(words), "address add %s/30 dev dlbtun", address);
	run_ip(ns, words);
	run_ip(ns, "link set dlbtun mtu 1500 up");
	return fd;
}

static void
take(struct lane *l)
{
	static uint8_t scratch[MTU];
	ssize_t got;

	while ((got = read(l->from, scratch, sizeof(scratch))) > 0) {
		int64_t start = now_us();
		struct packet *p;

		if (how.is_cut || chance() * 100 < how.loss
			|| l->n == QUEUE_MAX)
			continue;
		how.carried += (uint64_t)got;
		if (how.cut && how.carried >= how.cut) {
			how.is_cut = 1;
			printf("cut\n");
			fflush(stdout);
		}
		if (how.rate) {
			if (l->free_us > start)
				start = l->free_us;
			start += (int64_t)got * 1000000 / how.rate;
			l->free_us = start;
		}
		p = &l->queue[(l->first + l->n++) % QUEUE_MAX];
		p->due_us = start + how.delay_us;
		p->len = (uint16_t)got;
		memcpy(p->bytes, scratch, (size_t)got);
	}
}

static void
give(struct lane *l)
{
	while (l->n > 0 && l->queue[l->first].due_us <= now_us()) {
		struct packet *p = &l->queue[l->first];

		if (!how.is_cut)
			(void)!write(l->to, p->bytes, p->len);
		l->first = (l->first + 1) % QUEUE_MAX;
		l->n--;
	}
}

static void
option(const char *text)
{
	const char *value = strchr(text, '=');

	if (!value)
		exit(2);
	value++;
	if (strncmp(text, "delay=", 6) == 0)
		how.delay_us = strtoll(value, NULL, 10) * 1000;
	else if (strncmp(text, "rate=", 5) == 0)
		how.rate = strtoll(value, NULL, 10);
	else if (strncmp(text, "loss=", 5) == 0)
		how.loss = strtod(value, NULL);
	else if (strncmp(text, "seed=", 5) == 0)
		how.seed = strtoull(value, NULL, 10);
	else if (strncmp(text, "cut=", 4) == 0)
		how.cut = strtoull(value, NULL, 10);
	else
		exit(2);
}

static void
wait_for(const struct lane lanes[2], int *over)
{
	struct pollfd fds[3] = {{.fd = lanes[0].from, .events = POLLIN},
		{.fd = lanes[1].from, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN}};
	struct timespec wait = {.tv_sec = 3600};
	int64_t first = INT64_MAX, left;
	char c;

	for (int i = 0; i < 2; i++)
		if (lanes[i].n > 0
			&& lanes[i].queue[lanes[i].first].due_us < first)
			first = lanes[i].queue[lanes[i].first].due_us;
	if (first != INT64_MAX) {
		left = first - now_us();
		left = left < 0 ? 0 : left;
		wait = (struct timespec){.tv_sec = left / 1000000,
			.tv_nsec = left % 1000000 * 1000};
	}
	if (ppoll(fds, 3, &wait, NULL) < 0 && errno != EINTR)
		die("poll");
	*over = fds[2].revents && read(STDIN_FILENO, &c, 1) == 0;
}

int
main(int argc, char **argv)
{
	struct lane lanes[2] = {0};
	int a, b, over = 0;

	if (argc < 3)
		return 2;
	how.seed = 1;
	for (int i = 3; i < argc; i++)
		option(argv[i]);
	a = make_device(argv[1], "10.77.0.1");
	b = make_device(argv[2], "10.77.0.2");
	for (int i = 0; i < 2; i++) {
		lanes[i].queue = calloc(QUEUE_MAX, sizeof(struct packet));
		if (!lanes[i].queue)
			die("memory");
		lanes[i].from = i ? b : a;
		lanes[i].to = i ? a : b;
	}
	printf("ready\n");
	fflush(stdout);
	while (!over) {
		wait_for(lanes, &over);
		for (int i = 0; i < 2; i++) {
			take(&lanes[i]);
			give(&lanes[i]);
		}
	}
	return 0;
}
