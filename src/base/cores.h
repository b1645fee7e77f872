/* How many cores this process may use: the least of the processors that are on, of those that its
 * threads may run on, and of the quotas of its control group and those above it, as a container has
 * them. A core is here what the system calls a processor: of two that share one, each counts. */
#ifndef VG_BASE_CORES_H
#define VG_BASE_CORES_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/cgroup_text.h"

/* Where the quotas stand. Found once: a process that is moved to another group does not notice. */
struct vg_cores_place {
    struct vg_cores_group {
        char folder[VG_CGROUP_PATH_SIZE]; /* "": there is none, or it is not seen from here */
        size_t top;                       /* bytes of it that are the whole hierarchy's folder */
    } group[VG_CGROUP_KINDS];
};

struct vg_cores {
    uint32_t online;      /* processors that are on; at least 1 */
    uint32_t allowed;     /* of them, those that the calling thread may run on; at least 1 */
    uint32_t quota_milli; /* thousandths of a core; 0: there is no quota */
    /* taken since its start by all that share the quota, if it is the least of the three; 0: not known */
    int64_t used_us;
};

/* root: "", or a folder that holds proc/ and sys/ as they should be read (tests). What cannot be found
 * limits nothing. Reads /proc once. Any thread. */
void vg_cores_find(struct vg_cores_place *place, const char *root);

/* As it is now: a quota may change any time. Some small files of the kernel's memory, nothing is
 * allocated. Any thread. */
void vg_cores_read(const struct vg_cores_place *place, struct vg_cores *cores);

/* Both at once, for who asks once. */
struct vg_cores vg_cores_here(void);

/* Thousandths; at least 1. Pure. */
uint32_t vg_cores_usable_milli(const struct vg_cores *cores);

/* They are fewer than are on: others than those that share them keep the machine busy, too. Pure. */
bool vg_cores_limited(const struct vg_cores *cores);

/* Threads of a device that is the processor; 0: as many as it wants. told: so many, but no more than
 * there are; 0: what decoding leaves, of which thousandths are told (0: they are not divided, and all may
 * use all). Whole, at least 1. Pure. */
uint32_t vg_cores_for_device(const struct vg_cores *cores, uint32_t told, uint32_t decode_milli);

#endif
