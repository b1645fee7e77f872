/* Which model a bench of the whole server runs, checked before anything starts: what the analysis
 * would refuse at each of its starts is refused here, once. */
#ifndef VG_CLI_BENCH_MODEL_H
#define VG_CLI_BENCH_MODEL_H

#include "models/model.h"
#include "src/base/attr.h"
#include "src/base/fault.h"

/* What is asked for. Borrowed for the call. */
struct vg_bench_wish {
    const char *model;
    const char *precision; /* NULL: auto */
    const char *device;    /* as vg_device_select has it; NULL: the server's own choice */
};

/* name: the model to run: the one asked for or, where 8 bits are asked for and it has no such form,
 * NAME-int8, as `vigie model quantize` calls what it makes of it, if that is installed.
 * VG_E_CALL: there is no such precision, or neither has an 8-bit form, or a device is named twice;
 * VG_E_LACK: no such device; and what vg_model_find says, of NAME-int8 too. */
enum vg_status vg_bench_model(const struct vg_bench_wish *wish, char name[VG_MODEL_NAME_SIZE],
                              struct vg_fault *fault) VG_MUST_USE;

#endif
