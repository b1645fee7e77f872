#include "src/cli/bench_model.h"

#include <stdio.h>
#include <string.h>

#include "models/model_check.h"
#include "src/base/text.h"
#include "src/cli/precision.h"
#include "src/engine/device_select.h"

enum form {
    FORM_FLOATS,
    FORM_BOTH /* bytes beside them */
};

static enum vg_status form_of(const char *name, enum form *form, struct vg_fault *fault)
{
    struct vg_model *model = NULL;
    const enum vg_status status = vg_model_find(name, &model, fault);
    *form = !status && model->range ? FORM_BOTH : FORM_FLOATS;
    vg_model_close(&model);
    return status;
}

/* The name is that of a model in floats: its sister's then. */
static enum vg_status take_sister(char name[VG_MODEL_NAME_SIZE], struct vg_fault *fault)
{
    char sister[VG_MODEL_NAME_SIZE + 8];
    enum form form = FORM_FLOATS;
    (void)snprintf(sister, sizeof sister, "%s-int8", name);
    const enum vg_status status =
        vg_model_name_valid(sister) ? form_of(sister, &form, fault) : VG_E_MISSING;
    if (status && status != VG_E_MISSING)
        return status; /* it is there, but cannot be used: making it again is not the remedy */
    if (status || form != FORM_BOTH)
        return vg_fault_set(fault, VG_E_CALL, N_("the model has no 8-bit form"),
                            N_("make one: vigie model quantize --model NAME, then pictures or a "
                               "clip of your cameras; the bench finds it"),
                            "%s", name);
    memcpy(name, sister, strlen(sister) + 1);
    return VG_OK;
}

enum vg_status vg_bench_model(const struct vg_bench_wish *wish, char name[VG_MODEL_NAME_SIZE],
                              struct vg_fault *fault)
{
    enum vg_engine_precision precision;
    enum form form = FORM_FLOATS;
    struct vg_device_info device[VG_DEVICES_MAX];
    struct vg_device_selection chosen;
    const int n = snprintf(name, VG_MODEL_NAME_SIZE, "%s", wish->model);
    if (n < 0 || n >= VG_MODEL_NAME_SIZE || !vg_model_name_valid(name))
        return vg_fault_set(fault, VG_E_CALL, N_("this is no name of a model"),
                            N_("see vigie model list"), "--model %.100s", wish->model);
    enum vg_status status = vg_option_precision(wish->precision, &precision, fault);
    if (!status)
        status = form_of(name, &form, fault);
    if (!status && precision == VG_ENGINE_INT8 && form == FORM_FLOATS)
        status = take_sister(name, fault);
    return status || !wish->device ? status
                                   : vg_device_select(wish->device, 0, device, &chosen, fault);
}
