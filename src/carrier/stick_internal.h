/*
 * What marks a file as a box: one rule for who looks for it (stick.c) and who
 * watches for it (mounts.c).
 */
#ifndef DLB_CARRIER_STICK_INTERNAL_H
#define DLB_CARRIER_STICK_INTERNAL_H

#include "stick.h"

#include <sys/stat.h>

enum stick_find { STICK_OTHER, STICK_SHORT, STICK_BOX };
/* An entry of a directory. STICK_SHORT: named like a box, but too short to be one. */
enum stick_find stick_find(int dir, const char *name, struct stat *st);

#endif
