/* The server's controller (BMC), asked by the kernel's driver: /dev/ipmi0 and its like.
 * Source: Linux, Documentation/driver-api/ipmi.rst. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/text.h"
#include "src/energy/dcmi_power.h"
#include "src/energy/meter_source.h"

struct ipmi {
    int fd;
    long asked; /* number of the question: late answers to others are left */
    int64_t deadline_us;
};

static const char *const places[] = {"/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"};

static enum vg_status no_answer(struct vg_fault *fault, enum vg_status status, int number)
{
    return vg_fault_set(fault, status, N_("the meter does not answer"), NULL, "IPMI: %s",
                        strerror(number));
}

static enum vg_status device_open(const char *root, int *fd, struct vg_fault *fault)
{
    char path[320];
    *fd = -1;
    for (size_t i = 0; i < sizeof places / sizeof *places && *fd < 0; i++) {
        (void)snprintf(path, sizeof path, "%s%s", root, places[i]);
        *fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (*fd < 0 && (errno == EACCES || errno == EPERM))
            return vg_fault_set(fault, VG_E_DENIED, N_("the meter may not be read"),
                                N_("give the service the right to: see docs/energie.md"), "%s",
                                path);
    }
    return *fd >= 0 ? VG_OK
                    : vg_fault_set(fault, VG_E_MISSING,
                                   N_("this machine has no controller that can be asked"),
                                   N_("on a server: load the modules ipmi_si and ipmi_devintf"),
                                   "%s%s", root, places[0]);
}

static enum vg_status ask(struct ipmi *i, struct vg_fault *fault)
{
    uint8_t data[VG_DCMI_ASKED_SIZE];
    struct ipmi_system_interface_addr to = {.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
                                            .channel = IPMI_BMC_CHANNEL};
    struct ipmi_req request = {
        .addr = (unsigned char *)&to,
        .addr_len = sizeof to,
        .msgid = ++i->asked,
        .msg = {
            .netfn = VG_DCMI_NETFN, .cmd = VG_DCMI_POWER, .data_len = sizeof data, .data = data}};
    memcpy(data, vg_dcmi_power_asked, sizeof data);
    return ioctl(i->fd, IPMICTL_SEND_COMMAND, &request) ? no_answer(fault, VG_E_IO, errno) : VG_OK;
}

/* VG_E_STATE: it was the answer to an older question. */
static enum vg_status take(struct ipmi *i, struct vg_dcmi_power *power, struct vg_fault *fault)
{
    uint8_t data[IPMI_MAX_MSG_LENGTH];
    struct ipmi_addr from;
    struct ipmi_recv answer = {.addr = (unsigned char *)&from,
                               .addr_len = sizeof from,
                               .msg = {.data = data, .data_len = sizeof data}};
    if (ioctl(i->fd, IPMICTL_RECEIVE_MSG_TRUNC, &answer) && errno != EMSGSIZE)
        return no_answer(fault, VG_E_IO, errno);
    if (answer.msgid != i->asked)
        return VG_E_STATE;
    return vg_dcmi_power_parse(data, answer.msg.data_len, power, fault);
}

static enum vg_status power_of(struct ipmi *i, struct vg_dcmi_power *power, struct vg_fault *fault)
{
    const int64_t until_us = vg_mono_now().us + i->deadline_us;
    enum vg_status status = ask(i, fault);
    if (!status)
        status = VG_E_STATE;
    while (status == VG_E_STATE) {
        struct pollfd ready = {.fd = i->fd, .events = POLLIN};
        const int64_t left_us = until_us - vg_mono_now().us;
        if (left_us <= 0 || poll(&ready, 1, (int)(left_us / 1000) + 1) == 0)
            return no_answer(fault, VG_E_TIMEOUT, ETIMEDOUT);
        status = take(i, power, fault);
    }
    return status;
}

static enum vg_status ipmi_open(void **state, const struct vg_meter_settings *settings,
                                const struct vg_meter_about *about, struct vg_fault *fault)
{
    struct ipmi *i = vg_alloc(sizeof *i);
    (void)about;
    *state = i;
    if (!i)
        return vg_fault_set(fault, VG_E_MEMORY, N_("no memory left"), NULL, "IPMI");
    i->deadline_us = settings->deadline_us ? settings->deadline_us : VG_METER_DEADLINE_US;
    return device_open(settings->root, &i->fd, fault);
}

static enum vg_status ipmi_read(void *state, struct vg_meter_sample *sample, struct vg_fault *fault)
{
    struct vg_dcmi_power power;
    const enum vg_status status = power_of(state, &power, fault);
    if (!status)
        sample->watts = power.watts;
    return status;
}

static void ipmi_close(void *state)
{
    struct ipmi *i = state;
    if (i && i->fd >= 0)
        (void)close(i->fd);
    vg_free(i);
}

static enum vg_status ipmi_find(const struct vg_meter_settings *settings,
                                struct vg_meter_list *list, struct vg_fault *fault)
{
    struct vg_meter_sample sample;
    void *state = NULL;
    enum vg_status status = ipmi_open(&state, settings, NULL, fault);
    if (status) {
        ipmi_close(state);
        return status;
    }
    struct vg_meter_entry *entry = vg_meter_list_add(list, VG_METER_IPMI);
    if (entry) {
        (void)snprintf(entry->about.name, sizeof entry->about.name, "ipmi:dcmi");
        entry->about.scope = VG_ENERGY_BOARD;
        entry->about.form = VG_METER_POWER;
        entry->about.resolution = 1;
        entry->about.period_us = VG_US_PER_S;
        entry->status = ipmi_read(state, &sample, &entry->fault);
    }
    ipmi_close(state);
    return VG_OK;
}

const struct vg_meter_source vg_ipmi_source = {"ipmi", ipmi_find, ipmi_open, ipmi_read, ipmi_close};
