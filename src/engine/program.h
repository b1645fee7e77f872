/* Programs of an open device, built from the kernels that stand in the executable, each pair of
 * file and options once; taken from the cache of compiled ones where there is one.
 *
 *   init, then .cache and .listener -> build -> kernel -> launch, all run once -> store
 *
 * One after another: clBuildProgram may be called from several threads on PoCL 3.1, but its
 * compiler holds one lock (six programs took 1.29 s on one thread and on two).
 * Belongs to the device's thread. */
#ifndef VG_ENGINE_PROGRAM_H
#define VG_ENGINE_PROGRAM_H

#include <CL/cl.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernels/kernel_list.h"
#include "src/base/attr.h"
#include "src/base/fault.h"
#include "src/base/sha256.h"
#include "src/engine/device.h"
#include "src/engine/program_cache.h"
#include "src/engine/programs_listener.h"

#define VG_PROGRAMS_MAX 512

enum vg_program_state {
    VG_PROGRAM_BUILT,  /* from source */
    VG_PROGRAM_LOADED, /* from the cache */
    VG_PROGRAM_REFUSED /* the compiler refused it: not asked again */
};

struct vg_programs {
    const struct vg_device *device;        /* borrowed until release */
    struct vg_program_cache *cache;        /* borrowed until release; NULL */
    struct vg_programs_listener *listener; /* borrowed until release; NULL */
    uint32_t count;
    struct vg_program {
        enum vg_kernel kernel;
        enum vg_program_state state;
        char options[VG_KERNEL_OPTIONS_SIZE];
        cl_program program; /* NULL: refused */
        bool kept;          /* in the cache */
        bool launched;
    } program[VG_PROGRAMS_MAX];
    /* several kernels in one (persistent_plan.h); the last one asked for */
    struct vg_program_linked {
        uint8_t digest[VG_SHA256_BYTES];
        enum vg_program_state state;
        cl_program program; /* NULL: none */
        bool kept;
    } linked;
};

void vg_programs_init(struct vg_programs *programs, const struct vg_device *device);
void vg_programs_release(struct vg_programs *programs);

struct vg_program_want {
    enum vg_kernel kernel;
    const char *options; /* borrowed for the call */
};

/* Builds or loads what is not there yet, and tells the listener. Stops at the first failure; the
 * errors are those of vg_programs_kernel. */
enum vg_status vg_programs_build(struct vg_programs *programs, const struct vg_program_want *wants,
                                 uint32_t count, struct vg_fault *fault) VG_MUST_USE;

/* A kernel object (given; clReleaseKernel it) of the program built with `options`; builds it
 * at the first call. VG_E_DEVICE with the first line of the compiler's log, VG_E_FULL. */
enum vg_status vg_programs_kernel(struct vg_programs *programs, enum vg_kernel kernel,
                                  const char *options, cl_kernel *out,
                                  struct vg_fault *fault) VG_MUST_USE;

/* Whether the compiler refused it before. */
bool vg_programs_refused(const struct vg_programs *programs, enum vg_kernel kernel,
                         const char *options);

/* A kernel of the program is about to be launched: tells the listener at the first time, if the
 * program was built from source. */
void vg_programs_launch(struct vg_programs *programs, enum vg_kernel kernel, const char *options);

/* ---- several kernels in one program ---- */

/* Compiles the source NAME.cl between two texts into an object for vg_programs_link; *out given
 * (clReleaseProgram). VG_E_DEVICE with the first line of the compiler's log. */
enum vg_status vg_programs_compile(struct vg_programs *programs, const char *name,
                                   const char *before, const char *behind, const char *options,
                                   cl_program *out, struct vg_fault *fault) VG_MUST_USE;

/* Takes programs->linked from the cache; false: it has none under this digest of all sources,
 * texts and options. */
bool vg_programs_linked_load(struct vg_programs *programs, const uint8_t digest[VG_SHA256_BYTES]);

/* Links objects to programs->linked. VG_E_DEVICE. */
enum vg_status vg_programs_link(struct vg_programs *programs, const cl_program *objects,
                                uint32_t count, const uint8_t digest[VG_SHA256_BYTES],
                                struct vg_fault *fault) VG_MUST_USE;

/* Tells the listener, if there is one, that a kernel comes next. */
void vg_programs_tell(const struct vg_programs *programs, enum vg_programs_work work, uint32_t done,
                      uint32_t total, const char *kernel);

/* Keeps in the cache what was built. Call it when each kernel has run: PoCL compiles a kernel
 * for its work size at its first launch, and a binary taken before lacks that (it is compiled
 * again at each start then). No more is begun after `budget_us`: to give its binary away PoCL
 * compiles each program once more, for any work size, 0.2 to 0.6 s each; what is left over is
 * kept at the next starts. No error: the cache counts what could not be kept. */
void vg_programs_store(struct vg_programs *programs, int64_t budget_us);

struct vg_programs_stats {
    uint32_t built, loaded, refused;
    uint32_t stale; /* files of the cache that were no good, removed */
};
struct vg_programs_stats vg_programs_stats(const struct vg_programs *programs);

/* Digest of the kernel's source as it stands in the executable, with what it includes. */
void vg_program_source_digest(enum vg_kernel kernel, uint8_t digest[VG_SHA256_BYTES]);
/* The same of NAME.cl, which exists. */
void vg_program_file_digest(const char *name, uint8_t digest[VG_SHA256_BYTES]);

#endif
