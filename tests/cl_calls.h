/* For a test that puts its own function in the place of a library's: the real one behind it, and the
 * types of OpenCL's calls that more than one test takes over.
 *
 *     cl_int clFinish(cl_command_queue queue)
 *     {
 *         REAL("clFinish", finish_call);
 *         return call(queue);
 *     } */
#ifndef VG_TESTS_CL_CALLS_H
#define VG_TESTS_CL_CALLS_H

#include <stddef.h>

#include <CL/cl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The test has _GNU_SOURCE, for RTLD_NEXT. */
static inline void *real_call(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        (void)fprintf(stderr, "%s is not there\n", name);
        abort();
    }
    return found;
}

/* ISO C has no cast from an object's address to a function's */
#define REAL(name, type)           \
    type *call;                    \
    void *found = real_call(name); \
    memcpy(&call, &found, sizeof call)

typedef cl_int launch_call(cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,
                           const size_t *, cl_uint, const cl_event *, cl_event *);
typedef cl_int read_call(cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *, cl_uint,
                         const cl_event *, cl_event *);

#endif
