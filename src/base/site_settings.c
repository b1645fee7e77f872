#include "src/base/site_settings.h"

#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

#define PORT_LEAST 1024 /* below, only root may open one */

void vg_site_settings_init(struct vg_site_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->stagger_ms = 50;
}

/* ---- reading ---- */

static enum vg_status refuse(struct vg_fault *fault, const char *pointer, const char *what,
                             const char *remedy)
{
    return vg_fault_set(fault, VG_E_INPUT, what, remedy, "%s", pointer);
}

/* A list of hosts; the list's own pointer is put behind the key's. */
static enum vg_status take_hosts(const json_t *object, const char *key, struct vg_host_list *list,
                                 struct vg_fault *fault)
{
    struct vg_fault own = {.status = VG_OK};
    const json_t *array = json_object_get(object, key);
    if (!array)
        return VG_OK;
    if (vg_host_list_read(array, list, &own) == VG_OK)
        return VG_OK;
    return vg_fault_set(fault, VG_E_INPUT, own.what, own.remedy, "/%s%.32s", key, own.place);
}

static bool interface_holds(const char *text)
{
    const size_t size = strlen(text);
    return size < VG_INTERFACE_SIZE &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_@-") ==
               size;
}

static bool device_holds(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_/-") ==
               size &&
           !strstr(text, "..");
}

bool vg_interface_valid(const char *text)
{
    return interface_holds(text);
}

bool vg_pem_text_valid(const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c >= 0x7f || (c < 0x20 && c != '\n' && c != '\r' && c != '\t'))
            return false;
    }
    return true;
}

/* The text of `key` into out if it is there; what it may be is said by `holds`. */
static enum vg_status take_text(const json_t *object, const char *key, bool (*holds)(const char *),
                                char *out, size_t size, struct vg_fault *fault)
{
    char pointer[64];
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    (void)snprintf(pointer, sizeof pointer, "/%s", key);
    if (!value)
        return VG_OK;
    if (!text)
        return refuse(fault, pointer, N_("a text was expected"), NULL);
    if (json_string_length(value) >= size)
        return refuse(fault, pointer, N_("the text is too long"), NULL);
    if (strlen(text) != json_string_length(value) || !holds(text))
        return refuse(fault, pointer, N_("the text holds what it may not"), NULL);
    memcpy(out, text, strlen(text) + 1);
    return VG_OK;
}

static enum vg_status take_number(const json_t *object, const char *key, const char *pointer,
                                  uint32_t most, uint32_t *out, struct vg_fault *fault)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return VG_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > (json_int_t)most)
        return refuse(fault, pointer, N_("the number is out of range"), NULL);
    *out = (uint32_t)json_integer_value(value);
    return VG_OK;
}

/* RTP takes an even port and the one after it (RFC 3550, 11): there must be one such pair. */
static bool has_pair(json_int_t first, json_int_t last)
{
    return first >= PORT_LEAST && last <= 65535 && first + first % 2 + 1 <= last;
}

static enum vg_status take_ports(const json_t *object, struct vg_site_settings *settings,
                                 struct vg_fault *fault)
{
    const json_t *ports = json_object_get(object, "client_ports");
    if (!ports)
        return VG_OK;
    settings->port_first = settings->port_last = 0;
    if (json_is_null(ports))
        return VG_OK;
    const json_int_t first = json_integer_value(json_array_get(ports, 0));
    const json_int_t last = json_integer_value(json_array_get(ports, 1));
    if (json_array_size(ports) != 2 || !has_pair(first, last))
        return refuse(fault, "/client_ports", N_("this is no span of ports"),
                      N_("give the first and the last, from 1024 to 65535, with an even one and "
                         "the next among them; or null"));
    settings->port_first = (uint16_t)first;
    settings->port_last = (uint16_t)last;
    return VG_OK;
}

static enum vg_status take_flag(const json_t *object, const char *key, const char *pointer,
                                bool *out, struct vg_fault *fault)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return VG_OK;
    if (!json_is_boolean(value))
        return refuse(fault, pointer, N_("true or false was expected"), NULL);
    *out = json_is_true(value);
    return VG_OK;
}

static enum vg_status take_devices(const json_t *array, struct vg_site_settings *settings,
                                   struct vg_fault *fault)
{
    static const char remedy[] = N_("give at most 16 paths, such as /dev/dri/renderD128");
    if (!array)
        return VG_OK;
    if (!json_is_array(array) || json_array_size(array) > VG_SITE_DEVICES_MAX)
        return refuse(fault, "/decode/devices", N_("this is no list of devices"), remedy);
    settings->decode_device_count = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *value = json_array_get(array, i);
        const char *text = json_string_value(value);
        const size_t size = json_string_length(value);
        if (!text || size >= VG_SITE_DEVICE_SIZE || strlen(text) != size || !device_holds(text))
            return refuse(fault, "/decode/devices", N_("this is no list of devices"), remedy);
        memcpy(settings->decode_device[settings->decode_device_count++], text, size + 1);
    }
    return VG_OK;
}

static enum vg_status take_cores(const json_t *decode, struct vg_site_settings *settings,
                                 struct vg_fault *fault)
{
    const json_t *value = json_object_get(decode, "cores");
    const double cores = json_number_value(value);
    if (!value)
        return VG_OK;
    if (!json_is_number(value) || !(cores >= 0 && cores <= VG_SITE_CORES_MAX))
        return refuse(fault, "/decode/cores", N_("this is no number of cores"),
                      N_("give a number from 0 (chosen) to 1024; 0.5 is half a core"));
    settings->decode_cores = cores;
    return VG_OK;
}

static enum vg_status take_decode(const json_t *object, struct vg_site_settings *settings,
                                  struct vg_fault *fault)
{
    const json_t *decode = json_object_get(object, "decode");
    if (!decode)
        return VG_OK;
    if (!json_is_object(decode))
        return refuse(fault, "/decode", N_("an object was expected"), NULL);
    const enum vg_status status = take_cores(decode, settings, fault);
    return status != VG_OK ? status
                           : take_devices(json_object_get(decode, "devices"), settings, fault);
}

enum vg_status vg_site_settings_read(const json_t *object, struct vg_site_settings *settings,
                                     struct vg_fault *fault)
{
    if (!object || json_is_null(object))
        return VG_OK;
    if (!json_is_object(object))
        return refuse(fault, "", N_("an object was expected"), NULL);
    enum vg_status status = take_hosts(object, "sources", &settings->sources, fault);
    if (status == VG_OK)
        status = take_hosts(object, "listen", &settings->listen, fault);
    if (status == VG_OK)
        status = take_flag(object, "encryption_required", "/encryption_required",
                           &settings->encryption_required, fault);
    if (status == VG_OK)
        status = take_text(object, "interface", interface_holds, settings->interface,
                           sizeof settings->interface, fault);
    if (status == VG_OK)
        status = take_ports(object, settings, fault);
    if (status == VG_OK)
        status = take_text(object, "ca_pem", vg_pem_text_valid, settings->ca_pem,
                           sizeof settings->ca_pem, fault);
    if (status == VG_OK)
        status = take_text(object, "client_certificate_pem", vg_pem_text_valid,
                           settings->certificate_pem, sizeof settings->certificate_pem, fault);
    if (status == VG_OK)
        status = take_number(object, "stagger_ms", "/stagger_ms", VG_SITE_STAGGER_MS_MAX,
                             &settings->stagger_ms, fault);
    return status != VG_OK ? status : take_decode(object, settings, fault);
}

/* ---- writing ---- */

static json_t *devices_json(const struct vg_site_settings *settings)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < settings->decode_device_count; i++)
        (void)json_array_append_new(array, json_string(settings->decode_device[i]));
    return array;
}

/* As it would be written by hand: 2, not 2.0. */
static json_t *cores_json(double cores)
{
    const json_int_t whole = (json_int_t)cores;
    return cores > (double)whole ? json_real(cores) : json_integer(whole);
}

json_t *vg_site_settings_json(const struct vg_site_settings *settings)
{
    json_t *ports = settings->port_first
                        ? json_pack("[ii]", (int)settings->port_first, (int)settings->port_last)
                        : json_null();
    return json_pack("{s:o,s:b,s:s,s:o,s:s,s:s,s:I,s:{s:o,s:o},s:o}", "sources",
                     vg_host_list_json(&settings->sources), "encryption_required",
                     (int)settings->encryption_required, "interface", settings->interface,
                     "client_ports", ports, "ca_pem", settings->ca_pem, "client_certificate_pem",
                     settings->certificate_pem, "stagger_ms", (json_int_t)settings->stagger_ms,
                     "decode", "devices", devices_json(settings), "cores",
                     cores_json(settings->decode_cores), "listen",
                     vg_host_list_json(&settings->listen));
}

/* ---- judging ---- */

static const struct {
    const char *name, *text, *remedy;
} verdicts[] = {
    [VG_SITE_ADMITS] = {"admitted", "", NULL},
    [VG_SITE_HOST_NOT_DECLARED] = {"host_not_declared",
                                   N_("this host is not among the sources that the site declares"),
                                   N_("declare it in the site's settings, if it is the VMS")},
    [VG_SITE_LISTEN_NOT_DECLARED] =
        {"listen_not_declared",
         N_("this address is not among those on which the site lets sources come"),
         N_("declare it in the site's settings, under \"listen\"")},
    [VG_SITE_ENCRYPTION_REQUIRED] = {"encryption_required",
                                     N_("the site refuses video that comes in the clear"),
                                     N_("give an rtsps:// address")},
    [VG_SITE_CLEAR_NOT_ACCEPTED] =
        {"clear_not_accepted", N_("this video would come in the clear, and nobody agreed to it"),
         N_("give an rtsps:// address, or agree by \"clear_accepted\": true")},
    [VG_SITE_ADDRESS_UNREADABLE] =
        {"address_unreadable", N_("the address of a flux is missing or malformed"),
         N_("give an rtsp:// or rtsps:// address or the path of a file")},
};

const char *vg_site_verdict_name(enum vg_site_verdict verdict)
{
    return verdicts[verdict].name;
}

const char *vg_site_verdict_text(enum vg_site_verdict verdict)
{
    return verdicts[verdict].text;
}

const char *vg_site_verdict_remedy(enum vg_site_verdict verdict)
{
    return verdicts[verdict].remedy;
}

bool vg_site_clear_wants_agreement(const struct vg_source_url *url)
{
    return vg_source_url_networked(url) && !vg_source_url_encrypted(url) &&
           (url->scheme == VG_SCHEME_SDP || !vg_host_is_loopback(&url->host));
}

static bool has_host(const struct vg_source_url *url)
{
    return vg_source_url_networked(url) && url->scheme != VG_SCHEME_SDP;
}

enum vg_site_verdict vg_site_judge(const struct vg_site_settings *settings,
                                   const struct vg_source_url *url,
                                   enum vg_site_agreement agreement)
{
    if (!vg_source_url_networked(url))
        return VG_SITE_ADMITS;
    if (vg_source_url_listens(url)) {
        if (!vg_host_list_has(&settings->listen, &url->host, url->port))
            return VG_SITE_LISTEN_NOT_DECLARED;
    } else if (has_host(url) && !vg_host_list_has(&settings->sources, &url->host, url->port)) {
        return VG_SITE_HOST_NOT_DECLARED;
    }
    if (settings->encryption_required && !vg_source_url_encrypted(url))
        return VG_SITE_ENCRYPTION_REQUIRED;
    if (vg_site_clear_wants_agreement(url) && agreement != VG_SITE_CLEAR_ACCEPTED)
        return VG_SITE_CLEAR_NOT_ACCEPTED;
    return VG_SITE_ADMITS;
}
