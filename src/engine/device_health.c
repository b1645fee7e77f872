#include "src/engine/device_health.h"

#include "src/base/text.h"
#include "src/engine/device.h"

/* NVIDIA's own codes, -9999 for an illegal read or write of a kernel; -1000 to -1999 are Khronos's
 * extensions and refuse a call */
#define VENDOR_FIRST (-9000)

static const struct {
    cl_int code;
    enum vg_device_state making, running;
} rows[] = {
    {CL_SUCCESS, VG_DEVICE_WELL, VG_DEVICE_WELL},
    {CL_MEM_OBJECT_ALLOCATION_FAILURE, VG_DEVICE_SHORT, VG_DEVICE_SHORT},
    {CL_OUT_OF_HOST_MEMORY, VG_DEVICE_SHORT, VG_DEVICE_SHORT},
    {CL_INVALID_BUFFER_SIZE, VG_DEVICE_SHORT, VG_DEVICE_REFUSES},
    {CL_OUT_OF_RESOURCES, VG_DEVICE_SHORT, VG_DEVICE_LOST},
    {CL_DEVICE_NOT_AVAILABLE, VG_DEVICE_LOST, VG_DEVICE_LOST},
    {CL_DEVICE_NOT_FOUND, VG_DEVICE_REFUSES, VG_DEVICE_LOST},
    /* a command that was waited for ended with an error of its own */
    {CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, VG_DEVICE_LOST, VG_DEVICE_LOST},
    /* what was valid a moment ago */
    {CL_INVALID_DEVICE, VG_DEVICE_REFUSES, VG_DEVICE_LOST},
    {CL_INVALID_CONTEXT, VG_DEVICE_REFUSES, VG_DEVICE_LOST},
    {CL_INVALID_COMMAND_QUEUE, VG_DEVICE_REFUSES, VG_DEVICE_LOST},
};

enum vg_device_state vg_device_judge(cl_int code, enum vg_device_moment moment)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code)
            return moment == VG_DEVICE_MAKING ? rows[i].making : rows[i].running;
    return code <= VENDOR_FIRST ? VG_DEVICE_LOST : VG_DEVICE_REFUSES;
}

bool vg_device_lost(cl_int code)
{
    return vg_device_judge(code, VG_DEVICE_RUNNING) == VG_DEVICE_LOST;
}

static enum vg_status state_say(enum vg_device_state state, cl_int code, const char *call,
                                struct vg_fault *fault)
{
    switch (state) {
    case VG_DEVICE_WELL:
        return VG_OK;
    case VG_DEVICE_SHORT:
        return vg_fault_set(fault, VG_E_MEMORY, N_("the device lacks memory"),
                            N_("use a smaller batch or a smaller input"), "%s %d", call, code);
    case VG_DEVICE_LOST:
        return vg_fault_set(fault, VG_E_DEVICE, N_("the OpenCL device was lost"),
                            N_("see the system's log; look at its driver, heat and power"), "%s %d",
                            call, code);
    case VG_DEVICE_REFUSES:
        break;
    }
    return vg_fault_set(fault, VG_E_DEVICE, N_("the OpenCL device failed"),
                        N_("run `vigie device test`; update the driver"), "%s %d", call, code);
}

enum vg_status vg_device_check(cl_int code, const char *call, struct vg_fault *fault)
{
    return state_say(vg_device_judge(code, VG_DEVICE_MAKING), code, call, fault);
}

enum vg_status vg_device_check_run(cl_int code, const char *call, struct vg_fault *fault)
{
    return state_say(vg_device_judge(code, VG_DEVICE_RUNNING), code, call, fault);
}
