/*
 * base: what every module stands on: results, bytes in and out, the clock and
 * the randomness (both passed in), secret memory, file access as a table of
 * functions, and a small pool of threads.
 *
 * Nothing here prints or exits.
 */
#ifndef DLB_BASE_H
#define DLB_BASE_H

#include "bytes.h"
#include "env.h"
#include "file.h"
#include "pool.h"
#include "secret.h"
#include "status.h"
#include "text.h"

#endif
